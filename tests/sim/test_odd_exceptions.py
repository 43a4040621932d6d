"""Exceptions that no code expects: one whose text cannot be made, one that is no `Exception`; both end as others do."""

from __future__ import annotations

import pytest

PLUGIN = '''
from aura import Manifest, Observer, Port, Zone, hookimpl
from aura.plugins.metrics.kind import MetricKind, MetricOptions
from aura.plugins.metrics.metric import Metric

class Mute(Exception):
    def __str__(self): raise RuntimeError("no text")

class Apart(BaseException): pass

class Odd(Zone):
    def step(self, now, inputs):
        if now == 20_000_000 and "{place}" == "step": raise {odd}
    def learn(self, now, inputs):
        if now == 20_000_000 and "{place}" == "learn": raise {odd}
        return {{}}

class Watch(Observer):
    name = "watch"
    def after_tick(self, now):
        if now == 20_000_000 and "{place}" == "observer": raise {odd}

class Figures(Metric):
    kind = "figures"
    def after_tick(self, now):
        if now == 20_000_000 and "{place}" == "metric": raise {odd}
    def results(self):
        return {{"kind": "figures", "phases": {{}}}}

@hookimpl
def aura_zones(): return [Manifest("odd", Odd, "Raises.", period="10 ms")]

@hookimpl
def aura_metrics(): return [MetricKind("figures", "None.", MetricOptions, Figures)]

@hookimpl
def aura_observers(run): return [Watch()]

@hookimpl
def aura_before_run(run):
    if "{place}" == "hook": raise {odd}

if "{place}" == "import": raise {odd}
'''
ODD = {"Mute()": "Mute, whose text cannot be made", "Apart('apart')": "Apart: apart",
       "GeneratorExit()": "GeneratorExit"}


@pytest.fixture
def run_odd(sim, aura):
    def run(place, odd, policy="stop"):
        (sim.folder / "odd.py").write_text(PLUGIN.format(place=place, odd=odd), encoding="utf-8")
        sim.scenario('aura = 1\nname = "x"\nuntil = "100 ms"\nplugins = ["odd.py"]\n[metrics.figures]\n'
                     f'kind = "figures"\n[zones.odd]\non_error = "{policy}"\n', "odd.toml")
        return aura("run", "odd.toml", "--quiet", "--out", "run")
    return run


@pytest.mark.parametrize("place", ["step", "learn"])
@pytest.mark.parametrize("odd", ODD)
def test_a_zone_that_raises_an_odd_exception_ends_the_run_with_a_sentence_and_a_report(sim, run_odd, place, odd):
    answer = run_odd(place, odd)
    assert answer.status == 2
    assert f"odd at 20 ms: expected a step and a learn that do not raise, got {ODD[odd]}; inputs: " in answer.err
    assert "Traceback" not in answer.err
    assert (sim.folder / "run/report.html").is_file()
    assert ODD[odd].partition(",")[0].partition(":")[0] in (sim.folder / "run/tracebacks.txt").read_text("utf-8")
    assert sim.read("run")["status"] == "failed"


@pytest.mark.parametrize("policy", ["silence", "restart"])
@pytest.mark.parametrize("odd", ODD)
def test_a_zone_that_raises_an_odd_exception_is_silenced_or_restarted(sim, run_odd, odd, policy):
    answer = run_odd("step", odd, policy)
    assert answer.status == 3, answer.err
    notice, = (notice for notice in sim.read("run")["notices"] if notice["fault"])
    assert notice["source"] == "odd"
    assert notice["text"].startswith(f"raised {ODD[odd].partition(',')[0].partition(':')[0]} at ")


@pytest.mark.parametrize("place", ["observer", "metric", "hook"])
@pytest.mark.parametrize("odd", ODD)
def test_an_observer_metric_or_hook_that_raises_an_odd_exception_is_switched_off(sim, run_odd, place, odd):
    answer = run_odd(place, odd)
    assert answer.status == 3, answer.err
    assert sim.read("run")["status"] == "finished"
    assert any(f"was switched off: {ODD[odd]}" in notice["text"] for notice in sim.read("run")["notices"])


@pytest.mark.parametrize("odd", ODD)
def test_a_plugin_that_raises_an_odd_exception_while_it_is_imported_is_listed_with_it(run_odd, odd):
    answer = run_odd("import", odd)
    assert answer.status == 2
    assert ODD[odd] in answer.err


def test_ctrl_c_raised_within_a_step_is_ctrl_c(sim, run_odd):
    answer = run_odd("step", "KeyboardInterrupt()", "silence")
    assert answer.status == 130
    assert "stopped at once" in answer.err
    assert sim.read("run")["status"] == "failed"
