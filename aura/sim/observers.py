"""The observers of a run: metrics, recorder, checkpoints, plugins' hooks, and what the caller brings."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from aura.core.blame import blaming, message_of
from aura.core.brain import Brain
from aura.core.errors import AuraError, CheckpointError, ScenarioError, unwritable
from aura.core.observer import BrainView, Observer
from aura.core.params import validated
from aura.core.time import NEVER, Time, parse_time
from aura.plugins.adapter import hook_adapters
from aura.plugins.checkpoints import Checkpoints
from aura.plugins.context import RunContext
from aura.plugins.figures import FIGURES
from aura.plugins.manager import PluginManager
from aura.plugins.metrics.kind import MetricKind
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.results import Results
from aura.sim.runfolder import RunFolder, strict_json
from aura.sim.scenario import Scenario

__all__ = ["MetricRows", "RunObservers", "make_metrics", "make_observers", "metric_options"]

T = TypeVar("T")


@dataclass(frozen=True)
class RunObservers:
    """The observers of one run, in the order in which they are called."""

    all: Sequence[Observer]
    metrics: Sequence[Metric]
    checkpoints: Checkpoints
    brain: BrainView

    def results(self) -> dict[str, Any]:
        """Return what every metric has found, by its name; one that raises is switched off."""
        found = ((metric.name, self.brain.attempt(metric, "results", partial(_results, metric)))
                 for metric in self.metrics)
        results = {name: result for name, result in found if result is not None}
        checked = {}
        for metric in self.metrics:
            if metric.name in results:
                fitting = self.brain.attempt(metric, "results", partial(_checked, metric, results[metric.name]))
                if fitting is not None:  # another has nothing that could be drawn
                    checked[metric.name] = fitting
        for metric in self.metrics:
            if metric.name in checked:
                figures = self.brain.attempt(metric, "figures", partial(_figures, metric, checked))
                if figures is not None:
                    results[metric.name] = {**results[metric.name], "figures": figures}
        return results


class MetricRows(Observer):
    """Writes the rolling values of the metrics to metrics.jsonl; a resumed run cuts the file back to its checkpoint.

    It comes after the metrics and takes their rows at the end of each tick, so that the order of the lines does not
    depend on when the run was saved. What a metric has between two ticks lies in the metric's own state.
    """

    name = "metric_rows"
    topics = ()
    required = True

    def __init__(self, path: Path, metrics: Sequence[Metric], brain: BrainView, *, resumed: bool = False) -> None:
        self._path, self._metrics, self._brain, self._resumed = path, metrics, brain, resumed
        try:
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise unwritable(path, error) from error
        for metric in metrics:
            metric.on_row = self._wake

    def after_tick(self, now: Time) -> Time:
        lines = b""
        for metric in self._metrics:
            if metric.rows:
                lines += self._brain.attempt(metric, "take_rows", partial(_lines, metric)) or b""
        view = memoryview(lines)
        try:
            while view:  # an unbuffered write may take only a part
                view = view[self._file.write(view):]
        except OSError as error:
            raise unwritable(self._path, error) from error
        return NEVER

    def _wake(self) -> None:
        self.due = 0

    def state(self) -> dict[str, Any]:
        os.fsync(self._file.fileno())
        return {"bytes": self._file.tell()}

    def load_state(self, state: dict[str, Any]) -> None:
        found = self._file.seek(0, os.SEEK_END)
        if self._resumed and found < state["bytes"]:
            raise CheckpointError(str(self._path), expected="all the rows up to the checkpoint",
                                  got=f"{found} bytes, not {state['bytes']} or more",
                                  hint="Put it back, or go on in another folder with `aura branch`.")
        # A branch begins a file of its own, shorter than the one that was saved.
        self._file.truncate(min(state["bytes"], found))
        self._file.seek(0, os.SEEK_END)

    def on_stop(self, brain: BrainView) -> None:
        with self._file:
            self.after_tick(brain.now)


def make_metrics(scenario: Scenario, manager: PluginManager, brain: BrainView) -> list[Metric]:
    """Return the metrics of a scenario, checked against its brain.

    Raises
    ------
    AuraError
        If a metric is of an unknown kind, an option is wrong, or it asks for a topic that the brain does not have.
    """
    metrics = []
    for name, given in scenario.metrics.items():
        with scenario.written.naming(f"metrics.{name}"):
            kind, options = metric_options(name, given, manager)
            metrics.append(kind.make(name, options))
    for metric in metrics:
        # Here and not only when the brain tells it to start: an observer that raises then is merely switched off.
        with scenario.written.naming(f"metrics.{metric.name}"), blaming(
                f"metrics.{metric.name}", "a check() that does not raise", home=type(metric).__module__):
            metric.check(brain)
            metric.make_room(brain)
    return metrics


def _results(metric: Metric) -> dict[str, Any]:
    found: Any = metric.results()
    if not isinstance(found, dict):
        raise AuraError(f"metrics.{metric.name}.results()", expected="a dict", got=type(found).__name__)
    _as_json(metric, "results", found)
    return found


def _figures(metric: Metric, results: Mapping[str, Results]) -> list[Any]:
    found: Any = metric.figures(results[metric.name], results)
    figures = _held_to(FIGURES.validate_python, found, metric, "figures", "figures of aura.plugins.figures")
    dumped: list[Any] = FIGURES.dump_python(figures, mode="json", exclude_defaults=True)
    return dumped


def _checked(metric: Metric, found: Mapping[str, Any]) -> Results:
    return _held_to(Results.model_validate, strict_json(found), metric, "results",
                    "results of the form that aura.plugins.metrics.results.Results has")


def _held_to(model: Callable[[Any], T], found: Any, metric: Metric, method: str, expected: str) -> T:
    try:
        return model(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "".join(f"{part}: " for part in (".".join(map(str, first["loc"])),) if part)
        raise AuraError(f"metrics.{metric.name}.{method}()", expected=expected,
                        got=f"{place}{first['msg']}") from error


def _lines(metric: Metric) -> bytes:
    return b"".join(_as_json(metric, "take_rows", row) + b"\n" for row in metric.take_rows())


def _as_json(metric: Metric, method: str, value: Any) -> bytes:
    try:
        return json.dumps(strict_json(value)).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise AuraError(f"metrics.{metric.name}.{method}()", expected="values that JSON knows", got=message_of(error),
                        hint="Make numbers of numpy's with float() and int(), arrays with tolist().") from error


def make_observers(scenario: Scenario, folder: RunFolder, manager: PluginManager, brain: Brain,
                   context: RunContext, metrics: Sequence[Metric], extra: Callable[[], Mapping[str, Any]],
                   more: Sequence[Observer]) -> RunObservers:
    """Return the observers of a run, `metrics` among them."""
    checkpoint = scenario.checkpoints
    checkpoints = Checkpoints(
        brain.save, folder.checkpoints, parse_time(checkpoint.every), checkpoint.keep, extra,
        before=lambda: manager.call("aura_before_checkpoint", run=context),
        after=lambda path: manager.call("aura_after_checkpoint", run=context, path=path))
    others: list[Observer] = []
    if scenario.record.enabled:
        from aura.plugins.recording import Recorder

        record = scenario.record
        others.append(Recorder(folder.recording, topics=record.topics, leave_out=record.leave_out,
                               on_error=record.on_error, resumed=context.resumed,
                               every={topic: parse_time(every) for topic, every in record.every.items()}))
    others += [*manager.observers(context), *hook_adapters(manager, context), *more, checkpoints]
    taken = {MetricRows.name, *(observer.name for observer in others)}
    for metric in metrics:
        if metric.name in taken:  # in a checkpoint each has the file of its name
            raise ScenarioError(f"metrics.{metric.name}", expected="a name that no other observer of the run has",
                                got=repr(metric.name), hint="Choose another.")
    rows = MetricRows(folder.rows, metrics, context.brain, resumed=context.resumed)
    return RunObservers([*metrics, rows, *others], metrics, checkpoints, context.brain)


def metric_options(name: str, options: Mapping[str, Any], manager: PluginManager) -> tuple[MetricKind, Any]:
    """Return the kind of a scenario's metric and its validated options; the metric's own module is not imported."""
    given = dict(options)
    kind = given.pop("kind", None)
    if not isinstance(kind, str):
        raise ScenarioError(f"metrics.{name}.kind", expected="the name of a metric", got=repr(kind),
                            hint=f"Known: {', '.join(sorted(manager.all('metric')))}.")
    found = manager.metric(kind)
    return found, validated(found.options, given, f"metrics.{name}", ScenarioError)
