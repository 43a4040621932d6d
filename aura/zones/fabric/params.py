"""Parameters of the fabric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

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
    """What a neuron of the tissue is.

    Parameters
    ----------
    swc : str, optional
        An SWC file with its shape; otherwise it has a soma and straight dendrites.
    unit, scale : str, float
        The unit of the file's lengths, as "nm", and by what they are multiplied besides.
    roots : {"join", "first", "refuse"}
        What becomes of further trees of the file: joined to the first point, left out, or an error.
    zero_radius_um : float, optional
        What stands for a radius of the file that is not above 0; otherwise the neurite ends in a point there, and
        passes no current.
    dendrites, segments : int
        How many dendrites, and of how many segments each; without dendrites it is a point neuron.
    soma_um, segment_um, dendrite_um : float
        Length and diameter of the soma, length of a segment, diameter of a dendrite.
    channels : dict
        Conductance density in S/cm² by channel: a number for all of the membrane, or a table by kind of section
        (``soma``, ``axon``, ``basal``, ``apical``, ``dendrite``, ``all``). A table with ``gates`` declares a channel
        of your own. What is given comes on top of the squid's sodium, potassium and leak everywhere, and calcium and
        calcium-dependent potassium in dendrites; ``false`` leaves a channel out, and ``replace = true`` all of these.
    capacitance_uf_cm2, axial_ohm_cm, temperature_c : float
        Specific capacitance, resistivity of the cytoplasm, temperature.
    initial_mv, threshold_mv : float
        Voltage to begin at; voltage whose crossing at the soma is a spike.
    hotspot_mv : float
        A segment above it is a hotspot: a dendritic spike is under way there.
    dt_ms : float
        Time step.
    dtype : {"float32", "float64"}
        Of all state.
    """

    swc: str | None = None
    unit: str = "um"
    scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    roots: Literal["join", "first", "refuse"] = "join"
    zero_radius_um: Micrometres | None = Field(default=None, gt=0, allow_inf_nan=False)
    dendrites: int = Field(default=2, ge=0, le=64)
    segments: PositiveInt = 2
    soma_um: Micrometres = Field(default=20.0, gt=0, allow_inf_nan=False)
    segment_um: Micrometres = Field(default=50.0, gt=0, allow_inf_nan=False)
    dendrite_um: Micrometres = Field(default=2.0, gt=0, allow_inf_nan=False)
    channels: dict[str, Any] = Field(default_factory=default_channels)
    capacitance_uf_cm2: Capacitance = Field(default=1.0, gt=0, allow_inf_nan=False)
    axial_ohm_cm: Resistivity = Field(default=100.0, gt=0, allow_inf_nan=False)
    temperature_c: Celsius = Field(default=6.3, ge=0, le=50)
    initial_mv: Millivolts = Field(default=-65.0, ge=-120, le=60)
    threshold_mv: Millivolts = Field(default=0.0, ge=-60, le=60)
    hotspot_mv: Millivolts = Field(default=-20.0, ge=-60, le=60)
    dt_ms: Milliseconds = Field(default=0.025, gt=0, allow_inf_nan=False)
    dtype: Literal["float32", "float64"] = "float32"

    @model_validator(mode="after")
    def _of_a_file(self) -> NeuronParams:
        about_it = ("unit", "scale", "roots", "zero_radius_um")
        idle = [name for name in about_it if getattr(self, name) != type(self).model_fields[name].default]
        if self.swc is None and idle:
            raise ValueError(f"swc, the file that {' and '.join(idle)} would be about")
        return self


_RULES: dict[str, Any] = {"stdp": StdpParams(), "homeostasis": HomeostasisParams(tau_s=100.0)}
"""Rules that a tissue has unless told otherwise."""


class TissueParams(ZoneParams):
    """The tissue: neurons, synapses between them, and what changes these.

    Parameters
    ----------
    neuron : NeuronParams
        Every neuron.
    connectivity : ConnectivityParams
        The synapses.
    plasticity : PlasticityParams
        The rules by which they change: pair STDP and homeostatic scaling, within 100 s, unless they are switched off.
    slot_ms : float
        Spikes are exchanged so often; delays are whole slots.
    drive_us : float
        Peak conductance in uS that each slot opens at a neuron whose place on the map answers in full (tuned here:
        with the default map it keeps 400 neurons at some 10 Hz; four times as much, and they fire as one).
    nmda_share : float
        Peak NMDA conductance of an excitatory synapse, relative to its AMPA conductance.
    """

    neuron: NeuronParams = NeuronParams()
    connectivity: ConnectivityParams = ConnectivityParams()
    plasticity: PlasticityParams = PlasticityParams(**_RULES)
    slot_ms: Milliseconds = Field(default=0.5, gt=0, allow_inf_nan=False)
    drive_us: Microsiemens = Field(default=0.0005, ge=0, allow_inf_nan=False)
    nmda_share: float = Field(default=0.5, ge=0, allow_inf_nan=False)

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
    """How the next frame is predicted, and what is learned from the difference.

    Parameters
    ----------
    units : bool
        Whether it reads the map's activation, at most `most_units` of them, neighbours averaged.
    most_units : int
        See there.
    ridge, forgetting : float
        Of the recursive least squares.
    coherence : float
        Weight of the temporal coherence in what the kernels learn: the mean squared change of their features from frame
        to frame, against the mean squared error of the prediction (`FramePredictor` has the loss).
    direction : float
        Weight of the backward prediction, of the frame before the context, against the forward one.
    rate : float
        Learning rate of the convolution's kernels.
    block : int
        Frames after which the weights are brought up to date; what has come since waits.
    """

    units: bool = True
    most_units: PositiveInt = 2048
    ridge: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    forgetting: float = Field(default=1.0, gt=0, le=1)
    coherence: float = Field(default=0.3, ge=0, allow_inf_nan=False)
    direction: float = Field(default=0.5, ge=0, allow_inf_nan=False)
    rate: float = Field(default=1e-3, ge=0, allow_inf_nan=False)
    block: PositiveInt = 8


class FabricParams(ZoneParams):
    """Parameters of the fabric.

    Parameters
    ----------
    spatial_dims : tuple of three int
        Neurons along x, y and z; the map has a unit for each.
    frame : tuple of str
        The axes of a frame after the item axis; a frame of more than one axis is flattened.
    context : int
        How many frames map and prediction read together: the present one and those before it.
    map : SomParams
        The self-organising map.
    tissue : TissueParams, optional
        The spiking tissue; with ``false`` the map stands alone.
    convolution : Conv4DParams, optional
        The 4D convolution over the activity of the last ticks; ``false`` for none.
    nonlinearity : NonlinearityParams
        What the convolution's outputs go through.
    modes, propagation
        The modes of propagation and what they do.
    prediction : PredictionParams, optional
        Prediction of the next frame; ``false`` to predict nothing.
    labels : bool
        Whether a teacher tells what the frames were, and the map is read out.
    label_memory : int
        Frames whose label may still come.
    probes : int
        Neurons whose somatic voltage is published.
    threads : int
        Threads; the bits do not depend on it.
    device : {"cpu", "gpu"}
        Where the tissue is integrated.
    """

    spatial_dims: tuple[PositiveInt, PositiveInt, PositiveInt] = (5, 5, 16)
    frame: tuple[str, ...] = ("feature",)
    context: int = Field(default=1, ge=1, le=64)
    map: SomParams = SomParams()
    tissue: Annotated[TissueParams | None, Switch] = TissueParams()
    convolution: Annotated[Conv4DParams | None, Switch] = Conv4DParams(inputs=2, outputs=2)
    nonlinearity: NonlinearityParams = NonlinearityParams()
    modes: ModeCycleParams = ModeCycleParams()
    propagation: PropagationParams = PropagationParams()
    prediction: Annotated[PredictionParams | None, Switch] = PredictionParams()
    labels: bool = False
    label_memory: PositiveInt = 4096
    probes: int = Field(default=4, ge=0, le=64)
    threads: PositiveInt = 1
    device: Literal["cpu", "gpu"] = "cpu"

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
