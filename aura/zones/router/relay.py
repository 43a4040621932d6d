"""One relay of the router: a stream passed on, the bias of its gate, and the gradients that come back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError, StateError
from aura.core.flow import Wait, room
from aura.core.lasting import Stateful
from aura.core.pending import PENDING_ITEMS, PendingItems
from aura.core.signals import Inputs, Items
from aura.core.time import Time, format_time
from aura.zones.common.gradients import summed
from aura.zones.router.centroids import Centroids
from aura.zones.router.gradients import GainMemory, scaled
from aura.zones.router.params import RelayOptions

__all__ = ["Relay"]

Ids = NDArray[np.int64]
Rows = NDArray[np.float32]


class Relay(Stateful):
    """Relays one stream.

    Parameters
    ----------
    zone, name : str
        Whose it is, and what it is called.
    options : RelayOptions
        How it relays and learns.
    rng : numpy.random.Generator
        Where the random part of new centroids comes from.
    waits : mapping of str to Wait
        How many items wait for what comes later, as far as the wiring tells.
    """

    lasting = ("_shape", "_gains", "_pending", "centroids")

    def __init__(self, zone: str, name: str, options: RelayOptions, rng: np.random.Generator,
                 waits: Mapping[str, Wait]) -> None:
        self._where, self._name, self._options, self._rng = f"{zone}.{name}", name, options, rng
        self._routed = options.centroids == "routing"
        self._shape: tuple[int, ...] | None = None
        self._width = 0
        where = f"{zone}.relays.{name}.waiting"
        waiting = room(options.waiting, [waits.get(f"{name}_routing") if self._routed else None], PENDING_ITEMS, where)
        self._pending = PendingItems(waiting)
        gradients = room(None, [waits.get(f"{name}_gradients")], waiting, where)
        self._gains = GainMemory(options.gain, gradients)
        self.centroids = Centroids(options, 0, rng)

    # --- the tick -------------------------------------------------------------------------------------------------

    def step(self, now: Time, inputs: Inputs) -> dict[str, Any]:
        """Return what is published of the items and gradients that have come."""
        out: dict[str, Any] = {}
        name = self._name
        stimulus = inputs[name]
        if stimulus is not None:
            rows = self._flat(now, stimulus)
            modulators = inputs.modulators
            gain = self._options.gain * modulators["gain"]
            bias, magnitude = self.centroids.bias(rows, self._options.scale * modulators["thalamic_scale"],
                                                  self._feedback(now, inputs))
            # By a gain of 1 the very array goes on: nothing is copied, and not a bit can change.
            out[f"{name}_relay"] = stimulus if gain == 1.0 else scaled(stimulus, np.float32(gain))
            out[f"{name}_gate_bias"] = bias
            out[f"{name}_magnitude"] = magnitude
            out[f"{name}_attention"] = self.centroids.gains
            ids = inputs.ids.get(name)
            self._gains.note(ids, gain)
            if self._routed and ids is not None:
                self._pending.store(ids, rows)
        gradients = inputs[f"{name}_gradients"]
        if gradients is not None:
            where = f"{self._where}_gradients"
            ids, total = summed(gradients, inputs.ids.get(f"{name}_gradients", {}), where, now)
            if self._shape is not None and total.shape[1:] != self._shape:
                raise SignalError(f"{where} at {format_time(now)}", got=str(total.shape[1:]),
                                  expected=f"gradients of shape {self._shape}, as the items of {name}")
            out[f"{name}_gradient"] = Items(self._gains.back(ids, total), ids)
        return out

    def learn(self, now: Time, inputs: Inputs) -> dict[str, float]:
        """Move the centroids; return how many items they learned from, and what became of the others."""
        name, rate = self._name, inputs.modulators["learning_rate"]
        if not self._routed:
            return self._learn_nearest(inputs[name], rate)
        stimulus = inputs[name]
        if stimulus is not None:
            self.centroids.follow(self._flat(now, stimulus))
        routings = inputs[f"{name}_routing"]
        if routings is None:
            return {}
        scalars = {f"{name}_learned": 0.0, f"{name}_unmatched": 0.0}
        ids = inputs.ids.get(f"{name}_routing", ())
        if len(ids) != len(routings):
            raise SignalError(f"{self._where}_routing at {format_time(now)}",
                              expected="routing with the ids of its items",
                              got="routing without ids",
                              hint="The gate's output must carry items_from, or return Items(routing, ids).")
        for identities, weights in zip(ids, routings, strict=True):
            self._learn_routed(now, identities, weights, rate, scalars)
        scalars[f"{name}_variance"] = float(self.centroids.moments[0])
        return scalars

    def _learn_routed(self, now: Time, ids: Ids, weights: Rows, rate: float, scalars: dict[str, float]) -> None:
        if weights.shape[1] > self._options.routes:
            raise SignalError(f"{self._where}_routing at {format_time(now)}",
                              expected=f"at most {self._options.routes} experts, as the relay has routes",
                              got=str(weights.shape[1]), hint=f"Raise relays.{self._name}.routes.")
        found, rows = self._pending.take(ids)
        scalars[f"{self._name}_unmatched"] += len(ids) - len(found)
        if len(found) and rate > 0:
            rows.setflags(write=False)  # as those that come straight from the bus: one compiled loop for both
            taken = weights if len(found) == len(ids) else weights[found]
            self.centroids.learn_routed(rows, taken, rate)
            scalars[f"{self._name}_learned"] += len(found)

    def _learn_nearest(self, stimulus: Rows | None, rate: float) -> dict[str, float]:
        if stimulus is None or len(stimulus) == 0:
            return {}
        if rate > 0:
            self.centroids.learn_nearest(self._rows(stimulus), rate)
        return {f"{self._name}_learned": float(len(stimulus) if rate > 0 else 0),
                f"{self._name}_variance": float(self.centroids.moments[0])}

    def _rows(self, stimulus: Rows) -> Rows:
        return np.ascontiguousarray(stimulus).reshape(len(stimulus), self._width)

    def _flat(self, now: Time, stimulus: Rows) -> Rows:
        """Return the items as rows; the first ones decide their shape."""
        shape = stimulus.shape[1:]
        if self._shape is None:
            self._open(shape)
        elif shape != self._shape:
            raise SignalError(f"{self._where} at {format_time(now)}",
                              expected=f"items of shape {self._shape}, as at first",
                              got=str(shape), hint="One relay carries one stream.")
        return self._rows(stimulus)

    def _feedback(self, now: Time, inputs: Inputs) -> Rows | None:
        feedback: Rows | None = inputs[f"{self._name}_feedback"]
        if feedback is not None and len(feedback) > self._options.routes:
            raise SignalError(f"{self._where}_feedback at {format_time(now)}",
                              expected=f"at most {self._options.routes} routes", got=str(len(feedback)),
                              hint=f"Raise relays.{self._name}.routes.")
        return feedback

    def _open(self, shape: tuple[int, ...] | None) -> None:
        """Set up what depends on the shape of an item, None before the first one."""
        self._shape, self._width = shape, 0 if shape is None else int(np.prod(shape, dtype=np.int64))
        self.centroids = Centroids(self._options, self._width, self._rng)

    @property
    def unmatched(self) -> int:
        """Items whose routing found nothing that waited for it."""
        return self._pending.unmatched

    # --- state ----------------------------------------------------------------------------------------------------

    def before_load(self, state: dict[str, Any]) -> None:
        self._open(state["shape"])

    def head(self) -> dict[str, Any] | None:
        """Return what is exported: the centroids and what belongs to them; None before the first item."""
        return None if self._shape is None else {"shape": list(self._shape), **self.centroids.state()}

    def check_head(self, head: Any, path: Path) -> tuple[tuple[int, ...], dict[str, Any]]:
        """Return shape and centroids of an exported relay, checked against this one.

        Raises
        ------
        StateError
            If it is of items of another shape, or an array does not fit.
        """
        shape = head.get("shape") if isinstance(head, dict) else None
        axes = self._options.axes
        if not isinstance(shape, list) or len(shape) != len(axes) or not all(
                type(length) is int and length >= 0 and (isinstance(axis, str) or axis == length)
                for length, axis in zip(shape, axes, strict=True)):
            raise StateError(f"{path}: relay {self._name!r}", expected=f"items with the axes {axes}", got=repr(shape))
        if self._shape is not None and self._shape != tuple(shape):
            raise StateError(f"{path}: relay {self._name!r}", expected=f"items of shape {self._shape}",
                             got=str(tuple(shape)))
        width = int(np.prod(shape, dtype=np.int64))
        found = Centroids(self._options, width, self._rng).check_head(head, path)
        if len(found["centroids"]) > self._options.routes:
            raise StateError(f"{path}: relay {self._name!r}", expected=f"at most {self._options.routes} routes",
                             got=str(len(found["centroids"])), hint=f"Raise relays.{self._name}.routes.")
        return tuple(shape), found

    def adopt(self, shape: tuple[int, ...], centroids: dict[str, Any]) -> None:
        """Take over what `check_head` returned; items that wait stay."""
        if self._shape is None:
            self._open(shape)
        self.centroids.load_state(centroids)
