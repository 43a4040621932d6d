"""Code that a scenario's file imports from beside it is noted as that file is, and compared before it is loaded."""

from __future__ import annotations

import json
import sys

import pytest

from aura.core.errors import PluginError
from aura.sim.beside import files_beside
from aura.sim.runfolder import RunFolder
from aura.sim.sources import Sources

OWN = """import sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).parent))
import beside_helper
from beside_package import part
from aura import Manifest, Zone, hookimpl
class Quiet(Zone):
    def step(self, now, inputs):
        import beside_late
@hookimpl
def aura_zones(): return [Manifest("quiet", Quiet, "Says nothing.", period="10 ms")]
"""
FILES = {"own.py": OWN, "beside_helper.py": "import json\nimport beside_deeper\n", "beside_deeper.py": "GAIN = 1\n",
         "beside_late.py": "", "beside_other.py": "", "beside_package/__init__.py": "",
         "beside_package/part.py": "from . import sibling\nfrom .sibling import x\n",
         "beside_package/sibling.py": "x = 1\n", "beside_package/unused.py": "", "named.py": "import beside_helper\n",
         "mine.toml": 'aura = 1\nname = "mine"\nuntil = "50 ms"\nplugins = ["own.py"]\n[zones.quiet]\n'}
AS_IT_WAS = "is not as it was when the run began"
USED = ["beside_deeper.py", "beside_helper.py", "beside_package/__init__.py", "beside_package/part.py",
        "beside_package/sibling.py"]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The folder of a scenario whose plugin imports from beside it; what is imported is forgotten at the end."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith(("beside_", "aura_file_own", "named")):
            del sys.modules[name]


def code_of(run):
    return sorted(source.name for source in RunFolder(run).sources() if source.role == "code")


@pytest.mark.slow
def test_what_a_plugin_file_imports_from_beside_it_is_noted_also_where_it_was_imported_before(project, aura):
    for run in ("one", "other"):  # the second time, Python has the modules already
        assert aura("run", "mine.toml", "--out", run, "--quiet").status == 0
        assert code_of(project / run) == sorted([*USED, "beside_late.py", "own.py"])


@pytest.mark.parametrize("changed", ["beside_helper.py", "beside_deeper.py", "beside_package/sibling.py"])
def test_a_run_does_not_go_on_with_other_code_beside_its_plugin_unless_told_to(project, aura, changed):
    assert aura("run", "mine.toml", "--out", "run", "--until", "30 ms", "--quiet").status == 0
    (project / changed).write_text("GAIN = x = 2\nraise RuntimeError('executed')\n", encoding="utf-8")
    answer = aura("resume", "run", "--quiet")
    assert answer.status == 2
    assert f"{changed}: expected the code that the run began with, got other code" in answer.err
    assert aura("resume", "run", "--quiet", "--accept-code").status == 0
    notices = json.loads((project / "run/run.json").read_text(encoding="utf-8"))["notices"]
    assert [(notice["source"], notice["text"]) for notice in notices] == [(changed, AS_IT_WAS)]


def test_the_files_beside_are_found_after_a_move(project, aura):
    (project / "there").mkdir()
    for name in ("mine.toml", "own.py", "beside_late.py", *USED):
        (project / "there" / name).parent.mkdir(exist_ok=True)
        (project / name).rename(project / "there" / name)
    assert aura("run", "there/mine.toml", "--out", "there/run", "--until", "30 ms", "--quiet").status == 0
    (project / "there").rename(project / "elsewhere")
    assert aura("resume", "elsewhere/run", "--quiet").status == 0


def test_a_run_from_before_such_files_were_noted_goes_on(project):
    first = Sources(project)
    first.plugin("own.py")
    known = [source for source in first.take() if source.name == "own.py"]
    assert Sources(project, known).plugin("own.py") == project / "own.py"


def test_what_a_module_imports_from_beside_it_is_noted_too(project):
    sys.path.insert(0, str(project))
    first = Sources(project)
    first.code("named:Class")
    import named  # noqa: F401  # type: ignore[import-not-found]

    known = first.take()
    names = {"named:Class", str(project / "beside_helper.py"), str(project / "beside_deeper.py")}
    assert {source.name for source in known} == names
    (project / "beside_deeper.py").write_text("GAIN = 2\n", encoding="utf-8")
    with pytest.raises(PluginError, match=r"beside_deeper\.py: expected the code that the run began with"):
        Sources(project, known).code("named:Class")


def test_what_is_installed_below_the_folder_is_no_code_of_the_scenarios(project):
    installed = project / "env/lib/site-packages"
    installed.mkdir(parents=True)
    (installed / "beside_installed.py").touch()
    sys.path.insert(0, str(installed))
    (project / "own.py").write_text("import beside_installed, json, aura.core.errors, numpy\n", encoding="utf-8")
    assert files_beside(project / "own.py") == []


def test_a_module_that_was_imported_in_another_way_is_seen(project):
    sys.path.insert(0, str(project))
    before = set(sys.modules)
    __import__("beside_other")
    (project / "own.py").write_text("", encoding="utf-8")
    assert files_beside(project / "own.py", set(sys.modules) - before) == [project / "beside_other.py"]
