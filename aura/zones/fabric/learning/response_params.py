"""Parameters of how the fabric's units respond: convolution, fatigue, nonlinearity, propagation and its modes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from aura.core.zone import ZoneParams
from aura.zones.common.switches import Switch

__all__ = [
    "Conv4DParams",
    "FatigueParams",
    "ModeCycleParams",
    "NonlinearityParams",
    "PropagationMode",
    "PropagationParams",
]


class FatigueParams(ZoneParams):
    """How fast a unit tires and recovers, after the depressing synapses of Tsodyks and Markram."""

    recovery_ms: float = Field(
        default=800.0, gt=0, allow_inf_nan=False,
        description="Time constant of the recovery; 800 ms, of synapses between neocortical pyramidal cells (Tsodyks "
                    "and Markram 1997, doi:10.1073/pnas.94.2.719; the default of NEST's model of it too).")
    utilisation: float = Field(
        default=0.5, ge=0, le=1,
        description="Share of what is left that one spike uses up, in [0, 1]; 0.5, of the same source.")
    rate_hz: float = Field(
        default=10.0, ge=0, allow_inf_nan=False,
        description="Firing rate that an activity of 1 stands for (10 Hz, chosen here: a unit held at 1 tires to 0.8 "
                    "in the end).")
    per: Literal["channel", "unit"] = Field(
        default="channel",
        description="Whether an output channel tires as a whole, or each unit of it by itself.")


class Conv4DParams(ZoneParams):
    """A convolution over three dimensions of space and one of time."""

    inputs: PositiveInt = Field(default=1, description="Channels that it reads.")
    outputs: PositiveInt = Field(default=4, description="Channels that it gives.")
    kernel: tuple[PositiveInt, PositiveInt, PositiveInt, PositiveInt] = Field(
        default=(3, 3, 3, 2),
        description="Extent along x, y, z and time, in samples.")
    space: Literal["same", "valid"] = Field(
        default="same",
        description="Whether the grid is padded with zeros to keep its size, or shrinks to where the kernel fits. Of "
                    'the k - 1 zeros of "same", (k - 1) // 2 lie before the first sample.')
    time: Literal["causal", "valid"] = Field(
        default="causal",
        description="Whether zeros precede the first frame, so that frame t answers to frames up to t alone, or the "
                    "output begins with the first frame that has all its past. In both cases the kernel's last tap "
                    "meets the present frame.")
    fatigue: Annotated[FatigueParams | None, Switch] = Field(
        default=FatigueParams(),
        description="How outputs tire; None for outputs that never do.")


class NonlinearityParams(ZoneParams):
    """The response of a unit to its drive; potentials are relative to rest, taken as -65 mV."""

    gain: float = Field(
        default=1.0, gt=0, allow_inf_nan=False,
        description="The largest response, above 0, in units of activity.")
    scale_mv: float = Field(
        default=20.0, gt=0, allow_inf_nan=False,
        description="Drive at which the tanh reaches 0.76 (chosen here: about the threshold, so that a drive at "
                    "threshold is passed on almost in proportion and one far above it is not).")
    v_half_mv: float = Field(
        default=15.0, allow_inf_nan=False,
        description="Midpoint of the voltage gate. The persistent sodium conductance of hippocampal pyramidal cells "
                    "rises sigmoidally from -70 to -30 mV (French et al. 1990, doi:10.1085/jgp.95.6.1139), which puts "
                    "the midpoint at -50 mV, 15 above rest.")
    slope_mv: float = Field(
        default=6.8, gt=0, allow_inf_nan=False,
        description="Slope of the voltage gate. 5 and 95 % of a Boltzmann curve lie at the ends of that rise for a "
                    "slope of 40 mV / (2 ln 19) = 6.8 mV.")
    membrane_ms: float = Field(
        default=5.0, gt=0, allow_inf_nan=False,
        description="Time constant of the membrane estimate; 5 ms (Kobayashi, Tsubo and Shinomoto 2009, "
                    "doi:10.3389/neuro.10.009.2009, as is all that follows).")
    threshold_mv: float = Field(
        default=19.0, gt=0, allow_inf_nan=False,
        description="Membrane estimate at which a rested unit crosses its threshold; 19 mV, regular spiking.")
    refractory_ms: float = Field(
        default=2.0, ge=0, allow_inf_nan=False,
        description="For how long a unit is silent after a crossing; 2 ms. Rounded up to whole steps.")
    adaptation_mv: float = Field(
        default=2.0, ge=0, allow_inf_nan=False,
        description="By how much a crossing raises the threshold; 2 mV, the slow of the two components of the source. "
                    "The fast one is left out, as it acts within a few steps of a refractory period.")
    adaptation_ms: float = Field(
        default=200.0, gt=0, allow_inf_nan=False,
        description="Time constant by which the threshold falls back; 200 ms.")


class PropagationMode(StrEnum):
    """How activity spreads through the tissue."""

    NORMAL = "normal"
    RANDOM = "random"
    INTENTIONAL = "intentional"
    BIDIRECTIONAL = "bidirectional"


class PropagationParams(ZoneParams):
    """What the modes of propagation do beside following the weights."""

    release_probability: float = Field(
        default=0.5, gt=0, le=1,
        description="Random mode: chance that a unit's activity is passed on, in (0, 1]; 0.5, the utilisation of the "
                    "fatigue's source, doi:10.1073/pnas.94.2.719. What is passed on is scaled up, so that the mean is "
                    "that of normal mode.")
    amplification: float = Field(
        default=1.0, ge=0, allow_inf_nan=False,
        description="Intentional mode: share by which a unit in full agreement with the goal is amplified, and one in "
                    "full disagreement weakened (1, chosen here: the first doubles, the second falls silent).")
    centred: bool = Field(
        default=True,
        description="Intentional mode: whether patterns are compared after the mean pattern of all units was taken "
                    "from them, so that what is common to all neither agrees nor disagrees.")
    forward_weight: float = Field(
        default=0.5, ge=0, le=1,
        description="Bidirectional mode: weight of the forward direction in [0, 1]; the backward one has the rest.")


class ModeCycleParams(ZoneParams):
    """Which modes the zone cycles through, or the one that it keeps."""

    normal: bool = Field(
        default=True,
        description="Whether the mode that follows the weights is on. Of the modes that are on each has the same "
                    "share of the steps.")
    random: bool = Field(default=True, description="Whether the mode is on in which activity is passed on by chance.")
    intentional: bool = Field(
        default=True,
        description="Whether the mode is on in which a goal amplifies what agrees with it.")
    bidirectional: bool = Field(
        default=False,
        description="Whether the mode is on in which activity spreads both ways.")
    keep: PropagationMode | None = Field(default=None, description="The one mode to stay with, which must be on.")
    steps_each: PositiveInt = Field(default=1, description="Steps in a row of one mode, before the next has its turn.")
