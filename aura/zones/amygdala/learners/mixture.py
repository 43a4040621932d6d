"""A streaming mixture: readouts and small networks as experts for all heads, mixed by a liquid gate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import AuraError, StateError
from aura.core.time import Time
from aura.zones.amygdala.learners.learner import Block, Followed, Head, Learned, Learner, Rows, compact
from aura.zones.amygdala.learners.mixture_experts import Experts
from aura.zones.amygdala.learners.mixture_gate import LiquidGate
from aura.zones.amygdala.learners.mixture_options import MixtureOptions
from aura.zones.amygdala.learners.mixture_words import WordAttention
from aura.zones.amygdala.learners.mixture_work import Seen, Work
from aura.zones.amygdala.learners.state_file import read_state, write_state
from aura.zones.common.arrays import Array
from aura.zones.common.least_squares import with_bias
from aura.zones.common.links import LOG_ODDS, Link
from aura.zones.common.running import Frequencies, Moments
from aura.zones.common.schedule import rate_at

__all__ = ["MixtureLearner"]

RATES = {"gradient": (3e-3, 2e-3, 0.1), "delta": (1.0, 0.05, 0.3)}
"""Learning rates of experts and gate, and balance, by the rule (tuned here, on the last fifth of GoEmotions' training
stream, before it was learned)."""

CURVATURES = {"labels": 0.25, "choice": 0.5, "numbers": 1.0}
"""The most that the losses are curved, as functions of a score."""

USAGE_DECAY = 0.999
"""Of the running use of each expert, an item (chosen here)."""


class MixtureLearner(Learner):
    r"""Mixes what experts read out of a row by the shares of a gate that remembers what came before.

    Notes
    -----
    Of a head the scores are :math:`a \odot \sum_e g_e z_e + c`: z is what an expert reads out of the standardised row,
    g its share; c are the log odds of the running frequency of classes and a is 1, or c and a are running mean and
    deviation of numbers. The derivative of the loss L by the logits of the routing is what gate and words learn from,

    .. math:: r_e = g_e \Big(l_e - \sum_k g_k l_k\Big)

    where by ``gradient`` :math:`l_e = \langle \partial L / \partial s, z_e \rangle`, and by ``delta`` it is the
    expert's own loss, so that those are credited that did better than the mixture does on average. Balance adds to it
    :math:`\beta \log (E u_e)`, u being the running share of an expert among E.

    What a row was routed by stands behind its features, as `follow` found it when the row came: the state of the gate
    before it, and the buckets of its words. So what is learned is what was predicted, however late its label comes.
    Rows without it are routed by the gate's present state, without words.

    References
    ----------
    R. A. Jacobs, M. I. Jordan, S. J. Nowlan, G. E. Hinton, Adaptive mixtures of local experts, Neural Computation 3,
    1991, doi:10.1162/neco.1991.3.1.79, equation 1.2 (each expert's own error, weighted by its share).
    """

    link: ClassVar[Link] = LOG_ODDS
    whole: ClassVar[bool] = True
    lasting = ("_moments", "_known", "_gate", "_experts", "_words", "_usage", "_last", "_items")

    def __init__(self, options: MixtureOptions, heads: Sequence[Head], features: int, rng: np.random.Generator) -> None:
        super().__init__(options, heads, features, rng)
        self.context = options.liquid + options.words
        self._target_types = {head.name: head.target_type for head in heads}
        self._moments = Moments(features)
        self._known: dict[str, Frequencies | Moments] = {
            head.name: Moments(head.outputs) if head.target_type == "numbers"
            else Frequencies(head.outputs, exclusive=head.target_type == "choice") for head in heads}
        self._gate = LiquidGate(options, features, rng)
        self._experts = Experts(options, heads, features, rng)
        self._words = WordAttention(options) if options.words else None
        self._usage: Array = np.full(len(options.experts), 1.0 / len(options.experts))
        self._last: Time | None = None
        """When items came last."""
        self._items = 0
        """Of which it has learned."""

    # --- predicting -----------------------------------------------------------------------------------------------

    def follow(self, now: Time, rows: Rows, texts: Sequence[str]) -> Followed:
        if self._last is not None:
            self._gate.rest(math.exp((self._last - now) / self.options.silence_span))
        self._last = now
        context = np.zeros((len(rows), self.context), np.float32)
        context[:, :self.options.liquid] = self._gate.follow(self._standardised(rows))
        found = self._put_words(context, texts)
        seen = self._look(np.hstack([rows, context]))
        outputs: dict[str, Any] = {"routing": seen.route.shares.astype(np.float32)}
        if self._words is not None:
            outputs |= {"attention": tuple(found), "attention_weight": seen.weights.astype(np.float32)}
        return Followed(context, outputs)

    def scores(self, rows: Rows) -> Mapping[str, Array]:
        seen = self._look(rows)
        return {name: self._scaled(name, self._mixed(seen, self._read(seen, name))) for name in self._known}

    def explain(self, rows: Rows, texts: Sequence[str]) -> dict[str, Any]:
        """Return of rows (n, features) and their texts how they are routed from the gate's present state, the words
        with their weights, and each expert's scores of each head; nothing is changed.
        """
        context = np.zeros((len(rows), self.context), np.float32)
        context[:, :self.options.liquid] = self._gate.memory
        found = self._put_words(context, texts)
        seen = self._look(np.hstack([rows, context]))
        names = self.options.experts
        return {
            "routing": [dict(zip(names, shares, strict=True)) for shares in seen.route.shares.tolist()],
            "attention": [list(zip(line, weights, strict=False))
                          for line, weights in zip(found, seen.weights.tolist(), strict=True)],
            "scores": {name: self._scaled(name, self._mixed(seen, self._read(seen, name))) for name in self._known},
            "experts": {name: dict(zip(names, self._scaled(name, self._read(seen, name)).transpose(1, 0, 2),
                                       strict=True)) for name in self._known}}

    def _put_words(self, context: NDArray[np.float32], texts: Sequence[str]) -> list[tuple[str, ...]]:
        """Write the buckets of the words of texts into a context, counted from 1; return the words."""
        if self._words is None:
            return [()] * len(context)
        found, places = self._words.read(texts)
        context[:, self.options.liquid:] = places + 1
        return found

    def _standardised(self, rows: Rows) -> Array:
        return with_bias((rows - self._moments.mean) / self._moments.deviation)

    def _look(self, rows: Rows) -> Seen:
        """Return what is made of rows, with or without a context."""
        items, liquid = len(rows), self.options.liquid
        context = rows[:, self.features:]
        if not context.shape[1]:
            context = np.hstack([np.tile(self._gate.memory, (items, 1)), np.zeros((items, self.options.words))])
        whole = self._standardised(rows[:, :self.features])
        places = context[:, liquid:].astype(np.int64) - 1
        weights, bend = np.zeros(places.shape), np.zeros((items, len(self._usage)))
        if self._words is not None:
            weights = self._words.weights(places)
            bend = self._words.bend(places, weights)
        route = self._gate.route(whole, np.ascontiguousarray(context[:, :liquid], np.float64), bend)
        return Seen(whole, self._experts.represent(whole), places, weights, route)

    def _read(self, seen: Seen, head: str) -> Array:
        return self._experts.scores(head, seen.rows, seen.hidden)

    def _mixed(self, seen: Seen, read: Array) -> Array:
        mixed: Array = np.einsum("ne,neo->no", seen.route.shares, read)
        return mixed

    def _scaled(self, head: str, read: Array) -> Array:
        known = self._known[head]
        return read * known.deviation + known.mean if isinstance(known, Moments) else read + known.log_odds

    # --- learning -------------------------------------------------------------------------------------------------

    def learn(self, block: Block, rate: float, *, want_gradient: bool = False) -> Learned:
        whole = len(block.rows)
        block, kept = compact(block)
        known: list[tuple[Moments | Frequencies, Any]] = []
        if rate > 0:
            known = [(self._moments, block.rows[:, :self.features]), *(
                (self._known[name], lesson.targets) for name, lesson in block.lessons.items())]
        met = [one for one, _ in known if isinstance(one, Moments) and not one.items]
        for one, new in known:
            if one in met:  # before it is learned from, so that no step is out of all proportion
                one.add(new)
        seen = self._look(block.rows)
        work = Work(seen, block, self._experts, self._gate, self._target_types, self._known,
                    own=self.options.rule == "delta")
        scores = {name: self._scaled(name, mixed) for name, mixed in work.mixed.items()}
        gradient = None
        if want_gradient:
            gradient = np.zeros((whole, self.features))
            gradient[kept] = work.by_rows() / self._moments.deviation
        scalars = self._move(work, rate) if rate > 0 else {}
        for one, new in known:
            if one not in met:
                one.add(new)
        return Learned(scores, work.losses, gradient, scalars)

    def _move(self, work: Work, rate: float) -> dict[str, float]:
        """Learn from a block; return what is logged."""
        options, seen, items = self.options, work.seen, len(work.seen.rows)
        self._items += items
        fast, gate_rate, balance = RATES[options.rule]
        balance = balance if options.balance is None else options.balance
        scale = rate * rate_at(options.schedule, self._items)
        fast = scale * (options.learning_rate or fast)
        gate_rate = scale * (gate_rate if options.gate_rate is None else options.gate_rate)
        by_gradient = options.rule == "gradient"
        routing = work.routing((work.by_mixture if by_gradient else work.own)
                               + balance * np.log(len(self._usage) * self._usage))
        if by_gradient:
            self._experts.follow_gradient(*work.by_weights(), seen.rows, fast)
            self._gate.follow_gradient(seen.rows, seen.route, routing, gate_rate)
        else:
            self._experts.learn_delta(work.by_own_errors(), seen.rows, seen.hidden, {
                name: fast / CURVATURES[target_type] for name, target_type in self._target_types.items()})
            self._gate.learn_hebbian(seen.route, routing, gate_rate)
        if self._words is not None:
            self._words.learn(seen.places, seen.weights, routing, scale)
        keep = USAGE_DECAY**items
        self._usage = keep * self._usage + (1.0 - keep) * seen.route.shares.mean(axis=0)
        self._usage = np.maximum(self._usage, 1e-6)
        shares = np.maximum(seen.route.shares, 1e-12)
        return {"routing_entropy": float(-(shares * np.log(shares)).sum(axis=1).mean())}

    def grow(self, head: str, count: int, seen: float) -> None:
        self._experts.heads[head].add_outputs(count)
        known = self._known[head]
        assert isinstance(known, Frequencies)  # numbers do not grow
        known.add_classes(count)

    # --- export ---------------------------------------------------------------------------------------------------

    def export(self, folder: Path) -> list[Path]:
        return write_state(folder, "mixture", self.state())

    @classmethod
    def width_of_export(cls, folder: Path) -> int:
        try:
            return len(read_state(folder, "mixture")["moments"]["mean"])
        except (LookupError, TypeError) as error:
            raise StateError(str(folder / "mixture.safetensors"), expected="the state of a mixture",
                             got="another") from error

    def read_export(self, folder: Path, heads: Sequence[Head]) -> MixtureLearner:
        twin = MixtureLearner(self.options, heads, self.features, np.random.default_rng(0))
        try:
            twin.load_state(read_state(folder, "mixture"))
        except AuraError as error:
            raise StateError(str(folder / "mixture.safetensors"), got=str(error),
                             expected="a mixture of these tasks and options") from error
        return twin

    def adopt_export(self, found: MixtureLearner) -> None:
        self.load_state(found.state())
