"""The gate of a mixture of experts: it senses a stimulus, decides who is asked, and learns from how well they did."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import ParameterError, SignalError
from aura.core.lasting import Stateful
from aura.zones.experts.gate.balance import balance_loads
from aura.zones.experts.gate.gate_features import GateFeatures
from aura.zones.experts.gate.gate_kernels import route_rows
from aura.zones.experts.gate.routing import Routing, Rows
from aura.zones.experts.gate.utility_head import LARGEST_STEP, descend
from aura.zones.experts.params import GateParams

__all__ = ["LEAST_TEMPERATURE", "Gate"]

LEAST_TEMPERATURE = 1e-6
"""Lower temperatures count as this one, at which any difference that float32 can hold decides alone."""

_NO_BIAS = np.zeros((0, 0), np.float32)


class Gate(Stateful):
    r"""Routes items to experts by a softmax over gate features, with a head that predicts each expert's utility.

    Parameters
    ----------
    params : GateParams
        How it routes and learns.
    features : int
        Length of a stimulus.
    seed : int
        Of the random projections.
    name : str
        Who it belongs to, for errors.

    Notes
    -----
    The logits are

    .. math:: l = W h + \beta V h + b + o

    with h the gate features, V the utility head, β its weight, b a bias of the item and o an offset of the expert.
    W begins with zeros: all are alike. Items are taken one after the other, so the bits do not depend on how a stream
    is cut into blocks (as long as nothing is learned between). There is no expert at first: call `grow`.

    References
    ----------
    M. I. Jordan, R. A. Jacobs, Hierarchical mixtures of experts and the EM algorithm, Neural Computation 6, 1994,
    doi:10.1162/neco.1994.6.2.181.
    N. Shazeer et al., Outrageously large neural networks, ICLR 2017, arXiv:1701.06538 (the best k).

    Examples
    --------
    >>> gate = Gate(GateParams(k=1, features=2, resonators=0), features=4, seed=1, name="gate")
    >>> gate.grow(), gate.grow()
    (0, 1)
    >>> h = gate.sense(np.eye(4, dtype=np.float32))
    >>> some = np.array([True, True]), np.zeros(2, np.int64)
    >>> routing = gate.route(h, None, np.array([0.0, 1.0]), 1.0, *some, 0)
    >>> routing.chosen.ravel().tolist(), routing.weights.ravel().tolist(), routing.full[0].round(3).tolist()
    ([1, 1, 1, 1], [1.0, 1.0, 1.0, 1.0], [0.26899999380111694, 0.7310000061988831])
    """

    lasting = ("softmax", "utility", "balance", "_features")

    def __init__(self, params: GateParams, features: int, seed: int, name: str) -> None:
        self.params = params
        self.name = name
        self._features = GateFeatures(params, features, seed, name)
        self._resize(0)

    @property
    def width(self) -> int:
        """How many gate features there are, H: a constant 1, the projections, the resonators."""
        return self._features.width

    @property
    def count(self) -> int:
        """How many experts there are, E."""
        return len(self.softmax)

    def sense(self, rows: NDArray[Any]) -> Rows:
        """Return the gate features (n, H) of stimuli (n, features); attention and resonators go on with each.

        Raises
        ------
        SignalError
            If the rows have another length.
        """
        return self._features.sense(rows)

    def project(self, rows: NDArray[Any]) -> Rows:
        """Return the random projections (n, m) of stimuli (n, features), from which `sense` and `adapt` go on."""
        return self._features.project(rows)

    def sense_projections(self, z: Rows) -> Rows:
        """Return the gate features of stimuli by their projections, as `sense` does."""
        return self._features.sense_projections(z)

    def adapt_projections(self, z: Rows) -> None:
        """Take in stimuli by their projections, as `adapt` does."""
        self._features.adapt_projections(z)

    def adapt(self, rows: NDArray[Any]) -> None:
        """Let the running moments, by which gate features are standardised, take in stimuli (n, features).

        Until they have taken in some items, features count as standardised as they are.
        """
        self._features.adapt(rows)

    def route(self, h: Rows, bias: NDArray[Any] | None, offsets: NDArray[Any], temperature: float,
              active: NDArray[np.bool_], groups: NDArray[np.int64], shared: int) -> Routing:
        """Decide who is asked about each item.

        Parameters
        ----------
        h : array (n, H)
            Gate features, as `sense` returned them.
        bias : array (n, any), optional
            Added to the logits of the first experts, item by item; columns beyond the experts are ignored.
        offsets : array (E,)
            Added to the logits of every item.
        temperature : float
            Of the softmax, as it is: the parameter of that name times its modulator; from 0 to infinity. That of the
            choice of groups is its own parameter times the same modulator.
        active : array (E,)
            Who may be asked. If nobody, all of `chosen` is -1.
        groups : array (E,)
            The group of each expert, 0 or more; counts only if the gate is hierarchical.
        shared : int
            So many first experts are asked always, beside the k best of the others.

        Raises
        ------
        SignalError
            If h, the bias, or what is given of each expert has another shape.
        """
        items, experts = len(h), self.count
        if h.shape != (items, self.width):
            raise SignalError(f"{self.name}.h", expected=f"shape (n, {self.width})", got=str(h.shape))
        if not len(offsets) == len(active) == len(groups) == experts:
            raise SignalError(f"{self.name}.route", expected=f"offsets, active and groups of {experts} experts",
                              got=f"{len(offsets)}, {len(active)} and {len(groups)}")
        if bias is not None and (bias.ndim != 2 or len(bias) != items):
            raise SignalError(f"{self.name}.bias", expected=f"shape ({items}, any)", got=str(bias.shape))
        params = self.params
        width = min(params.k + max(shared, 0), experts)
        routing = Routing(np.empty((items, width), np.int64), np.empty((items, width), np.float32),
                          np.empty(items, np.float32), np.empty((items, experts), np.float32))
        # What comes from elsewhere is copied: arrays from the bus are read-only, for which kernels would be built anew.
        extra = _NO_BIAS if bias is None else np.array(bias, np.float32, order="C")
        self._offsets[:], self._active[:], self._groups[:] = offsets, active, groups
        warm = temperature if temperature > LEAST_TEMPERATURE else LEAST_TEMPERATURE
        route_rows(h, self.softmax, self.utility, params.utility_weight, extra, self._offsets, self.balance,
                   self._active, self._groups, float(warm), params.group_temperature * warm / params.temperature,
                   params.hierarchical, max(shared, 0), params.k, params.permute, self._table, self._scratch, *routing)
        return routing

    def learn(self, h: Rows, chosen: NDArray[np.int64], weights: Rows, responsibilities: Rows, utilities: Rows,
              rate: float, temperature: float | None = None, active: NDArray[np.bool_] | None = None) -> None:
        """Learn from how well those did who were asked.

        Parameters
        ----------
        h : array (n, H)
            Gate features of the items when they were routed.
        chosen, weights : arrays (n, K)
            Of their routing.
        responsibilities : array (n, K)
            Share of each of the chosen in the mixture's likelihood of the truth; rows sum to 1.
        utilities : array (n, K)
            Log-likelihood of the truth under each of the chosen.
        rate : float
            Scales the learning; nothing is learned at 0 or below.
        temperature : float, optional
            At which they were routed; the parameter of that name, if not given.
        active : array (E,), optional
            Among whom the load is balanced; all, if not given.

        Raises
        ------
        SignalError
            If the shapes do not fit each other or the gate.

        Notes
        -----
        By groups, the gradient is that of the flat softmax, which is exact where both temperatures are the same. Of one
        expert alone the gradient is 0: with k = 1 it is the utility head that learns. A gate that permutes learns as if
        it did not, so that it cannot learn its way around the ablation.
        """
        if not rate > 0 or not len(h):
            return
        params, shape = self.params, (len(h), np.shape(chosen)[-1])
        if h.shape != (len(h), self.width) or not (
                chosen.shape == weights.shape == responsibilities.shape == utilities.shape == shape):
            raise SignalError(f"{self.name}.learn", expected=f"h (n, {self.width}), and the others alike (n, K)",
                              got=f"{h.shape}, {chosen.shape}, {weights.shape}, {responsibilities.shape} and "
                                  f"{utilities.shape}")
        if active is not None and len(active) != self.count:
            raise SignalError(f"{self.name}.active", expected=f"{self.count} experts", got=str(len(active)))
        warm = params.temperature if temperature is None else float(temperature)
        warm = warm if warm > LEAST_TEMPERATURE else LEAST_TEMPERATURE
        step = min(rate * params.learning_rate, LARGEST_STEP) * min(warm, 1.0 / warm)
        descend(h, chosen, weights, responsibilities, utilities, step,
                min(rate * params.utility_rate, LARGEST_STEP), self.softmax, self.utility)
        if params.balance_rate > 0:
            among = np.ones(self.count, np.bool_) if active is None else np.array(active, np.bool_)
            balance_loads(chosen, among, params.shared, params.balance_rate * min(rate, 1.0), self.balance)

    def grow(self, parent: int | None = None, active: NDArray[np.bool_] | None = None) -> int:
        """Add an expert, the gate's view of it that of its parent, or the mean of the active ones; return its index.

        Raises
        ------
        ParameterError
            If there is no such parent.
        """
        if parent is not None and not 0 <= parent < self.count:
            raise ParameterError(f"{self.name}.grow", expected=f"a parent of 0 to {self.count - 1}", got=str(parent))
        old: tuple[NDArray[Any], ...] = (self.softmax, self.utility, self.balance)
        among = np.ones(self.count, np.bool_) if active is None else np.asarray(active, np.bool_)
        self._resize(self.count + 1)
        new: tuple[NDArray[Any], ...] = (self.softmax, self.utility, self.balance)
        for table, before in zip(new, old, strict=True):
            table[:-1] = before
            if parent is not None:
                table[-1] = before[parent]
            elif among.any():
                table[-1] = before[among].mean(axis=0, dtype=np.float64)
        return self.count - 1

    def before_load(self, state: dict[str, Any]) -> None:
        self._resize(len(state["softmax"]))

    def _resize(self, experts: int) -> None:
        self.softmax: Rows = np.zeros((experts, self.width), np.float32)
        """W, (E, H); changed in place."""
        self.utility: Rows = np.zeros((experts, self.width), np.float32)
        """V, (E, H); changed in place."""
        self.balance = np.zeros(experts)
        """Biases of the choice, (E,); changed in place."""
        self._offsets = np.zeros(experts)
        self._active = np.zeros(experts, np.bool_)
        self._groups = np.zeros(experts, np.int64)
        self._table = np.zeros((experts, self.width), np.float32)
        self._scratch = np.zeros((4, experts))
