"""Traits, moved by mood and energy, set the modulators; a neutral personality changes nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.zones.control.params import PersonalityOptions
from aura.zones.control.personality import LARGEST_MOMENTUM, Manner, Personality

unit = st.floats(0.0, 1.0)


def manner(mood: float = 0.0, energy: float = 1.0, **traits: Any) -> Manner:
    return Personality(PersonalityOptions(**traits)).manner(mood, energy)


def test_a_neutral_personality_changes_nothing() -> None:
    assert manner(merit_momentum=0.9) == pytest.approx(Manner(0.0, 0.9, 1.0, 1.0))


@pytest.mark.parametrize(("trait", "modulator", "least", "most"), [
    ("openness", "log_temperature", -math.log(2), math.log(2)),
    ("persistence", "merit_momentum", 1 - 0.01 * 4, 1 - 0.01 / 4),
    ("trust", "distillation_alpha", 0.5, 2.0),
    ("plasticity", "growth_drive", 0.5, 2.0),
])
def test_a_trait_moves_its_own_modulator_and_no_other(trait: str, modulator: str, least: float, most: float) -> None:
    series = [manner(**{trait: value}) for value in (0.0, 0.25, 0.5, 0.75, 1.0)]
    values = [getattr(one, modulator) for one in series]
    assert values == sorted(values)
    assert len(set(values)) == 5
    assert (values[0], values[-1]) == pytest.approx((least, most))
    for name in set(Manner._fields) - {modulator}:
        assert len({getattr(one, name) for one in series}) == 1


def test_good_mood_opens_and_holds_on_bad_mood_leans_on_teachers_and_grows() -> None:
    bad, good = manner(mood=-0.8), manner(mood=0.8)
    assert good.log_temperature > 0 > bad.log_temperature
    assert good.merit_momentum > bad.merit_momentum
    assert good.distillation_alpha < 1 < bad.distillation_alpha
    assert good.growth_drive < 1 < bad.growth_drive


def test_a_brain_short_of_energy_explores_less_and_grows_less() -> None:
    assert manner(energy=0.2).log_temperature < 0
    assert manner(energy=0.2).growth_drive < 1


def test_an_insensitive_personality_is_not_moved_by_mood_or_energy() -> None:
    assert manner(mood=-1.0, energy=0.0, sensitivity=0.0) == pytest.approx(manner())
    small, large = (abs(manner(mood=0.5, sensitivity=s).log_temperature) for s in (0.2, 1.0))
    assert small < large


@given(traits=st.tuples(unit, unit, unit, unit, unit), mood=st.floats(-1, 1), energy=unit, momentum=st.floats(0, 0.999),
       span=st.floats(1, 1000))
def test_modulators_stay_within_their_bounds(traits: tuple[float, ...], mood: float, energy: float, momentum: float,
                                             span: float) -> None:
    names = ("openness", "persistence", "plasticity", "trust", "sensitivity")
    found = manner(mood, energy, **dict(zip(names, traits, strict=True)), merit_momentum=momentum,
                   distillation_span=span, momentum_span=span, growth_span=span, temperature_span=span)
    assert abs(found.log_temperature) <= math.log(span)
    assert 0.0 <= found.merit_momentum <= LARGEST_MOMENTUM
    for factor in (found.distillation_alpha, found.growth_drive):
        assert 1 / span <= factor * (1 + 1e-12)
        assert factor <= span * (1 + 1e-12)


def bias(openness: float, used: list[float], **options: Any) -> np.ndarray:
    return Personality(PersonalityOptions(openness=openness, **options)).routing_bias(used)


def test_open_favours_the_less_used_conservative_the_used_and_neutral_none() -> None:
    used = [0.6, 0.3, 0.1]
    eager, usual, neutral = bias(1.0, used), bias(0.0, used), bias(0.5, used)
    assert eager[0] < eager[1] < eager[2]
    assert np.array_equal(usual, -eager)
    assert neutral.tolist() == [0.0, 0.0, 0.0]
    assert np.allclose(bias(0.75, used), eager / 2)
    assert all(found.dtype == np.float32 for found in (eager, usual, neutral))


def test_shares_alone_count_and_equal_shares_have_no_bias() -> None:
    assert np.allclose(bias(0.9, [6.0, 3.0, 1.0]), bias(0.9, [0.6, 0.3, 0.1]))
    assert np.allclose(bias(0.9, [0.25] * 4), 0.0)
    assert bias(0.9, [1.0]).tolist() == [0.0]
    assert bias(0.9, [0.0, 0.0]).tolist() == [0.0, 0.0]
    assert bias(0.9, []).shape == (0,)


@pytest.mark.slow
@given(openness=unit, used=st.lists(st.floats(0.0, 2.0**100, width=32), min_size=1, max_size=40))
def test_the_bias_is_of_mean_zero_and_bounded(openness: float, used: list[float]) -> None:
    found = bias(openness, used, routing_bias=2.0).astype(float)
    assert np.abs(found).max() <= 2.0
    assert abs(found.mean()) < 1e-5
