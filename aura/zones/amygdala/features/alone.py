"""The features of an export without a brain, for what reads its heads: `AmygdalaRelay`, or another program."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError
from aura.zones.amygdala.features.affect_code import LENGTH
from aura.zones.amygdala.features.estimate import AffectEstimate
from aura.zones.amygdala.features.export import read_estimate, read_settings, shape_of_estimate
from aura.zones.amygdala.features.reading import BESIDE, Reading, composed

__all__ = ["ExportedFeatures"]


class ExportedFeatures:
    """Makes rows of embeddings and texts as the zone would that was exported; numpy and plain files.

    Parameters
    ----------
    folder : path
        Where ``features.json`` lies.
    lexicon : path, optional
        VADER's lexicon, where the affect code is computed by it; by default that of the package ``vaderSentiment``.

    Raises
    ------
    StateError
        If a file is missing or damaged.
    """

    def __init__(self, folder: str | Path, lexicon: str | Path | None = None) -> None:
        settings = read_settings(Path(folder))
        self.parts = settings.features
        """Which features there are, in their order."""
        self._source = settings.source
        self._reading = Reading(settings.source, settings.tone_keywords, None if lexicon is None else str(lexicon))
        self._reading.names.replace(settings.emotions)
        self._estimate: AffectEstimate | None = None
        if settings.source == "estimate":
            features, classes = shape_of_estimate(Path(folder))
            self._estimate = AffectEstimate(features, classes, ridge=1.0, forgetting=1.0)
            self._estimate.adopt(read_estimate(Path(folder), features, classes))

    def rows(self, embedding: NDArray[Any], texts: Sequence[str] | None = None,
             annotations: Sequence[tuple[str, ...]] | None = None) -> NDArray[np.float32]:
        """Return the rows (n, features) of embeddings (n, width), with the text and the annotation of each.

        Raises
        ------
        SignalError
            If there are not as many of them as embeddings.
        """
        embedding = np.asarray(embedding, np.float32)
        beside = np.zeros((len(embedding), BESIDE), np.float32)
        for what, given in (("texts", texts), ("annotations", annotations)):
            if given is not None and len(given) != len(embedding):
                raise SignalError(f"ExportedFeatures.rows.{what}", expected=f"{len(embedding)}, one an embedding",
                                  got=str(len(given)))
        if texts is not None:
            beside[:] = self._reading.texts(texts)
        if annotations is not None and self._source == "annotation":
            beside[:, :LENGTH] = self._reading.annotations(annotations)
        return composed(self.parts, beside, self._estimate, embedding, "ExportedFeatures.rows")
