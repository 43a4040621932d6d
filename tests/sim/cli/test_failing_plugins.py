"""Code of a plugin that raises where a run begins or ends: a sentence with its line, never a raw traceback."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(autouse=True)
def _no_report(monkeypatch):
    """Leave out the plots, which take seconds."""
    monkeypatch.setattr("aura.plugins.report.write_report", lambda folder: folder / "report.html")


METRIC = """
from aura import hookimpl
from aura.plugins.metrics.kind import MetricKind, MetricOptions
from aura.plugins.metrics.metric import Metric


class Mine(Metric):
    kind = "mine"

    def __init__(self, name, options):
        super().__init__(name, options)
        self.topics = ("diary.text",)
        {init}

    def check(self, brain):
        {check}

    def on_signal(self, signal):
        {signal}
        self.add_row(signal.time, 1, {{"x": {row}}})

    def results(self):
        {results}
        return {{"kind": "mine", "phases": {{}}}}

    def take_rows(self):
        {rows}
        return super().take_rows()

    def state(self):
        return {{}}

    def load_state(self, state):
        {load}


@hookimpl
def aura_metrics():
    return [MetricKind("mine", "Raises.", MetricOptions, Mine)]
"""
BOOM = 'raise KeyError("boom")'


def written(sim, **places: str):
    """Write a plugin with such a metric, and return the scenario with it."""
    code = dict.fromkeys(("init", "check", "signal", "results", "rows", "load"), "pass") | {"row": "1.0"} | places
    (sim.folder / "mine.py").write_text(METRIC.format(**code), encoding="utf-8")
    text = sim.text.replace("plugins = [", "plugins = ['mine.py', ") + '\n[metrics.mine]\nkind = "mine"\n'
    return sim.scenario(text, "mine.toml")


@pytest.mark.parametrize("place", ["init", "check"])
def test_a_metric_that_raises_before_the_first_tick_ends_the_command_with_its_line(sim, aura, place):
    written(sim, **{place: BOOM})
    answer = aura("run", "mine.toml", "--out", "one", "--quiet")
    assert answer.status == 2
    assert "Traceback" not in answer.err
    assert f"KeyError: 'boom', at {sim.folder / 'mine.py'}:" in answer.err
    assert BOOM in answer.err
    assert not (sim.folder / "one").exists()


@pytest.mark.parametrize("place", ["signal", "results", "rows"])
def test_a_metric_that_raises_later_is_a_fault_and_the_others_go_on(sim, aura, place):
    written(sim, **{place: BOOM})
    answer = aura("run", "mine.toml", "--out", "one", "--quiet", "--until", "200 ms")
    assert answer.status == 3, answer.err
    assert "boom" in answer.out
    assert "guess" in json.loads((sim.folder / "one/metrics.json").read_text())
    assert BOOM in (sim.folder / "one/tracebacks.txt").read_text()
    notices = json.loads((sim.folder / "one/run.json").read_text())["notices"]
    assert [notice["source"] for notice in notices if notice["fault"]] == ["mine"]


@pytest.mark.parametrize(("place", "message"), [
    ("row", "metrics.mine.take_rows(): expected values that JSON knows"),
    ("results", "metrics.mine.results(): expected a dict, got list"),
])
def test_what_no_file_can_hold_is_a_fault_of_that_metric_alone(sim, aura, place, message):
    written(sim, **{place: {"row": "object()", "results": "return []"}[place]})
    answer = aura("run", "mine.toml", "--out", "one", "--quiet", "--until", "200 ms")
    assert answer.status == 3, answer.err
    assert message in answer.out
    assert "guess" in json.loads((sim.folder / "one/metrics.json").read_text())


@pytest.mark.parametrize(("results", "message"), [
    ({"phases": {"learn": {"items": "many"}}}, "got phases.learn.items: Input should be a valid integer"),
    ({"phases": {"learn": {"summary": [1]}}}, "got phases.learn.summary: Input should be a valid dict"),
    ({"kind": 5, "own": 1}, "got kind: Input should be a valid string"), ({"phases": []}, "got phases: Input should"),
    ({"figures": [{"figure": "pie"}]}, "got figures.0: Input tag 'pie'")])
def test_results_of_another_form_are_a_fault_and_stay_in_the_file(sim, aura, results, message):
    written(sim, results=f"return {results}")
    answer = aura("run", "mine.toml", "--out", "one", "--quiet", "--until", "200 ms")
    assert answer.status == 3, answer.err
    assert "metrics.mine.results(): expected results of the form that" in answer.out
    assert message in answer.out
    found = json.loads((sim.folder / "one/metrics.json").read_text())
    assert found["mine"] == results
    assert found["guess"]["figures"]


def test_a_metric_that_cannot_take_its_state_is_named_with_its_line(sim, aura):
    written(sim, load=BOOM)
    assert aura("run", "mine.toml", "--out", "one", "--quiet", "--until", "200 ms").status == 0
    answer = aura("resume", "one", "--quiet")
    assert answer.status == 2
    assert "observer 'mine'" in answer.err
    assert f"{sim.folder / 'mine.py'}:" in answer.err


STREAM = """
from aura import hookimpl
from aura.sim.readers.kinds import ReaderKind
from aura.sim.readers.options import ReaderOptions


class Options(ReaderOptions):
    size: int = 1


def opened(options, base):
    return {"rows": []}["wrong"]


@hookimpl
def aura_streams():
    return [ReaderKind("mine", "Raises.", Options, opened)]
"""


def test_a_stream_whose_own_reader_raises_ends_the_command_with_its_line(sim, aura):
    (sim.folder / "mine.py").write_text(STREAM, encoding="utf-8")
    sim.scenario('aura = 1\nname = "mine"\nplugins = ["mine.py"]\n[streams.diary]\nkind = "mine"\n', "mine.toml")
    answer = aura("run", "mine.toml", "--out", "one", "--quiet")
    assert answer.status == 2
    assert "streams.diary: expected a stream of kind 'mine' that can be opened, got KeyError: 'wrong', at" in answer.err
    assert f"{sim.folder / 'mine.py'}:" in answer.err
    assert not (sim.folder / "one").exists()


ZONE = """
from aura import Manifest, Port, Zone, ZoneParams, hookimpl
from pydantic import field_validator


class Params(ZoneParams):
    size: int = 1

    @field_validator("size")
    @classmethod
    def _fits(cls, size):
        return {1: 1, 2: 2}[size]


class Mine(Zone):
    def step(self, now, inputs):
        return None


def outputs(params):
    return {1: (Port("x"),)}[params.size]


@hookimpl
def aura_zones():
    return [Manifest("mine", Mine, "Raises.", params=Params, outputs=outputs, period="10 ms")]
"""


@pytest.mark.parametrize(("size", "message"), [(2, "ports that follow"), (3, "values that Params can take")])
def test_a_manifest_or_validator_that_raises_ends_the_command_with_its_line(sim, aura, size, message):
    (sim.folder / "mine.py").write_text(ZONE, encoding="utf-8")
    sim.scenario(sim.text.replace("plugins = [", "plugins = ['mine.py', ") + "\n[zones.mine]\n", "mine.toml")
    answer = aura("run", "mine.toml", "--out", "one", "--quiet", "--set", f"mine.size={size}")
    assert answer.status == 2
    assert message in answer.err
    assert f"KeyError: {size}, at {sim.folder / 'mine.py'}:" in answer.err
