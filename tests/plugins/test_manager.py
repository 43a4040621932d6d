"""The manager loads every plugin in isolation, and says of each what is wrong with it."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from typing import Any

import pytest

from aura.core.contract import AURA_API
from aura.core.errors import PluginError
from aura.core.executor import ExecutorKind
from aura.plugins.info import PluginInfo
from aura.plugins.manager import PluginManager


def info_of(manager: PluginManager, name: str) -> PluginInfo:
    return next(info for info in manager.infos() if info.name == name)


def test_an_installed_zone_is_found_with_its_plugin(site: Any) -> None:
    site.plugin("mood", site.zones("mood"))
    manager = PluginManager()
    assert manager.zone("mood").summary == "Brought by a test."
    assert manager.owner("zone", "mood") == "mood"
    assert info_of(manager, "mood") == PluginInfo("mood", "aura-mood", "1.0", "aura_test_mood", ("aura_zones",),
                                                  {"zone": ("mood",)})


def test_a_plugin_that_raises_at_import_is_named_and_nothing_else_stops(site: Any) -> None:
    site.plugin("alpha", "raise RuntimeError('no such\\n  device')\n")
    site.plugin("mood", site.zones("mood"))
    manager = PluginManager()
    assert re.fullmatch(r"RuntimeError: no such device, at .*aura_test_alpha\.py:3 in <module>: raise RuntimeError.*",
                        info_of(manager, "alpha").error)
    assert "mood" in manager.zones()


@pytest.mark.parametrize(("source", "error"), [
    ("import no_such_package\n", "ModuleNotFoundError: No module named 'no_such_package'"),
    ("def broken(:\n", "SyntaxError"),
    ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
    ("@hookimpl\ndef aura_zones():\n    raise KeyError('x')\n", "aura_zones: KeyError: 'x'"),
    ("@hookimpl\ndef aura_zones():\n    raise SystemExit\n", "aura_zones: SystemExit"),
    ("@hookimpl\ndef aura_zones():\n    pass\n", "aura_zones: expected a list, got NoneType"),
    ("@hookimpl\ndef aura_zones():\n    return ['mood']\n", "an instance of aura.core.zone.Manifest, got 'mood'"),
    ("@hookimpl\ndef aura_streams():\n    return [1]\n", "an instance of aura.plugins.streams.ReaderKind, got 1"),
    ("@hookimpl\ndef aura_metrics():\n    return [1]\n", "an instance of aura.plugins.metrics.kind.MetricKind, got 1"),
    ("@hookimpl\ndef aura_zones():\n    return [Manifest('a b', 'x:Y')]\n", "expected a name of letters"),
    ("", "expected at least one hook, got none"),
])
def test_each_way_to_be_broken_is_said(site: Any, source: str, error: str) -> None:
    site.plugin("alpha", source)
    site.plugin("mood", site.zones("mood"))
    manager = PluginManager()
    assert error in info_of(manager, "alpha").error
    assert info_of(manager, "mood").error == ""
    assert "mood" in manager.zones()


def test_a_misspelled_hook_is_named_with_the_nearest_and_the_others_work(site: Any) -> None:
    site.plugin("mood", site.zones("mood") + "@hookimpl\ndef aura_befor_run(run):\n    pass\n")
    manager = PluginManager()
    assert info_of(manager, "mood").problems == (
        "aura_befor_run: expected the name of a hook, got one that is none. Try 'aura_before_run'.",)
    assert "mood" in manager.zones()


def test_a_misspelled_hook_is_seen_without_its_mark_too(site: Any) -> None:
    site.plugin("mood", "def aura_zone():\n    return []\n")
    assert "Try 'aura_zones'" in info_of(PluginManager(), "mood").error


def test_a_hook_without_its_mark_is_named(site: Any) -> None:
    site.plugin("mood", "def aura_zones():\n    return []\n")
    manager = PluginManager()
    assert "aura_zones: expected a function marked with @hookimpl" in info_of(manager, "mood").error
    assert info_of(manager, "mood").hooks == ()


def test_wrong_argument_names_are_shown_with_the_right_ones(site: Any) -> None:
    site.plugin("mood", site.zones("mood") + "@hookimpl\ndef aura_after_run(run, outcome):\n    pass\n")
    manager = PluginManager()
    assert info_of(manager, "mood").problems == (
        "aura_after_run: expected arguments among (run, status), got aura_after_run(run, outcome)",)
    assert info_of(manager, "mood").hooks == ("aura_zones",)


def test_a_wrapper_is_refused(site: Any) -> None:
    site.plugin("mood", "@hookimpl(wrapper=True)\ndef aura_zones():\n    return (yield)\n")
    assert "aura_zones: expected a plain hook, got a wrapper" in info_of(PluginManager(), "mood").error


def test_modules_and_classes_whose_names_begin_alike_are_no_hooks(site: Any) -> None:
    site.install("aura-mood", {"mood": "aura_test_mood"},
                 {"aura_helpers": "", "aura_test_mood": f"{site.header}import aura_helpers\n{site.zones('mood')}"})
    assert info_of(PluginManager(), "mood").error == ""


def test_an_object_with_hooks_can_be_the_entry_point(site: Any) -> None:
    source = ("class Plugin:\n    @hookimpl\n    def aura_zones(self):\n"
              "        return [Manifest('mood', 'x:Y')]\nplugin = Plugin()\n")
    site.install("aura-mood", {"mood": "aura_test_mood:plugin"}, {"aura_test_mood": site.header + source})
    assert "mood" in PluginManager().zones()


def test_a_class_as_the_entry_point_is_refused(site: Any) -> None:
    site.install("aura-mood", {"mood": "aura_test_mood:Plugin"}, {"aura_test_mood": "class Plugin: pass\n"})
    assert "got a class" in info_of(PluginManager(), "mood").error


def test_of_two_that_claim_one_name_the_first_keeps_it_and_both_are_named(site: Any) -> None:
    site.plugin("alpha", site.zones("mood"))
    site.plugin("beta", site.zones("mood", "other"))
    manager = PluginManager()
    assert manager.owner("zone", "mood") == "alpha"
    assert info_of(manager, "alpha").error == ""
    assert "'mood', which plugin 'alpha' has; 'beta' comes second" in info_of(manager, "beta").error
    assert info_of(manager, "beta").brings == {"zone": ("other",)}


def test_a_built_in_name_stays_built_in(site: Any) -> None:
    site.plugin("aardvark", site.zones("amygdala"))
    manager = PluginManager()
    assert manager.owner("zone", "amygdala") == "amygdala"
    assert "'amygdala'" in info_of(manager, "aardvark").error


def test_a_blocked_plugin_is_not_even_imported(site: Any) -> None:
    site.plugin("mood", site.zones("mood"))
    for name in ("mood", "aura-mood", "Aura_Mood"):
        manager = PluginManager(blocked=[name])
        assert info_of(manager, "mood").blocked
        assert "mood" not in manager.zones()
    assert "aura_test_mood" not in sys.modules


def test_blocking_what_is_not_there_is_an_error() -> None:
    with pytest.raises(PluginError, match="Try 'amygdala'"):
        PluginManager(blocked=["amygdalla"])


def test_an_unknown_zone_names_the_nearest_and_who_could_not_bring_it(site: Any) -> None:
    site.plugin("alpha", "raise RuntimeError('no device')\n")
    site.plugin("mood", site.zones("mood"))
    manager = PluginManager(blocked=["mood"])
    with pytest.raises(PluginError) as caught:
        manager.zone("amigdala")
    assert "Try 'amygdala'." in str(caught.value)
    assert "Plugin 'mood' is blocked and may bring it." in str(caught.value)
    assert "Plugin 'alpha' is broken and may have brought it: RuntimeError: no device, at " in str(caught.value)


def test_unknown_streams_and_metrics_name_the_nearest() -> None:
    manager = PluginManager()
    with pytest.raises(PluginError, match=r"stream 'delimitd'.*Try 'delimited'"):
        manager.stream("delimitd")
    with pytest.raises(PluginError, match=r"metric 'clasification'.*Try 'classification'"):
        manager.metric("clasification")
    with pytest.raises(PluginError, match=r"executor 'gpu': expected an executor that a plugin brings, got 'gpu'"):
        manager.executor("gpu")


def test_built_in_streams_and_metrics_come_as_plugins() -> None:
    manager = PluginManager()
    assert manager.stream("jsonl").name == "jsonl"
    assert manager.metric("classification").name == "classification"
    assert {info.error for info in manager.infos() if info.distribution == "aura-brain"} == {""}
    without = PluginManager(blocked=["streams", "metrics", "amygdala", "language"])  # these two have some too
    assert (dict(without.all("stream")), dict(without.all("metric"))) == ({}, {})


@pytest.mark.parametrize(("hook", "item", "word"), [
    ("aura_zones", "Manifest('mood', 'x:Y', aura_api={0})", "zone"),
    ("aura_streams", "ReaderKind('mood', 'Reads.', BaseModel, print, aura_api={0})", "stream"),
    ("aura_metrics", "MetricKind('mood', 'Judges.', MetricOptions, 'x:Y', aura_api={0})", "metric"),
    ("aura_executors", "ExecutorKind('mood', 'Computes.', 'x:Y', aura_api={0})", "executor"),
])
def test_an_item_for_a_newer_contract_is_refused_by_name_with_both_versions(
        site: Any, hook: str, item: str, word: str) -> None:
    imports = ("from pydantic import BaseModel\nfrom aura.core.executor import ExecutorKind\n"
               "from aura.plugins.metrics.kind import MetricKind, MetricOptions\n"
               "from aura.plugins.streams import ReaderKind\n")
    site.plugin("mood", f"{imports}@hookimpl\ndef {hook}():\n    return [{item.format(AURA_API)}]\n")
    site.plugin("newer", f"{imports}@hookimpl\ndef {hook}():\n    return [{item.format(AURA_API + 1)}]\n")
    manager = PluginManager()
    assert manager.owner(word, "mood") == "mood"
    assert (f"expected a {word} for version {AURA_API} of the contract with plugins (aura_api) or older, "
            f"got 'mood' for version {AURA_API + 1}") in info_of(manager, "newer").error


@pytest.mark.parametrize("version", [0, -1, "1"])
def test_an_item_for_a_version_that_never_was_is_refused(site: Any, version: object) -> None:
    site.plugin("old", "@hookimpl\ndef aura_zones():\n"
                       f"    return [Manifest('mood', 'x:Y', aura_api={version!r})]\n")
    error = info_of(PluginManager(), "old").error
    assert f"got 'mood' for version {version!r}" in error
    assert "newer" not in error


def test_an_item_that_goes_is_told_to_whoever_asks_for_it(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    source = """
from aura.core.contract import deprecated
@hookimpl
def aura_zones():
    return [Manifest("mood", "x:Y", deprecated=deprecated("the zone 'mood'", "'temper'", "0.9"))]
