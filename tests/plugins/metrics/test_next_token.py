"""The metric next-token: the n-gram against its slow twin, what is counted when, and what the figures are made of."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura import AuraError, Signal
from aura.core.signals import again
from aura.core.state import read_tree, trees_equal, write_tree
from aura.plugins.metrics.next_token import NextToken, NextTokenOptions
from aura.plugins.metrics.ngram import NGram

SIZE = 7


class NaiveNGram:
    """The same model in dictionaries: probabilities by recursion, counts of counts by looking at all n-grams."""

    def __init__(self, order: int, size: int) -> None:
        self.order, self.size = order, size
        self.grams: dict[int, dict[tuple, Counter]] = {k: defaultdict(Counter) for k in range(order)}

    def discount(self, k: int, count: int) -> float:
        of = Counter(count for counts in self.grams[k].values() for count in counts.values())
        if not of[1] or not of[2]:
            return 0.5
        share = of[1] / (of[1] + 2 * of[2])
        if count >= 3:
            return min(max(3 - 4 * share * of[4] / max(of[3], 1), 0.1), 3)
        return min(max(count - (count + 1) * share * of[count + 1] / of[count], 0.1), count)

    def probability(self, token: int, context: tuple) -> float:
        lower = 1 / self.size if not context else self.probability(token, context[1:])
        if context and context[1:] not in self.grams[len(context) - 1]:
            return lower
        counts = self.grams[len(context)].get(context)
        if not counts:
            return lower
        taken = sum(self.discount(len(context), min(count, 3)) for count in counts.values())
        own = counts[token] - self.discount(len(context), min(counts[token], 3)) if counts[token] else 0.0
        return (max(own, 0.0) + taken * lower) / counts.total()

    def count(self, token: int, context: tuple) -> None:
        self.grams[len(context)][context][token] += 1
        if context and self.grams[len(context)][context][token] == 1:
            self.count(token, context[1:])


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(tokens=st.lists(st.integers(0, SIZE - 1), min_size=9, max_size=60), order=st.integers(1, 4),
       seed=st.integers(0, 1000))
def test_the_losses_are_those_of_the_obvious_model(tokens, order, seed):
    draws = np.random.default_rng(seed)
    length = 4
    windows = (len(tokens) - 1) // length
    naive, model, context = NaiveNGram(order, SIZE), NGram(order, SIZE, 1000), ()
    for window in range(windows):
        part = np.array([tokens[window * length:(window + 1) * length + 1]], dtype=np.int32)
        begins = draws.random(part.shape) < 0.1
        begins[0, 0] = window == 0
        mask, learn = draws.random((1, length)) < 0.9, draws.random(1) < 0.8
        losses = model.read(part, begins, mask, learn)
        expected = np.zeros(length)
        if begins[0, 0]:
            context = (tokens[0],)
        for j in range(1, length + 1):
            token = int(part[0, j])
            longest = context[len(context) - min(order - 1, len(context)):]
            if mask[0, j - 1]:
                expected[j - 1] = -math.log(naive.probability(token, longest))
                if learn[0]:
                    naive.count(token, longest)
            context = (token,) if begins[0, j] else (*context, token)
        np.testing.assert_allclose(losses[0], expected, rtol=1e-9)


def test_probabilities_of_all_tokens_add_up_to_one():
    draws = np.random.default_rng(1)
    text = draws.integers(0, SIZE, 501).astype(np.int32)[None]
    model = NGram(3, SIZE, 10_000)
    begins = np.zeros((1, 501), dtype=bool)
    begins[0, 0] = True
    model.read(text, begins, np.ones((1, 500), dtype=bool), np.array([True]))
    asked = np.array([[1, 4, token] for token in range(SIZE)], dtype=np.int32)
    starts = np.zeros((SIZE, 3), dtype=bool)
    starts[:, 0] = True
    losses = model.read(asked, starts, np.array([[False, True]] * SIZE), np.zeros(SIZE, dtype=bool))
    assert np.exp(-losses[:, 1]).sum() == pytest.approx(1.0)


def test_nothing_is_learned_from_what_is_only_asked():
    model, other = NGram(3, SIZE, 1000), NGram(3, SIZE, 1000)
    text = np.array([[1, 2, 3, 1, 2, 3]], dtype=np.int32)
    begins, mask = np.eye(1, 6, dtype=bool), np.ones((1, 5), dtype=bool)
    for one in (model, other):
        one.read(text, begins, mask, np.array([True]))
    other.read(text[:, ::-1].copy(), begins, mask, np.array([False]))
    model.read(text[:, :1].copy(), begins[:, :1].copy(), mask[:, :0].copy(), np.array([False]))
    assert np.array_equal(model.read(text, begins, mask, np.array([True])),
                          other.read(text, begins, mask, np.array([True])))


def test_memory_is_bounded_and_what_is_kept_counts_on():
    draws = np.random.default_rng(2)
    model = NGram(4, 100, 50)
    begins, mask = np.eye(1, 1001, dtype=bool), np.ones((1, 1000), dtype=bool)
    for _ in range(3):
        text = draws.integers(0, 100, (1, 1001)).astype(np.int32)
        losses = model.read(text, begins, mask, np.array([True]))
        assert np.isfinite(losses).all()
    assert int(model._used.max()) == 50


# --- the metric ---------------------------------------------------------------------------------------------------


def metric(**more) -> NextToken:
    return NextToken("next", NextTokenOptions(**{
        "tokens": "text.tokens", "begins": "text.begins", "mask": "text.mask", "bytes": "text.bytes",
        "loss": "zone.loss", "size": SIZE, "order": 3, "every": 2, **more}))


def windows(count: int, seed: int = 3) -> dict[str, np.ndarray]:
    draws = np.random.default_rng(seed)
    tokens = draws.integers(0, SIZE, (count, 2, 5)).astype(np.int32)
    return {"tokens": tokens, "begins": np.zeros(tokens.shape, dtype=bool) | (np.arange(count) == 0)[:, None, None],
            "mask": draws.random((count, 2, 4)) < 0.8, "bytes": draws.integers(0, 9, (count, 2)).astype(np.int32),
            "loss": draws.random((count, 2, 4)).astype(np.float32)}


def feed(watcher: NextToken, rows: dict[str, np.ndarray], first: int = 0, *, seen: bool = False, late: int = 1) -> None:
    """Show windows, two a tick; their losses come later."""
    ids = first + np.arange(2 * len(rows["tokens"])).reshape(-1, 2)
    ids = again(ids) if seen else ids
    for tick in range(len(ids) + late):
        now = first + tick
        if tick < len(ids):
            for name in ("tokens", "begins", "mask", "bytes"):
                watcher.on_signal(Signal(f"text.{name}", now, rows[name][tick], ids[tick]))
        if 0 <= tick - late < len(ids):
            watcher.on_signal(Signal("zone.loss", now, rows["loss"][tick - late], ids[tick - late]))
        watcher.after_tick(now)


@pytest.mark.parametrize("late", [0, 1, 3])
def test_figures_are_means_over_the_answers_that_count(late):
    watcher, rows = metric(), windows(30)
    watcher.on_phase("learn", True, 0)
    feed(watcher, rows, late=late)
    found = watcher.results()["phases"]["learn"]
    ngram = NGram(3, SIZE, 1000)
    expected = sum(ngram.read(rows["tokens"][k], rows["begins"][k], rows["mask"][k], np.ones(2, dtype=bool)).sum()
                   for k in range(30))
    answers, nats = rows["mask"].sum(), rows["loss"][rows["mask"]].sum(dtype=np.float64)
    assert (found["items"], found["answers"], found["bytes"]) == (60, answers, rows["bytes"].sum())
    assert found["summary"] == pytest.approx({
        "nats_per_token": nats / answers, "nats_per_byte": nats / rows["bytes"].sum(),
        "ngram_nats_per_token": expected / answers, "ngram_nats_per_byte": expected / rows["bytes"].sum()})
    assert set(watcher.headline()) == {"nats", "n-gram"}
    assert watcher.figures(_results(watcher), {})


def _results(watcher):
    from aura.plugins.metrics.results import Results

    return Results.model_validate(watcher.results())


def test_held_out_windows_and_those_seen_before_are_told_apart_and_not_counted():
    rows, others = windows(20), windows(20, seed=4)
    whole, once = metric(), metric()
    for watcher in (whole, once):
        watcher.on_phase("learn", True, 0)
        feed(watcher, rows)
    feed(whole, rows, 100, seen=True)
    for watcher in (whole, once):
        watcher.on_phase("held-out", False, 300)
        feed(watcher, others, 300)
        watcher.on_phase("later", False, 400)
        feed(watcher, others, 400)
    found, expected = whole.results()["phases"], once.results()["phases"]
    assert {name: one["how"] for name, one in found.items()} == {
        "learn": "prequential", "learn, seen before": "seen before", "held-out": "held-out", "later": "held-out"}
    assert found["held-out"]["summary"] == expected["held-out"]["summary"] == found["later"]["summary"]
    assert found["learn, seen before"]["summary"]["ngram_nats_per_token"] < found["learn"]["summary"][
        "ngram_nats_per_token"]


def test_without_a_loss_there_is_the_n_gram_alone():
    watcher = metric(loss=None, bytes=None)
    feed(watcher, windows(10))
    assert set(watcher.results()["phases"]["run"]["summary"]) == {"ngram_nats_per_token"}
    assert set(watcher.headline()) == {"n-gram"}


def test_a_resumed_metric_says_the_same_to_the_bit(tmp_path: Path):
    rows = windows(40)
    whole, first, second = metric(), metric(), metric()
    early, late = ({name: value[part] for name, value in rows.items()} for part in (slice(0, 17), slice(17, 40)))
    for watcher in (whole, first):
        feed(watcher, early, late=0)
    write_tree(tmp_path / "metric.safetensors", first.state(), "next")
    second.load_state(read_tree(tmp_path / "metric.safetensors", "next"))
    for watcher in (whole, second):
        feed(watcher, late, 100, late=0)
    assert second.results() == whole.results()
    assert trees_equal(second.state(), whole.state())


def test_a_token_beyond_the_size_and_topics_of_two_streams_are_refused():
    rows = windows(2)
    with pytest.raises(AuraError, match=r"next at 0 s: expected tokens from 0 to 2, got \d to 6\. Set `size`"):
        feed(metric(size=3), rows)
    watcher = metric()
    watcher.on_signal(Signal("text.tokens", 0, rows["tokens"][0], np.arange(2)))
    with pytest.raises(AuraError, match="of the same items in one tick, got begins of others, or none"):
        watcher.after_tick(0)
