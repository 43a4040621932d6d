"""The fabric: a tissue that lives between the ticks, a map that learns what it senses, a forecast of what comes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.errors import ParameterError, SignalError
from aura.core.flow import room
from aura.core.pending import UNMATCHED
from aura.core.time import Time, format_time
from aura.core.zone import Zone
from aura.zones.fabric.forecast import Forecast
from aura.zones.fabric.memory import LABEL_MEMORY, FrameMemory, Frames, LabelMemory
from aura.zones.fabric.params import FabricParams
from aura.zones.fabric.plugin import MANIFEST
from aura.zones.fabric.som.map import SelfOrganisingMap
from aura.zones.fabric.tissue.circuit import Circuit
from aura.zones.fabric.tissue.circuit_runner import CircuitRunner
from aura.zones.fabric.tissue.workers import Workers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.core.signals import Inputs
    from aura.core.zone import ZoneContext
    from aura.zones.fabric.learning.response import Response
    from aura.zones.fabric.views import NeuronGrid

__all__ = ["Fabric"]

NS_PER_MS = 1e6


class Fabric(Zone[FabricParams]):
    """A three-dimensional grid of biophysical neurons under a self-organising map.

    Notes
    -----
    The tissue is integrated up to the instant of a tick, under the drive of the frames that came before; then the
    frames of this tick are taken in, predicted from, and drive what follows. Several frames in one tick are shown to
    the tissue in turn, each for an equal share of the slots of the zone's period; the last one stays until other frames
    come. Without a period each is shown for one slot, and if there are more of them than slots, those of one slot are
    shown together, as the mean of their activations. The convolution reads the mean over the tick.

    The modulators ``learning_rate`` and ``learning_drive`` scale the rate of map, readout, kernels and synapses;
    labels are counted whole, or not at all. Synapses change while the tissue is integrated: at the rate of the last
    tick that learned, and not at all after a tick that did not.

    Frames that come while learning is off are never learned, neither as what came next nor as a part of a context.
    """

    manifest = MANIFEST
    lasting = ("_seed", "_shape", "_memory", "_tissue", "_response", "_map", "_forecast", "_labels")

    def __init__(self, context: ZoneContext[FabricParams]) -> None:
        super().__init__(context)
        params = self.params
        self._workers = Workers(params.threads)
        self._grid = params.spatial_dims
        self._tissue: CircuitRunner | None = None
        self._response: Response | None = None
        self._seed = int(self.rng.integers(2 ** 63))
        self._grow()
        self._memory = FrameMemory(params.context)
        self._map: SelfOrganisingMap | None = None
        self._forecast: Forecast | None = None
        memory = room(params.label_memory, [context.waits.get("teacher")], LABEL_MEMORY, f"{context.name}.label_memory")
        self._labels = LabelMemory(memory, math.prod(self._grid), context.name,
                                   context.sources.get("teacher")) if params.labels else None
        self._shape: tuple[int, ...] = ()
        self._frames: Frames | None = None
        self._winners: NDArray[np.int64] = np.zeros(0, np.int64)

    def _grow(self) -> None:
        """Build the tissue and what responds to it, as the seed of its structure says."""
        params, rng = self.params, np.random.default_rng(self._seed)
        if params.tissue is None:
            return
        self._tissue = CircuitRunner(params.tissue, self._grid, rng, self._workers, probes=params.probes,
                          resolution=self.context.resolution, device=params.device)
        if params.prediction is not None and params.convolution is not None:
            if not self.context.period:
                raise ParameterError(f"{self.context.name}.period", expected="a period, the convolution's time step",
                                     got="none", hint="Try '10 ms', or convolution = false.")
            from aura.zones.fabric.learning.lateral import LateralWeights
            from aura.zones.fabric.learning.response import Response

            lateral = LateralWeights(self._tissue.circuit)
            self._response = Response(params, lateral, self.context.period / NS_PER_MS, rng)

    def _open(self, features: int, shape: tuple[int, ...], rng: np.random.Generator) -> SelfOrganisingMap:
        """Set up what depends on the length of a frame."""
        params, self._shape = self.params, tuple(shape)
        self._map = SelfOrganisingMap(self._grid, features * params.context, params.map, rng, workers=self._workers)
        if params.prediction is not None:
            self._forecast = Forecast(params, features, self._response)
        return self._map

    # --- what can be looked at ------------------------------------------------------------------------------------

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
        if self._tissue is None:
            raise ParameterError(f"{self.context.name}.tissue", expected="a tissue", got="none",
                                 hint="Leave the parameter tissue as it is, or give it a table.")
        return self._tissue.circuit

    @property
    def map(self) -> SelfOrganisingMap | None:
        """The self-organising map; None before the first frame."""
        return self._map

    def get_training_status(self) -> dict[str, Any]:
        """Return how far the fabric has come.

        Returns
        -------
        dict
            ``trained``, ``utilisation``, ``quantisation_error`` and more, as of `SelfOrganisingMap`.
        """
        untrained = {"trained": False, "utilisation": 0.0, "quantisation_error": 0.0, "items": 0}
        return untrained if self._map is None else self._map.get_training_status()

    # --- the tick -------------------------------------------------------------------------------------------------

    def step(self, now: Time, inputs: Inputs) -> dict[str, Any]:
        """Bring the tissue up to now, take in the frames, and publish what is expected next."""
        self._frames = None
        out: dict[str, Any] = {} if self._tissue is None else self._tissue.until(now)
        frames = inputs["frame"]
        if frames is not None and len(frames):
            out.update(self._sense(now, frames, inputs))
        return out

    def _sense(self, now: Time, given: NDArray[np.float32], inputs: Inputs) -> dict[str, Any]:
        shape = given.shape[1:]
        mapped = self._map or self._open(math.prod(shape), shape, self.rng)
        if shape != self._shape:
            raise SignalError(f"{self.context.name}.frame at {format_time(now)}",
                              got=str(shape), hint="One fabric reads one "
                              "stream of frames.", expected=f"frames of shape {self._shape}, as at first")
        frames = self._frames = self._memory.take(given.reshape(len(given), -1))
        activations = mapped.activation(frames.contexts)
        winners, distances = mapped.nearest(frames.contexts)
        self._winners = winners.astype(np.int64)
        shown = activations.mean(axis=0)
        out: dict[str, Any] = {"winner": self._winners, "quantisation_error": distances.astype(np.float64),
                               "activation": shown}
        if self._forecast is not None:
            earlier = self._respond(now, shown, mapped.codebook, inputs)
            out.update(self._forecast.step(frames, activations, earlier))
            out["prediction"] = out["prediction"].reshape(given.shape)
        if self._response is not None:
            out["mode"] = (self._response.mode.value,)
        if self._tissue is not None:
            self._tissue.drive(activations, self.context.period)
        if self._labels is not None:
            out["label"] = self._labels.read(winners, mapped.codebook)
        return out

    def _respond(self, now: Time, shown: NDArray[np.float32], codebook: NDArray[np.float32],
                 inputs: Inputs) -> NDArray[np.float64] | None:
        """Let the tissue respond; return the response before this one."""
        if self._response is None or self._tissue is None or self._forecast is None:
            return None
        newest = codebook[:, :math.prod(self._shape)]  # contexts begin with their newest frame
        goal = inputs["goal"]
        if goal is not None and goal.shape != self._shape:
            raise SignalError(f"{self.context.name}.goal at {format_time(now)}", got=str(goal.shape),
                              expected=f"one frame of shape {self._shape}")
        goal = self._forecast.expected if goal is None else goal.reshape(-1)
        earlier = self._response.features
        self._response.forward(self._tissue.activity(), shown, newest, goal, self.rng)
        return earlier

    def learn(self, now: Time, inputs: Inputs) -> dict[str, float]:
        """Learn what was sensed; return losses and counts."""
        rate = inputs.modulators["learning_rate"] * inputs.modulators["learning_drive"]
        frames, self._frames = self._frames, None
        depth = np.zeros(0, np.int64) if frames is None else self._memory.attend()
        scalars: dict[str, float] = {}
        if self._labels is not None:
            if frames is not None:
                self._labels.store(inputs.ids.get("frame"), self._winners)
            scalars.update(self._labels.learn(now, inputs, count=rate > 0.0))
        if rate > 0.0:
            if self._tissue is not None:
                self._tissue.learn(rate, inputs.modulators["reward"])
            if frames is not None:
                scalars.update(self._study(frames, depth, rate))
        return scalars

    def _study(self, frames: Frames, depth: NDArray[np.int64], rate: float) -> dict[str, float]:
        """Let map, readout and kernels learn from the frames of this tick."""
        scalars: dict[str, float] = {}
        contexts = frames.contexts[depth >= self.params.context]
        if self._map is not None and len(contexts):
            scalars["quantisation_error"] = float(self._map.learn(contexts, rate))
        if self._forecast is not None:
            scalars.update(self._forecast.learn(rate, depth))
        return scalars

    def before_load(self, state: dict[str, Any]) -> None:
        """Grow the same structure, and open what depends on the length of a frame."""
        self._map, self._forecast, self._frames, self._shape = None, None, None, ()
        if state["seed"] != self._seed:
            self._seed = state["seed"]
            if self._response is not None:
                self._response.close()
            self._grow()
        if state["map"] is not None:
            features = state["memory"]["recent"].shape[1]
            # What is drawn here is overwritten at once, and the zone's own stream has been restored already.
            self._open(features, state["shape"], np.random.default_rng(0))

    # --- before and after -----------------------------------------------------------------------------------------

    def notices(self) -> dict[str, int]:
        """Return how many labels taught nothing, and what of the neurons was read otherwise than it stands."""
        read = {} if self._tissue is None else self._tissue.circuit.notices
        return {**read, UNMATCHED: 0 if self._labels is None else self._labels.unmatched}

    def warm_up(self) -> None:
        """Compile or load all kernels, by the ticks of another, small fabric like this one."""
        from aura.zones.fabric.warm_up import rehearse

        rehearse(type(self), self.context)

    def close(self) -> None:
        """Let the threads go."""
        self._workers.close()
        if self._response is not None:
            self._response.close()
