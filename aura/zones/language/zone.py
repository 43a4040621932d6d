"""The zone `language`: predicts the tokens of each window, then learns from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from aura.core.errors import SignalError, StateError
from aura.core.signals import Inputs
from aura.core.time import Time, format_time
from aura.core.zone import Zone, ZoneContext
from aura.zones.common.heads import head_array, read_head, write_head
from aura.zones.language.learner import Learner, Window
from aura.zones.language.params import LanguageParams
from aura.zones.language.plugin import MANIFEST

__all__ = ["CORE_FILE", "Language"]

CORE_FILE = "language_core.msgpack"


class Language(Zone[LanguageParams]):
    """Reads windows of tokens in lanes that go on where they were, and learns from what it did not expect.

    Notes
    -----
    `step` says how surprising each answer is by the weights as they are, and keeps the gradient while the zone learns;
    `learn` moves the weights by it. So what is published is prequential, and with learning off held out. What the lanes
    have read is carried on in either case, and ends where a document does.
    """

    manifest = MANIFEST
    lasting = ("_learner",)

    def __init__(self, context: ZoneContext[LanguageParams]) -> None:
        super().__init__(context)
        self._learner = Learner(self.params, self.rng)

    def step(self, now: Time, inputs: Inputs) -> dict[str, Any] | None:
        """Return how surprising the windows that have come are."""
        if inputs["tokens"] is None or not len(inputs["tokens"]):
            self._learner.forget()
            if inputs["tokens"] is None:
                return None
            answers = max(inputs["tokens"].shape[1] - 1, 0)
            return {"surprise": np.zeros((0, answers), np.float32)}
        window = self._window(now, inputs)
        found = self._learner.read(window, learns=self.learns)
        surprise, count = np.array(found.surprise), int(window.mask.sum())
        out: dict[str, Any] = {"surprise": surprise, "firing": np.array(found.firing)}
        if count:
            out["loss"] = float(surprise.sum(dtype=np.float64) / count)
        return out

    def learn(self, now: Time, inputs: Inputs) -> dict[str, float]:
        """Learn from the windows that have just been predicted."""
        modulators = inputs.modulators
        return self._learner.learn(modulators["learning_rate"] * modulators["learning_drive"])

    # --- what comes -----------------------------------------------------------------------------------------------

    def _window(self, now: Time, inputs: Inputs) -> Window:
        """Return a window as the core reads it.

        Raises
        ------
        SignalError
            If it is too short or too long, has a token that there is not, or cannot be what follows the last one.
        """
        where, core = f"{self.context.name}.{{}} at {format_time(now)}", self.params.core
        tokens = inputs["tokens"]
        lanes, length = tokens.shape
        if not 2 <= length <= core.rope_length + 1:
            raise SignalError(where.format("tokens"), got=f"{length}", expected="windows of 2 tokens to "
                              f"{core.rope_length + 1}, one more than rope_length",
                              hint="Play windows of another length, or raise core.rope_length.")
        low, high = int(tokens.min()), int(tokens.max())
        if low < 0 or high >= core.vocabulary:
            raise SignalError(where.format("tokens"), expected=f"tokens from 0 to {core.vocabulary - 1}",
                              got=str(low if low < 0 else high),
                              hint="core.vocabulary is the number of the tokenizer's tokens.")
        begins, mask = inputs["begins"], inputs["mask"]
        for name, given, width in (("begins", begins, length), ("mask", mask, length - 1)):
            if given is not None and given.shape != (lanes, width):
                raise SignalError(where.format(name), expected=f"shape ({lanes}, {width}), by that of the tokens",
                                  got=f"shape {given.shape}")
        known = self._learner.lanes
        if begins is None:
            begins = np.zeros((lanes, length - 1), bool)
        elif known and lanes != known and not begins[:, 0].all():
            raise SignalError(where.format("tokens"), expected=f"{known} lanes, as before", got=str(lanes),
                              hint="Other lanes may come where each begins a document.")
        begins = np.zeros_like(begins[:, :length - 1]) if self.params.across_documents else np.array(
            begins[:, :length - 1])
        mask = np.ones((lanes, length - 1), bool) if mask is None else np.array(mask)
        return Window(np.array(tokens), begins, mask)

    # --- export ---------------------------------------------------------------------------------------------------

    def export(self, folder: str | Path) -> list[Path]:
        """Write the core's weights by name, and return the file."""
        state = self._learner.state()
        return [write_head(Path(folder) / CORE_FILE, {
            "backend": self.params.lang_backend, "core": self.params.core.model_dump(mode="json"),
            "weights": state["weights"]})]

    def load_export(self, folder: str | Path) -> list[Path]:
        """Take over the weights that `export` wrote; learning goes on from them.

        Raises
        ------
        StateError
            If the file is missing or damaged, or the core is of another kind or size.
        """
        path = Path(folder) / CORE_FILE
        head = read_head(path)
        if head.get("backend") != self.params.lang_backend:
            raise StateError(f"{path}: backend", expected=self.params.lang_backend, got=repr(head.get("backend")))
        weights = head.get("weights")
        if not isinstance(weights, dict):
            raise StateError(f"{path}: weights", expected="arrays by name", got=type(weights).__name__)
        for name, array in weights.items():
            head_array(weights, name, tuple(getattr(array, "shape", ())), path)
        self._learner.take_weights(weights, str(path))
        return [path]
