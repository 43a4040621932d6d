from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from aura import AuraError, Manifest, Port, Signal, Zone
from aura.core.brain import Brain
from aura.core.signals import again
from aura.core.time import MS
from aura.plugins.metrics.unit_map import MapOptions, UnitMap, purity_by_chance
from tests.plugins.tissue import make_brain


def metric(**more):
    return UnitMap("regions", MapOptions(**{"winner": "t.winner", "truth": "p.label", "shape": (2, 3), **more}))


def win(watcher, units, ids):
    watcher.on_signal(Signal("t.winner", 0, np.array(units, dtype=np.int64), np.array(ids, dtype=np.int64)))


def label(watcher, labels, ids):
    watcher.on_signal(Signal("p.label", 0, labels, np.array(ids, dtype=np.int64)))


def units(watcher, phase="run"):
    """Return unit to wins, majority label and purity."""
    found = watcher.results()["phases"][phase]["map"]
    names = [*found["labels"], None]
    return {unit: (wins, names[place], purity) for unit, wins, place, purity in zip(
        found["units"], found["wins"], found["majority"], found["purity"], strict=True)}


def test_a_unit_answers_to_the_label_that_most_of_its_items_have():
    watcher = metric()
    win(watcher, [4, 4, 4, 1], [0, 1, 2, 3])
    label(watcher, ("joy", "fear", "joy", "fear"), [0, 1, 2, 3])
    assert units(watcher) == {1: (1, "fear", 1.0), 4: (3, "joy", 0.6667)}
    summary = watcher.results()["phases"]["run"]["summary"]
    assert (summary["utilisation"], summary["purity"]) == (2 / 6, 3 / 4)


def test_labels_may_come_later_or_never_and_count_for_the_phase_of_the_win():
    watcher = metric()
    watcher.on_phase("learn", True, 0)
    win(watcher, [0, 1], [0, 1])
    watcher.on_phase("held-out", False, 10)
    win(watcher, [2], [2])
    label(watcher, ("joy",), [0])
    label(watcher, ("fear",), [2])
    assert units(watcher, "learn") == {0: (1, "joy", 1.0), 1: (1, None, None)}
    assert units(watcher, "held-out") == {2: (1, "fear", 1.0)}
    assert watcher.results()["waiting"] == 1


def test_wins_of_rows_that_were_learned_before_count_apart():
    watcher = metric()
    watcher.on_phase("learn", True, 0)
    later = again(np.arange(2, 4)).tolist()
    win(watcher, [0, 1, 1, 1], [0, 1, *later])
    label(watcher, ("joy", "fear", "joy", ""), [0, 1, *later])
    assert units(watcher, "learn") == {0: (1, "joy", 1.0), 1: (1, "fear", 1.0)}
    assert units(watcher, "learn, seen before") == {1: (2, "joy", 1.0)}
    assert watcher.results()["phases"]["learn, seen before"]["unlabelled"] == 1


def test_labels_that_are_not_told_apart_make_no_unit_pure():
    watcher = metric(max_classes=2)
    win(watcher, [0, 1, 1, 1, 2, 2], range(6))
    label(watcher, ("joy", "fear", "love", "joy", "awe", "rage"), range(6))
    assert units(watcher) == {0: (1, "joy", 1.0), 1: (3, "joy", 0.3333), 2: (2, None, None)}
    assert watcher.results()["phases"]["run"]["summary"] == {"utilisation": 0.5, "purity": 2 / 6}
    assert (watcher.results()["beyond"], watcher.results()["told_apart"]) == (4, 1)


def test_an_item_with_several_labels_counts_for_each_and_one_with_none_for_none():
    watcher = metric()
    win(watcher, [0, 0, 0], [0, 1, 2])
    label(watcher, (("joy", "love"), ("love",), ()), [0, 1, 2])
    assert units(watcher) == {0: (3, "love", 1.0)}
    assert "purity_by_chance" not in watcher.results()["phases"]["run"]["summary"]
    assert watcher.results()["phases"]["run"]["regions"] == [
        {"label": "joy", "units": 0, "items": 1, "held": 0, "own": 0},
        {"label": "love", "units": 1, "items": 2, "held": 2, "own": 2}]


