"""Running credit of the experts, and the bandit policies that turn it into a bias of the gate."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError
from aura.core.lasting import Stateful
from aura.zones.common.arrays import Array
from aura.zones.experts.gate.merit_kernels import credit_items, policy_bias, policy_probability
from aura.zones.experts.gate.routing import Rows
from aura.zones.experts.params import MeritParams

__all__ = ["FIRST_MERIT", "LEAST_SHARE", "MeritBoard"]

FIRST_MERIT = 0.5
"""Merit of the first expert before any reward: the middle of the range."""

LEAST_SHARE = 0.01
"""Uniform share of Exp3 where none is asked for: without any, its estimates would have no bound."""


class MeritBoard(Stateful):
    r"""Keeps what each expert has earned, and says by how much the gate should lean towards it.

    Parameters
    ----------
    params : MeritParams
        The policy, and what it weighs.

    Notes
    -----
    With γ the momentum, x a reward and n, m count and merit, at every item

    .. math:: n_e \leftarrow \gamma n_e \;(+ 1 \text{ if asked}), \quad m_e \leftarrow m_e + (x_e - m_e) / n_e

    for those asked: the discounted mean, exact from the first item. Policy "ucb" has the index
    :math:`m_e + c \sqrt{2 \log(1 + \sum n) / \max(n_e, 1)}`. Policy "exp3" has the index :math:`\log w_e`, with

    .. math:: p_e = (1 - \eta) w_e / \textstyle\sum w + \eta / E, \quad
              \log w_e \leftarrow \gamma \log w_e - \frac{\eta}{E} \, g_e (1 - x_e) / p_e

    where g is the weight of the answer. Exp3 draws one expert, for which g is 1; for a mixture each answer counts by
    its weight. Losses are estimated in place of gains, which is as unbiased and keeps those that are never asked from
    falling behind (Lattimore and Szepesvári, section 11.2). The bias is the index less its mean over the active
    experts, times the weight of the policy. It is bounded, as rewards are and p is at least η / E.

    References
    ----------
    P. Auer, N. Cesa-Bianchi, P. Fischer, Machine Learning 47, 2002, doi:10.1023/A:1013689704352 (UCB1).
    A. Garivier, E. Moulines, ALT 2011, arXiv:0805.3415 (discounted UCB).
    P. Auer et al., SIAM Journal on Computing 32, 2002, doi:10.1137/S0097539701398375 (Exp3).
    T. Lattimore, C. Szepesvári, Bandit Algorithms, 2020.

    Examples
    --------
    >>> board = MeritBoard(MeritParams(weight=1.0, exploration=0.0))
    >>> board.grow(), board.grow()
    (0, 1)
    >>> one = np.ones((4, 1), np.float32)
    >>> board.credit(np.array([[0], [1], [0], [1]]), one, np.array([[1.0], [0.0], [1.0], [0.5]], np.float32))
    >>> [f"{merit:.3f}" for merit in board.merit], [f"{bias:.3f}" for bias in board.bias()]
    (['1.000', '0.253'], ['0.374', '-0.374'])
    """

    lasting = ("_counts", "_merit", "_logs")

    def __init__(self, params: MeritParams) -> None:
        self.params = params
        self._share = max(params.exploration, LEAST_SHARE)
        self._resize(np.empty(0), np.empty(0), np.empty(0))

    @property
    def count(self) -> int:
        """How many experts there are, E."""
        return len(self._counts)

    @property
    def merit(self) -> Rows:
        """Running mean reward of each expert, (E,), 0 to 1."""
        return self._merit.astype(np.float32)

    def grow(self, active: NDArray[np.bool_] | None = None) -> int:
        """Add an expert with the mean merit of the active ones and no count, so that it is tried; return its index."""
        among = self._among(active)
        merit, logs = FIRST_MERIT, 0.0
        if among.any():
            merit, logs = float(self._merit[among].mean()), float(self._logs[among].mean())
        self._resize(np.append(self._counts, 0.0), np.append(self._merit, merit), np.append(self._logs, logs))
        return self.count - 1

    def credit(self, chosen: NDArray[np.int64], weights: Rows, rewards: Rows, momentum: float | None = None,
               active: NDArray[np.bool_] | None = None) -> None:
        """Credit those that were asked, item by item.

        Parameters
        ----------
        chosen, weights : arrays (n, K)
            Of their routing.
        rewards : array (n, K)
            0 to 1; what lies outside is cut.
        momentum : float, optional
            Share of old credit that is kept at each item, 0 to 1; the parameter of that name, if not given.
        active : array (E,), optional
            Among whom the policy chooses; all, if not given.

        Raises
        ------
        SignalError
            If the shapes do not fit each other or the board.
        """
        if chosen.ndim != 2 or not chosen.shape == weights.shape == rewards.shape:
            raise SignalError("merit.credit", expected="chosen, weights and rewards of one shape (n, K)",
                              got=f"{chosen.shape}, {weights.shape} and {rewards.shape}")
        keep = self.params.momentum if momentum is None else min(max(float(momentum), 0.0), 1.0)
        credit_items(chosen, weights, rewards, keep, self._share, self._among(active), self._chance, self._counts,
                     self._merit, self._logs)

    def bias(self, active: NDArray[np.bool_] | None = None) -> Rows:
        """Return what to add to the logits of the gate, (E,): of mean 0 over the active ones, 0 for the others."""
        out = np.zeros(self.count, np.float32)
        policy_bias(self.params.policy == "ucb", self.params.weight, self.params.exploration, self._among(active),
                    self._counts, self._merit, self._logs, out)
        return out

    def probability(self, active: NDArray[np.bool_] | None = None) -> Array:
        """Return the probability (E,) with which Exp3 would draw each of the active experts."""
        out = np.zeros(self.count)
        policy_probability(self._logs, self._among(active), self._share, out)
        return out

    def before_load(self, state: dict[str, Any]) -> None:
        self._resize(*np.zeros((3, len(state["counts"]))))

    def _among(self, active: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
        if active is None:
            return self._all
        if len(active) != self.count:
            raise SignalError("merit.active", expected=f"{self.count} experts", got=str(len(active)))
        return np.array(active, np.bool_)

    def _resize(self, counts: Array, merit: Array, logs: Array) -> None:
        self._counts, self._merit, self._logs = counts, merit, logs
        self._chance = np.zeros(len(counts))
        self._all = np.ones(len(counts), np.bool_)
