"""Parameters of the fabric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from aura.core.paths import InputPath
from aura.core.zone import ZoneParams
from aura.zones.common.switches import Switch
from aura.zones.fabric.learning.response_params import (
    Conv4DParams,
    ModeCycleParams,
    NonlinearityParams,
    PropagationParams,
)
from aura.zones.fabric.som.params import SomParams
from aura.zones.fabric.tissue.params import ConnectivityParams, HomeostasisParams, PlasticityParams, StdpParams
from aura.zones.fabric.units import (
    Capacitance,
    Celsius,
    Micrometres,
    Microsiemens,
    Milliseconds,
    Millivolts,
    Resistivity,
)

__all__ = ["FabricParams", "NeuronParams", "PredictionParams", "TissueParams", "default_channels"]

Positive = Field(gt=0, allow_inf_nan=False)


def default_channels() -> dict[str, Any]:
    """Return the channels that a neuron has without a word, each with its density in S/cm² by kind of section."""
    return {"sodium": {"all": 0.12}, "potassium": {"all": 0.036}, "leak": {"all": 0.0003},
            "calcium": {"dendrite": 3e-5}, "calcium_potassium": {"dendrite": 3e-4}}


class NeuronParams(ZoneParams):
    """What a neuron of the tissue is."""

    swc: InputPath | None = Field(
        default=None,
        description="An SWC file with its shape; otherwise it has a soma and straight dendrites.")
    unit: str = Field(default="um", description="The unit of the file's lengths, as 'um' or 'nm'.")
    scale: float = Field(
        default=1.0, gt=0, allow_inf_nan=False,
        description="What the file's lengths are multiplied by besides.")
    roots: Literal["join", "first", "refuse"] = Field(
        default="join",
        description="What becomes of further trees of the file: joined to the first point, left out, or an error.")
    zero_radius_um: Micrometres | None = Field(
        default=None, gt=0, allow_inf_nan=False,
        description="What stands for a radius of the file that is not above 0; otherwise the neurite ends in a point "
                    "there, and passes no current.")
    dendrites: int = Field(
        default=2, ge=0, le=64,
        description="How many dendrites it has without a file; with none it is a point neuron.")
    segments: PositiveInt = Field(default=2, description="Of how many segments each dendrite is.")
    soma_um: Micrometres = Field(
        default=20.0, gt=0, allow_inf_nan=False,
        description="Length and diameter of the soma.")
    segment_um: Micrometres = Field(
        default=50.0, gt=0, allow_inf_nan=False,
        description="Length of a segment of a dendrite.")
    dendrite_um: Micrometres = Field(default=2.0, gt=0, allow_inf_nan=False, description="Diameter of a dendrite.")
    channels: dict[str, Any] = Field(
        default_factory=default_channels,
        description="Conductance density in S/cm² by channel: a number for all of the membrane, or a table by kind of "
                    "section (`soma`, `axon`, `basal`, `apical`, `dendrite`, which stands for basal and apical ones "
                    "too that are not named, `all`). A table with `gates` declares a channel of your own. What is "
                    "given comes on top of the squid's sodium, potassium and leak everywhere, and calcium and "
                    "calcium-dependent potassium in dendrites; `false` leaves a channel out, and `replace = true` all "
                    "of these.")
    capacitance_uf_cm2: Capacitance = Field(
        default=1.0, gt=0, allow_inf_nan=False,
        description="Specific capacitance of the membrane.")
    axial_ohm_cm: Resistivity = Field(
        default=100.0, gt=0, allow_inf_nan=False,
        description="Resistivity of the cytoplasm.")
    temperature_c: Celsius = Field(
        default=6.3, ge=0, le=50,
        description="Temperature, which the rates of channels follow.")
    initial_mv: Millivolts = Field(default=-65.0, ge=-120, le=60, description="Voltage to begin at.")
    threshold_mv: Millivolts = Field(
        default=0.0, ge=-60, le=60,
        description="Voltage whose crossing at the soma is a spike.")
    hotspot_mv: Millivolts = Field(
        default=-20.0, ge=-60, le=60,
        description="A segment above it is a hotspot: a dendritic spike is under way there.")
    dt_ms: Milliseconds = Field(default=0.025, gt=0, allow_inf_nan=False, description="Time step of the integration.")
    dtype: Literal["float32", "float64"] = Field(default="float32", description="Type of all numbers of its state.")

    @model_validator(mode="after")
    def _of_a_file(self) -> NeuronParams:
        about_it = ("unit", "scale", "roots", "zero_radius_um")
        idle = [name for name in about_it if getattr(self, name) != type(self).model_fields[name].default]
        if self.swc is None and idle:
            raise ValueError(f"swc, the file that {' and '.join(idle)} would be about")
        return self


_RULES: dict[str, Any] = {"stdp": StdpParams(), "homeostasis": HomeostasisParams(tau_s=100.0)}
"""Rules that a tissue has unless others are given."""


class TissueParams(ZoneParams):
    """The tissue: neurons, synapses between them, and what changes these."""

    neuron: NeuronParams = Field(default=NeuronParams(), description="What every neuron is.")
    connectivity: ConnectivityParams = Field(default=ConnectivityParams(), description="How the synapses are laid.")
    plasticity: PlasticityParams = Field(
        default=PlasticityParams(**_RULES),
        description="The rules by which they change: pair STDP and homeostatic scaling, within 100 s, unless they are "
                    "switched off.")
    slot_ms: Milliseconds = Field(
        default=0.5, gt=0, allow_inf_nan=False,
        description="Spikes are exchanged so often; delays are whole slots.")
    drive_us: Microsiemens = Field(
        default=0.0005, ge=0, allow_inf_nan=False,
        description="Peak conductance in uS that each slot opens at a neuron whose place on the map answers in full "
                    "(tuned here: with the default map it keeps 400 neurons at some 10 Hz; four times as much, and "
                    "they fire as one).")
    nmda_share: float = Field(
        default=0.5, ge=0, allow_inf_nan=False,
        description="Peak NMDA conductance of an excitatory synapse, relative to its AMPA conductance.")

    @field_validator("plasticity", mode="before")
    @classmethod
    def _with_rules(cls, given: Any) -> Any:
        """Leave the rules as they are where a table is about something else."""
        if not isinstance(given, Mapping):
            return given
        rules = {name: {**rule.model_dump(exclude_unset=True), **given[name]} if isinstance(given.get(name), Mapping)
                 else given.get(name, rule) for name, rule in _RULES.items()}
        return {**given, **rules}


class PredictionParams(ZoneParams):
    """How the next frame is predicted, and what is learned from the difference."""

    units: bool = Field(default=True, description="Whether it reads the map's activation.")
    most_units: PositiveInt = Field(
        default=2048,
        description="How many units of the map it reads at most; of more, neighbours are averaged.")
    ridge: float = Field(
        default=1.0, gt=0, allow_inf_nan=False,
        description="Of the recursive least squares: the penalty on the squared weights.")
    forgetting: float = Field(
        default=1.0, gt=0, le=1,
        description="Of the recursive least squares: factor by which the weight of the past shrinks with each frame; "
                    "1 is exact and forgets nothing.")
    coherence: float = Field(
        default=0.3, ge=0, allow_inf_nan=False,
        description="Weight of the temporal coherence in what the kernels learn: the mean squared change of their "
                    "features from frame to frame, against the mean squared error of the prediction (`FramePredictor` "
                    "has the loss).")
    direction: float = Field(
        default=0.5, ge=0, allow_inf_nan=False,
        description="Weight of the backward prediction, of the frame before the context, against the forward one.")
    rate: float = Field(
        default=1e-3, ge=0, allow_inf_nan=False,
        description="Learning rate of the convolution's kernels.")
    block: PositiveInt = Field(
        default=8,
        description="Frames after which the weights are brought up to date; what has come since waits.")


class FabricParams(ZoneParams):
    """Parameters of the fabric."""

    spatial_dims: tuple[PositiveInt, PositiveInt, PositiveInt] = Field(
        default=(5, 5, 16),
        description="Neurons along x, y and z; the map has a unit for each.")
    frame: tuple[str, ...] = Field(
        default=("feature",),
        description="The axes of a frame after the item axis; a frame of more than one axis is flattened.")
    context: int = Field(
        default=1, ge=1, le=64,
        description="How many frames map and prediction read together: the present one and those before it.")
    map: SomParams = Field(default=SomParams(), description="The self-organising map.")
    tissue: Annotated[TissueParams | None, Switch] = Field(
        default=TissueParams(),
        description="The spiking tissue; with `false` the map stands alone.")
    convolution: Annotated[Conv4DParams | None, Switch] = Field(
        default=Conv4DParams(inputs=2, outputs=2),
        description="The 4D convolution over the activity of the last ticks; `false` for none.")
    nonlinearity: NonlinearityParams = Field(
        default=NonlinearityParams(),
        description="What the convolution's outputs go through.")
    modes: ModeCycleParams = Field(
        default=ModeCycleParams(),
        description="Which modes of propagation it cycles through.")
    propagation: PropagationParams = Field(default=PropagationParams(), description="What the modes of propagation do.")
    prediction: Annotated[PredictionParams | None, Switch] = Field(
        default=PredictionParams(),
        description="Prediction of the next frame; `false` to predict nothing.")
    labels: bool = Field(
        default=False,
        description="Whether a teacher tells what the frames were, and the map is read out.")
    label_memory: PositiveInt | None = Field(
        default=None,
        description="Frames whose label may still come; by default as many as come until their labels do, as far as "
                    "the wiring tells, and 4096 at least.")
    probes: int = Field(default=4, ge=0, le=64, description="Neurons whose somatic voltage is published.")
    threads: PositiveInt = Field(default=1, description="Threads; the bits do not depend on it.")
    device: Literal["cpu", "gpu"] = Field(default="cpu", description="Where the tissue is integrated.")

    @field_validator("frame")
    @classmethod
    def _axes(cls, axes: tuple[str, ...]) -> tuple[str, ...]:
        if not axes or not all(axis.isidentifier() for axis in axes) or len(set(axes)) < len(axes):
            raise ValueError("names of axes that differ, as ('feature',) or ('row', 'column')")
        return axes

    @field_validator("convolution")
    @classmethod
    def _of_the_grid(cls, convolution: Conv4DParams | None) -> Conv4DParams | None:
        if convolution is not None and "inputs" in convolution.model_fields_set and convolution.inputs != 2:
            raise ValueError("two inputs, the tissue's activity and the map's activation")
        if convolution is not None and convolution.space != "same":
            raise ValueError("space = 'same', so that each neuron has a response")
        return convolution
