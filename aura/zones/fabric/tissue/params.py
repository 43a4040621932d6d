"""The tissue's parameters: connectivity, and each rule of plasticity."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from aura.core.zone import ZoneParams
from aura.zones.common.switches import Switch
from aura.zones.fabric.units import Hertz, Micrometres, Microsiemens, Milliseconds, Seconds, Velocity

__all__ = [
    "ActivationParams",
    "CalciumStdpParams",
    "ConnectivityParams",
    "EligibilityParams",
    "HomeostasisParams",
    "PlasticityParams",
    "StdpParams",
]


class ConnectivityParams(ZoneParams):
    """How the cells of a grid are connected.

    References
    ----------
    W. Maass, T. Natschläger, H. Markram, Real-time computing without stable states, Neural Computation 14, 2002,
    doi:10.1162/089976602760407955.
    R. Perin, T. K. Berger, H. Markram, A synaptic organizing principle for cortical neuronal groups, PNAS 108, 2011,
    doi:10.1073/pnas.1016051108 (probability falls with distance).
    S. Song, P. J. Sjöström, M. Reigl, S. Nelson, D. B. Chklovskii, Highly nonrandom features of synaptic connectivity
    in local cortical circuits, PLoS Biology 3, 2005, doi:10.1371/journal.pbio.0030068 (lognormal weights).
    """

    spacing_um: tuple[Micrometres, Micrometres, Micrometres] = Field(
        default=(20.0, 20.0, 20.0),
        description="Distance of neighbouring cells along x, y and z. 20 um is about the cortex's density, 10⁵ "
                    "cells/mm³ (Braitenberg and Schüz, Cortex, 1998).")
    profile: Literal["gaussian", "exponential"] = Field(
        default="gaussian",
        description="How the probability falls with the distance d: exp(-d² / (2 length²)) or exp(-d / length).")
    length_um: Micrometres = Field(
        default=60.0, gt=0, allow_inf_nan=False,
        description="Length of the profile. 60 um is λ = 4.2 cells in the form exp(-(d / λ)²) of Maass et al. 2002, "
                    "who took 2; it is tuned here for some 120 synapses per cell away from open borders (88 on "
                    "average in a grid of 17 x 17 x 128).")
    radius_um: Micrometres = Field(
        default=180.0, gt=0, allow_inf_nan=False,
        description="Cells farther apart than this are never connected; 3 lengths leave out 1 % of a Gaussian's peak.")
    peak_ee: float = Field(
        default=0.3, ge=0, le=1,
        description="Probability at distance 0 from an excitatory to an excitatory cell: the C of Maass et al. 2002, "
                    "0.3.")
    peak_ei: float = Field(
        default=0.2, ge=0, le=1,
        description="Probability at distance 0 from an excitatory to an inhibitory cell: the C of Maass et al. 2002, "
                    "0.2.")
    peak_ie: float = Field(
        default=0.4, ge=0, le=1,
        description="Probability at distance 0 from an inhibitory to an excitatory cell: the C of Maass et al. 2002, "
                    "0.4.")
    peak_ii: float = Field(
        default=0.1, ge=0, le=1,
        description="Probability at distance 0 from an inhibitory to an inhibitory cell: the C of Maass et al. 2002, "
                    "0.1.")
    excitatory_share: float = Field(
        default=0.8, ge=0, le=1,
        description="Share of excitatory cells, 0.8 as in the cortex (Braitenberg and Schüz 1998; Maass et al. 2002).")
    borders: Literal["open", "periodic"] = Field(
        default="open",
        description="Whether the grid ends at its borders or goes on at the opposite ones.")
    excitatory_weight_us: Microsiemens = Field(
        default=0.0002, gt=0, allow_inf_nan=False,
        description="Mean weight of an excitatory synapse. Chosen here, within the 0.1 to 5 nS that Table 4 of "
                    "doi:10.1038/s41540-025-00527-9 gives for a network of multicompartment cells.")
    inhibitory_weight_us: Microsiemens = Field(
        default=0.002, gt=0, allow_inf_nan=False,
        description="Mean weight of an inhibitory synapse. Chosen here, within the 0.1 to 5 nS that Table 4 of "
                    "doi:10.1038/s41540-025-00527-9 gives for a network of multicompartment cells.")
    weight_sigma: float = Field(
        default=0.9355, ge=0, le=3,
        description="Standard deviation of the logarithm of the weights, 0 for equal weights; 0.9355 is the fit of "
                    "Song et al. 2005.")
    weight_ceiling: float = Field(
        default=5.0, ge=1, allow_inf_nan=False,
        description="Largest weight as a multiple of the mean; what the lognormal's tail has beyond is cut to it "
                    "(chosen here).")
    weight_length_um: Micrometres | None = Field(
        default=None, gt=0, allow_inf_nan=False,
        description="If given, the mean weight falls with exp(-d / length).")
    velocity_um_per_ms: Velocity = Field(
        default=300.0, gt=0, allow_inf_nan=False,
        description="Conduction velocity; 300 um/ms = 0.3 m/s is that of the thinnest unmyelinated axons (Swadlow and "
                    "Waxman 2012, doi:10.4249/scholarpedia.1451).")
    synaptic_delay_ms: Milliseconds = Field(
        default=0.5, ge=0, allow_inf_nan=False,
        description="Delay of the synapse itself, which conduction is added to; 0.5 ms after Katz and Miledi 1965, "
                    "doi:10.1098/rspb.1965.0016.")

    @model_validator(mode="after")
    def _spaced(self) -> ConnectivityParams:
        if not all(0 < length < float("inf") for length in self.spacing_um):
            raise ValueError("spacing_um above 0 on every axis")
        return self


class StdpParams(ZoneParams):
    """Pair-based spike-timing-dependent plasticity.

    References
    ----------
    G. Bi, M. Poo, J. Neuroscience 18, 1998, doi:10.1523/JNEUROSCI.18-24-10464.1998.
    S. Song, K. D. Miller, L. F. Abbott, Nature Neuroscience 3, 2000, doi:10.1038/78829.
    A. Morrison, M. Diesmann, W. Gerstner, Biological Cybernetics 98, 2008, doi:10.1007/s00422-008-0233-1.
    """

    amplitude_plus: float = Field(
        default=0.005, ge=0, le=1,
        description="Change at once at a pairing that strengthens, as a share of the largest weight (additive) or of "
                    "the way to the bound (multiplicative); 0.005 after Song, Miller and Abbott 2000.")
    amplitude_minus: float = Field(
        default=0.00525, ge=0, le=1,
        description="The same of a pairing that weakens; 1.05 times the other, of the same source.")
    tau_plus_ms: Milliseconds = Field(
        default=20.0, gt=0, allow_inf_nan=False,
        description="Time constant of the window for presynaptic spikes before postsynaptic ones; 20 ms after Song, "
                    "Miller and Abbott 2000. Fits to the recordings of Bi and Poo 1998 give about 17 ms.")
    tau_minus_ms: Milliseconds = Field(
        default=20.0, gt=0, allow_inf_nan=False,
        description="The same for presynaptic spikes after postsynaptic ones; 20 ms, of the same source. Fits to the "
                    "recordings of Bi and Poo 1998 give about 34 ms.")
    bounds: Literal["additive", "multiplicative"] = Field(
        default="additive",
        description="Whether the change is independent of the weight and clipped at 0 and the largest weight, or "
                    "proportional to the way that is left to the bound (Morrison et al. 2008, section 4.1).")


class CalciumStdpParams(ZoneParams):
    """Plasticity driven by the calcium of the postsynaptic segment.

    References
    ----------
    M. Graupner, N. Brunel, PNAS 109, 2012, doi:10.1073/pnas.1109359109.
    D. Higgins, M. Graupner, N. Brunel, PLoS Computational Biology 10, 2014, doi:10.1371/journal.pcbi.1003834
    (the flat potential, without bistability).
    H. Z. Shouval, M. F. Bear, L. N. Cooper, PNAS 99, 2002, doi:10.1073/pnas.152343099.
    """

    tau_s: Seconds = Field(
        default=150.0, gt=0, allow_inf_nan=False,
        description="Time constant of the efficacy, 150 s (Graupner and Brunel 2012, the set DP).")
    gamma_plus: float = Field(
        default=321.808, ge=0, allow_inf_nan=False,
        description="Rate of potentiation while calcium is above its threshold; 321.808 after Graupner and Brunel "
                    "2012.")
    gamma_minus: float = Field(
        default=200.0, ge=0, allow_inf_nan=False,
        description="Rate of depression while calcium is above its threshold; 200, of the same source.")
    threshold_plus_mmolar: float = Field(
        default=0.55e-3, gt=0, allow_inf_nan=False,
        description="Calcium above which there is potentiation. Graupner and Brunel have none in mmol/l; 0.55 umol/l "
                    "is the α₂ of Shouval, Bear and Cooper 2002.")
    threshold_minus_mmolar: float = Field(
        default=0.35e-3, gt=0, allow_inf_nan=False,
        description="Calcium above which there is depression; 0.35 umol/l is the α₁ of the same source.")
    presynaptic_tau_ms: Milliseconds | None = Field(
        default=50.0, gt=0, allow_inf_nan=False,
        description="With it the rates of a synapse are multiplied by exp(-s / tau), s being the time since a spike "
                    "last arrived at it, so that only synapses in use change; 50 ms is the order of decay of "
                    "glutamate bound to NMDA receptors (chosen here). Without it all synapses of a segment change "
                    "alike.")
    interval_ms: Milliseconds = Field(
        default=1.0, gt=0, allow_inf_nan=False,
        description="Calcium is looked at once in this time and taken as constant for so long (chosen here: short "
                    "beside the tens of milliseconds in which calcium decays).")


class EligibilityParams(ZoneParams):
    """Eligibility traces, which pairings of spikes feed and a modulator turns into weights.

    References
    ----------
    E. M. Izhikevich, Cerebral Cortex 17, 2007, doi:10.1093/cercor/bhl152.
    W. Gerstner, M. Lehmann, V. Liakoni, D. Corneil, J. Brea, Frontiers in Neural Circuits 12, 2018,
    doi:10.3389/fncir.2018.00053.
    """

    tau_ms: Milliseconds = Field(
        default=1000.0, gt=0, allow_inf_nan=False,
        description="Time constant of the trace, 1 s (Izhikevich 2007).")
    rate: float = Field(
        default=0.1, ge=0, allow_inf_nan=False,
        description="Share of the eligibility that a modulator of 1 adds to the weight at each call (chosen here).")
    amplitude_plus: float = Field(
        default=0.005, ge=0, le=1,
        description="What a pairing that strengthens adds to the trace, as a share of the largest weight.")
    amplitude_minus: float = Field(
        default=0.00525, ge=0, le=1,
        description="What a pairing that weakens takes from the trace, as a share of the largest weight.")
    tau_plus_ms: Milliseconds = Field(
        default=20.0, gt=0, allow_inf_nan=False,
        description="Time constant of the window for presynaptic spikes before postsynaptic ones.")
    tau_minus_ms: Milliseconds = Field(
        default=20.0, gt=0, allow_inf_nan=False,
        description="Time constant of the window for presynaptic spikes after postsynaptic ones.")


class HomeostasisParams(ZoneParams):
    """Synaptic scaling of a cell's excitatory input towards a target rate.

    References
    ----------
    G. G. Turrigiano et al., Nature 391, 1998, doi:10.1038/36103.
    G. G. Turrigiano, Cell 135, 2008, doi:10.1016/j.cell.2008.10.008.
    M. C. W. van Rossum, G. Q. Bi, G. G. Turrigiano, J. Neuroscience 20, 2000,
    doi:10.1523/JNEUROSCI.20-23-08812.2000.
    """

    target_hz: Hertz = Field(
        default=5.0, gt=0, allow_inf_nan=False,
        description="The rate at which nothing is scaled (chosen here: within the few Hz of cortical cells).")
    rate_tau_ms: Milliseconds = Field(
        default=10_000.0, gt=0, allow_inf_nan=False,
        description="Time constant of the estimate of a cell's rate (chosen here).")
    tau_s: Seconds = Field(
        default=1000.0, gt=0, allow_inf_nan=False,
        description="Time in which the weights of a silent cell grow by e. Recordings give hours to days (Turrigiano "
                    "2008); 1,000 s is chosen here so that it shows within a simulation.")
    interval_ms: Milliseconds = Field(
        default=100.0, gt=0, allow_inf_nan=False,
        description="Weights are scaled once in this time, rates taken as constant for so long (chosen here).")
    largest_step: float = Field(
        default=0.1, gt=0, le=1,
        description="Bound on the logarithm of one scaling (chosen here); it matters only for intervals that are long "
                    "beside tau.")


class ActivationParams(ZoneParams):
    """Tracking of the cells' activity."""

    rate_tau_ms: Milliseconds = Field(
        default=1000.0, gt=0, allow_inf_nan=False,
        description="Time constant of the running rates (chosen here).")
    window_ms: Milliseconds = Field(
        default=100.0, gt=0, allow_inf_nan=False,
        description="A cell counts as active if it has spiked within this time (chosen here).")


class PlasticityParams(ZoneParams):
    """Which rules run, and the largest weight that they all keep to; a rule that is None costs nothing."""

    largest_weight_us: Microsiemens = Field(
        default=0.001, gt=0, allow_inf_nan=False,
        description="No rule takes an excitatory weight beyond it (chosen here: the ceiling of `ConnectivityParams`'s "
                    "weights).")
    stdp: Annotated[StdpParams | None, Switch] = Field(
        default=None,
        description="Pair-based plasticity by the timing of spikes; `false` switches it off.")
    calcium: Annotated[CalciumStdpParams | None, Switch] = Field(
        default=None,
        description="Plasticity driven by the calcium of the postsynaptic segment; off unless it is given.")
    eligibility: Annotated[EligibilityParams | None, Switch] = Field(
        default=None,
        description="Traces that a modulator turns into weights; off unless it is given.")
    homeostasis: Annotated[HomeostasisParams | None, Switch] = Field(
        default=None,
        description="Scaling of a cell's excitatory input towards a target rate; `false` switches it off.")
    activation: Annotated[ActivationParams | None, Switch] = Field(
        default=ActivationParams(),
        description="Tracking of the cells' activity; `false` switches it off.")
