"""The files that a scenario names: found from its folder, noted, and compared when a run goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aura.core.errors import CheckpointError, PluginError
from aura.core.params import validated
from aura.sim.base import find_base, relative_base
from aura.sim.readers.goemotions import GoEmotionsOptions
from aura.sim.sources import Sources, fingerprint, rows_of, sources_of


@pytest.fixture
def base(tmp_path):
    (tmp_path / "rows.csv").write_text("a\n1\n", encoding="utf-8")
    (tmp_path / "takes").mkdir()
    (tmp_path / "takes/1.wav").write_bytes(b"one")
    (tmp_path / "evil.py").write_text("raise SystemExit", encoding="utf-8")
    return tmp_path


def test_what_is_read_is_found_from_the_folder_and_noted(base):
    sources = Sources(base)
    assert sources.input("rows.csv") == str(base / "rows.csv")
    assert sources.locate("out/cache.sqlite") == base / "out/cache.sqlite"
    sources.input("rows.csv")
    found, = sources.take()
    assert (found.name, found.role, found.files, found.size) == ("rows.csv", "data", 1, 4)


def test_the_list_survives_run_json(base):
    sources = Sources(base)
    sources.input("rows.csv")
    sources.plugin("evil.py")
    taken = sources.take()
    assert sources_of(json.loads(json.dumps(rows_of(taken)))) == taken


@pytest.mark.parametrize("name", ["rows.csv", "takes", "takes/*.wav"])
@pytest.mark.parametrize("change", ["content", "gone"])
def test_a_change_of_a_file_a_folder_or_a_pattern_is_seen(base, name, change):
    before = fingerprint(name, "data", base / name)
    assert fingerprint(name, "data", base / name) == before
    file = base / ("rows.csv" if name == "rows.csv" else "takes/1.wav")
    if change == "content":
        file.write_bytes(b"a\n2\n" if name == "rows.csv" else b"two")  # of the same length
    else:
        file.unlink()
    assert fingerprint(name, "data", base / name).digest != before.digest


def test_a_change_in_the_middle_of_a_large_file_is_seen(base, monkeypatch):
    monkeypatch.setattr("aura.sim.sources._WHOLE_BYTES", 1000)
    monkeypatch.setattr("aura.sim.sources._BLOCK_BYTES", 100)
    content = bytearray(5000)
    (base / "rows.csv").write_bytes(content)
    before = fingerprint("rows.csv", "data", base / "rows.csv")
    content[2500] = 1
    (base / "rows.csv").write_bytes(content)
    assert fingerprint("rows.csv", "data", base / "rows.csv").digest != before.digest


def test_the_time_for_many_files_is_bounded_and_a_change_of_size_is_seen(base, monkeypatch):
    monkeypatch.setattr("aura.sim.sources._WHOLE_BYTES", 4)
    (base / "takes/2.wav").write_bytes(b"two")  # beyond what is digested whole
    before = fingerprint("takes", "data", base / "takes")
    (base / "takes/2.wav").write_bytes(b"other")
    after = fingerprint("takes", "data", base / "takes")
    assert (before.digest != after.digest, before.size, after.size) == (True, 6, 8)
    (base / "takes/2.wav").write_bytes(b"")
    assert fingerprint("takes", "data", base / "takes").size == 3


def test_what_is_read_beside_a_split_is_noted_with_it(base):
    sources = Sources(base)
    validated(GoEmotionsOptions, {"path": "own/train.tsv", "mapping": "ekman"}, "streams.s", paths=sources)
    assert [source.name for source in sources.take()] == ["own/train.tsv", "own/emotions.txt", "own/ekman_mapping.json"]


def test_a_run_folder_beside_the_data_does_not_change_them(base):
    before = fingerprint(".", "data", base)
    (base / "runs").mkdir()
    (base / "runs/run.json").write_text("{}", encoding="utf-8")
    assert fingerprint(".", "data", base) == before


def test_code_is_told_before_it_is_loaded(base):
    lines = []
    Sources(base, say=lines.append).plugin("evil.py")
    assert lines == [f"loads code that the scenario names: {base / 'evil.py'}"]


def test_a_module_is_noted_without_being_imported(base, monkeypatch):
    monkeypatch.syspath_prepend(str(base))
    lines = []
    sources = Sources(base, say=lines.append)
    assert sources.code("evil:Class") == "evil:Class"
    assert lines == [f"loads code that the scenario names: {base / 'evil.py'}"]
    assert [(s.name, s.role, s.in_base) for s in sources.take()] == [("evil:Class", "code", False)]


@pytest.mark.parametrize("method", ["plugin", "code"])
def test_no_code_refuses_all_code(base, method):
    with pytest.raises(PluginError, match=r"--no-code: 'evil.*expected a scenario that names no code"):
        getattr(Sources(base, no_code=True), method)({"plugin": "evil.py", "code": "evil:Class"}[method])


def test_code_that_is_not_as_it_was_is_refused_and_named(base):
    first = Sources(base)
    first.plugin("evil.py")
    known = first.take()
    assert Sources(base, known).plugin("evil.py") == base / "evil.py"
    (base / "evil.py").write_text("pass", encoding="utf-8")
    with pytest.raises(PluginError, match=r"evil\.py: expected the code that the run began with, got other code"):
        Sources(base, known).plugin("evil.py")
    assert Sources(base, known, accept_code=True).plugin("evil.py") == base / "evil.py"
    with pytest.raises(PluginError, match=r"got code that it did not begin with.*--accept-code"):
        Sources(base, []).plugin("evil.py")


# --- where they are after a move -----------------------------------------------------------------------------------

def run_at(base, *names):
    """Return a run's folder below a base, and what its run.json says of the base and the files there."""
    run = base / "runs" / "one"
    run.mkdir(parents=True)
    sources = Sources(base)
    for name in names:
        sources.input(name)
    return run, {"base": str(base), "inputs": rows_of(sources.take())}


