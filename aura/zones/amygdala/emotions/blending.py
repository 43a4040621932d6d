"""How data override a prototype: what both say of a text, weighed by how far the data are trusted for each emotion."""

from __future__ import annotations

import numpy as np

from aura.zones.common.arrays import Array

__all__ = ["blended"]


def blended(prototype: Array, data: Array, trust: Array) -> Array:
    r"""Return log probabilities (n, emotions), each row's adding up to one.

    Parameters
    ----------
    prototype : array (n, emotions)
        Log probabilities by the prototypes.
    data : array (n, emotions)
        Log likelihood ratios by a readout that data have taught: its log probability less the log frequency of the
        emotion. What it says where the trust is 0 is ignored and may be anything, not a number too.
    trust : array (emotions,)
        From 0, where no data have taught an emotion, to 1.

    Notes
    -----
    Within the emotions T that data have taught, a product of experts; how much falls to T as a whole stays as the
    prototypes say, for data without a label for an emotion are no evidence against it:

    .. math:: p(c) = p_0(T)\, \frac{p_0(c)\, r_c^{\tau_c}}{\sum_{k \in T} p_0(k)\, r_k^{\tau_k}}, \quad c \in T

    References
    ----------
    G. E. Hinton, Training products of experts by minimizing contrastive divergence, Neural Computation 14, 2002,
    doi:10.1162/089976602760128018.

    Examples
    --------
    >>> log = np.log(np.array([[0.4, 0.4, 0.2]]))
    >>> np.exp(blended(log, np.array([[2.0, 0.0, np.nan]]), np.array([1.0, 1.0, 0.0]))).round(2).tolist()
    [[0.7, 0.1, 0.2]]
    """
    taught = trust > 0
    out = np.array(prototype, dtype=np.float64)
    if not taught.any():
        return out
    share = _log_total(out[:, taught])
    both = out[:, taught] + trust[taught] * data[:, taught]
    out[:, taught] = both - _log_total(both) + share
    return out


def _log_total(logs: Array) -> Array:
    total: Array = np.logaddexp.reduce(logs, axis=1, keepdims=True)
    return total
