"""What a run told its observers, kept to be told again: to a metric as a whole, or to one that is resumed half-way."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aura import Brain, Observer
from aura.core.state import read_tree, trees_equal, write_tree

__all__ = ["history_of", "tell", "watch_it_resume"]

History = list[tuple[Any, ...]]


class Events(Observer):
    """Keeps all that an observer is told."""

    name = "events"

    def __init__(self) -> None:
        self.history: History = []

    def on_signal(self, signal: Any) -> None:
        self.history.append(("on_signal", signal))

    def after_tick(self, now: int) -> None:
        self.history.append(("after_tick", now))


def history_of(brain: Brain, spans: Sequence[str]) -> History:
    """Return all that was told in a run of two phases of these lengths, one that learns and one that does not."""
    events = Events()
    brain.observe(events)
    for (phase, learning), span in zip((("learn", True), ("held-out", False)), spans, strict=True):
        events.history.append(("on_phase", phase, learning, brain.now))
        brain.run(span=span)
    return events.history


def tell(metric: Any, history: History) -> None:
    """Tell a metric what concerns it."""
    for method, *arguments in history:
        if method != "on_signal" or arguments[0].topic in metric.topics:
            getattr(metric, method)(*arguments)


def watch_it_resume(make: Callable[[], Any], folder: Path, history: History, shares: Sequence[float]) -> None:
    """Stop a metric after shares of what it is told, save and load it, and compare it to the bit with a whole one."""
    whole = make()
    tell(whole, history)
    expected = whole.take_rows()
    for share in shares:
        stop = int(share * len(history))
        before, after = make(), make()
        tell(before, history[:stop])
        rows = before.take_rows()
        write_tree(folder / "state.safetensors", before.state(), "metric")
        after.load_state(read_tree(folder / "state.safetensors", "metric"))
        assert after.results() == before.results(), share
        tell(after, history[stop:])
        assert json.dumps(after.results()) == json.dumps(whole.results()), share
        assert rows + after.take_rows() == expected, share
        assert trees_equal(after.state(), {**whole.state(), "rows": []}), share
