"""What stands beside an embedding: read of texts and annotations, and composed to a row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.classes import ClassIndex
from aura.core.lasting import Stateful
from aura.zones.amygdala.features.affect_code import LENGTH, NONE, affect_code
from aura.zones.amygdala.features.estimate import AffectEstimate
from aura.zones.amygdala.features.extras import EXTRAS, Extras
from aura.zones.amygdala.features.features import Part, joined
from aura.zones.amygdala.features.lexicon import Polarity, read_lexicon

__all__ = ["BESIDE", "Reading", "composed"]

BESIDE = LENGTH + EXTRAS
"""Features of the affect code and the text, 35."""

MOST_NAMES = 1024
"""Emotions told apart that annotations name; the code has no more than so many waves that are plainly different."""


class Reading(Stateful):
    """Reads texts and annotations.

    Parameters
    ----------
    source : {"estimate", "lexicon", "annotation"}, optional
        What the affect code is computed from; None where there is none.
    keywords : collection of str
        Words that set a tone.
    lexicon : str, optional
        The file of VADER's lexicon.
    """

    lasting = ("names",)

    def __init__(self, source: str | None, keywords: Collection[str], lexicon: str | None) -> None:
        self.names = ClassIndex(most=MOST_NAMES)
        """The emotions that annotations have named."""
        self._extras = Extras(keywords)
        self._lexicon = read_lexicon(lexicon) if source == "lexicon" else None

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return what is read of each text, (n, 35): the code of its polarity, where the lexicon is asked, and extras.
        """
        out = np.zeros((len(texts), BESIDE), np.float32)
        out[:, LENGTH:] = np.array([self._extras.of(text) for text in texts]).reshape(-1, EXTRAS)
        if self._lexicon is not None and texts:
            places, intensities = zip(*(_of_polarity(self._lexicon.polarity(text)) for text in texts), strict=True)
            out[:, :LENGTH] = affect_code(np.array(places), np.array(intensities))
        return out

    def annotations(self, annotations: Sequence[tuple[str, ...]]) -> NDArray[np.float32]:
        """Return the code of the first two emotions that each annotation names, (n, 32)."""
        places = np.full((len(annotations), 2), NONE, np.intp)
        for row, names in enumerate(annotations):
            for column, name in enumerate(list(dict.fromkeys(names))[:2]):
                places[row, column] = self.names.place(name)
        return affect_code(places, np.ones(places.shape)).astype(np.float32)


def composed(parts: Collection[Part], beside: NDArray[np.float32], estimate: AffectEstimate | None,
             embedding: NDArray[Any], where: str) -> NDArray[np.float32]:
    """Return rows of the parts, float32 (n, features), of what is known beside the embeddings, (n, 35); the affect code
    is that of the estimate, where there is one.
    """
    found: dict[Part, NDArray[np.float32]] = {"embedding": embedding}
    if "extras" in parts:
        found["extras"] = beside[:, LENGTH:]
    if "affect" in parts:
        found["affect"] = beside[:, :LENGTH] if estimate is None else affect_code(
            *estimate.read(joined(found, where))).astype(np.float32)
    return joined(found, where)


def _of_polarity(polarity: Polarity) -> tuple[tuple[int, int], tuple[float, float]]:
    """Return the two poles as emotions: the one that outweighs by how much it does, the other by all that is for it."""
    if polarity.compound >= 0:
        return (0, 1), (polarity.compound, polarity.negative)
    return (1, 0), (-polarity.compound, polarity.positive)
