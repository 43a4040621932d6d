"""Every hook fires when its specification says so; one that raises is switched off and the run goes on."""

from __future__ import annotations

import io
import logging
import re
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Port, Zone
from aura.core.errors import PluginError
from aura.plugins import hookimpl, specs
from aura.plugins.adapter import hook_adapters
from aura.plugins.context import RunContext
from aura.plugins.manager import PluginManager


class Ticker(Zone[Any]):
    """Counts, and raises at its third tick where it is told to."""

    manifest = Manifest("ticker", "", outputs=(Port("count", dtype="int64"),), period="10 ms")

    def step(self, now: int, inputs: Any) -> dict[str, Any]:
        if self.context.name == "fragile" and now == 20_000_000:
            raise ValueError("tired")
        return {"count": np.asarray(now)}


@pytest.fixture
def play(site: Any, tmp_path: Path) -> Any:
    """Return a function that runs a brain of two zones under plugin sources, and gives back what they printed."""

    def play(*sources: str, resumed: bool = False) -> tuple[list[str], PluginManager]:
        lines: list[str] = []
        files = [site.file(f"plugin{index}", source) for index, source in enumerate(sources)]
        manager = PluginManager(files=files)
        for info in manager.infos():
            assert info.distribution or not info.problems, info.error
        brain = Brain(seed=3)
        brain.add(Ticker)
        brain.add(Ticker, "fragile", on_error="silence")
        run = RunContext(MappingProxyType({"lines": lines}), brain.view, tmp_path, 3, resumed)
        for observer in [*hook_adapters(manager, run), *manager.observers(run)]:
            brain.observe(observer)
        brain.build()
        manager.call("aura_before_run", run=run)
        try:
            brain.begin_phase("learn")
            brain.run(until="15 ms")
            brain.begin_phase("held-out", learning=False)
            brain.run(until="35 ms")
            manager.call("aura_before_checkpoint", run=run)
            manager.call("aura_after_checkpoint", run=run, path=brain.save(tmp_path / "checkpoints"))
            manager.call("aura_on_run_error", run=run, error=KeyError("x"))
        finally:
            brain.close()
            manager.call("aura_after_run", run=run, status="failed")
        return lines, manager

    return play


def says(hook: str, arguments: str, line: str) -> str:
    """Return the source of a hook that writes down an f-string of its arguments."""
    return f"@hookimpl\ndef {hook}({arguments}):\n    run.scenario['lines'].append(f'{line}')\n"


def test_hook_aura_zones(site: Any) -> None:
    assert list(PluginManager(["aura-brain"], [site.file("local", site.zones("b", "a"))]).zones())[-2:] == ["b", "a"]


def test_hook_aura_streams(site: Any) -> None:
    source = """
from pydantic import BaseModel
from aura.sim.readers import ReaderKind
@hookimpl
def aura_streams():
    return [ReaderKind("noise", "Noise.", BaseModel, lambda options, base: None)]
"""
    manager = PluginManager(files=[site.file("local", source)])
    assert manager.stream("noise").summary == "Noise."
    assert manager.owner("stream", "noise") == "local"


def test_hook_aura_metrics(site: Any) -> None:
    source = """
from aura.plugins.metrics.kind import MetricKind, MetricOptions
@hookimpl
def aura_metrics():
    return [MetricKind("surprise", "How surprised.", MetricOptions, "nowhere:Surprise")]
"""
    manager = PluginManager(files=[site.file("local", source)])
    assert manager.metric("surprise").summary == "How surprised."


def test_hook_aura_executors(site: Any) -> None:
    source = """
from aura.core.executor import ExecutorKind, SerialExecutor
@hookimpl
def aura_executors():
    return [ExecutorKind("mine", "As `serial` does it.", SerialExecutor)]
"""
    manager = PluginManager(files=[site.file("local", source)])
    assert manager.executor("mine").make().compute([], 0) == []
    assert manager.owner("executor", "mine") == "local"


