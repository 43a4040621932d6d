"""Plugins are found as installed distributions and as local files, always in one order."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from aura.core.errors import PluginError
from aura.plugins.discovery import BUILT_IN, find_plugins, normalised


def test_built_in_plugins_come_first_then_distributions_by_name_then_files(site: Any) -> None:
    site.install("aura-zebra", {"stripes": "aura_test_zebra"}, {})
    site.install("Aura_Ant", {"legs": "aura_test_legs", "eyes": "aura_test_eyes"}, {})
    found = find_plugins([site.file("local", "")])
    ours = [plugin.name for plugin in found if normalised(plugin.distribution) == BUILT_IN]
    assert {"amygdala", "metrics", "sensory", "streams"} <= set(ours)
    assert [plugin.name for plugin in found][:len(ours)] == sorted(ours)
    others = [plugin.name for plugin in found if plugin.name in ("eyes", "legs", "stripes", "local")]
    assert others == ["eyes", "legs", "stripes", "local"]


def test_the_order_does_not_depend_on_the_path(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("aura-b", {"b": "b"}, {})
    site.install("aura-a", {"a": "a"}, {})
    forwards = [plugin.name for plugin in find_plugins()]
    monkeypatch.setattr(sys, "path", list(reversed(sys.path)))
    assert [plugin.name for plugin in find_plugins()] == forwards


def test_finding_imports_nothing(site: Any) -> None:
    site.plugin("bomb", "raise RuntimeError('imported')\n")
    assert "bomb" in [plugin.name for plugin in find_plugins()]
    assert "aura_test_bomb" not in sys.modules


def test_version_and_origin_are_told(site: Any) -> None:
    site.install("aura-mood", {"mood": "aura_test_mood"}, {}, version="2.5")
    mood = next(plugin for plugin in find_plugins() if plugin.name == "mood")
    assert (mood.distribution, mood.version, mood.origin) == ("aura-mood", "2.5", "aura_test_mood")


def test_of_two_installed_versions_the_first_on_the_path_counts(site: Any) -> None:
    site.install("aura-mood", {"mood": "new"}, {}, version="2.0")
    older = site.folder.parent / "older"
    older.mkdir()
    type(site)(older).install("aura.mood", {"mood": "old"}, {}, version="1.0")
    sys.path.append(str(older))
    assert [plugin.origin for plugin in find_plugins() if plugin.name == "mood"] == ["new"]


def test_a_name_that_is_taken_gets_the_distribution_in_front(site: Any) -> None:
    site.install("aura-one", {"mood": "one"}, {})
    site.install("aura-two", {"mood": "two"}, {})
    path = site.file("mood", "")
    names = [plugin.name for plugin in find_plugins([path]) if plugin.name.endswith("mood")]
    assert names == ["mood", "aura-two:mood", "file:mood"]


def test_a_file_named_twice_is_one_plugin(site: Any) -> None:
    path = site.file("once", "")
    assert [plugin.name for plugin in find_plugins([path, path])].count("once") == 1


def test_two_files_of_one_name_are_two_plugins(site: Any) -> None:
    first = site.file("mood", "WHICH = 1\n")
    second = site.folder / "mood.py"
    second.write_text("WHICH = 2\n", encoding="utf-8")
    one, two = find_plugins([first, second])[-2:]
    assert (one.name, two.name) == ("mood", "file:mood")
    assert (one.load().WHICH, two.load().WHICH) == (1, 2)  # type: ignore[attr-defined]


def test_a_file_that_is_not_there_is_an_error_when_it_loads(site: Any) -> None:
    missing = find_plugins([site.folder / "missing.py"])[-1]
    with pytest.raises(PluginError, match=r"missing\.py.*expected a Python file, got none there"):
        missing.load()


def test_loading_a_file_writes_nothing_beside_it_and_sees_each_change(site: Any) -> None:
    path = site.file("mood", "VALUE = 1\n")
    assert find_plugins([path])[-1].load().VALUE == 1  # type: ignore[attr-defined]
    site.file("mood", "VALUE = 2\n")
    assert find_plugins([path])[-1].load().VALUE == 2  # type: ignore[attr-defined]
    assert not (path.parent / "__pycache__").exists()


def test_metadata_that_cannot_be_read_costs_only_its_own_distribution(site: Any) -> None:
    site.plugin("good", "")
    site.install("aura-torn", {}, {})
    (site.folder / "aura_torn-1.0.dist-info" / "entry_points.txt").write_text("[aura]\nno equals sign\n")
    names = {plugin.name: plugin for plugin in find_plugins()}
    assert "good" in names
    with pytest.raises(PluginError, match=r"aura-torn: entry_points\.txt"):
        names["aura-torn"].load()
