"""The fabric: a tissue that lives between the ticks, a map that learns what it senses, a forecast of what comes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.errors import ParameterError, SignalError
from aura.core.zone import Zone
from aura.zones.fabric.forecast import Forecast
from aura.zones.fabric.memory import LabelMemory
from aura.zones.fabric.params import FabricParams
from aura.zones.fabric.plugin import MANIFEST
from aura.zones.fabric.som.map import SelfOrganisingMap
from aura.zones.fabric.tissue.circuit import Circuit
from aura.zones.fabric.tissue.life import Life
from aura.zones.fabric.tissue.workers import Workers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.core.signals import Inputs
    from aura.core.time import Time
    from aura.core.zone import ZoneContext
    from aura.zones.fabric.views import NeuronGrid

__all__ = ["Fabric"]

LEAST_ENERGY = 0.1
"""Below it the energy gate is shut: nothing is learned."""


class Fabric(Zone[FabricParams]):
    """A three-dimensional grid of biophysical neurons under a self-organising map.

    Notes
    -----
    The tissue is integrated up to the instant of a tick, under the drive of the frames that came before; then the
    frames of this tick are taken in, foretold from, and drive what follows. Several frames in one tick are shown to
    the tissue together: the drive is the mean of their activations.

    The modulators ``energy_gate`` (below 0.1 nothing is learned, and what was left out is counted), ``learning_rate``
    and ``learning_drive`` (both scale the rate of all learning) are obeyed by map, readout, kernels and synapses.
    Synapses change while the tissue is integrated: at the rate of the last tick that learned, and not at all after a
    tick that did not.
    """

    manifest = MANIFEST

    def __init__(self, context: ZoneContext[FabricParams]) -> None:
        super().__init__(context)
        params = self.params
        self._workers = Workers(params.threads)
        self._grid = params.spatial_dims
        self._life: Life | None = None
        if params.tissue is not None:
            self._life = Life(params.tissue, self._grid, self.rng, self._workers, params.probes,
                              context.resolution, f"{context.name}.tissue")
        self._map: SelfOrganisingMap | None = None
        self._forecast: Forecast | None = None
        self._labels = LabelMemory(params.label_memory, math.prod(self._grid), context.name) if params.labels else None
        self._features = 0
        self._shape: tuple[int, ...] = ()
        self._recent: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._contexts: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._skipped = 0

    @property
    def neurons(self) -> NeuronGrid:
        """The neurons, to look into and to stimulate: ``fabric.neurons[i, j, k].dendrites[d].voltage``.

        Raises
        ------
        ParameterError
            If the fabric has no tissue.
        """
        from aura.zones.fabric.views import NeuronGrid

        return NeuronGrid(self.circuit)

    @property
    def circuit(self) -> Circuit:
        """The tissue in motion."""
        if self._life is None:
            raise ParameterError(f"{self.context.name}.tissue", expected="a tissue", got="none",
                                 hint="Leave the parameter tissue as it is, or give it a table.")
        return self._life.circuit

    @property
    def map(self) -> SelfOrganisingMap | None:
        """The self-organising map; None before the first frame."""
        return self._map

    def get_training_status(self) -> dict[str, Any]:
        """Return whether the map is trained, its utilisation and recent quantisation error, and what was skipped."""
        status = {} if self._map is None else self._map.get_training_status()
        return {**status, "skipped": self._skipped}

    # --- the tick -------------------------------------------------------------------------------------------------

    def step(self, now: Time, inputs: Inputs) -> dict[str, Any]:
        """Bring the tissue up to now, take in the frames, and say what is expected next."""
        out: dict[str, Any] = {}
        if self._life is not None:
            out.update(self._life.until(now))
        self._contexts = self._contexts[:0]
        frames = inputs["frame"]
        if frames is not None and len(frames):
            out.update(self._sense(now, frames, inputs))
        return out

    def _sense(self, now: Time, frames: NDArray[np.float32], inputs: Inputs) -> dict[str, Any]:
        rows = np.ascontiguousarray(frames.reshape(len(frames), -1), np.float32)
        if self._map is None:
            self._open(rows.shape[1], frames.shape[1:])
        elif frames.shape[1:] != self._shape:
            raise SignalError(f"{self.context.name}.frame at {now} ns", expected=f"frames of shape {self._shape}",
                              got=str(frames.shape[1:]), hint="One fabric reads one stream of frames.")
        assert self._map is not None
        contexts, before = self._remember(rows)
        activations = self._map.activation(contexts)
        winners, distances = self._map.nearest(contexts)
        shown = activations.mean(axis=0)
        out: dict[str, Any] = {"winner": winners.astype(np.int64), "quantisation_error": distances.astype(np.float64),
                               "activation": shown, "skipped": np.int64(self._skipped)}
        if self._life is not None:
            self._life.drive(shown)
        if self._forecast is not None:
            activity = None if self._life is None else self._life.activity()
            out.update(self._forecast.step(rows, contexts, before, activations, activity, self._map.codebook,
                                           inputs, self._shape, self.rng))
        if self._labels is not None:
            out["label"] = self._labels.read(winners, self._map.codebook)
            self._labels.store(inputs.ids.get("frame"), winners)
        self._contexts = contexts
        return out

    def learn(self, now: Time, inputs: Inputs) -> dict[str, float]:
        """Learn what was sensed; return losses and counts."""
        rate = self._rate(now, inputs)
        scalars: dict[str, float] = {}
        if self._labels is not None:
            scalars.update(self._labels.learn(now, inputs, count=rate > 0.0))
        if rate == 0.0:
            self._skipped += len(self._contexts)
            return scalars
        if self._life is not None:
            self._life.learning = rate
        if len(self._contexts) and self._map is not None:
            scalars["quantisation_error"] = float(self._map.learn(self._contexts, rate))
            if self._forecast is not None:
                scalars.update(self._forecast.learn(rate))
        return scalars

    def _rate(self, now: Time, inputs: Inputs) -> float:
        """Return what scales all learning of this tick, 0 for none."""
        modulators = inputs.modulators
        if float(modulators.get("energy_gate", 1.0)) < LEAST_ENERGY:
            return 0.0
        rate = float(modulators.get("learning_rate", 1.0)) * float(modulators.get("learning_drive", 1.0))
        if not 0.0 <= rate < math.inf:
            raise SignalError(f"{self.context.name}.modulators at {now} ns",
                              expected="a learning rate and drive of 0 or more", got=f"{rate:g}")
        return rate

    def _remember(self, rows: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return each frame with those before it, newest first, (item, context * feature), and the one before these."""
        if not len(self._recent):
            self._recent = np.repeat(rows[:1], self.params.context, axis=0)
        all_rows = np.concatenate([self._recent, rows])
        count, context = len(rows), self.params.context
        contexts = np.concatenate([all_rows[context - back:context - back + count] for back in range(context)], axis=1)
        self._recent = all_rows[-context:].copy()
        return contexts, all_rows[:count]

    def _open(self, features: int, shape: tuple[int, ...]) -> None:
        """Set up what depends on the length of a frame."""
        params = self.params
        self._features, self._shape = features, tuple(shape)
        self._map = SelfOrganisingMap(self._grid, features * params.context, params.map, self.rng)
        if params.prediction is not None:
            self._forecast = Forecast(params, features, self._life.circuit if self._life is not None else None,
                                      self.context.period * 1e-6, self.rng)

    # --- state ----------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return tissue, map, readouts, and what is remembered of the last frames."""
        return {
            "features": self._features, "shape": list(self._shape), "recent": self._recent.copy(),
            "skipped": self._skipped,
            "life": None if self._life is None else self._life.state(),
            "map": None if self._map is None else self._map.state(),
            "forecast": None if self._forecast is None else self._forecast.state(),
            "labels": None if self._labels is None else self._labels.state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self._map, self._forecast = None, None
        self._skipped = int(state["skipped"])
        if self._life is not None:
            self._life.load_state(state["life"])
        if state["features"]:
            self._open(int(state["features"]), tuple(int(size) for size in state["shape"]))
            assert self._map is not None
            self._map.load_state(state["map"])
            if self._forecast is not None:
                self._forecast.load_state(state["forecast"])
        if self._labels is not None:
            self._labels.load_state(state["labels"])
        self._recent = np.array(state["recent"], np.float32)

    def close(self) -> None:
        """Let the threads go."""
        self._workers.close()
        if self._forecast is not None:
            self._forecast.close()
