"""The exported head of the hypothalamus: personality, gains, integral, expectations and inner state, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from aura.core.errors import StateError
from aura.core.params import validated
from aura.zones.control.params import ControllerOptions, PersonalityOptions

__all__ = ["FILE", "EnergyState", "Head", "IntegralState", "MoodState", "read_control_head", "write_control_head"]

FILE = "control_head.msgpack"
"""Its name in the zone's own folder."""
_Fraction = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class EnergyState(_Part):
    """Energy, fatigue, and whether the gate is open."""

    level: _Fraction
    fatigue: _Fraction
    open: bool


class MoodState(_Part):
    """The trace of mood, and the expectations: of reward, where there was any, and of each loss by its topic."""

    trace: float
    reward: float | None = None
    losses: dict[str, float]


class IntegralState(_Part):
    """The controller's integral term and its last error."""

    integral: float
    error: float


class Head(_Part):
    """What the file holds; `controller` and `integral` are left out where the controller is off."""

    personality: PersonalityOptions
    controller: ControllerOptions | None = None
    integral: IntegralState | None = None
    energy: EnergyState
    mood: MoodState
    drives: dict[str, _Fraction]


def write_control_head(folder: Path, head: Head) -> Path:
    """Write the head into the zone's folder and return the file."""
    from aura.zones.common.heads import write_head

    return write_head(folder / FILE, head.model_dump(mode="json", exclude_none=True))


def read_control_head(folder: Path) -> tuple[Head, Path]:
    """Return the head that `write_control_head` wrote, and its file.

    Raises
    ------
    StateError
        If the file is missing or damaged, or a value in it is out of its range.
    """
    from aura.zones.common.heads import read_head

    path = folder / FILE
    return validated(Head, read_head(path), str(path), StateError), path
