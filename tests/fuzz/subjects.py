"""Every kind of file that AURA reads: good ones, and what reading gives."""

from __future__ import annotations

import gzip
import io
import json
import logging
import struct
import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aura import Brain, Manifest, Port, Zone
from aura.core.checkpoint import read_checkpoint
from aura.core.state import read_tree, write_tree
from aura.plugins.recording import JournalReader, JournalWriter, Recorder, Recording
from aura.plugins.recording.intake import IntakeFolder
from aura.plugins.report.record import read_run
from aura.sim.readers import Column, JsonLinesSource, reader_kinds
from aura.sim.runfolder import RunFolder
from aura.sim.scenario import load_scenario
from aura.zones.amygdala.export import Classifier, read_classifier, write_classifier
from aura.zones.common.heads import read_head, write_head
from aura.zones.experts.growth.log import GrowthEvent, parse_lines
from aura.zones.experts.kinds.lookup import expert_kind

__all__ = ["SUBJECTS", "Subject"]


@dataclass(frozen=True)
class Subject:
    """One kind of file.

    Parameters
    ----------
    name : str
    make : function
        Writes the good files below a folder and returns those that are damaged.
    read : function
        Reads them and returns what they say.
    exact : bool
        Whether a file that AURA reads without a word must say what the good one said.
    """

    name: str
    make: Callable[[Path], list[Path]]
    read: Callable[[Path], Any]
    exact: bool = False


def _files(contents: Mapping[str, bytes]) -> Callable[[Path], list[Path]]:
    def make(folder: Path) -> list[Path]:
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        return [folder / name for name in contents]
    return make


def _reader(kind: str, contents: Mapping[str, bytes], **options: Any) -> Subject:
    def read(folder: Path) -> None:
        found = reader_kinds()[kind]
        reader = found.open(found.options_model.model_validate({"on_bad": "skip", **options}), folder)
        rows = reader.rows(range(len(reader)))
        for name, field in reader.fields.items():
            if len(rows[name]) != len(reader):
                raise AssertionError(f"{name}: {len(rows[name])} of {len(reader)} rows")
            if field.dtype not in ("text", "tags") and not np.isfinite(rows[name]).all():
                raise AssertionError(f"{name}: numbers that are not finite")
    first = next(iter(contents))
    return Subject(f"{kind} {first}", _files(contents), read)


def _saved(save: Callable[[Any], None]) -> bytes:
    stream = io.BytesIO()
    save(stream)
    return stream.getvalue()


def _wav() -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setparams((2, 2, 1000, 0, "NONE", ""))
        sound.writeframes(struct.pack("<100h", *range(100)))
    return stream.getvalue()


def _sound(form: str, subtype: str) -> bytes:
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, np.sin(np.arange(400) / 9) / 2, 8000, format=form, subtype=subtype)
    return stream.getvalue()


class _Counter(Zone[Any]):
    manifest = Manifest("counter", "aura:none", period="1 ms", outputs=(
        Port("count", dtype="int64"), Port("x", shape=(2, 3)), Port("text", dtype="text", shape=("item",))))

    def step(self, now: int, inputs: Any) -> Any:
        return {"count": np.asarray(now), "x": self.rng.random((2, 3), np.float32), "text": (f"at {now}",)}


def _recorded(folder: Path, *, killed: bool) -> list[Path]:
    brain = Brain(seed=1)
    brain.add(_Counter)
    brain.observe(recorder := Recorder(folder / "recording", chunk_bytes=700))
    brain.run(until="20 ms")
    recorder.flush()
    path = folder / "recording" / "0000.mcap"
    content = path.read_bytes()
    brain.close()
    if killed:
        path.write_bytes(content)
    return [path]


def _recording(folder: Path) -> Any:
    """Return what a recording says; one that is told to have lost its end must only begin as it did."""
    recording = Recording(folder)
    messages = [(signal.topic, signal.time, repr(signal.value), signal.ids) for signal in recording.messages()]
    return messages if recording.ended else _Beginning(messages)


