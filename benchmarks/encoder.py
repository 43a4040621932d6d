"""How fast the text encoder is: alone, in bulk, from the cache, and beside sentence-transformers. Run by hand.

    python benchmarks/encoder.py [--threads 2] [--texts 1600] [--peers]

The texts are GoEmotions rows where ``AURA_DATA`` is set, else sentences made up from a short list. Measure on a
quiet machine: with two threads on two busy cores every product waits for the scheduler. With ``--peers`` all encoders
take turns, so that each meets the same hour of the machine: ours, onnxruntime (the extra ``onnx``) in float32 and int8,
which runs texts of one length together, the same graph in float32 on padded batches, and sentence-transformers, which
pads a batch.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.errors import DataError
from aura.zones.sensory.cache import EmbeddingCache
from aura.zones.sensory.encoder import TextEncoder, load_text_encoder
from aura.zones.sensory.weights import find_minilm

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 32
"""Items a tick, as the streams hand them over."""

SHORT = "I am so happy today!"
_WORDS = ("i", "you", "we", "this", "that", "really", "never", "love", "hate", "fear", "hope", "think", "good", "bad")


def texts_to_encode(count: int) -> tuple[str, list[str]]:
    """Return where the texts come from, and that many of them."""
    root = os.environ.get("AURA_DATA")
    if root:
        with (Path(root) / "goemotions" / "train.tsv").open(encoding="utf-8") as file:
            return "GoEmotions, train", [line.split("\t")[0] for line, _ in zip(file, range(count), strict=False)]
    rng = np.random.default_rng(0)
    lengths = rng.integers(4, 32, count)  # as many tokens as GoEmotions' rows have, 19 on average
    return "made-up sentences", [" ".join(rng.choice(_WORDS, length)) for length in lengths]


def batches(texts: list[str]) -> list[tuple[str, ...]]:
    """Return the texts in tuples of `BATCH`, in their order."""
    return [tuple(texts[first:first + BATCH]) for first in range(0, len(texts), BATCH)]


def in_batches(texts: list[str], call: Callable[[tuple[str, ...]], object]) -> float:
    """Return the texts per second over all batches of `BATCH`."""
    start = time.perf_counter()
    for batch in batches(texts):
        call(batch)
    return len(texts) / (time.perf_counter() - start)


def alone(call: Callable[[tuple[str, ...]], object], repeats: int = 200) -> str:
    """Return the median and 99th percentile of one short text, in milliseconds."""
    for _ in range(5):
        call((SHORT,))
    spans = []
    for _ in range(repeats):
        start = time.perf_counter()
        call((SHORT,))
        spans.append(1e3 * (time.perf_counter() - start))
    return f"{np.median(spans):7.2f} ms  {np.percentile(spans, 99):7.2f} ms"


def report(name: str, encoder: TextEncoder, texts: list[str], rounds: int = 3) -> None:
    """Print one encoder's row: the short text alone, then the best of some rounds in bulk."""
    encoder.encode(texts[:BATCH])
    best = max(in_batches(texts, encoder.encode) for _ in range(rounds))
    print(f"{name:32s} {alone(encoder.encode)}  {best:9.0f} texts/s")


def report_cache(encoder: TextEncoder, texts: list[str]) -> None:
    """Print the cache's row: every text found."""
    with tempfile.TemporaryDirectory() as folder:
        cache = EmbeddingCache(Path(folder) / "embeddings.sqlite")
        for batch in batches(texts):
            cache.put_many(encoder.identity, batch, encoder.encode(batch))

        def look_up(batch: tuple[str, ...]) -> object:
            return cache.get_many(encoder.identity, batch, encoder.dimensions)

        print(f"{'embedding cache, all found':32s} {alone(look_up)}  {in_batches(texts, look_up):9.0f} texts/s")
        cache.close()


def peers(threads: int) -> dict[str, Callable[[tuple[str, ...]], object]]:
    """Return what else encodes all-MiniLM-L6-v2, of that which is installed."""
    found: dict[str, Callable[[tuple[str, ...]], object]] = {}
    for precision in ("float32", "int8"):
        try:
            found[f"onnxruntime, {precision}"] = load_text_encoder(threads=threads, encoder="onnx",
                                                                   precision=precision).encode
        except DataError as error:
            print(error)
    if found:
        found["onnxruntime, padded"] = padded_onnx(threads)
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        return found
    model = SentenceTransformer(str(find_minilm()[0]), device="cpu")
    return {**found, "sentence-transformers": lambda batch: model.encode(list(batch), show_progress_bar=False)}


