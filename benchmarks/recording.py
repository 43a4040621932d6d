"""Messages and bytes a second of the recorder, beside the `mcap` package's own writer.

Run by hand: ``python benchmarks/recording.py``. The clock stands still, so that chunks are full ones; the files go to
a temporary folder.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from mcap.writer import CompressionType, Writer

from aura import Brain, Manifest, Port, Zone
from aura.core.signals import Signal
from aura.plugins.recording import JournalWriter, Recorder, Recording
from aura.plugins.recording.cdr import array_encoder

MESSAGES = 40_000
LENGTHS = (1, 30, 1_000)
ROUNDS = 3
DISTINCT = 997


class Speaker(Zone):
    """A zone that is never run: its ports are what the recorder is told of."""

    manifest = Manifest("speaker", "aura:none", period="1 ms", outputs=(
        *(Port(f"x{length}", shape=(length,)) for length in LENGTHS), Port("text", dtype="text", shape=("item",))))


def signals(length: int) -> list[Signal]:
    """Return signals of so many float32, or texts for 0."""
    rng = np.random.default_rng(0)
    if not length:
        return [Signal("speaker.text", now, ("a short text for the message",), np.array([now]))
                for now in range(MESSAGES)]
    # More values than a chunk holds, so that none comes twice in one and compresses away.
    values = rng.standard_normal((DISTINCT, length), dtype=np.float32)
    return [Signal(f"speaker.x{length}", now, values[now % DISTINCT]) for now in range(MESSAGES)]


def recorder_time(folder: Path, published: list[Signal], **options: object) -> float:
    """Return the seconds that a recorder takes for these signals."""
    brain = Brain()
    brain.add(Speaker)
    recorder = Recorder(folder, **options)
    recorder.on_start(brain)
    start = time.perf_counter()
    for signal in published:
        recorder.on_signal(signal)
    recorder.flush()
    taken = time.perf_counter() - start
    recorder.close()
    return taken


def library_time(folder: Path, published: list[Signal]) -> float:
    """Return the seconds that the mcap package's writer takes for the same messages."""
    folder.mkdir()
    encode = array_encoder("float32")
    with (folder / "0000.mcap").open("wb") as file:
        writer = Writer(file, chunk_size=256 * 1024, compression=CompressionType.LZ4)
        writer.start()
        channel = writer.register_channel("x", "cdr", writer.register_schema("x", "ros2msg", b"float32[] data"))
        start = time.perf_counter()
        for signal in published:
            writer.add_message(channel, signal.time, encode(signal.value, None), signal.time)
        writer.flush()
        taken = time.perf_counter() - start
        writer.finish()
    return taken


def row(name: str, measure: Callable[[Path], float], payload: int) -> None:
    """Print the best of a few rounds."""
    taken, size = [], 0
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / "recording"
            taken.append(measure(folder))
            size = sum(path.stat().st_size for path in folder.iterdir())
    best = min(taken)
    print(f"{name:<42}{MESSAGES / best:>12,.0f}{best / MESSAGES * 1e6:>10.2f}{MESSAGES * payload / best / 1e6:>10,.0f}"
          f"{size / MESSAGES:>12,.0f}")


def main() -> None:
    """Print the table."""
    print(f"{'':<42}{'messages/s':>12}{'us each':>10}{'MB/s':>10}{'bytes each':>12}")
    for length in LENGTHS:
        published = signals(length)
        row(f"recorder, {length} float32", lambda folder, s=published: recorder_time(folder, s), 4 * length)
        row(f"mcap's writer, {length} float32", lambda folder, s=published: library_time(folder, s), 4 * length)
    texts, numbers = signals(0), signals(1)
    row("recorder, one short text", lambda folder: recorder_time(folder, texts), 28)
    row("recorder, 1 float32, one in ten recorded", lambda folder: recorder_time(folder, numbers, every={"*": 10}), 4)
    row("recorder, 1 float32, one recorded in all",
        lambda folder: recorder_time(folder, numbers, every={"*": MESSAGES}), 4)
    with tempfile.TemporaryDirectory() as folder:
        recorder_time(Path(folder), signals(1_000))
        start = time.perf_counter()
        count = sum(1 for _ in Recording(folder).messages())
        print(f"read back, 1,000 float32: {count / (time.perf_counter() - start):,.0f} messages/s")
    with tempfile.TemporaryDirectory() as folder, JournalWriter(folder) as journal:
        start = time.perf_counter()
        for now in range(100):
            journal.write("live", now, [{"text": "a short text for the message"}])
        print(f"journal: {(time.perf_counter() - start) * 10:.2f} ms for each committed tick, on the disk")


if __name__ == "__main__":
    main()