class _Beginning(list[Any]):
    """Equal to what it is the beginning of."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list) and list(self) == list(other)[:len(self)]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return 0


def _journal(folder: Path) -> list[Path]:
    with JournalWriter(folder / "journal") as journal:
        for tick in range(8):
            rows = [{"text": f"row {tick}", "x": np.arange(3.0), "t": ("a", b"b", float("nan"))}]
            journal.write("ear", tick * 1000, rows, tick * 10)
    return [folder / "journal" / "0000.mcap"]


def _intake(folder: Path) -> list[Path]:
    kept = IntakeFolder(folder / "intake")
    stream = kept.stream("ear", 0)
    for tick in range(8):
        stream.keep(b'{"text": "%d"}\n' % tick)
    stream.end()
    kept.close()
    return [folder / "intake" / "0000.mcap"]


def _kept(folder: Path) -> Any:
    intake = IntakeFolder(folder / "intake").stream("ear", 0)
    return intake.rest, intake.ended


def _checkpoint(folder: Path) -> list[Path]:
    with Brain(seed=1) as brain:
        brain.add(_Counter)
        brain.run(until="5 ms")
        path = brain.save(folder)
    return sorted(path.iterdir())


def _trees(folder: Path) -> Any:
    return repr(read_checkpoint(next(folder.iterdir())))


def _tree(folder: Path) -> list[Path]:
    write_tree(folder / "a.safetensors", {"a": np.arange(6.0), "b": [1, (2, "x")], "c": {"d": np.float32(1)}}, "a")
    return [folder / "a.safetensors"]


def _run_json(folder: Path) -> list[Path]:
    RunFolder(folder).write("run.json", {
        "scenario": "small", "status": "stopped", "now": 5_000_001, "ticks": 5, "started": "2026-01-01", "seed": 1,
        "wall_seconds": 1.5, "resumed": [1], "messages": ["one"], "items": {"ear": 5},
        "phases": [{"name": "learn", "learning": True, "start": 0, "end": 5, "items": {"ear": 5}}]})
    return [folder / "run.json"]


def _run_folder(folder: Path) -> list[Path]:
    lines = [{"zone": "a", "time": tick, "phase": "learn", "values": {"loss": 0.5}} for tick in range(5)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (folder / "metrics.json").write_text(json.dumps({"m": {"kind": "classification", "phases": {"learn": {
        "count": 5, "scalars": {"accuracy": 0.5}}}}}), encoding="utf-8")
    return [*_run_json(folder), folder / "metrics.jsonl", folder / "metrics.json"]


def _lines(folder: Path) -> None:
    columns = {"text": Column.model_validate({"from": "text"})}
    with (folder / "live").open("rb") as file, JsonLinesSource(file, columns, on_bad="skip") as source:
        while not source.ended:
            source.take(100, timeout_s=1.0)


def _classifier(folder: Path) -> list[Path]:
    draw = np.random.default_rng(1)
    return write_classifier(folder, "emotion", Classifier(
        ("joy", "fear"), draw.normal(size=(4, 2)), draw.normal(size=2), draw.normal(size=2), draw.normal(size=(2, 2))))


def _head(folder: Path) -> list[Path]:
    return [write_head(folder / "head.msgpack", {"W": np.ones((3, 2), np.float32), "count": 7, "names": ["a", "ä"]})]


def _expert(folder: Path) -> list[Path]:
    from aura.zones.experts.expert_file import write_expert

    kind = expert_kind("analytic")
    write_expert(folder / "e.expert", kind((4,), 2, kind.Options(width=8), 1), "one", "analytic")
    return [folder / "e.expert"]


def _read_expert(folder: Path) -> Any:
    from aura.zones.experts.expert_file import read_expert

    found = read_expert(folder / "e.expert", expert_kind)
    return repr([part.state() if hasattr(part, "state") else part for part in found])


def _swc(folder: Path) -> Any:
    from aura.zones.fabric.morphology.swc import read_swc

    return read_swc(folder / "cell.swc")


_DELIMITED = b'text,n,label,at\nhi,1,a,0.5\n"x, ""y""\nz",2.5,"a, b",1.0\n,3,,1.5\nlast,4,b,2.25\n'
_JSONL = b'{"text": "x", "v": [1, 2], "b": {"c": 3}, "l": ["p"]}\n' * 4
_IDX = bytes([0, 0, 8, 3]) + struct.pack(">3I", 4, 3, 2) + bytes(range(24))
_LABELS = bytes([0, 0, 8, 1]) + struct.pack(">I4B", 4, 0, 1, 2, 1)
_SWC = (b"# a cell\n1 1 0 0 0 5 -1\n2 3 0 5 0 1 1\n3 3 0 20 0 0.8 2\n4 3 5 30 0 0.5 3\n5 3 -5 30 0 0.5 3\n"
        b"6 2 0 -9 0 1 1\n")
_SCENARIO = b"""aura = 1
name = "small"
seed = 3
pathways = ["in.text -> sensory.text", { source = "in.label", target = "amygdala.label_emotion", delay = "20 ms" }]
[streams.in]
kind = "jsonl"
path = "rows.jsonl"
columns = { text = "text", label = { from = "label", type = "tags" } }
period = "10 ms"
[zones.amygdala]
params = { tasks = { emotion = {} } }
[checkpoints]
every = "1 s"
"""
_COLUMNS = {"t": "text", "n": {"from": "n", "type": "float"}, "l": {"from": "label", "type": "tags"}}
_GROWTH = GrowthEvent(time=5, items=3, action="grow", expert="expert_1", kind="mlp", start="seed").line().encode()

SUBJECTS: tuple[Subject, ...] = (
    _reader("delimited", {"a.csv": _DELIMITED}, path="a.csv", columns=_COLUMNS),
    _reader("delimited", {"a.csv.gz": gzip.compress(_DELIMITED, mtime=0)}, path="a.csv.gz", columns={"t": "text"}),
    _reader("jsonl", {"a.jsonl": _JSONL}, path="a.jsonl", columns={
        "text": "text", "v": {"from": "v.0", "type": "float"}, "l": {"from": "l", "type": "tags"}}),
    _reader("jsonl", {"a.json": b'{"train": [["hi", "x"], ["more", "y"], ["\\ud83d", "x"]], "dev": {"n": [1, 2e3]}}'},
            path="a.json", records="train", columns={"t": 0, "l": {"from": 1, "type": "tags", "optional": True}}),
    _reader("idx", {"i": _IDX, "l": _LABELS}, images="i", labels="l"),
    _reader("idx", {"i.gz": gzip.compress(_IDX, mtime=0)}, images="i.gz"),
    _reader("npz", {"a.npz": _saved(lambda s: np.savez_compressed(s, x=np.ones((3, 2)), y=np.array(["a", "b", "c"])))},
            path="a.npz", tags=["y"]),
    _reader("npz", {"a.npy": _saved(lambda s: np.save(s, np.ones((3, 2), np.float16)))}, path="a.npy"),
    _reader("audio", {"a.wav": _wav()}, path="a.wav", frame="10 ms", hop="3 ms"),
    _reader("audio", {"f.wav": _sound("WAV", "FLOAT")}, path="f.wav", whole="20 ms"),
    _reader("audio", {"a.flac": _sound("FLAC", "PCM_16")}, path="a.flac", whole="20 ms"),
    _reader("goemotions", {"train.tsv": b"text\t0,1\tabc\nmore\t1\tzz\n", "emotions.txt": b"joy\nfear\nneutral",
                           "ekman_mapping.json": b'{"good": ["joy"], "bad": ["fear"]}'}, path="train.tsv",
            mapping="ekman"),
    Subject("jsonlines live", _files({"live": b'{"text": "a"}\n' * 6}), _lines),
    Subject("swc cell.swc", _files({"cell.swc": _SWC}), _swc),
    Subject("scenario a.toml", _files({"a.toml": _SCENARIO}), lambda folder: load_scenario(str(folder / "a.toml"))),
    Subject("scenario of a run folder", _files({"scenario.toml": _SCENARIO}),
            lambda folder: RunFolder(folder).scenario()),
    Subject("growth log", _files({"growth.jsonl": _GROWTH}),
            lambda folder: parse_lines((folder / "growth.jsonl").read_text("utf-8", "replace").splitlines())),
    Subject("recording ended", lambda folder: _recorded(folder, killed=False), _recording, exact=True),
    Subject("recording killed", lambda folder: _recorded(folder, killed=True), _recording, exact=True),
    Subject("journal", _journal, lambda folder: _Beginning(
        [repr(entry) for entry in JournalReader(folder / "journal").kept("ear")]), exact=True),
    Subject("intake", _intake, _kept),
    Subject("checkpoint", _checkpoint, _trees, exact=True),
    Subject("state tree", _tree, lambda folder: read_tree(folder / "a.safetensors", "a")),
    Subject("run.json", _run_json, lambda folder: RunFolder(folder).read(), exact=True),
    Subject("run folder for the report", _run_folder, read_run),
    Subject("amygdala export", _classifier,
            lambda folder: repr(read_classifier(folder, "emotion", 4)[0]), exact=True),
    Subject("head", _head, lambda folder: repr(read_head(folder / "head.msgpack")), exact=True),
    Subject("expert", _expert, _read_expert, exact=True),
)


class Heard(logging.Handler):
    """Counts what is logged as a warning."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
