"""Mood follows what turned out better or worse than expected."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.core.state import trees_equal
from aura.zones.control.mood import LARGEST_SURPRISE, Mood
from aura.zones.control.params import MoodOptions

numbers = st.floats(-3e38, 3e38)


def expecting(reward: float | None = None, **losses: float) -> Mood:
    mood = Mood(MoodOptions(tau_s=2.0, baseline_rate=0.5))
    mood.expect(reward, losses)
    return mood


def test_a_reward_above_expectation_lifts_mood_and_one_below_lowers_it() -> None:
    levels = []
    for reward in (0.5, 1.0, 1.5):
        mood = expecting(1.0)
        mood.feel(mood.surprise(reward, {}, None), 2.0)
        levels.append(mood.level)
    rise = math.tanh(0.5 * (1 - math.exp(-1)))
    assert levels == pytest.approx([-rise, 0.0, rise])


def test_a_loss_that_falls_lifts_mood_relative_to_what_it_was() -> None:
    mood = expecting(a=4.0, b=0.5)
    assert mood.surprise(None, {"a": 2.0}, None) == pytest.approx(0.5)
    assert mood.surprise(None, {"a": 2.0, "b": 0.5}, None) == pytest.approx(0.25)
    assert mood.surprise(None, {"a": 6.0}, None) == pytest.approx(-0.5)


def test_what_was_never_expected_is_no_surprise() -> None:
    mood = expecting()
    assert mood.surprise(7.0, {"a": 3.0}, None) == 0.0
    assert expecting(a=1.0).surprise(None, {"b": 9.0}, None) == 0.0


def test_valence_pulls_mood_by_its_weight() -> None:
    assert expecting().surprise(None, {}, -1.0) == pytest.approx(-0.5)


def test_mood_fades_to_nothing_and_no_denormal() -> None:
    mood = expecting(1.0)
    mood.feel(1.0, 10.0)
    before = math.atanh(mood.level)
    mood.feel(0.0, 2.0)
    assert math.atanh(mood.level) == pytest.approx(before / math.e)
    mood.feel(0.0, 145.0)
    assert mood.level == 0.0


def test_expectations_move_by_their_share_and_take_the_first_value_whole() -> None:
    mood = expecting(1.0, a=2.0)
    assert (mood.reward, mood.losses) == (1.0, {"a": 2.0})
    mood.expect(3.0, {"a": 4.0, "b": 9.0})
    assert (mood.reward, mood.losses) == (2.0, {"a": 3.0, "b": 9.0})
    mood.expect(4.0, {}, rate=0.5)
    assert mood.reward == 2.5
    mood.expect(8.0, {}, rate=100.0)
    assert mood.reward == 8.0
    mood.expect(0.0, {"a": 0.0}, rate=0.0)
    assert (mood.reward, mood.losses["a"]) == (8.0, 3.0)


def test_steady_rewards_become_expected_and_mood_returns_to_neutral() -> None:
    mood = Mood(MoodOptions(tau_s=1.0, baseline_rate=0.05))
    mood.expect(0.0, {})
    levels = []
    for _ in range(1000):
        mood.feel(mood.surprise(1.0, {}, None), 0.1)
        mood.expect(1.0, {})
        levels.append(mood.level)
    assert max(levels) > 0.3
    assert abs(levels[-1]) < 1e-6


@pytest.mark.slow
@given(st.lists(st.tuples(numbers, numbers, st.floats(-1, 1), st.floats(0, 1e9)), max_size=20))
def test_mood_stays_between_minus_1_and_1(lived: list[tuple[float, float, float, float]]) -> None:
    mood = Mood(MoodOptions())
    for reward, loss, valence, seconds in lived:
        surprise = mood.surprise(reward, {"a": loss}, valence)
        assert abs(surprise) <= LARGEST_SURPRISE
        mood.feel(surprise, seconds)
        mood.expect(reward, {"a": loss})
        assert -1.0 <= mood.level <= 1.0


@given(surprise=st.floats(-10, 10), seconds=st.floats(0.01, 100), parts=st.integers(2, 30))
def test_one_long_span_equals_many_short_ones(surprise: float, seconds: float, parts: int) -> None:
    whole, pieces = Mood(MoodOptions()), Mood(MoodOptions())
    whole.feel(surprise, seconds)
    for _ in range(parts):
        pieces.feel(surprise, seconds / parts)
    assert whole.level == pytest.approx(pieces.level, abs=1e-11)


def test_state_is_complete() -> None:
    one, other = expecting(1.0, b=2.0, a=3.0), Mood(MoodOptions(tau_s=2.0, baseline_rate=0.5))
    one.feel(0.4, 1.0)
    other.load_state(one.state())
    for mood in (one, other):
        mood.feel(mood.surprise(0.3, {"a": 1.0, "b": 0.1}, 0.2), 1.0)
        mood.expect(0.3, {"b": 0.7, "c": 1.0, "a": 0.2})
    assert trees_equal(one.state(), other.state())