def test_of_labels_that_are_as_frequent_the_first_by_name_is_taken_in_whatever_order_they_come():
    for order in (("10", "9"), ("9", "10")):
        watcher = metric()
        win(watcher, [0, 0], [0, 1])
        label(watcher, order, [0, 1])
        assert units(watcher) == {0: (2, "9", 0.5)}
        assert watcher.results()["phases"]["run"]["map"]["labels"] == ["9", "10"]


def test_without_a_truth_it_counts_the_wins():
    watcher = metric(truth=None)
    assert watcher.topics == ("t.winner",)
    win(watcher, [5, 5, 0], [0, 1, 2])
    found = watcher.results()["phases"]["run"]
    assert units(watcher) == {0: (1, None, None), 5: (2, None, None)}
    assert (found["summary"], found["regions"]) == ({"utilisation": 2 / 6}, [])


def test_integers_are_labels_too():
    watcher = metric()
    win(watcher, [0], [0])
    label(watcher, np.array([7]), [0])
    assert units(watcher) == {0: (1, "7", 1.0)}


@pytest.mark.parametrize(("unit", "message"), [(6, "units from 0 to 5, got the unit 6"), (-1, "got the unit -1")])
def test_a_unit_outside_of_the_map_is_an_error(unit, message):
    with pytest.raises(AuraError, match=message):
        win(metric(), [0, unit], [0, 1])


class Winner(Zone):
    manifest = Manifest("winner", "", period="10 ms", outputs=(
        Port("winner", "int64", ("item",), range=(0, 399)), Port("pair", "int64", ("item", 2))))


@pytest.mark.parametrize(("more", "message"), [
    ({"shape": (20, 19)}, r"metrics.regions.shape: expected 400 units, as t.winner tells, got 20 x 19 = 380"),
    ({"winner": "t.pair"}, r"metrics.regions.winner: expected a topic of \(item,\)")])
def test_a_shape_that_is_not_the_maps_is_refused_before_the_first_tick(more, message):
    brain = Brain()
    brain.add(Winner, "t")
    with pytest.raises(AuraError, match=message):
        metric(**{"truth": None, **more}).check(brain)
    metric(truth=None, shape=(20, 20)).check(brain)


def test_it_counts_as_a_slow_count_of_all_items_does():
    brain = make_brain()
    watcher = metric(winner="tissue.winner", truth="places.label", shape=(5, 5, 16))
    brain.observe(watcher)
    winners, labels = brain.probe("tissue.winner"), brain.probe("places.label")
    brain.run(until=2_000 * MS)
    truth = {item: word for s in labels.signals for item, word in zip(s.ids.tolist(), s.value, strict=True)}
    by_unit: dict[int, list[str]] = {}
    for signal in winners.signals:
        for item, unit in zip(signal.ids.tolist(), signal.value.tolist(), strict=True):
            by_unit.setdefault(unit, []).append(truth[item])
    best = {unit: max(sorted(set(words)), key=words.count) for unit, words in by_unit.items()}
    assert units(watcher) == {unit: (len(words), best[unit], round(words.count(best[unit]) / len(words), 4))
                              for unit, words in sorted(by_unit.items())}
    found = watcher.results()["phases"]["run"]
    own = sum(words.count(best[unit]) for unit, words in by_unit.items())
    assert found["summary"]["utilisation"] == len(by_unit) / 400
    assert found["summary"]["purity"] == own / found["items"] > found["summary"]["purity_by_chance"]
    assert {row["label"]: row["items"] for row in found["regions"]} == Counter(truth.values())
    assert {row["label"]: row["units"] for row in found["regions"] if row["units"]} == Counter(best.values())


def test_purity_by_chance_is_that_of_labels_dealt_out_anew():
    rng = np.random.default_rng(1)
    winners, labels = rng.integers(0, 40, 2_000), rng.choice(4, 2_000, p=[0.4, 0.3, 0.2, 0.1])
    pairs = Counter(zip(winners.tolist(), np.sort(labels).tolist(), strict=True))  # a map that knows much
    dealt = []
    for _ in range(200):
        table = np.zeros((40, 4))
        np.add.at(table, (winners, rng.permutation(labels)), 1)
        dealt.append(table.max(axis=1).sum() / 2_000)
    assert purity_by_chance(pairs) == pytest.approx(np.mean(dealt), abs=0.01)
    assert purity_by_chance(dict(reversed(pairs.items()))) == purity_by_chance(pairs)


def test_a_unit_for_each_item_is_pure_by_chance():
    assert purity_by_chance({(unit, unit % 3): 1 for unit in range(9)}) == 1.0
