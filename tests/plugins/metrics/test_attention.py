"""The metric that shows which words weighed how much."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura import Signal
from aura.plugins.figures import Bars, Fold, Table
from aura.plugins.metrics import attention as module
from aura.plugins.metrics.attention import Attention, AttentionOptions
from aura.plugins.metrics.results import Results


def metric(**more: Any) -> Attention:
    return Attention("words", AttentionOptions(words="a.attention", weights="a.attention_weight", **more))


def show(watcher: Attention, words: tuple[tuple[str, ...], ...], weights: list[list[float]], first: int = 0) -> None:
    ids = np.arange(first, first + len(words))
    watcher.on_signal(Signal("a.attention_weight", 0, np.array(weights, np.float32), ids))
    watcher.on_signal(Signal("a.attention", 0, words, ids))


def test_words_stand_with_the_mean_of_what_they_weigh_beside_an_even_share() -> None:
    watcher = metric()
    for turn in range(5):
        show(watcher, (("so", "glad"), ()), [[0.25, 0.75, 0.0], [0.0, 0.0, 0.0]], 2 * turn)
    found = watcher.results()["phases"]["run"]
    assert found["items"] == 5
    assert found["words"] == [["glad", 1.5, 5], ["so", 0.5, 5]]
    assert found["summary"]["foremost"] == 1.5
    assert found["examples"][-1] == [["so", 0.25], ["glad", 0.75]]


def test_the_latest_items_are_examples_and_words_counted_apart_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WORDS_MAX", 3)
    watcher = metric(examples=2)
    for turn in range(30):
        show(watcher, (("often", f"once{turn}"),), [[0.5, 0.5]], turn)
    part = watcher.parts["run"]
    assert len(part.words) <= 6
    assert part.words["often"][0] == 30
    assert [one[1][0] for one in watcher.results()["phases"]["run"]["examples"]] == ["once28", "once29"]


def test_the_report_has_bars_of_words_and_a_table_for_each_example() -> None:
    watcher = metric(examples=1)
    for turn in range(6):
        show(watcher, (("so", "glad"),), [[0.25, 0.75]], turn)
    fold = Attention.figures(Results.model_validate(watcher.results()), {})[-1]
    assert isinstance(fold, Fold)
    bars, table = fold.figures
    assert isinstance(bars, Bars)
    assert bars.names == ("glad", "so")
    assert isinstance(table, Table)
    assert table.rows == (("so", 0.25), ("glad", 0.75))


def test_what_it_counts_goes_on_after_a_resume() -> None:
    one, other = metric(), metric()
    show(one, (("so", "glad"),), [[0.25, 0.75]])
    other.load_state(one.state())
    assert other.results() == one.results()


def test_conversations_are_shown_turn_by_turn_from_their_beginning() -> None:
    watcher = metric(examples=2, text="talk.text", group="talk.conversation")
    said = {"a": ["Hello.", "Hi.", "Will you give?", "Yes."], "b": ["Good day.", "Well?", "", "No."], "c": ["Late."]}
    for turn in range(4):
        for talk, name in enumerate(("a", "b") if turn else ("c", "a", "b")):  # a third is shown no longer
            ids = np.array([10 * talk + 100 * turn])
            words = (*(f"{back} before" for back in range(min(turn, 2), 0, -1)), "now")
            weights = [[0.1, 0.7, 0.2], [0.4, 0.6, 0.0], [1.0, 0.0, 0.0]][2 - min(turn, 2)]
            for topic, value in (("talk.text", (said[name][turn],)), ("talk.conversation", (name,)),
                                 ("a.attention", (words,)), ("a.attention_weight", np.array([weights], np.float32))):
                watcher.on_signal(Signal(topic, 0, value, ids))
    first, second = watcher.results()["phases"]["run"]["talks"]
    assert [text for text, _ in first] == said["a"]
    assert [text for text, _ in second] == said["b"]
    fold = Attention.figures(Results.model_validate(watcher.results()), {})[-1]
    assert isinstance(fold, Fold)
    bars, table = fold.figures[:2]
    assert isinstance(bars, Bars)
    assert isinstance(table, Table)
    assert (bars.names[0], bars.sort) == ("now", False)
    assert table.rows[0] == (1, "Hello.", 1.0, None)
    assert table.rows[3] == (4, "Yes.", pytest.approx(0.2), "turn 3 (70 %), turn 2 (10 %)")
    other = metric(examples=2, text="talk.text", group="talk.conversation")
    other.load_state(watcher.state())
    assert other.results() == watcher.results()


def test_texts_are_told_with_conversations() -> None:
    with pytest.raises(ValueError, match="text: expected with group"):
        metric(text="talk.text")
