"""What the tests of scenarios and runs share: a small data file, tiny zones, and a run in a folder of its own."""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aura.plugins.manager import PluginManager
from aura.plugins.recording import Recording, first_difference
from aura.sim.runfolder import RunFolder
from aura.sim.runner import Run, RunOptions
from aura.sim.scenario import load_scenario

TINY_ZONES = Path(__file__).parent / "tiny_zones.py"
WORDS = ("red", "green", "blue", "grey")

SCENARIO = f"""
aura = 1
name = "small"
seed = 3
plugins = ['{TINY_ZONES}']
pathways = ["diary.text -> shout.text", "diary.text -> slow.text", "diary.text -> majority.text",
            "diary.label -> majority.label"]

[streams.diary]
kind = "jsonl"
path = "rows.jsonl"
columns = {{text = "text", label = {{from = "label", type = "tags"}}}}
items = 3
shuffle = true
repeat = 2
hold_out = 0.2

[zones.shout]
[zones.slow]
[zones.majority]
[zones.ticker]

[metrics.guess]
kind = "classification"
truth = "diary.label"
prediction = "majority.guess"
every = 20
window = 50

[metrics.learning]
kind = "scalars"
zones = ["*"]
every = "30 ms"

[checkpoints]
every = "250 ms"
"""


def rows(count: int = 100) -> list[dict[str, Any]]:
    """Return rows whose label follows from their text."""
    draw = random.Random(1)
    return [{"text": f"{word} {draw.randrange(5)}", "label": [word], "x": i / 2, "at": i // 3}
            for i, word in enumerate(draw.choices(WORDS, k=count))]


def write_rows(path: Path, lines: list[dict[str, Any]]) -> Path:
    """Write rows as JSON lines."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out fsync: no power fails here, and the many small files of these runs would wait seconds for it."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def sim(tmp_path: Path) -> SimpleNamespace:
    """A folder with a data file and the scenario small.toml, and what is done with them."""
    write_rows(tmp_path / "rows.jsonl", rows())
    file = tmp_path / "small.toml"
    file.write_text(SCENARIO, encoding="utf-8")

    def scenario(text: str, name: str = "small.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    def make(out: str, *settings: str, until: int | None = None, source: Path = file, **options: Any) -> Run:
        loaded = load_scenario(source, settings)
        manager = PluginManager((), [loaded.folder / path for path in loaded.plugins])
        return Run(loaded, RunFolder(tmp_path / out), manager, RunOptions(until=until, report=False, **options))

    def difference(one: str, other: str) -> str | None:
        return first_difference(Recording(tmp_path / one), Recording(tmp_path / other))

    def read(out: str, name: str = "run.json") -> Any:
        return json.loads((tmp_path / out / name).read_text(encoding="utf-8"))

    def values(out: str, topic: str) -> list[Any]:
        return [(s.time, s.value if isinstance(s.value, (tuple, dict)) else s.value.tolist())
                for s in Recording(tmp_path / out).messages(topic)]

    return SimpleNamespace(folder=tmp_path, file=file, text=SCENARIO, zones=TINY_ZONES, scenario=scenario, make=make,
                           difference=difference, read=read, values=values, rows=rows, write_rows=write_rows)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of small.toml; it is only read."""
    folder = tmp_path_factory.mktemp("whole")
    write_rows(folder / "rows.jsonl", rows())
    (folder / "small.toml").write_text(SCENARIO, encoding="utf-8")
    loaded = load_scenario(folder / "small.toml")
    manager = PluginManager((), [Path(path) for path in loaded.plugins])
    Run(loaded, RunFolder(folder / "run"), manager, RunOptions(report=False)).start()
    return folder / "run"


@pytest.fixture
def aura(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
         tmp_path: Path) -> Callable[..., SimpleNamespace]:
    """Call the command line in this process, in a folder of the test's own."""
    from aura.sim.cli import main

    monkeypatch.chdir(tmp_path)

    def call(*words: Any) -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", ["aura", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        lines = err.splitlines(keepends=True)
        code_lines = [line for line in lines if line.startswith("loads code ")]  # of the tiny zones, by every command
        code = ended.value.code
        return SimpleNamespace(status=0 if code is None else code, out=out, code=code_lines,
                               err="".join(line for line in lines if line not in code_lines))

    return call