def padded_onnx(threads: int) -> Callable[[tuple[str, ...]], object]:
    """Return onnxruntime's encoder in float32 as it runs whole batches: padded to their longest text, with a mask."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper

    from aura.zones.sensory.onnx_graph import write_graph
    from aura.zones.sensory.tokeniser import load_tokeniser, token_numbers
    from aura.zones.sensory.weights import lean_settings

    folder = find_minilm()[0]
    settings = lean_settings(folder)
    assert settings is not None
    tokeniser = load_tokeniser(folder / "tokenizer.json", settings["max_tokens"])
    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / "graph.onnx"
        write_graph(folder / "model.safetensors", settings, "float32", path)
        model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.INT32, ["text", "token"]))
    for node in model.graph.node:
        if node.op_type == "Attention":
            node.input.append("mask")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def encode(batch: tuple[str, ...]) -> object:
        texts = token_numbers(tokeniser, batch)
        tokens = np.zeros((len(texts), max(map(len, texts))), np.int32)
        mask = np.zeros_like(tokens)
        for row, text in enumerate(texts):
            tokens[row, :len(text)], mask[row, :len(text)] = text, 1
        last = session.run(None, {"tokens": tokens, "mask": mask})[0] * mask[:, :, None]
        means = last.sum(1) / mask.sum(1, keepdims=True)
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    return encode


def report_peers(calls: dict[str, Callable[[tuple[str, ...]], Any]], texts: list[str], rounds: int) -> None:
    """Print each encoder's row: wall and processor time of one text and of a batch, and how near it is to the first."""
    first = texts[:BATCH]
    truth = next(iter(calls.values()))(tuple(first))
    work = {"alone": [(SHORT,)], f"batch of {BATCH}": batches(texts[:len(texts) // BATCH * BATCH])}
    print("milliseconds, median and least: wall time, processor time; cosine to lean, mean and least")
    for title, cases in work.items():
        spans: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
        for turn in range(rounds):
            for name, call in calls.items():
                call(cases[turn % len(cases)])  # its weights in the processor's cache, its kernels compiled
                wall, processor = time.perf_counter(), time.process_time()
                call(cases[turn % len(cases)])
                spans[name].append((1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - processor)))
        for name, call in calls.items():
            (wall, processor), least = np.median(spans[name], axis=0), np.min(spans[name], axis=0)
            cosines = np.sum(call(tuple(first)) * truth, axis=1)
            print(f"{title:12s} {name:24s} {wall:8.2f} {least[0]:8.2f}   {processor:8.2f} {least[1]:8.2f}   "
                  f"{cosines.mean():.4f} {cosines.min():.4f}  {1e3 * len(cases[0]) / wall:5.0f} texts/s", flush=True)


def peak_gflops(threads: int) -> float:
    """Return the best rate of a large float32 product on these threads, 10⁹ operations a second."""
    import torch

    torch.set_num_threads(threads)
    a, b = torch.rand(1024, 1024), torch.rand(1024, 1024)
    spans = []
    for _ in range(20):
        start = time.perf_counter()
        a @ b
        spans.append(time.perf_counter() - start)
    return 2e-9 * 1024**3 / min(spans)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--texts", type=int, default=1600)
    parser.add_argument("--peers", action="store_true", help="all encoders that are installed, in turns")
    parser.add_argument("--rounds", type=int, default=40, help="turns of each with --peers")
    options = parser.parse_args()
    source, texts = texts_to_encode(options.texts)

    start = time.perf_counter()
    encoder = load_text_encoder(threads=options.threads)  # before torch, whose threads it tells how long to spin
    loaded = time.perf_counter()
    import torch

    print(f"{len(texts)} texts ({source}), {options.threads} threads, {torch.backends.cpu.get_cpu_capability()}, "
          f"float32; loaded in {loaded - start:.2f} s, torch included")
    tokens = np.mean([len(ids) for ids in encoder.tokens(texts)])  # type: ignore[attr-defined]
    flops = tokens * 6 * 2 * (4 * 384**2 + 2 * 384 * 1536)
    peak = peak_gflops(options.threads)
    print(f"{tokens:.1f} tokens and {flops / 1e6:.0f} Mflop of linear layers a text; a large product runs at "
          f"{peak:.0f} Gflop/s just now: no float32 encoder passes {1e9 * peak / flops:.0f} texts/s")
    if options.peers:
        report_peers({"lean": encoder.encode, **peers(options.threads)}, texts, options.rounds)
        return
    print(f"{'':32s} {'alone: median':>10s}  {'99 %':>8s}  {f'batches of {BATCH}':>17s}")
    report(f"lean, {options.threads} threads", encoder, texts)
    report_cache(encoder, texts)


if __name__ == "__main__":
    main()
