"""What a command does with files that others made: code is told, refused, compared; nothing leads out of a folder."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from aura.core.errors import AuraError
from aura.plugins.report import write_report
from aura.sim.cli.app import app

STARTED = ("run", "small.toml", "--quiet", "--out", "one", "--until", "100 ms", "--set", "plugins=['own.py']")
COMMANDS = {
    "resume": ("resume", "one", "--quiet", "--until", "120 ms"),
    "branch": ("branch", "one", "--out", "two", "--quiet", "--until", "120 ms"),
    "replay": ("replay", "one", "--out", "two", "--quiet"),
    "export": ("export", "one", "--out", "heads"),
}


@pytest.fixture(autouse=True)
def _no_report(monkeypatch):
    """Leave out the plots, which take seconds."""
    monkeypatch.setattr("aura.plugins.report.write_report", lambda folder: folder / "report.html")


@pytest.fixture
def own(sim):
    """A plugin file of the scenario's own, which leaves a trace when it is executed."""
    path = sim.folder / "own.py"
    trace = f"import pathlib\npathlib.Path({str(sim.folder / 'ran')!r}).touch()\n"
    path.write_text(trace + sim.zones.read_text(encoding="utf-8").replace("from __future__ import annotations", ""),
                    encoding="utf-8")
    return path


def refused(answer, *parts):
    """Check that a command was refused in one line that says these things."""
    assert answer.status == 2, answer
    assert answer.err.startswith("aura: ")
    assert len(answer.err.splitlines()) == 1
    for part in parts:
        assert part in answer.err


@pytest.mark.slow
def test_every_command_says_in_a_line_what_code_it_loads(sim, aura, own):
    line = [f"loads code that the scenario names: {own}\n"]
    assert aura(*STARTED).code == line
    assert aura("describe", "small.toml", "--set", "plugins=['own.py']").code == line
    assert aura("warm-up", "small.toml", "--set", "plugins=['own.py']").code == line
    for words in COMMANDS.values():
        answer = aura(*words, *(("--at", "0 s") if "branch" in words else ()))
        assert (answer.status, answer.code) == (0, line), answer
        shutil.rmtree("two", ignore_errors=True)


@pytest.mark.parametrize("words", [*COMMANDS.values(), STARTED, ("describe", "small.toml"), ("warm-up", "small.toml")])
def test_no_code_refuses_code_and_executes_none(sim, aura, own, words):
    sim.scenario(sim.text.replace(str(sim.zones), "own.py"))
    if words != STARTED:
        aura(*STARTED)
        (sim.folder / "ran").unlink()
    answer = aura(*words, "--no-code")
    refused(answer, "--no-code: 'own.py': expected a scenario that names no code")
    assert answer.code == []
    assert not (sim.folder / "ran").exists()


def test_the_page_on_trust_names_every_command():
    page = (Path(__file__).parents[3] / "docs" / "trust.md").read_text(encoding="utf-8")
    table = page[page.index("## Commands"):page.index("Each command that")]
    commands = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert set(re.findall(r"`aura ([\w-]+)`", table)) == commands


def test_no_code_runs_what_names_none(sim, aura):
    assert aura("describe", "feelings", "--no-code").status == 0


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS.keys())
def test_what_goes_on_from_a_run_stops_where_its_code_is_another(sim, aura, own, words):
    aura(*STARTED)
    own.write_text(own.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    (sim.folder / "ran").unlink()
    refused(aura(*words), f"{own}: expected the code that the run began with, got other code", "--accept-code")
    assert not (sim.folder / "ran").exists()
    assert aura(*words, "--accept-code").status == 0


def test_code_that_was_put_into_a_run_later_is_refused(sim, aura, own):
    aura("run", "small.toml", "--quiet", "--out", "one", "--until", "100 ms")
    kept = sim.folder / "one/scenario.toml"
    kept.write_text(kept.read_text(encoding="utf-8").replace(str(sim.zones), "own.py"), encoding="utf-8")
    refused(aura(*COMMANDS["resume"]), "own.py: expected the code that the run began with, got code that it did not")
    assert not (sim.folder / "ran").exists()


def test_a_module_that_the_experts_parameters_name_is_code(sim, aura):
    path = sim.scenario('aura = 1\nname = "x"\nuntil = "1 s"\n[zones.experts.params]\nkinds = ["this:X"]')
    refused(aura("describe", path, "--no-code"), "--no-code: 'this:X'", "a module, ")
    assert "this.py" in aura("describe", path).code[0]


# --- nothing leads out of a folder ---------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["../../esc", "/tmp/esc", "..", "a/b", "\udcff", ".hidden", '""'])
def test_a_scenarios_name_never_puts_a_run_outside_runs(sim, aura, name):
    inside = sim.folder / "deep/er"
    inside.mkdir(parents=True)
    os.chdir(inside)
    answer = aura("run", sim.file, "--quiet", "--until", "10 ms", "--set", f"name={name}")
    if name in ("\udcff", '""'):
        refused(answer, "expected")
    else:
        assert answer.status == 0
        assert [path.name for path in inside.iterdir()] == ["runs"]
        found, = (inside / "runs").iterdir()
        assert (found / "run.json").is_file()
    assert sorted(path.name for path in sim.folder.iterdir()) == ["deep", "rows.jsonl", "small.toml"]


@pytest.mark.parametrize(("command", "name"), [
    *((command, "checkpoints") for command in COMMANDS), ("resume", "run.partial"), ("resume", "checkpoints/t1/deep"),
    ("replay", "recording"), ("replay", "run.json"), ("report", "report.html"), ("report", "report.html.partial")])
def test_nothing_is_written_or_read_through_a_link_in_a_run_folder(sim, aura, whole, monkeypatch, command, name):
    monkeypatch.setattr("aura.plugins.report.write_report", write_report)
    shutil.copytree(whole, sim.folder / "one")
    mine = sim.folder / "mine"
    mine.write_text("precious", encoding="utf-8")
    link = sim.folder / "one" / name
    if link.is_dir():
        shutil.rmtree(link)
    link.unlink(missing_ok=True)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(mine)
    refused(aura(*COMMANDS.get(command, (command, "one"))), name,
            f"expected a file or folder of its own, got a symbolic link to {mine}")
    assert mine.read_text(encoding="utf-8") == "precious"


def test_a_pipe_in_a_run_folder_is_not_waited_on(sim, whole):
    shutil.copytree(whole, sim.folder / "one")
    os.mkfifo(sim.folder / "one/report.html.partial")
    with pytest.raises(AuraError, match="expected a file or folder, got a pipe, socket or device"):
        write_report(sim.folder / "one")


def test_a_run_folder_that_is_a_link_itself_is_the_users_own(sim, aura):
    (sim.folder / "disk").mkdir()
    (sim.folder / "one").symlink_to("disk")
    assert aura("run", "small.toml", "--quiet", "--out", "one", "--until", "10 ms").status == 0
    assert aura(*COMMANDS["resume"]).status == 0