def test_hook_aura_commands(site: Any, capsys: pytest.CaptureFixture[str]) -> None:
    source = """
from aura.plugins.commands import Command
def greet(name: str, loud: bool = False):
    print(f"Hello {name}{'!' if loud else '.'}")
@hookimpl
def aura_commands():
    return [Command("greet", "Says hello.", greet), Command("lost", "Is not there.", "nowhere:lost")]
"""
    manager = PluginManager(files=[site.file("local", source)])
    assert manager.owner("command", "greet") == "local"
    manager.get("command", "greet").function()("world", loud=True)
    assert capsys.readouterr().out == "Hello world!\n"
    with pytest.raises(PluginError, match=r"command 'lost'\.factory: expected .* that can be imported"):
        manager.get("command", "lost").function()


def test_hook_aura_experts(site: Any) -> None:
    source = """
from aura.zones.experts.kinds.expert import ExpertKind
@hookimpl
def aura_experts():
    return [ExpertKind("forest", "Many trees.", "nowhere:Forest")]
"""
    manager = PluginManager(files=[site.file("local", source)])
    assert manager.owner("expert", "forest") == "local"
    assert manager.zone("experts").parts["expert"]["forest"].summary == "Many trees."


def test_hook_aura_tasks(site: Any) -> None:
    source = """
from aura.zones.amygdala.tasks.task import TaskKind, TaskOptions
@hookimpl
def aura_tasks():
    return [TaskKind("ranks", "Which comes first.", TaskOptions, "nowhere:Ranks")]
"""
    manager = PluginManager(files=[site.file("local", source)])
    assert manager.owner("task", "ranks") == "local"
    assert manager.zone("amygdala").parts["task"]["ranks"].summary == "Which comes first."


def test_hook_aura_learners(site: Any) -> None:
    source = """
from aura.zones.amygdala.learners.learner import LearnerKind, LearnerOptions
@hookimpl
def aura_learners():
    return [LearnerKind("forest", "Many trees.", LearnerOptions, "nowhere:Forest")]
"""
    manager = PluginManager(files=[site.file("local", source)])
    assert manager.owner("learner", "forest") == "local"
    assert manager.zone("amygdala").parts["learner"]["forest"].summary == "Many trees."


POINT = """
from dataclasses import dataclass
from aura.core.contract import Contribution
from aura.plugins.extension import ExtensionPoint

@dataclass(frozen=True, slots=True)
class Taste(Contribution):
    name: str
    summary: str

@hookimpl
def aura_extension_points():
    return [ExtensionPoint("taste", "aura_tastes", Taste, "Tells what is good.")]
"""


def test_hook_aura_extension_points(site: Any) -> None:
    site.plugin("tongue", POINT)
    bring = ("@hookimpl\ndef aura_tastes():\n    from aura_test_tongue import Taste\n"
             "    return [Taste('{0}', 'Is {0}.')]\n")
    site.plugin("basil", bring.format("sweet"))  # loads before the plugin that declares what it brings
    manager = PluginManager(files=[site.file("local", bring.format("sour"))])
    assert {name: item.summary for name, item in manager.all("taste").items()} == {
        "sweet": "Is sweet.", "sour": "Is sour."}
    assert (manager.owner("point", "taste"), manager.owner("taste", "sour")) == ("tongue", "local")
    with pytest.raises(PluginError, match=r"taste 'swet': expected a taste that a plugin brings.*Try 'sweet'"):
        manager.get("taste", "swet")
    assert "taste" not in PluginManager(["tongue"]).points()


@pytest.mark.parametrize(("hook", "message"), [
    ("def aura_tastes(run):\n    return []", "aura_tastes: expected arguments among (), got aura_tastes(run)"),
    ("def aura_tastes():\n    return [1]", "aura_tastes: expected an instance of aura_test_tongue.Taste, got 1"),
    ("def aura_taste():\n    return []", "aura_taste: expected the name of a hook, got one that is none. "
                                        "Try 'aura_tastes'."),
    ("def aura_extension_points():\n    from aura_test_tongue import ExtensionPoint, Taste\n"
     "    return [ExtensionPoint('flavour', 'aura_zones', Taste, 'x')]", "a hook that is free, got 'aura_zones'"),
    ("def aura_extension_points():\n    from aura_test_tongue import ExtensionPoint, Taste\n"
     "    return [ExtensionPoint('flavour', 'flavours', Taste, 'x')]", "expected a name that begins with 'aura_'"),
])
def test_a_mistake_at_a_declared_extension_point_is_named_as_at_any_other(site: Any, hook: str, message: str) -> None:
    site.plugin("tongue", POINT)
    manager = PluginManager(files=[site.file("local", f"@hookimpl\n{hook}\n")])
    assert message in manager.infos()[-1].error
    assert (dict(manager.all("taste")), "flavour" in manager.points()) == ({}, False)


