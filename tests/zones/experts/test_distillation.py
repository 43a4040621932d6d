"""Distillation: what a newborn is taught by those that were there before, and a trial of those pruned."""

from __future__ import annotations

import numpy as np
import pytest

from aura.zones.experts.distillation import soft_targets_of, trial_of

from .bench import ANALYTIC, Bench, digits


def grown(start: str, **growth: object) -> Bench:
    """Return a mixture whose third expert was born after 200 items."""
    one = Bench(**{**ANALYTIC, "growth": {"schedule": [2, 3], "every": 200, "start": start, "bootstrap": 100,
                                          **growth}})
    one.teach(0, 220)
    return one


@pytest.mark.parametrize("start, parents", [("distil", 1), ("committee", 2)])
def test_a_newborn_is_taught_by_its_teacher_or_the_mean_of_a_committee(start: str, parents: int) -> None:
    one = grown(start)
    mixture, rows = one.zone.mixture, digits()[0][300:310]
    unit = mixture.population.structure.units[2]
    assert (unit.start, len(unit.parents)) == (start, parents)
    growth = one.zone.params.growth
    taught = soft_targets_of(mixture.population, growth, unit.since + 50, 10, 1.0)(2, rows)
    assert taught is not None
    expected = np.mean([mixture.population.store.get(name).predict(rows) for name in unit.parents], axis=0)
    assert taught[0] == 1.0
    np.testing.assert_allclose(taught[1], expected, rtol=1e-6)
    later = soft_targets_of(mixture.population, growth, unit.since + 150, 10, 1.0)(2, rows)
    assert later is not None
    assert later[0] == 0.5
    assert soft_targets_of(mixture.population, growth, unit.since + 200, 10, 1.0)(2, rows) is None
    assert soft_targets_of(mixture.population, growth, unit.since + 50, 10, 0.0)(2, rows) is None


def test_a_clone_and_the_first_experts_have_no_soft_targets() -> None:
    one = grown("clone")
    mixture, rows = one.zone.mixture, digits()[0][300:310]
    soft_targets = soft_targets_of(mixture.population, one.zone.params.growth, 201, 10, 1.0)
    assert [soft_targets(index, rows) for index in range(3)] == [None] * 3


def test_a_distilled_newborn_follows_its_teacher_whatever_the_labels_say() -> None:
    one = grown("distil", bootstrap=2000, bootstrap_bias=20.0)
    mixture = one.zone.mixture
    for name in ("expert_0", "expert_1"):
        one.zone.freeze(name)
    images, names = digits()
    for begin in range(220, 600, 20):
        ids = range(begin, begin + 20)
        one.show(images[begin:begin + 20], ids)
        one.tell([(str(9 - int(name)),) for name in names[begin:begin + 20]], ids)
    rows, truth = images[700:900], np.array([int(name) for name in names[700:900]])
    known = np.array([int(name) for name in one.zone.state()["classes"]["names"]])
    teacher, newborn = (known[mixture.population.store.get(name).predict(rows).argmax(axis=1)] for name in (
        mixture.population.structure.units[2].parents[0], "expert_2"))
    assert np.mean(newborn == teacher) > 0.75
    assert np.mean(newborn == truth) > 0.75
    assert np.mean(newborn == 9 - truth) < 0.15


def test_a_trial_is_the_mean_loss_on_items_that_were_not_asked_about() -> None:
    one = grown("clone")
    population, rows = one.zone.mixture.population, digits()[0][300:320]
    names = one.zone.state()["classes"]["names"]
    places = np.array([names.index(name) for name in digits()[1][300:320]])
    given = population.store.get("expert_0").predict(rows)[np.arange(20), places]
    assert trial_of(population, rows, places, 10)("expert_0") == pytest.approx(float(-np.log(given).mean()), rel=1e-5)


def test_a_pruned_expert_returns_when_it_does_better_on_what_surprises() -> None:
    """The pixels change places, the experts for it are pruned, and the pixels change again."""
    images, names = digits()
    one = Bench(**{**ANALYTIC, "growth": {"schedule": [1], "start": "seed", "surprise": 2.0, "surprise_items": 40,
                                          "patience": 20, "cooldown": 60, "prune_below": 0.0}})
    order = np.random.default_rng(0).permutation(64)

    def teach(start: int, stop: int, changed: bool, offset: int) -> None:
        for begin in range(start, stop, 20):
            part = slice(begin, begin + 20)
            shown = images[part].reshape(20, 64)[:, order].reshape(20, 8, 8) if changed else images[part]
            ids = range(offset + begin, offset + begin + 20)
            one.show(shown, ids)
            one.tell([(name,) for name in names[part]], ids)

    teach(0, 600, False, 0)
    teach(600, 1000, True, 0)
    newborn = one.zone.structure.units[-1]
    assert newborn.born > 600
    for unit in one.zone.structure.units:
        if unit.born < 600:
            one.zone.prune(unit.name)
    teach(0, 200, False, 10_000)
    actions = [(event.action, event.reason) for event in one.zone.mixture.population.log.events()]
    assert ("revive", "surprise") in actions
