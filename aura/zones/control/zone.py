"""The hypothalamus: it keeps the brain's inner state, and tells the other zones by modulators how to go on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError
from aura.core.signals import Inputs
from aura.core.time import S, Time, format_time
from aura.core.zone import Zone, ZoneContext
from aura.zones.control.drives import Drives
from aura.zones.control.energy import Energy
from aura.zones.control.head import EnergyState, Head, IntegralState, MoodState, read_control_head, write_control_head
from aura.zones.control.mood import Mood
from aura.zones.control.params import ControllerOptions, ControlParams, PersonalityOptions
from aura.zones.control.personality import Personality
from aura.zones.control.pi_controller import EntropyController
from aura.zones.control.plugin import MANIFEST

__all__ = ["Control"]

ROUNDING = 1e-4
"""How far a normalised entropy may step over 0 or 1, as sums of float32 do."""


class Control(Zone[ControlParams]):
    """Keeps energy, fatigue, drives and mood, and publishes the modulators that follow from them.

    Notes
    -----
    What came since the last tick is taken for what was the case in all of the time since then: activity and effort
    are shares of how busy a zone can be, not counts. A zone that says nothing rests. The first tick lives through no
    time. `step` is homeostasis, and goes on with learning off; `learn` moves the expectations that mood is measured
    by, and nothing else; the modulator ``learning_rate`` multiplies its rate.

    An imported head takes the place of the personality and controller of the scenario until another is imported.
    """

    manifest = MANIFEST

    def __init__(self, context: ZoneContext[ControlParams]) -> None:
        super().__init__(context)
        params = self.params
        self._goals = [(name, f"goal_{name}") for name in params.goals]
        self._energy = Energy(params.energy)
        self._drives = Drives(params.goals, params.largest_drive)
        self._mood = Mood(params.mood)
        self._last: Time = -1
        self._adopted = False
        self._personality = Personality(params.personality)
        self._controller = _built(params.controller)

    # --- the tick -------------------------------------------------------------------------------------------------

    def step(self, now: Time, inputs: Inputs) -> dict[str, Any]:
        """Live through the time since the last tick, and return the inner state and the modulators."""
        seconds = max(now - self._last, 0) / S if self._last >= 0 else 0.0
        self._last = now
        energy, drives, mood = self._energy, self._drives, self._mood
        energy.spend(self._spent(now, inputs, "activity"), self._spent(now, inputs, "effort"), seconds)
        drives.follow({name: float(inputs[port]) for name, port in self._goals if port in inputs}, seconds)
        mood.feel(mood.surprise(*_outcomes(inputs), self._within(now, inputs, "valence", -1.0, 1.0)), seconds)
        manner = self._personality.manner(mood.level, energy.level)
        log_temperature = self._log_temperature(now, inputs, manner.log_temperature, seconds)
        out = {name: np.array(value, np.float32) for name, value in (
            ("energy", energy.level), ("fatigue", energy.fatigue), ("drive", drives.drive), ("mood", mood.level),
            ("energy_gate", energy.gate), ("learning_drive", drives.learning_drive),
            ("gate_temperature", math.exp(log_temperature)), ("merit_momentum", manner.merit_momentum),
            ("distillation_alpha", manner.distillation_alpha), ("growth_drive", manner.growth_drive))}
        if "utilisation" in inputs:
            out["routing_bias"] = self._routing_bias(now, inputs["utilisation"])
        return out

    def learn(self, now: Time, inputs: Inputs) -> dict[str, float]:
        """Move the expectations of reward and losses to what came; return the mean expected loss."""
        reward, losses = _outcomes(inputs)
        self._mood.expect(reward, losses, inputs.modulators["learning_rate"])
        known = self._mood.losses
        return {"expected_loss": math.fsum(known.values()) / len(known)} if losses and known else {}

    def _log_temperature(self, now: Time, inputs: Inputs, feed_forward: float, seconds: float) -> float:
        if self._controller is None:
            return feed_forward
        entropy = self._within(now, inputs, "gate_entropy", 0.0, 1.0, ROUNDING)
        if entropy is not None:
            self._controller.measure(entropy, feed_forward, seconds)
        return self._controller.log_temperature(feed_forward)

    def _routing_bias(self, now: Time, utilisation: NDArray[np.float32]) -> NDArray[np.float32]:
        used = utilisation.tolist()
        least = min(used, default=0.0)
        if not least >= 0.0:
            raise SignalError(f"{self.context.name}.utilisation at {format_time(now)}", expected="shares of 0 or more",
                              got=f"{least:g}")
        return self._personality.routing_bias(used)

    def _spent(self, now: Time, inputs: Inputs, port: str) -> float:
        """Return the sum of what several zones published; exact, so that their order does not matter."""
        spent: Mapping[str, Any] | None = inputs.get(port)
        if not spent:
            return 0.0
        values = [float(value) for value in spent.values()]
        for topic, value in zip(spent, values, strict=True):
            if not 0.0 <= value < math.inf:
                raise SignalError(f"{self.context.name}.{port} from {topic} at {format_time(now)}",
                                  expected="a finite number of 0 or more", got=f"{value:g}")
        return math.fsum(values)

    def _within(self, now: Time, inputs: Inputs, port: str, low: float, high: float,
                rounding: float = 0.0) -> float | None:
        """Return what a port says, None for nothing, and refuse what is out of its range."""
        if port not in inputs:
            return None
        value = float(inputs[port])
        if not low - rounding <= value <= high + rounding:
            raise SignalError(f"{self.context.name}.{port} at {format_time(now)}",
                              expected=f"a number from {low:g} to {high:g}",
                              got=f"{value:g}")
        return min(max(value, low), high)

    # --- state ----------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return the inner state, the expectations, the controller's integral, and what a head has brought."""
        controller = self._controller
        adopted = None
        if self._adopted:
            adopted = {"personality": self._personality.options.model_dump(),
                       "controller": None if controller is None else controller.options.model_dump()}
        return {"last": self._last, "energy": self._energy.state(), "drives": self._drives.state(),
                "mood": self._mood.state(), "controller": None if controller is None else controller.state(),
                "adopted": adopted}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned; goals and a controller that it does not know begin anew."""
        adopted = state["adopted"]
        self._adopted = adopted is not None
        personality, controller = self.params.personality, self.params.controller
        if adopted is not None:
            personality = PersonalityOptions(**adopted["personality"])
            controller = None if adopted["controller"] is None else ControllerOptions(**adopted["controller"])
        self._personality, self._controller = Personality(personality), _built(controller)
        self._last = int(state["last"])
        self._energy.load_state(state["energy"])
        self._drives.load_state(state["drives"])
        self._mood.load_state(state["mood"])
        if self._controller is not None and state["controller"] is not None:
            self._controller.load_state(state["controller"])

    # --- export ---------------------------------------------------------------------------------------------------

    def export(self, folder: str | Path) -> list[Path]:
        """Write ``control_head.msgpack`` into the folder of this zone's name, and return it."""
        controller = self._controller
        head = Head(
            personality=self._personality.options, controller=None if controller is None else controller.options,
            integral=None if controller is None else IntegralState(**controller.state()),
            energy=EnergyState(**self._energy.state()), mood=MoodState(**self._mood.state()),
            drives=self._drives.levels)
        return [write_control_head(Path(folder) / self.context.name, head)]

    def load_export(self, folder: str | Path) -> list[Path]:
        """Take over a head: personality, controller, expectations and inner state. Goals are matched by name.

        Raises
        ------
        StateError
            If the file is missing, damaged, or holds what is out of its range.
        """
        head, path = read_control_head(Path(folder) / self.context.name)
        self._personality, self._controller = Personality(head.personality), _built(head.controller)
        if self._controller is not None and head.integral is not None:
            self._controller.load_state(head.integral.model_dump())
        self._energy.load_state(head.energy.model_dump())
        self._mood.load_state(head.mood.model_dump())
        self._drives.load_state({"levels": head.drives})
        self._adopted = True
        return [path]


def _built(options: ControllerOptions | None) -> EntropyController | None:
    return None if options is None else EntropyController(options)


def _outcomes(inputs: Inputs) -> tuple[float | None, dict[str, float]]:
    """Return the reward and the losses that came."""
    reward, losses = inputs.get("reward"), inputs.get("loss")
    return (None if reward is None else float(reward),
            {topic: float(loss) for topic, loss in losses.items()} if losses else {})
