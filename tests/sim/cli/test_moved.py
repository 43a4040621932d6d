"""A run that goes on from elsewhere, after a move, or with other data: it finds its files, or names them."""

from __future__ import annotations

import shutil

import pytest

COMMANDS = {
    "resume": ("resume", "project/runs/one", "--quiet"),
    "branch": ("branch", "project/runs/one", "--out", "two", "--quiet"),
    "replay": ("replay", "project/runs/one", "--out", "two", "--quiet"),
    "export": ("export", "project/runs/one", "--out", "heads"),
}


@pytest.fixture(autouse=True)
def _no_report(monkeypatch):
    """Leave out the plots, which take seconds."""
    monkeypatch.setattr("aura.plugins.report.write_report", lambda folder: folder / "report.html")


@pytest.fixture
def project(sim, aura, monkeypatch):
    """A folder with a scenario, its data, its plugin, and a run that was stopped; no path in it is a whole one."""
    folder = sim.folder / "project"
    folder.mkdir()
    shutil.move(sim.folder / "rows.jsonl", folder)
    shutil.copy(sim.zones, folder / "zones.py")
    (folder / "small.toml").write_text(sim.text.replace(str(sim.zones), "zones.py"), encoding="utf-8")
    monkeypatch.chdir(folder)
    assert aura("run", "small.toml", "--out", "runs/one", "--quiet", "--until", "100 ms").status == 0
    monkeypatch.chdir(sim.folder)
    return folder


def words_for(command, at):
    return [word.replace("project/runs/one", str(at)) for word in COMMANDS[command]]


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_run_goes_on_from_any_folder_and_after_a_move(sim, aura, project, command, monkeypatch):
    (sim.folder / "elsewhere").mkdir()
    monkeypatch.chdir(sim.folder / "elsewhere")
    moved = project.rename(sim.folder / "moved")
    answer = aura(*words_for(command, moved / "runs/one"))
    assert (answer.status, answer.err) == (0, "")
    alone = (moved / "runs/one").rename(sim.folder / "alone")
    shutil.rmtree("two", ignore_errors=True)
    if command != "resume":  # it has finished by now
        assert aura(*words_for(command, alone), "--base", moved).status == 0


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_data_that_are_gone_are_named_with_what_to_give(sim, aura, project, command):
    (sim.folder / "data").mkdir()
    for name in ("rows.jsonl", "zones.py"):
        (project / name).rename(sim.folder / "data" / name)
    answer = aura(*COMMANDS[command])
    assert answer.status == 2
    assert f"expected zones.py, rows.jsonl in {project}, got none of these 2 files" in answer.err
    assert "--base FOLDER" in answer.err
    assert aura(*COMMANDS[command], "--base", "data").status == 0


@pytest.mark.slow
@pytest.mark.parametrize("command", ["resume", "branch", "replay"])
def test_data_that_changed_are_told_at_once_and_at_the_end(sim, aura, project, command, caplog):
    rows = project / "rows.jsonl"
    rows.write_text(rows.read_text(encoding="utf-8").replace('"x": 49.0', '"x": 48.0'), encoding="utf-8")
    answer = aura(*COMMANDS[command])
    assert answer.status == 0
    assert "rows.jsonl is not as it was when the run began" in caplog.text
    place = "project/runs/one" if command == "resume" else "two"
    notice = {"source": "rows.jsonl", "text": "is not as it was when the run began", "count": 1, "fault": False}
    assert notice in sim.read(place)["notices"]
    assert "rows.jsonl is not as it was when the run began" in answer.out + answer.err
    if command == "resume":
        assert [row["name"] for row in sim.read(place)["inputs"]] == ["zones.py", "rows.jsonl"]


@pytest.mark.slow
def test_other_data_that_a_branch_is_given_did_not_change(sim, aura, project, caplog):
    shutil.copy(project / "rows.jsonl", project / "others.jsonl")
    assert aura(*COMMANDS["branch"], "--set", "diary.path=others.jsonl").status == 0
    assert "is not as it was" not in caplog.text


@pytest.mark.slow
def test_a_saved_scenario_can_be_run_as_a_file(sim, aura, project):
    assert aura("run", project / "runs/one/scenario.toml", "--out", "again", "--quiet").status == 0
    assert aura("replay", "again", "--out", "two", "--quiet").status == 0
