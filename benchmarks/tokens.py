"""Streams of tokens and the online n-gram on tinyshakespeare: losses, time, memory.

python benchmarks/tokens.py [--orders 5 6 7] [--sizes 500 2000] [--copies 100]
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from aura.plugins.metrics.ngram import NGram
from aura.zones.language.reading.texts import TextReader, open_texts
from aura.zones.language.reading.tokens import TextOptions
from aura.zones.language.tokenizers.files import load_tokenizer, save_tokenizer
from aura.zones.language.tokenizers.sentence_pieces import PieceOptions, trained

STREAMS = 16


def losses(reader: TextReader, size: int, order: int) -> tuple[list[tuple[float, float]], float]:
    """Return prequential and held-out nats per token and per byte of one pass, and the seconds of the processor."""
    model, found, start = NGram(order, size, 1 << 24), [], time.process_time()
    for part, learn in zip(reader.parted(0.1), (True, False), strict=True):
        nats = answers = bytes_ = 0.0
        for first in range(0, len(part), STREAMS):
            rows = part.rows(np.arange(first, first + STREAMS))
            nats += model.read(rows["tokens"], rows["begins"], rows["mask"], np.full(STREAMS, learn)).sum()
            answers += rows["mask"].sum()
            bytes_ += rows["bytes"].sum()
        found.append((nats / answers, nats / bytes_))
    return found, time.process_time() - start


def main() -> None:
    """Print the tables."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--orders", type=int, nargs="*", default=[5, 6, 7])
    asked.add_argument("--sizes", type=int, nargs="*", default=[500, 2000])
    asked.add_argument("--copies", type=int, default=0, help="read so many copies of the text as one file")
    told = asked.parse_args()
    source = Path(os.environ["AURA_DATA"]) / "tinyshakespeare" / "input.txt"
    with tempfile.TemporaryDirectory() as folder:
        names = ["ascii"]
        for size in told.sizes:
            start = time.process_time()
            save_tokenizer(trained([source.read_text()], PieceOptions(size=size)), Path(folder, str(size)))
            print(f"unigram of {size} pieces: {time.process_time() - start:.1f} s")
            names.append(str(Path(folder, str(size))))
        print("tokens  order  prequential: nats a token, a byte  held out: nats a token, a byte  s")
        for name in names:
            size = load_tokenizer(name).size
            reader = open_texts(TextOptions(path=str(source), tokenizer=name, streams=STREAMS), Path())
            for order in told.orders if name == "ascii" else [2, 3, 4]:
                (learn, held), seconds = losses(reader, size, order)
                print(f"{size:6d}  {order:5d}  {learn[0]:.4f} {learn[1]:.4f}  {held[0]:.4f} {held[1]:.4f}  "
                      f"{seconds:.1f}")
        if told.copies:
            large = Path(folder, "large.txt")
            with large.open("wb") as file:
                for _ in range(told.copies):
                    file.write(source.read_bytes())
            for name in names[:2]:
                before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
                reader = open_texts(TextOptions(path=str(large), tokenizer=name, streams=STREAMS), Path())
                more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
                print(f"{large.stat().st_size / 1e6:.0f} MB, {load_tokenizer(name).size} tokens: "
                      f"{time.process_time() - start:.1f} s, {more:.0f} MiB more at most, {len(reader)} windows")


if __name__ == "__main__":
    main()