def test_hook_aura_observers(play: Any) -> None:
    lines, _ = play("""
from aura import Observer
class Watch(Observer):
    topics = ("ticker.*",)
    def __init__(self, lines):
        self.lines = lines
    def on_signal(self, signal):
        self.lines.append(f"{signal.topic} {signal.time}")
@hookimpl
def aura_observers(run):
    return [Watch(run.scenario["lines"])]
""")
    assert lines == ["ticker.count 0", "ticker.count 10000000", "ticker.count 20000000", "ticker.count 30000000"]


def test_hook_aura_observers_that_brings_something_else_brings_nothing(play: Any) -> None:
    _, manager = play("@hookimpl\ndef aura_observers(run):\n    return ['watch']\n")
    assert "expected a list of aura.Observer, got 'watch'" in manager.infos()[-1].error


def test_hook_aura_before_run(play: Any) -> None:
    lines, _ = play(says("aura_before_run", "run", "{run.seed} {run.resumed} {run.brain.now}"), resumed=True)
    assert lines == ["3 True 0"]


def test_hook_aura_after_run(play: Any) -> None:
    lines, _ = play(says("aura_after_run", "run, status", "{status} {run.folder.is_dir()}"))
    assert lines == ["failed True"]


def test_hook_aura_on_run_error(play: Any) -> None:
    lines, _ = play(says("aura_on_run_error", "run, error", "{error!r}") + says("aura_after_run", "run", "after"))
    assert lines == ["KeyError('x')", "after"]


def test_hook_aura_before_phase(play: Any) -> None:
    lines, _ = play(says("aura_before_phase", "run, phase", "{phase} {run.brain.now}"))
    assert lines == ["learn 0", "held-out 15000000"]


def test_hook_aura_after_phase(play: Any) -> None:
    lines, _ = play(says("aura_before_phase", "run, phase", "+{phase}") + says("aura_after_phase", "run, phase",
                                                                               "-{phase}"))
    assert lines == ["+learn", "-learn", "+held-out", "-held-out"]


def test_hook_aura_before_tick(play: Any) -> None:
    lines, _ = play(says("aura_before_tick", "run, now", '{now} {run.brain.read("ticker.count")}'))
    assert lines == ["0 None", "10000000 0", "20000000 10000000", "30000000 20000000"]


def test_hook_aura_after_tick(play: Any) -> None:
    lines, _ = play(says("aura_after_tick", "now, run", '{now} {run.brain.read("ticker.count")}'))
    assert lines == ["0 0", "10000000 10000000", "20000000 20000000", "30000000 30000000"]


def test_hook_aura_before_checkpoint(play: Any) -> None:
    lines, _ = play(says("aura_before_checkpoint", "run", '{(run.folder / "checkpoints").exists()}'))
    assert lines == ["False"]


def test_hook_aura_after_checkpoint(play: Any) -> None:
    lines, _ = play(says("aura_after_checkpoint", "run, path", "{path.is_dir()} {path.parent.name}"))
    assert lines == ["True checkpoints"]


def test_hook_aura_on_zone_error(play: Any) -> None:
    lines, _ = play(says("aura_on_zone_error", "run, zone, now, error", "{zone} {now} {error.__cause__!r}"))
    assert lines == ["fragile 20000000 ValueError('tired')"]


