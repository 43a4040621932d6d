"""A zone in this process, compiled: closures that look nothing up while the loop runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from sys import getrefcount
from time import perf_counter_ns
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np

from aura.core.blame import blamed, described, raised_at
from aura.core.errors import AuraError, CheckpointError, StateError, ZoneError
from aura.core.handed import as_outputs, as_scalars, as_state, as_wake, check_ids, sketch, unknown_output
from aura.core.held import within
from aura.core.modulators import ENERGY_GATE, LEAST_ENERGY, checked
from aura.core.output import Output, Published
from aura.core.ownership import own
from aura.core.plan import Plan, make_zone
from aura.core.ports import Port
from aura.core.signals import Inputs, Items
from aura.core.time import Time, format_time
from aura.core.zone import Zone

__all__ = ["LocalZone", "Timer", "place_here"]

_NO_IDS: Mapping[str, Any] = MappingProxyType({})


class Timer:
    """Calls and nanoseconds that a zone has spent in step and in learn."""

    def __init__(self) -> None:
        self.calls = {"step": 0, "learn": 0}
        self.spent = {"step": 0, "learn": 0}

    def around(self, method: Callable[..., Any], name: str) -> Callable[..., Any]:
        """Return `method`, timed."""
        calls, spent = self.calls, self.spent

        def timed(now: Time, inputs: Inputs) -> Any:
            start = perf_counter_ns()
            try:
                return method(now, inputs)
            finally:
                spent[name] += perf_counter_ns() - start
                calls[name] += 1

        return timed


class LocalZone:
    """A zone in this process, as the event loop needs it; see `ZoneHandle`.

    Parameters
    ----------
    zone : Zone
    plan : Plan
        What it was built from.
    outputs : mapping of str to Output
        Its outputs by port.
    timer : Timer, optional
        Takes the time that it spends.
    """

    def __init__(self, zone: Zone[Any], plan: Plan, outputs: Mapping[str, Output], timer: Timer | None = None) -> None:
        self.zone, self.plan, self.name, self.outputs, self.timer = zone, plan, plan.name, outputs, timer
        self.home = type(zone).__module__
        self.learns = self.wants_learning = plan.learn and type(zone).learn is not Zone.learn
        self.shut = False
        """Whether the energy gate keeps the zone from learning."""
        self.unlearned = 0
        self._obeyed: tuple[Any, Mapping[str, float]] = (None, {})
        """What the last inbox had of modulators, and what that means."""
        self.compute: Callable[[Time, Inputs], Published] = _make_compute(self, _references_when_alone())

    def let_learn(self, learning: bool) -> None:
        self.learns = learning and self.wants_learning
        self.zone.learns = self.learns and not self.shut

    def obey(self, now: Time, inputs: Inputs, came: Mapping[str, float]) -> None:
        """Take up what has come of modulators.

        Raises
        ------
        SignalError
            If one is out of its range.
        """
        if came is not self._obeyed[0]:
            self._obeyed = came, MappingProxyType(checked(self.name, now, self.plan.modulators, came))
            self.shut = self._obeyed[1][ENERGY_GATE.name] < LEAST_ENERGY
            self.zone.learns = self.learns and not self.shut
        inputs._modulators = self._obeyed[1]

    def leave_out(self, inputs: Inputs) -> None:
        """Count what a tick brought that could have been learned from: labels where they are wired, else items."""
        ports = [name for name, port in self.plan.inputs.items() if port.has_items]
        labels = [name for name in ports if self.plan.inputs[name].role == "label"]
        counts = [_items(inputs.ids.get(name)) for name in labels if name in self.plan.wired] or [
            _items(inputs.ids.get(name)) for name in ports if name not in labels] or [1]
        self.unlearned += max(counts)

    def next_wake(self, now: Time) -> Time | None:
        return as_wake(self.ask("next_wake", now), self.name, now)

    def ask(self, method: str, *arguments: Any) -> Any:
        try:
            return getattr(self.zone, method)(*arguments)
        except (AuraError, KeyboardInterrupt):
            raise
        except BaseException as error:
            article = "an" if method.startswith(tuple("aeiou")) else "a"
            raise ZoneError(f"{self.name}.{method}()", expected=f"{article} {method}() that does not raise",
                            got=described(error), hint=raised_at(error, self.home)) from error

    def failure(self, now: Time, inputs: Inputs, error: BaseException) -> AuraError:
        if isinstance(error, AuraError):
            return error
        shown = ", ".join(f"{port}={sketch(value)}" for port, value in inputs.items()) or "no inputs"
        raised = ZoneError(f"{self.name} at {format_time(now)}", expected="a step and a learn that do not raise",
                           got=f"{described(error)}; inputs: {shown}", hint=raised_at(error, self.home))
        raised.__cause__ = error
        return raised

    def tree(self) -> dict[str, Any]:
        return {"zone": as_state(self.ask("state"), self.name), "rng": self.zone.rng.bit_generator.state,
                "unlearned": self.unlearned}

    def load_tree(self, tree: dict[str, Any]) -> None:
        self.zone.rng.bit_generator.state = tree["rng"]
        try:
            with within(self.name, self.zone):
                self.zone.load_state(tree["zone"])
        except StateError as error:
            raise CheckpointError(error.where, expected=error.expected, got=error.got, hint=error.hint) from error
        except (AuraError, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise CheckpointError(self.name, expected="a state that its zone can load", got=blamed(error, self.home),
                                  hint="Was the checkpoint written with other parameters?") from error
        self.unlearned = tree["unlearned"]
        self._obeyed, self.shut = (None, {}), False

    def notices(self) -> Any:
        return self.zone.notices()

    def profile(self) -> dict[str, tuple[int, int]] | None:
        timer = self.timer
        return None if timer is None else {part: (timer.calls[part], timer.spent[part]) for part in ("step", "learn")}

    def close(self) -> None:
        try:
            self.ask("close")
        finally:
            self.compute = _closed  # which else holds this zone in a circle


def place_here(plan: Plan, outputs: Mapping[str, Output], seed: int, resolution: Time, *, profile: bool) -> LocalZone:
    """Build a zone in this process."""
    return LocalZone(make_zone(plan, seed, resolution), plan, outputs, Timer() if profile else None)


def _closed(now: Time, inputs: Inputs) -> Published:
    raise ZoneError("zone", expected="one that is open", got="one that was closed")


def _items(ids: Any) -> int:
    """Return how many items came at an input, by one pathway, by several, or by several signals."""
    if ids is None:
        return 0
    parts = ids.values() if isinstance(ids, Mapping) else ids if isinstance(ids, tuple) else (ids,)
    return sum(len(part) for part in parts)


def _make_compute(node: LocalZone, most: int) -> Callable[[Time, Inputs], Published]:
    step, learn, outputs = node.zone.step, node.zone.learn, node.outputs
    if node.timer is not None:
        step, learn = node.timer.around(step, "step"), node.timer.around(learn, "learn")

    def compute(now: Time, inputs: Inputs) -> Published:
        modulators = inputs.get("modulators")
        if modulators is not None:
            node.obey(now, inputs, modulators)
        returned = step(now, inputs)
        if type(returned) is not dict:
            returned = as_outputs(returned, node.name, now)
        published: Published = []
        for port, given in returned.items():
            try:
                output = outputs[port]
            except (KeyError, TypeError):
                raise unknown_output(node.name, port, outputs, now) from None
            ids = None
            if type(given) is Items:
                given, ids = given  # noqa: PLW2901 - a name more would be a reference more
                twin = given  # noqa: F841 - as many references as an array without ids has here
            value = output.check(now, given)
            if ids is not None:
                ids = check_ids(output.topic, now, value, ids).copy()
                ids.setflags(write=False)
            elif output.items_from is not None:
                ids = getattr(inputs, "_ids", _NO_IDS).get(output.items_from)  # `inputs.ids`, written out
                if ids is not None and len(ids) != len(value):
                    check_ids(output.topic, now, value, ids)
            if output.is_array:
                alone = getrefcount(value) <= most
                # Not every view says whose memory it shows; tables that own theirs may lie column by column.
                if alone and value.flags.owndata and (output.is_flat or value.flags.c_contiguous):
                    value.setflags(False)
                else:
                    for read in inputs.values():
                        if read is value:  # handed on whole: read-only, and in order, since it was published
                            break
                    else:
                        value = own(value, inputs, alone)
            published.append((output, value, ids))
        if not node.learns:
            return published
        if node.shut:
            node.leave_out(inputs)
        else:
            # The outputs are read-only by now, so learning cannot alter what has been predicted.
            scalars = learn(now, inputs)
            if scalars is not None:
                scalars = as_scalars(scalars, node.name, now)
                if scalars:
                    published.append((None, node.name, scalars))
        return published

    return compute


@lru_cache(maxsize=1)
def _references_when_alone() -> int:
    """Return how many references `compute` counts to an array that its zone keeps nothing of.

    Found by trying, for versions of Python differ in what they count.
    """
    made: list[int] = []

    def step(now: Time, inputs: Inputs) -> dict[str, Any]:
        array = np.zeros(1, np.float32)
        made.append(id(array))
        return {"y": array}

    probe: Any = SimpleNamespace(name="probe", outputs={"y": Output("probe", Port("y", shape=(1,)))}, learns=False,
                                 timer=None, zone=SimpleNamespace(step=step, learn=None))
    for most in range(16):
        (_, value, _), = _make_compute(probe, most)(0, Inputs())
        if id(value) == made[-1]:
            return most
    return 0
