"""The package that `aura new-zone` writes is one that works at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from aura.core.errors import PluginError
from aura.sim.template import write_zone_package

_ASK = """
import sys
from aura.plugins.manager import PluginManager
manager = PluginManager(blocked=sys.argv[1:])
info = next(info for info in manager.infos() if info.name == "mood_ring")
print(info.distribution, info.version, info.brings.get("zone", ()), info.blocked, repr(info.error),
      "mood_ring" in manager.zones())
"""
_RUN = """
import numpy as np
from aura import Brain, Items, Manifest, Port, Zone
from aura.plugins.manager import PluginManager

class Source(Zone):
    manifest = Manifest("source", "", outputs=(Port("value", shape=("item",)),), period="10 ms")
    def step(self, now, inputs):
        return {"value": Items(np.array([4.0], dtype=np.float32), np.array([now]))}

with Brain() as brain:
    brain.add(Source)
    brain.add(PluginManager().zone("mood_ring"), rate=0.5)
    brain.connect("source.value", "mood_ring.value")
    brain.run(until="25 ms")
    print(brain.read("mood_ring.expected").tolist())
"""


def run(*command: str, path: Path | None = None, cwd: Path | None = None) -> str:
    """Run Python in a process of its own, with `path` on its path, and return what it prints."""
    environment = {**os.environ, **({"PYTHONPATH": str(path)} if path else {})}
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment, cwd=cwd,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_says_where_the_package_is(tmp_path: Path) -> None:
    folder = write_zone_package("mood_ring", tmp_path / "new" / "place")
    assert folder == tmp_path / "new" / "place" / "aura-mood-ring"
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "README.md", "pyproject.toml", "src/aura_mood_ring/__init__.py", "src/aura_mood_ring/plugin.py",
        "src/aura_mood_ring/zone.py", "tests/test_mood_ring.py"]


def test_nothing_is_left_to_fill_in(tmp_path: Path) -> None:
    folder = write_zone_package("mood_ring", tmp_path)
    for path in folder.rglob("*"):
        if path.is_file():
            assert not re.search(r"\$|TODO|FIXME", path.read_text(encoding="utf-8")), path


def test_the_package_registers_its_zone_by_an_entry_point(tmp_path: Path) -> None:
    project = tomllib.loads((write_zone_package("mood", tmp_path) / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["entry-points"] == {"aura": {"mood": "aura_mood.plugin"}}
    assert project["project"]["name"] == "aura-mood"


def test_the_class_of_a_zone_is_about_thirty_lines(tmp_path: Path) -> None:
    source = (write_zone_package("mood", tmp_path) / "src" / "aura_mood" / "zone.py").read_text(encoding="utf-8")
    assert len(source.partition("class Mood")[2].splitlines()) < 35


@pytest.mark.parametrize(("name", "hint"), [
    ("My-Zone", "Try 'my_zone'."), ("MoodRing", "Try 'mood_ring'."), ("class", "Try 'class_zone'."),
    ("2fast", "Try 'fast'."), ("", "Try 'my_zone'."), ("../up", "Try 'up'."), ("mood_", "Try 'mood'."),
    ("a__b", "Try 'a_b'."), ("ärger", "Try 'rger'."), ("mood\n", "Try 'mood'."), ("brain", "Try 'my_brain'."),
])
def test_a_name_that_cannot_be_one_is_refused_with_one_that_can(tmp_path: Path, name: str, hint: str) -> None:
    with pytest.raises(PluginError) as caught:
        write_zone_package(name, tmp_path)
    assert str(caught.value).endswith(hint)
    assert list(tmp_path.iterdir()) == []
    write_zone_package(hint.split("'")[1], tmp_path)


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    write_zone_package("mood", tmp_path)
    (tmp_path / "aura-mood" / "README.md").write_text("mine", encoding="utf-8")
    with pytest.raises(PluginError, match="expected a folder that is not there yet"):
        write_zone_package("mood", tmp_path)
    assert (tmp_path / "aura-mood" / "README.md").read_text(encoding="utf-8") == "mine"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(PluginError, match="that can be written, got NotADirectoryError"):
        write_zone_package("mood", tmp_path / "file")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mood_ring", "zone"])
def test_the_package_passes_its_own_tests_before_it_is_installed(tmp_path: Path, name: str) -> None:
    folder = write_zone_package(name, tmp_path)
    # A pytest plugin of another package in the environment is no business of this one.
    printed = run("-m", "pytest", "-q", "-p", "no:nengo", "-p", "no:cacheprovider", "-W", "error", cwd=folder)
    assert re.search(r"\d\d passed", printed)


@pytest.mark.slow
def test_the_package_is_installed_found_run_tested_and_blocked(tmp_path: Path) -> None:
    folder, site = write_zone_package("mood_ring", tmp_path), tmp_path / "site"
    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
        "--disable-pip-version-check", "--target", str(site), str(folder))
    assert run("-c", _ASK, path=site).split() == ["aura-mood-ring", "0.1.0", "('mood_ring',)", "False", "''", "True"]
    assert run("-c", _ASK, "mood_ring", path=site).split() == ["aura-mood-ring", "0.1.0", "()", "True", "''", "False"]
    assert run("-c", _RUN, path=site).strip() == "[3.0]"
    tests = str(folder / "tests")
    printed = run("-m", "pytest", "-q", "-p", "no:nengo", "-p", "no:cacheprovider", "--rootdir", tests, "-c",
                  os.devnull, tests, path=site, cwd=tmp_path)
    assert re.search(r"\d\d passed", printed)