def test_a_hook_that_raises_is_logged_and_switched_off_and_the_others_go_on(
        play: Any, caplog: pytest.LogCaptureFixture) -> None:
    broken = "@hookimpl\ndef aura_after_tick(run, now):\n    raise RuntimeError(f'at {now}')\n"
    with caplog.at_level(logging.ERROR):
        lines, manager = play(broken + says("aura_after_run", "run", "same plugin"),
                              says("aura_after_tick", "run, now", "{now}"))
    assert lines == ["0", "10000000", "20000000", "30000000", "same plugin"]
    messages = [record.getMessage() for record in caplog.records if "plugin0" in record.getMessage()]
    assert len(messages) == 1
    assert re.fullmatch(r"plugin 'plugin0' raised in aura_after_tick and is switched off; the brain goes on: "
                        r"RuntimeError: at 0, at .*plugin0.py:5 in aura_after_tick: raise RuntimeError\(.*\)",
                        messages[0])
    assert manager.infos()[-2].error.startswith("aura_after_tick: RuntimeError: at 0, at ")


def test_a_hook_that_sets_something_of_the_brain_is_switched_off_and_changes_nothing(play: Any) -> None:
    lines, manager = play("@hookimpl\ndef aura_before_tick(run, now):\n    run.brain.learning = False\n",
                          says("aura_after_tick", "run, now", "{run.brain.learning}"))
    assert lines == ["True", "True", "False", "False"]  # the second phase does not learn
    assert any("Observers see what happens and cannot change it" in info.error for info in manager.infos())


def test_hooks_are_called_in_the_order_of_their_plugins(play: Any) -> None:
    hook = "aura_before_run"
    first = says(hook, "run", "first")
    last = says(hook, "run", "last").replace("@hookimpl", "@hookimpl(trylast=True)")
    eager = says(hook, "run", "eager").replace("@hookimpl", "@hookimpl(tryfirst=True)")
    assert play(last, first, says(hook, "run", "second"), eager)[0] == ["eager", "first", "second", "last"]


def test_an_unused_hook_adds_no_observer(site: Any) -> None:
    manager = PluginManager(files=[site.file("local", "@hookimpl\ndef aura_before_tick(now):\n    pass\n")])
    run = RunContext({}, Brain(), Path(), 0)
    assert [observer.name for observer in hook_adapters(manager, run)] == ["plugins:BeforeTick"]
    assert hook_adapters(PluginManager(["aura-brain"]), run) == []


def test_the_run_context_is_frozen() -> None:
    run = RunContext({}, Brain(), Path(), 0)
    with pytest.raises(AttributeError):
        run.seed = 1  # type: ignore[misc]


def test_observing_calls_are_traced(site: Any) -> None:
    out = io.StringIO()
    manager = PluginManager(["aura-brain"], [site.file("local", says("aura_before_run", "run", "x"))], trace=out)
    manager.call("aura_before_run", run=RunContext({"lines": []}, Brain(), Path(), 0))
    assert out.getvalue().splitlines()[-1].startswith("plugins: local  aura_before_run  ")


def test_each_plugin_has_its_line_in_a_trace_and_one_that_raises_says_so(site: Any) -> None:
    out = io.StringIO()
    files = [site.file("local", "@hookimpl\ndef aura_after_tick():\n    raise KeyError\n"),
             site.file("other", "@hookimpl\ndef aura_after_tick(now, more=1):\n    pass\n")]
    manager = PluginManager(["aura-brain"], files, trace=out)
    for now in (0, 1):
        manager.call("aura_after_tick", run=None, now=now)
    lines = [re.sub(r"[\d.]+ ms", "ms", line) for line in out.getvalue().splitlines()[-3:]]
    assert lines == ["plugins: local  aura_after_tick  ms  raised KeyError", "plugins: other  aura_after_tick  ms",
                     "plugins: other  aura_after_tick  ms"]


def test_every_specified_hook_is_public_and_marked() -> None:
    marked = {name for name in vars(specs) if name.startswith("aura_")}
    assert marked == set(specs.__all__)
    assert all(hasattr(getattr(specs, name), "aura_spec") for name in marked)
    assert hookimpl.project_name == "aura"
