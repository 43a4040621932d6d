"""The run folder: made once, written whole, read back with errors that help."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from aura.core.errors import AuraError, CheckpointError
from aura.sim.runfolder import RunFolder, default_folder
from aura.sim.scenario import read_scenario

SCENARIO = read_scenario({"aura": 1, "name": "small", "zones": {"a": {"params": {"x": [1, 2.5, "y"]}}},
                          "base": str(Path(__file__).parent)})


def test_nothing_is_made_until_it_is_written_to(tmp_path):
    folder = RunFolder(tmp_path / "run")
    assert folder.read() == {}
    assert not folder.path.exists()


def test_the_scenario_is_written_as_it_was_resolved(tmp_path):
    folder = RunFolder(tmp_path / "deep" / "run")
    folder.create(SCENARIO)
    assert folder.scenario() == SCENARIO


def test_an_empty_folder_may_be_used(tmp_path):
    RunFolder(tmp_path).create(SCENARIO)
    assert RunFolder(tmp_path).scenario() == SCENARIO


@pytest.mark.parametrize("kind", ["full", "file"])
def test_what_holds_something_is_refused(tmp_path, kind):
    path = tmp_path / "run"
    if kind == "full":
        path.mkdir()
        (path / "x").touch()
    else:
        path.touch()
    with pytest.raises(AuraError, match=r"expected a new or empty folder for the run.*aura resume"):
        RunFolder(path).create(SCENARIO)


def test_a_folder_that_cannot_be_made_is_an_error_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(AuraError, match="expected a folder that can be written to, got NotADirectoryError"):
        RunFolder(tmp_path / "file" / "run").create(SCENARIO)


def test_a_file_is_whole_at_every_instant(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path)
    folder.write("run.json", {"status": "running"})

    def crash(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(KeyboardInterrupt):
        folder.write("run.json", {"status": "finished", "more": ["x"] * 100})
    assert folder.read() == {"status": "running"}


def test_a_folder_that_is_no_run_names_the_nearest_one(tmp_path):
    RunFolder(tmp_path / "feelings-1").create(SCENARIO)
    with pytest.raises(CheckpointError, match=r"expected the folder of a run, got no scenario.toml.*'feelings-1'"):
        RunFolder(tmp_path / "feeling-1").scenario()


@pytest.mark.parametrize(("name", "content", "message"), [
    ("scenario.toml", b"aura = ", "expected valid TOML"), ("scenario.toml", b"\xff", "expected valid TOML"),
    ("run.json", b"{", "expected valid JSON"), ("run.json", b"[]", "expected a table of keys and values, got list"),
    ("run.json", b"\xff", "expected valid JSON"),
])
def test_a_damaged_file_is_named(tmp_path, name, content, message):
    folder = RunFolder(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"{name}: {message}"):
        folder.scenario() if name == "scenario.toml" else folder.read()


def test_the_default_folder_is_new_each_time(tmp_path):
    made = set()
    for _ in range(3):
        folder = default_folder("small", tmp_path)
        assert folder.name.startswith("small-")
        folder.mkdir()
        made.add(folder)
    assert len(made) == 3


def test_numbers_that_json_does_not_know_are_written_as_null(tmp_path):
    RunFolder(tmp_path).write("metrics.json", {"a": [float("nan"), 1.0], "b": {"c": float("inf")}})
    text = (tmp_path / "metrics.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=pytest.fail) == {"a": [None, 1.0], "b": {"c": None}}


@pytest.mark.parametrize("content", [
    '{"status": 5}', '{"status": "asleep"}', '{"status": "failed", "now": -1}', '{"status": "failed", "now": "5"}',
    '{"status": "stopped", "resumed": {}}', "[" * 100_000, "{}", '{"status": "stopped", "messages": [1]}'])
def test_a_broken_run_json_is_refused_in_a_sentence(tmp_path, content):
    (tmp_path / "run.json").write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"run\.json"):
        RunFolder(tmp_path).read()


def test_a_changed_run_json_is_told(tmp_path, caplog):
    folder = RunFolder(tmp_path)
    folder.write("run.json", {"status": "stopped", "now": 5})
    path = tmp_path / "run.json"
    assert folder.read() == {"status": "stopped", "now": 5}
    assert not caplog.records
    path.write_text(path.read_text(encoding="utf-8").replace("5,", "6,"), encoding="utf-8")
    assert folder.read()["now"] == 6
    assert "not as it was written" in caplog.text


def test_a_list_of_files_that_is_none_is_refused(tmp_path):
    (tmp_path / "run.json").write_text('{"status": "failed", "inputs": [{"name": 3}]}', encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"run\.json\.inputs\.0\.name: expected a valid string, got 3"):
        RunFolder(tmp_path).sources()


def test_a_scenario_that_is_nested_too_deeply_is_refused(tmp_path):
    (tmp_path / "scenario.toml").write_text("a = " + "[" * 5000, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"scenario\.toml: expected valid TOML"):
        RunFolder(tmp_path).scenario()