"""
    manager = PluginManager(files=[site.file("local", source)])
    manager.zone("amygdala"), manager.zones()
    assert caplog.messages == []
    manager.zone("mood")
    assert caplog.messages == ["the zone 'mood' is deprecated and goes in AURA 0.9: use 'temper'"]


def test_what_a_reader_or_an_executor_is_made_of_is_looked_at_when_it_is_declared(site: Any) -> None:
    source = ("from aura.plugins.streams import ReaderKind\n@hookimpl\ndef aura_streams():\n"
              "    return [ReaderKind('mood', 'Reads.', {0})]\n")
    for given, message in (
            ("dict, print", "options_model: expected a subclass of pydantic.BaseModel, got <class 'dict'>"),
            ("Manifest.params.__class__, 3", "options_model")):
        manager = PluginManager(files=[site.file("local", source.format(given))])
        assert message in manager.infos()[-1].error
    with pytest.raises(PluginError, match=r"executor 'x'.factory: expected what makes an aura.core.executor.Executor"):
        ExecutorKind("x", "Makes none.", dict).make()


def test_one_module_under_two_names_is_one_plugin(site: Any) -> None:
    site.install("aura-mood", {"mood": "aura_test_mood", "other": "aura_test_mood"},
                 {"aura_test_mood": site.header + site.zones("mood")})
    manager = PluginManager()
    assert (manager.owner("zone", "mood"), info_of(manager, "mood").error) == ("mood", "")
    assert info_of(manager, "other").error == "expected a plugin of its own, got what plugin 'mood' is already"


def test_a_local_file_is_a_plugin(site: Any) -> None:
    path = site.file("local", site.zones("mood"))
    manager = PluginManager(files=[path])
    assert manager.owner("zone", "mood") == "local"
    assert info_of(manager, "local").origin == str(path)


def test_two_managers_share_nothing(site: Any) -> None:
    site.plugin("mood", site.zones("mood"))
    blocked, free = PluginManager(blocked=["mood"]), PluginManager()
    assert "mood" in free.zones()
    assert "mood" not in blocked.zones()


def test_tracing_prints_plugin_hook_and_time(site: Any) -> None:
    site.plugin("mood", site.zones("mood"))
    site.plugin("alpha", "raise RuntimeError('no')\n")
    out = io.StringIO()
    PluginManager(trace=out)
    lines = out.getvalue().splitlines()
    assert any(line.startswith("plugins: mood  aura_zones  ") and line.endswith(" ms") for line in lines)
    assert any(line.startswith("plugins: alpha  load  ") and line.endswith("raised RuntimeError") for line in lines)


@pytest.mark.slow
def test_loading_all_plugins_imports_nothing_heavy() -> None:
    code = ("import sys\nfrom aura.plugins.manager import PluginManager\n"
            "from aura.plugins.listing import plugin_rows, zone_rows, zone_text\n"
            "manager = PluginManager()\nplugin_rows(manager.infos()), zone_rows(manager)\n"
            "[zone_text(zone) for zone in manager.zones().values()]\n"
            "print(sorted({'torch', 'jax', 'sklearn', 'scipy', 'matplotlib', 'sentence_transformers', 'tokenizers'}"
            " & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_hook_marker_alone_imports_no_core() -> None:
    code = "import sys\nfrom aura.plugins import hookimpl\nprint('numpy' in sys.modules, 'pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
