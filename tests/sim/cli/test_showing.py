"""The commands that show what there is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import pytest

from aura.plugins.metrics.plugin import aura_metrics
from aura.sim.cli import completion, doctor, main

ROOT = Path(__file__).parents[3]


def test_help_names_every_command(aura):
    answer = aura("--help")
    assert answer.status == 0
    for command in ("run", "resume", "branch", "replay", "describe", "zones", "streams", "metrics", "plugins", "report",
                    "export", "new-zone", "data", "doctor", "scenarios", "schema"):
        assert f"\n  {command} " in answer.out, command


def test_zones_lists_the_built_in_ones_and_shows_one(aura):
    answer = aura("zones")
    assert answer.status == 0
    assert "sensory" in answer.out
    assert "amygdala" in answer.out
    answer = aura("zones", "sensory")
    assert "embedding" in answer.out
    assert "float32 (item, 384)" in answer.out


def test_streams_lists_the_kinds_and_shows_one(aura):
    answer = aura("streams")
    for kind in ("delimited", "jsonl", "goemotions", "idx", "npz", "audio", "jsonlines"):
        assert kind in answer.out, kind
    answer = aura("streams", "jsonl")
    for line in ("options", "options of columns", "every stream", "options of change"):
        assert line in answer.out.splitlines()
    for key in ("columns", "on_bad", "from", "hold_out", "limit"):
        assert f"\n  {key} " in answer.out
    assert "-----" not in answer.out


def test_metrics_lists_the_kinds_and_shows_one_with_its_options(aura):
    answer = aura("metrics")
    assert answer.status == 0
    for kind in aura_metrics():
        assert f"\n{kind.name} " in answer.out
    answer = aura("metrics", "classification")
    assert answer.out.startswith("classification: Label sets against the truth")
    for part in ("  truth ", "required", "  examples ", "= 5", "the most confident mistakes"):
        assert part in answer.out


FILE = """
from pydantic import BaseModel
from aura import hookimpl
from aura.plugins.metrics.kind import MetricKind, MetricOptions
from aura.plugins.streams import ReaderKind

class Mine(MetricOptions):
    width: int = 3

class Path(BaseModel):
    depth: int = 4

@hookimpl
def aura_metrics():
    return [MetricKind("mine", "A metric of one file.", Mine, dict)]

@hookimpl
def aura_streams():
    return [ReaderKind("rows", "Rows of one file.", Path, lambda options, base: [])]