@pytest.mark.parametrize("moved", ["project", "run alone", "run beside other data of that name", "data with the run"])
def test_the_files_are_found_after_a_move(base, moved):
    project = base / "project"
    project.mkdir()
    (base / "rows.csv").rename(project / "rows.csv")
    run, known = run_at(project, "rows.csv")
    seen = relative_base(project, run)
    if moved == "project":
        project = project.rename(base / "elsewhere")
        run = project / "runs/one"
    elif moved == "run alone":
        run = run.rename(base / "one")
    elif moved == "run beside other data of that name":
        (base / "other/runs").mkdir(parents=True)
        (base / "other/rows.csv").write_text("a\n2\n", encoding="utf-8")
        run = run.rename(base / "other/runs/one")
    else:
        run = run.rename(base / "one")
        project = (project / "rows.csv").rename(run / "rows.csv").parent
    assert find_base(run, seen, known) == project


def test_a_copy_of_a_project_uses_its_own_data(base):
    project = base / "project"
    project.mkdir()
    (project / "rows.csv").write_text("a\n1\n", encoding="utf-8")
    run, known = run_at(project, "rows.csv")
    (base / "copy/runs/one").mkdir(parents=True)
    (base / "copy/rows.csv").write_text("a\n1\n", encoding="utf-8")
    assert find_base(base / "copy/runs/one", relative_base(project, run), known) == base / "copy"


def test_files_that_are_not_found_are_named_with_what_to_give(base):
    run, known = run_at(base, "rows.csv", "takes")
    seen = relative_base(base, run)
    (base / "rows.csv").unlink()
    with pytest.raises(CheckpointError, match=rf"expected rows\.csv in {base}, got no such file\. .*--base FOLDER"):
        find_base(run, seen, known)
    with pytest.raises(CheckpointError, match=r"expected rows\.csv, takes in .*got none of these 2 files"):
        find_base(run, seen, known, given=base / "takes")
    (base / "rows.csv").write_text("other", encoding="utf-8")
    assert find_base(run, seen, known, given=base) == find_base(run, seen, known) == base


def test_paths_that_are_whole_need_no_base(base, tmp_path):
    run, known = run_at(base, str(base / "rows.csv"))
    assert find_base(run, "../../gone", known) == base
    assert find_base(run, "../../gone", {}) == Path(base / "gone")
