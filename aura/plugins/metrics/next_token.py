"""The metric ``next-token``: loss per token and per byte of predicted tokens, beside an online n-gram."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from aura.core.errors import AuraError
from aura.core.lasting import Lasting, Stateful
from aura.core.signals import Signal
from aura.core.time import NEVER, Time, format_time
from aura.plugins.metrics.options import MetricOptions, Need, Pending, RowsEvery, Topic, Window
from aura.plugins.metrics.rolling import Rolling

__all__ = ["NextToken", "NextTokenOptions"]

_SAID = ("tokens", "begins", "mask", "bytes")
"""What a stream says in one tick."""


class NextTokenOptions(MetricOptions):
    """Options of the metric ``next-token``."""

    tokens: Topic = Field(description="Topic of windows of tokens, (item, length + 1), each answered by the next one.")
    begins: Topic = Field(description="Topic of where nothing is carried over, (item, length + 1).")
    mask: Topic = Field(description="Topic of the answers that count, (item, length).")
    bytes: Topic | None = Field(
        None, description="Topic of the bytes that the answers of a window stand for, (item); gives figures per byte.")
    loss: Topic | None = Field(
        None, description="Topic of a zone's loss of each answer in nats, (item, length); without it there is the "
                          "n-gram alone.")
    size: int = Field(ge=2, description="How many different tokens there are, as the tokenizer has.")
    order: int = Field(
        5, ge=1, le=32, description="Tokens of an n-gram, the last of which is predicted from those before it.")
    most: int = Field(
        1 << 23, ge=1,
        description="N-grams, and contexts, that are kept at most, about 24 and 48 bytes each; then none is added.")
    window: Window = 500
    every: RowsEvery = "auto"
    pending: Pending = None


class _Sums(Stateful):
    """What the figures of a phase are made of."""

    lasting: ClassVar[tuple[str | Lasting, ...]] = ("windows", "answers", "bytes", "nats", "ngram_nats")

    def __init__(self) -> None:
        self.windows = self.answers = self.bytes = 0
        self.nats = self.ngram_nats = 0.0


class NextToken(Rolling):
    """The mean loss of the answers that count, in nats per token and per byte, of a zone and of an n-gram.

    The n-gram (`NGram`) predicts each token from all counts before it, and counts it in learning phases if its window
    is seen for the first time; a zone that learns window by window has not learned from those of the same tick. In
    phases without learning it counts nothing. An item is a window.
    """

    kind = "next-token"
    needs: ClassVar = {
        "tokens": Need(("int",), axes=(1,), words="windows of tokens, (item, length + 1)"),
        "begins": Need(("bool",), axes=(1,), words="truth values, (item, length + 1)"),
        "mask": Need(("bool",), axes=(1,), words="truth values, (item, length)"),
        "bytes": Need(("int",), axes=(0,), words="whole numbers, (item)"),
        "loss": Need(("float",), axes=(1,), words="a loss of each answer, (item, length)"),
    }
    headlines: ClassVar = {"nats_per_token": "nats per token", "ngram_nats_per_token": "nats per token of the n-gram"}
    headings: ClassVar = {"nats": "nats", "ngram": "n-gram"}
    quantity = "nats per token"
    lasting = ("_ngram", "_matcher")

    def __init__(self, name: str, options: NextTokenOptions) -> None:
        from aura.plugins.metrics.ngram import NGram  # numba, which those who list the kinds do without

        super().__init__(name, options)
        self._ngram = NGram(options.order, options.size, options.most)
        self._matcher = self.matching(("tokens", "loss"), options.pending)
        self._came: dict[str, Signal] = {}
        """What the stream has said in this tick, by option."""

    def new_part(self) -> _Sums:
        return _Sums()

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        for option in _SAID:
            if signal.topic == getattr(self.options, option):
                self._came[option] = signal
                self.due = 0
        if signal.topic == self.options.loss:
            self._take(self._matcher.put(1, np.asarray(signal.ids).tolist(), np.asarray(signal.value, np.float64)),
                       signal.time)

    def after_tick(self, now: Time) -> Time:
        if self._came:
            came, self._came = self._came, {}
            self._read(came, now)
        return NEVER

    def _read(self, came: dict[str, Signal], now: Time) -> None:
        asked = [option for option in _SAID if getattr(self.options, option) is not None]
        where = f"metrics.{self.name} at {format_time(now)}"
        for option in asked:
            if option not in came or not np.array_equal(came[option].ids, came["tokens"].ids):  # type: ignore[arg-type]
                raise AuraError(where, expected=f"{', '.join(asked)} of the same items in one tick",
                                got=f"{option} of others, or none", hint="Name the topics of one stream.")
        tokens, begins, mask = (np.asarray(came[option].value) for option in ("tokens", "begins", "mask"))
        if tokens.shape != begins.shape or mask.shape != (len(tokens), tokens.shape[1] - 1):
            raise AuraError(where, expected="tokens and begins (item, length + 1), mask (item, length)",
                            got=f"{tokens.shape}, {begins.shape}, {mask.shape}")
        if tokens.size and not 0 <= int(tokens.min()) <= int(tokens.max()) < self.options.size:
            raise AuraError(where, expected=f"tokens from 0 to {self.options.size - 1}",
                            got=f"{int(tokens.min())} to {int(tokens.max())}", hint="Set `size` to the tokenizer's.")
        places = self.places(came["tokens"])
        learn = np.array([self.learning and self.is_first(place) for place in places], dtype=bool)
        ngram = self._ngram.read(tokens, begins, mask, learn).sum(axis=1)
        bytes_ = np.asarray(came["bytes"].value) if "bytes" in came else np.zeros(len(tokens), np.int64)
        told = [(place, int(count), float(nats), row) for place, count, nats, row
                in zip(places, bytes_, ngram, mask, strict=True)]
        if self.options.loss is None:
            self._take([[one, None] for one in told], now)
        else:
            self._take(self._matcher.put(0, np.asarray(came["tokens"].ids).tolist(), told), now)

    def _take(self, complete: list[list[Any]], now: Time) -> None:
        for (place, count, ngram, mask), loss in complete:
            answers = int(mask.sum())
            nats = 0.0 if loss is None else float(loss[mask].sum())
            part = self.part(place)
            part.windows, part.answers, part.bytes = part.windows + 1, part.answers + answers, part.bytes + count
            part.nats, part.ngram_nats = part.nats + nats, part.ngram_nats + ngram
            self.roll(place, (answers, nats, ngram), part.windows, now)

    def figures_of(self, items: list[tuple[int, float, float]]) -> dict[str, float]:
        answers, nats, ngram = (sum(column) for column in zip(*items, strict=True))
        found = {"nats": nats, "ngram": ngram} if self.options.loss is not None else {"ngram": ngram}
        return {name: total / max(answers, 1) for name, total in found.items()}

    # --- what a person reads --------------------------------------------------------------------------------------

    def about(self) -> dict[str, Any]:
        return {"truth": self.options.tokens, "prediction": self.options.loss or "", "order": self.options.order}

    def tell(self, place: str, part: _Sums) -> dict[str, Any]:
        summary: dict[str, float] = {}
        for name, nats in (("", part.nats), ("ngram_", part.ngram_nats)):
            if name or self.options.loss is not None:
                summary |= {f"{name}nats_per_token": nats / part.answers} if part.answers else {}
                summary |= {f"{name}nats_per_byte": nats / part.bytes} if part.bytes else {}
        return {"items": part.windows, "answers": part.answers, "bytes": part.bytes, "summary": summary}