"""


@pytest.mark.parametrize(("command", "shown", "not_shown"), [
    ("metrics", ("mine: A metric of one file.", "  width "), "classification"),
    ("streams", ("rows: Rows of one file.", "  depth ", "  rate "), "delimited"),
    ("plugins", ("mine.py", "metrics mine", "streams rows"), "sensory")])
def test_what_a_file_brings_is_shown_by_each_list(sim, aura, command, shown, not_shown):
    (sim.folder / "mine.py").write_text(FILE, encoding="utf-8")
    answer = aura(command, "mine.py")
    assert answer.status == 0
    assert all(part in answer.out for part in shown)
    assert not_shown not in answer.out
    assert answer.code == ["loads code that the command names: mine.py\n"]
    none = "from aura import hookimpl\n@hookimpl\ndef aura_zones():\n    return []\n"
    (sim.folder / "none.py").write_text(none, encoding="utf-8")
    assert aura(command, "absent.py").status == 2
    if command != "plugins":
        assert f"expected a hook aura_{command}() that returns kinds of {command[:-1]}, got none" in \
            aura(command, "none.py").err


def test_plugins_are_listed_with_what_they_bring(aura):
    answer = aura("plugins")
    assert answer.status == 0
    assert "zones sensory" in answer.out
    assert "batch-baselines" in answer.out


def test_a_blocked_plugin_is_listed_as_such(aura):
    assert "blocked" not in aura("plugins").out
    answer = aura("plugins", "--no-plugin", "sensory")
    assert answer.status == 0
    assert "blocked" in answer.out
    assert "expected a zone" in aura("zones", "sensory", "--no-plugin", "sensory").err


def test_describe_shows_what_a_zone_tells_of_itself(sim, aura):
    found = aura("describe", "tissue").out
    assert "400 neurons (5 x 5 x 16), each of 5 compartments (1 soma, 4 dendrite)" in found
    assert "channel calcium            ca           140 mV   dendrite 3e-05 S/cm2" in found


def test_describe_shows_graph_and_schedule_without_running(sim, aura):
    answer = aura("describe", "small.toml", "--set", "ticker.period=3 ms")
    assert answer.status == 0
    assert "modulators" not in answer.out  # none of its zones obeys any but the energy gate, which nothing sets
    for part in ("diary.label -> majority.label  after 2 ms", "wakes every 3 ms", "wakes when text or label arrives",
                 "answers after 25 ms", "tags (item)", "metric guess: classification", "runs on for 100 ms"):
        assert part in answer.out, part
    assert not (sim.folder / "runs").exists()


@pytest.mark.parametrize(("setting", "message"), [
    ("diary.curriculum={field = 'label', groups = [['odd']]}",
     "--set diary.curriculum.groups: expected a group for the class of every learning row, got 'red', "),
    ("phases=[{name = 'a', stage = 3}]", "--set phases.0.stage: expected a stream with a curriculum, got 3"),
    ("metrics.guess.truth=diary.lable", "--set metrics.guess.truth: expected an output of this brain, got "
                                        "'diary.lable'. Try 'diary.label'."),
    ("executor=thread", "--set executor: executor 'thread': expected an executor that a plugin brings, got 'thread'. "
                        "Try 'threads'."),
])
def test_describe_refuses_what_a_run_would_at_its_start(sim, aura, setting, message):
    answer = aura("describe", "small.toml", "--set", setting)
    assert answer.status == 2
    assert message in answer.err


def test_describe_shows_the_phases_that_a_scenario_names(sim, aura):
    sim.scenario(sim.text + """
        [[phases]]
        name = "{classes}"
        stage = "each"
        [[phases]]
        name = "held-out-{number}"
        after = "each stage"
        split = "held_out"
        learn = false
        [[phases]]
        name = "again"
        stage = 1
        """, "phases.toml")
    found = aura("describe", "phases.toml", "--set", "diary.curriculum={field = 'label'}").out
    for line in ("phase {classes}: learning rows of each stage, learning on",
                 "phase held-out-{number}: held-out rows, after each stage, learning off",
                 "phase again: learning rows of stage 1, learning on"):
        assert line in found.splitlines()


def test_the_embedded_scenarios_are_listed(aura):
    answer = aura("scenarios")
    assert answer.status == 0
    assert "feelings" in answer.out
    assert "goemotions" in answer.out


def test_data_lists_the_sets_and_says_where_one_lies(aura, tmp_path, monkeypatch):
    monkeypatch.setenv("AURA_DATA", str(tmp_path))
    assert "goemotions" in aura("data").out
    (tmp_path / "mine").mkdir()
    answer = aura("data", "mine")
    assert answer.status == 0
    assert answer.out.strip() == str(tmp_path / "mine")


def test_a_new_zone_is_written(aura, tmp_path):
    answer = aura("new-zone", "echo", "--out", tmp_path / "packages")
    assert answer.status == 0
    assert "pip install -e" in answer.out
    assert list((tmp_path / "packages").rglob("pyproject.toml"))


@pytest.mark.slow
def test_doctor_says_what_is_installed(aura, tmp_path, monkeypatch):
    monkeypatch.setenv("AURA_DATA", str(tmp_path / "gone"))
    answer = aura("doctor")
    assert answer.status == 0
    assert "numpy" in answer.out
    assert "which is no folder" in answer.out
    assert "all plugins are in order" in answer.out


def test_doctor_knows_all_that_aura_needs_and_tells_what_is_missing(aura, monkeypatch):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert list(doctor._PACKAGES) == [re.split("[>=<[]", line)[0] for line in project["dependencies"]]
    assert set(doctor._EXTRAS) == set(project["optional-dependencies"])

    def version(name):
        if name in ("faiss-cpu", "sentence-transformers"):
            raise PackageNotFoundError(name)
        return "1.2.3"

    monkeypatch.setattr(doctor, "version", version)
    monkeypatch.setattr(doctor, "requires", lambda name: [
        "numpy>=2", 'sentence-transformers>=3.0; extra == "encoders"', "nengo >=4 ; extra == 'benchmarks'"])
    monkeypatch.setattr(doctor, "_accelerators", list)
    lines = aura("doctor").out.splitlines()
    for name, state in (("faiss-cpu", "missing"), ("jax", "1.2.3"), ("numba", "1.2.3"), ("scipy", "1.2.3")):
        assert [line.split()[1] for line in lines if line.startswith(f"{name} ")] == [state]
    assert "missing: pip install faiss-cpu" in lines
    assert [line.split()[1:3] for line in lines if line.startswith("encoders ")] == [["none", "sentence-transformers"]]
    assert [line.split()[1:4] for line in lines if line.startswith("benchmarks ")] == [["nengo", "1.2.3", "none"]]


@pytest.mark.parametrize(("words", "message"), [
    (("zones", "sensry"), "Try 'sensory'"),
    (("streams", "jsonk"), "Try 'jsonl'"), (("metrics", "classifcation"), "Try 'classification'"),
    (("plugins", "--no-plugin", "sensry"), "Try 'sensory'"),
    (("describe", "feelngs"), "Try 'feelings'"),
    (("describe", "small.toml", "--set", "diary.shufle=true"), "Try 'shuffle'"),
    (("describe", "small.toml", "--set", "metrics.guess.truht=diary.label"), "Try 'truth'"),
    (("data", "goemotion"), "Try 'goemotions'"),
    (("new-zone", "my zone"), "expected"),
])
def test_a_wrong_argument_is_refused_in_one_line(sim, aura, monkeypatch, words, message):
    monkeypatch.delenv("AURA_DATA", raising=False)
    answer = aura(*words)
    assert answer.status == 2
    assert answer.err.startswith("aura: ")
    assert message in answer.err
    assert len(answer.err.splitlines()) == 1


@pytest.mark.parametrize("words", [("fly",), ("run",), ("run", "small.toml", "--seed", "one"), ("zones", "--fast")])
def test_a_command_that_there_is_not_is_refused_without_a_traceback(sim, aura, words):
    answer = aura(*words)
    assert answer.status == 2
    assert answer.err.strip()
    assert "Traceback" not in answer.err


def test_a_new_zone_may_not_take_a_name_that_is_taken(aura, tmp_path):
    answer = aura("new-zone", "amygdala", "--out", str(tmp_path))
    assert answer.status == 2
    assert "the plugin 'amygdala' brings" in answer.err
    assert not list(tmp_path.glob("aura-*"))


def test_the_version_is_told(aura):
    from aura import __version__

    answer = aura("--version")
    assert (answer.status, answer.out) == (0, f"aura {__version__}\n")


def test_a_plugins_file_is_shown_zone_by_zone(aura, tmp_path):
    (tmp_path / "pair.py").write_text('''
from aura import Manifest, Port, Zone, hookimpl

class Mute(Zone):
    def step(self, now, inputs):
        return None

@hookimpl
def aura_zones():
    return [Manifest(name, Mute, f"Is {name}.", outputs=(Port("y"),), period="1 ms") for name in ("one", "two")]
''', encoding="utf-8")
    answer = aura("zones", "pair.py")
    assert answer.status == 0
    assert "one: Is one." in answer.out
    assert "two: Is two." in answer.out


@pytest.mark.parametrize(("source", "message"), [
    (None, "no such file"), ("x = ", "a plugin's file that loads, got"),
    ("from aura import hookimpl\n@hookimpl\ndef aura_after_tick(run): pass", "aura_zones() that returns manifests"),
])
def test_a_plugins_file_that_brings_no_zone_is_answered(aura, tmp_path, source, message):
    if source is not None:
        (tmp_path / "odd.py").write_text(source, encoding="utf-8")
    answer = aura("zones", "./odd.py")
    assert answer.status == 2
    assert message in answer.err


def test_a_shell_completes_scenarios_zones_streams_and_files(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "feel").mkdir()
    (tmp_path / "feel" / "mine.toml").touch()
    (tmp_path / "feel" / "mine.csv").touch()
    (tmp_path / ".feel.toml").touch()
    (tmp_path / "amygdaloid.py").touch()
    assert completion.scenario_names("fe") == ["feelings", "feel/"]
    assert completion.scenario_names("feel/") == ["feel/mine.toml"]
    assert completion.scenario_names("nowhere/") == []
    assert completion.scenario_names(".fe") == [".feel.toml"]
    assert completion.zone_names("amyg") == ["amygdala", "amygdaloid.py"]
    assert completion.stream_names("deli") == ["delimited"]
    assert completion.metric_names("class") == ["classification"]
    assert completion.executor_names("") == ["processes", "serial", "threads"]


@pytest.mark.slow
def test_a_shell_asks_the_command_itself(tmp_path):
    environment = {**os.environ, "_AURA_COMPLETE": "complete_bash", "COMP_WORDS": "aura run feel", "COMP_CWORD": "2"}
    command = Path(sys.executable).parent / "aura"
    done = subprocess.run([command], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["feelings"]


def test_the_command_goes_by_its_name_however_it_was_begun(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["/somewhere/aura/__main__.py", "--help"])  # as `python -m aura` has it
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", SimpleNamespace(name="aura.__main__", parent="aura"))
    monkeypatch.setattr(sys.modules["__main__"], "__package__", "aura")
    with pytest.raises(SystemExit):
        main()
    assert "Usage: aura [OPTIONS]" in capsys.readouterr().out
