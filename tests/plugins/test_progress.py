from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from aura import Brain, Items, Manifest, Observer, Port, Zone
from aura.plugins.progress import Progress


class Clock:
    """A clock that moves on by itself, a fixed step a look."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Posts(Zone):
    manifest = Manifest("posts", "", period="1 ms", outputs=(Port("text", "text", ("item",)),))

    def step(self, now, inputs):
        first = now // 1_000_000 * 2
        return {"text": Items(("a", "b"), np.array([first, first + 1]))}


class Scored(Observer):
    def headline(self):
        return {"exact_match (seen before)": 0.25, "macro_f1": 0.38612}

    def headline_of(self):
        return "last 1,000"


def play(ticks, *, terminal, width=100, step=0.01, player=None):
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=width, color_system=None, legacy_windows=False)
    brain = Brain()
    brain.add(Posts)
    progress = Progress(("posts.text",), console=console, clock=Clock(step))
    brain.observe(Scored())
    brain.observe(progress)
    if player is not None:
        brain.observe(player)
        progress.follow(player)
    with brain:
        brain.begin_phase("learn")
        brain.run(until=ticks * 1_000_000)
    return out.getvalue()


def test_it_shows_phase_time_items_rate_and_figures():
    line = play(2000, terminal=False, step=0.01).splitlines()[-1]
    assert line.startswith("learn · 2.0 s · 4,000 items · 200/s")
    assert line.endswith(" · last 1,000: exact match (seen before) 0.250 · macro F1 0.386")


def test_without_a_terminal_there_is_a_plain_line_every_five_seconds():
    lines = play(2000, terminal=False, step=0.01).splitlines()
    assert len(lines) == 4  # after 5, 10 and 15 s, and at the end
    assert not any("\x1b" in line for line in lines)


def test_a_terminal_sees_one_line_at_most_four_times_a_second():
    shown = play(2000, terminal=True, step=0.01)
    assert 70 <= shown.count("items") <= 81  # 20 s


@pytest.mark.parametrize("width", [1, 5, 20, 40])
def test_a_narrow_terminal_gets_one_cut_line(width):
    shown = play(300, terminal=True, width=width)
    assert shown.count("\n") == 1
    assert "macro F1" not in shown


class Player(Observer):
    """A run that has played two items a tick, and has so many left."""

    def __init__(self, remaining=None, until=None):
        self.items, self.remaining, self.until = {"posts": 0}, remaining, until

    def after_tick(self, now):
        self.items["posts"] += 2


@pytest.mark.parametrize(("options", "left"), [
    ({"remaining": 12_000}, "1:00 left"), ({"until": 4_000_000_000}, "0:20 left"),
    ({"remaining": 12_000, "until": 4_000_000_000}, "0:20 left"), ({}, "/s · last 1,000: exact match")])
def test_the_time_left_follows_from_what_the_run_has_left(options, left):
    line = play(2000, terminal=False, step=0.01, player=Player(**options)).splitlines()[-1]
    assert "4,000 items" in line
    assert left in line


def test_a_phase_without_learning_says_so():
    progress = Progress(console=Console(file=io.StringIO()))
    progress.on_phase("dev", False, 0)
    assert progress.phase == "dev (not learning)"


def test_a_run_resumed_within_a_phase_still_names_it(tmp_path):
    def line(checkpoint=None):
        out = io.StringIO()
        with Brain() as brain:
            brain.add(Posts)
            brain.observe(Progress(console=Console(file=out, force_terminal=False, width=100), clock=Clock(0.01)))
            brain.build()
            if checkpoint is None:
                brain.begin_phase("reading")
            else:
                brain.load(checkpoint)
            brain.run(span="5 ms")
            saved = brain.save(tmp_path)
        return saved, out.getvalue().splitlines()[-1]

    saved, before = line()
    assert before.startswith("reading")
    assert line(saved)[1].startswith("reading")


def test_the_rate_is_counted_anew_from_a_checkpoint_that_is_loaded(tmp_path):
    out, player = io.StringIO(), Player()
    with Brain() as brain:
        brain.add(Posts)
        progress = Progress(console=Console(file=out, force_terminal=False, width=100), clock=Clock(0.01))
        brain.observe(progress)
        brain.observe(player)
        progress.follow(player)
        saved = brain.save(tmp_path)
        brain.run(until="900 ms")
        brain.load(saved)
        player.items["posts"] = 0
        brain.run(until="1 s")
    assert [line.rpartition(" ")[2] for line in out.getvalue().splitlines()] == ["200/s"] * 3


@pytest.mark.parametrize(("terminal", "printed"), [(True, "loading mnist[2] ...\n"), (False, "")])
def test_it_says_on_a_terminal_alone_that_a_brain_is_loaded(terminal, printed):
    out = io.StringIO()
    Progress(console=Console(file=out, force_terminal=terminal, color_system=None)).say_loading("mnist[2]")
    assert out.getvalue() == printed
