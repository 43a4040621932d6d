"""The triggers of neurogenesis: a stream that surprises its experts, or a gate that cannot decide.

Surprise holds at an item when the running loss f of the stream is above ``max(s r, FLOOR)``, where s is the parameter
`surprise` and r what was to be expected of the experts that the items were routed to, as running mean; when it begins
to hold, r is kept as it is, so that it is taken before the surprising items. Ambiguity holds when the gate's running
normalised entropy is above the parameter `entropy`. Each counts for how many items in a row it has held.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aura.core.errors import SignalError
from aura.core.lasting import Stateful
from aura.zones.common.arrays import Array
from aura.zones.experts.growth.running import toward
from aura.zones.experts.params import GrowthParams

__all__ = ["FLOOR_NATS", "Triggers"]

FLOOR_NATS = 0.1
"""Running loss below which nothing surprises (tuned here: the loss of a mixture that gives the truth 0.9)."""

_SEEN, _LOSS, _EXPECTED, _ENTROPY, _HELD, _SURPRISED, _AMBIGUOUS = range(7)
_FIELDS = 7


@njit(cache=True, nogil=True)
def _observe(entropy: Any, loss: Any, expected: Any, over: float, surprise: float, ambiguity: float, memo: Any) -> int:
    """Count items one after the other; `memo` is changed, unless an item (returned) has a flaw."""
    for i in range(len(loss)):
        if not (np.isfinite(loss[i]) and np.isfinite(expected[i]) and np.isfinite(entropy[i])):
            return i
    for i in range(len(loss)):
        memo[_SEEN] += 1.0
        rate = max(1.0 / over, 1.0 / memo[_SEEN])
        memo[_LOSS] = toward(memo[_LOSS], loss[i], rate)
        memo[_EXPECTED] = toward(memo[_EXPECTED], expected[i], rate)
        memo[_ENTROPY] = toward(memo[_ENTROPY], entropy[i], rate)
        if memo[_SEEN] < over:
            continue
        held = memo[_HELD] if memo[_SURPRISED] > 0.0 else memo[_EXPECTED]
        if surprise > 0.0 and memo[_LOSS] > max(surprise * held, FLOOR_NATS):
            memo[_HELD] = held
            memo[_SURPRISED] += 1.0
        else:
            memo[_SURPRISED] = 0.0
        memo[_AMBIGUOUS] = memo[_AMBIGUOUS] + 1.0 if ambiguity < 1.0 and memo[_ENTROPY] > ambiguity else 0.0
    return -1


class Triggers(Stateful):
    """How long the stream has surprised, and the gate been at a loss.

    Parameters
    ----------
    params : GrowthParams
        Its `surprise`, `surprise_items` and `entropy`.
    where : str
        Whose it is, for errors.
    """

    lasting = ("_memo",)

    def __init__(self, params: GrowthParams, where: str = "growth") -> None:
        self._params, self._where = params, where
        self._memo: Array = np.zeros(_FIELDS)

    @property
    def loss(self) -> float:
        """The running loss of the stream over `surprise_items`, in nats."""
        return float(self._memo[_LOSS])

    @property
    def expected(self) -> float:
        """What it was to be, by whom the items were routed to; as before the surprise, while it lasts."""
        return float(self._memo[_HELD] if self._memo[_SURPRISED] else self._memo[_EXPECTED])

    @property
    def entropy(self) -> float:
        """The gate's running normalised entropy, over the same items."""
        return float(self._memo[_ENTROPY])

    @property
    def surprised(self) -> int:
        """For how many items in a row the stream has surprised."""
        return int(self._memo[_SURPRISED])

    @property
    def ambiguous(self) -> int:
        """For how many items in a row the gate has been at a loss."""
        return int(self._memo[_AMBIGUOUS])

    def reset(self) -> None:
        """Begin to count anew; the running means stay."""
        self._memo[_SURPRISED] = self._memo[_AMBIGUOUS] = 0.0

    def observe(self, entropy: NDArray[Any], loss: NDArray[Any], expected: Array) -> None:
        """Take in items (n,) in order; raises `SignalError` at a number that is not finite, and then counts nothing."""
        flaw = _observe(entropy, loss, expected, float(self._params.surprise_items), self._params.surprise,
                        self._params.entropy, self._memo)
        if flaw >= 0:
            raise SignalError(f"{self._where}: item {flaw} of {len(loss)}", expected="finite losses and entropies",
                              got=f"loss {loss[flaw]}, expected {expected[flaw]}, entropy {entropy[flaw]}")
