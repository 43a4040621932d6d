"""In which order the rows of conversations are played: those of one in order, whatever comes between them."""

from __future__ import annotations

import numpy as np

from aura.sim.readers.order import pass_draws

__all__ = ["last_of_each", "place_in_each", "talk_order"]


def talk_order(rows: np.ndarray, talk: np.ndarray, turn: np.ndarray, *, seed: int, number: int, shuffle: bool = False,
               together: int = 1, shuffle_turns: bool = False) -> np.ndarray:
    """Return rows conversation by conversation, or with several of them open at once.

    It follows from the rows, seed and number of the pass alone.

    Parameters
    ----------
    rows : array of int64
        Those to play.
    talk : array of int64
        The conversation of each row that there is.
    turn : array
        Where each stands in its conversation; of two that stand alike, the one comes first that does so in `rows`.
    seed : int
        The stream's own.
    number : int
        Which pass.
    shuffle : bool
        Whether the conversations begin in an order that is drawn, not in that of their first rows.
    together : int
        How many conversations are open at once, while there are as many: whose row is next is drawn, each as likely.
    shuffle_turns : bool
        Whether the rows of a conversation change places.

    Examples
    --------
    >>> talk, turn = np.array([0, 1, 0, 1, 2]), np.array([0, 5, 1, 4, 0])
    >>> talk_order(np.arange(5), talk, turn, seed=1, number=0).tolist()
    [0, 2, 3, 1, 4]
    >>> talk_order(np.arange(5), talk, turn, seed=1, number=0, together=2).tolist()
    [0, 3, 1, 2, 4]
    """
    draws = pass_draws(seed, number)
    present, first, of = np.unique(talk[rows], return_index=True, return_inverse=True)
    place = np.empty(len(present), dtype=np.int64)
    begun = np.argsort(first)
    place[begun] = draws.permutation(len(present)) if shuffle else np.arange(len(present))
    within = draws.random(len(rows)) if shuffle_turns else turn[rows]
    ordered: np.ndarray = rows[np.lexsort((np.arange(len(rows)), within, place[of]))]
    if together == 1:
        return ordered
    lengths = np.bincount(place[of], minlength=len(present))
    played: np.ndarray = ordered[_interleaved(lengths, together, draws.random(len(rows)))]
    return played


def last_of_each(keys: np.ndarray) -> np.ndarray:
    """Return which elements are the last with their key.

    Examples
    --------
    >>> last_of_each(np.array([3, 3, 1, 3])).tolist()
    [False, False, True, True]
    """
    last = np.zeros(len(keys), dtype=bool)
    last[len(keys) - 1 - np.unique(keys[::-1], return_index=True)[1]] = True
    return last


def place_in_each(keys: np.ndarray) -> np.ndarray:
    """Return how many elements before each have its key.

    Examples
    --------
    >>> place_in_each(np.array([3, 3, 1, 3])).tolist()
    [0, 1, 0, 2]
    """
    order = np.argsort(keys, kind="stable")
    begins = np.append(True, keys[order][1:] != keys[order][:-1])
    starts = np.flatnonzero(begins)
    places = np.empty(len(keys), dtype=np.int64)
    places[order] = np.arange(len(keys)) - np.repeat(starts, np.diff(np.append(starts, len(keys))))
    return places


def _interleaved(lengths: np.ndarray, together: int, draws: np.ndarray) -> np.ndarray:
    """Return the positions of elements that lie run after run, so that so many runs are open at once."""
    ends = np.cumsum(lengths).tolist()
    starts = [0, *ends[:-1]]
    opened = [[start, end] for start, end in zip(starts[:together], ends[:together], strict=True)]
    following = zip(starts[together:], ends[together:], strict=True)
    order = np.empty(len(draws), dtype=np.int64)
    for at, draw in enumerate(draws.tolist()):
        slot = int(draw * len(opened))
        run = opened[slot]
        order[at] = run[0]
        run[0] += 1
        if run[0] == run[1]:
            begin = next(following, None)
            opened[slot:slot + 1] = [] if begin is None else [list(begin)]
    return order
