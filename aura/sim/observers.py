"""The observers of a run: metrics, recorder, checkpoints, plugins' hooks, and what the caller brings."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aura.core.errors import ScenarioError
from aura.core.observer import Observer
from aura.core.params import validated
from aura.core.time import Time, parse_time
from aura.plugins.bridge import bridge_observers
from aura.plugins.checkpoints import Checkpoints
from aura.plugins.context import RunContext
from aura.plugins.manager import PluginManager
from aura.plugins.metrics.metric import Metric
from aura.sim.runfolder import RunFolder
from aura.sim.scenario import Scenario

__all__ = ["MetricRows", "RunObservers", "make_observers"]


@dataclass(frozen=True)
class RunObservers:
    """The observers of one run, in the order in which they are called."""

    all: Sequence[Observer]
    metrics: Sequence[Metric]
    checkpoints: Checkpoints

    def results(self) -> dict[str, Any]:
        """Return what every metric has found, by its name."""
        return {metric.name: metric.results() for metric in self.metrics}


class MetricRows(Observer):
    """Writes the rolling values of the metrics to metrics.jsonl; a resumed run cuts the file back to its checkpoint."""

    name = "metric_rows"

    def __init__(self, path: Path, metrics: Sequence[Any], every: int = 256) -> None:
        self._path, self._metrics, self._every, self._left = path, metrics, every, every
        self._file = path.open("ab")

    def after_tick(self, now: Time) -> None:
        self._left -= 1
        if self._left <= 0:
            self._left = self._every
            self._write()

    def state(self) -> dict[str, Any]:
        self._write()
        self._file.flush()
        os.fsync(self._file.fileno())
        return {"bytes": self._file.tell(), "left": self._left}

    def load_state(self, state: dict[str, Any]) -> None:
        self._file.truncate(state["bytes"])
        self._file.seek(state["bytes"])
        self._left = state["left"]

    def on_stop(self, brain: Any) -> None:
        self._write()
        self._file.close()

    def _write(self) -> None:
        for metric in self._metrics:
            for row in metric.take_rows():
                self._file.write(json.dumps(row).encode() + b"\n")


def make_observers(scenario: Scenario, folder: RunFolder, manager: PluginManager, context: RunContext,
                   extra: Callable[[], Mapping[str, Any]], more: Sequence[Observer]) -> RunObservers:
    """Return the observers of a run.

    Raises
    ------
    ScenarioError, PluginError
        If a metric or a setting of the recording is wrong.
    """
    metrics = [_make_metric(name, options, manager) for name, options in scenario.metrics.items()]
    checkpoint = scenario.checkpoints
    checkpoints = Checkpoints(
        folder.checkpoints, parse_time(checkpoint.every) if checkpoint.every else 0, checkpoint.keep, extra,
        before=lambda: manager.call("aura_before_checkpoint", run=context),
        after=lambda path: manager.call("aura_after_checkpoint", run=context, path=path))
    observers: list[Observer] = [MetricRows(folder.rows, metrics), *metrics]
    if scenario.record.enabled:
        from aura.plugins.recording import Recorder

        record = scenario.record
        observers.append(Recorder(folder.recording, topics=record.topics, leave_out=record.leave_out,
                                  every={topic: parse_time(every) for topic, every in record.every.items()}))
    observers += [*manager.observers(context), *bridge_observers(manager, context)]
    observers += more
    observers.append(checkpoints)
    return RunObservers(observers, metrics, checkpoints)


def _make_metric(name: str, options: Mapping[str, Any], manager: PluginManager) -> Metric:
    given = dict(options)
    kind = given.pop("kind", None)
    if not isinstance(kind, str):
        raise ScenarioError(f"metrics.{name}.kind", expected="the name of a metric", got=repr(kind),
                            hint=f"Known: {', '.join(sorted(manager.metrics()))}.")
    found = manager.metric(kind)
    return found.load()(name, validated(found.options, given, f"metrics.{name}", ScenarioError))
