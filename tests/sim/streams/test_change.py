"""Changes in mid-run: what comes changed, when, and what tells of it."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from aura import Brain
from aura.core.checkpoint import latest_checkpoint
from aura.core.errors import StreamError, WiringError
from aura.core.ports import Port
from aura.core.time import MS
from aura.core.zone import Manifest, Zone
from aura.plugins.streams import Field
from aura.sim.readers.iterable import read_iterable
from aura.sim.streams import Change, played_stream
from aura.sim.streams.change import REGIME, Changing
from aura.sim.streams.playing import Playing

IMAGES = np.random.default_rng(0).random((10, 4, 3)).astype(np.float32)


def reader():
    return read_iterable([{"image": image, "word": str(i)} for i, image in enumerate(IMAGES)])


class Watch:
    """A brain with one stream, and what it has said."""

    def __init__(self, seed=0, rows=None, change=None, **playing):
        self.change = change or {}
        how = Playing(change=Change(**{"field": "image", "after": 4, **self.change}), **playing)
        self.brain = Brain(seed=seed)
        self.brain.add(played_stream(rows or reader(), how, name="s"), "s")
        self.probes = [self.brain.probe(f"s.{port}") for port in ("image", "word", "regime")]
        self.stream = self.brain["s"]

    def play(self, split="learn", start=0):
        self.stream.play(split, start)
        self.brain.wake("s")
        return self.run()

    def run(self, until=None):
        """Run and return (image, row, regime) of every item since the beginning."""
        self.brain.run(until)
        parts = [[item for signal in probe.signals for item in signal.value] for probe in self.probes]
        return [(image, int(word), regime) for image, word, regime in zip(*parts, strict=True)]


def order_of(published):
    """Return the permutation that the changed images show."""
    image, row, _ = next(item for item in published if item[2] == "after")
    return [int(np.flatnonzero(IMAGES[row].ravel() == value)[0]) for value in image.ravel()]


def check(published, order):
    """Assert that each image is what its regime says."""
    for image, row, regime in published:
        flat = IMAGES[row].ravel()
        np.testing.assert_array_equal(image.ravel(), flat[order] if regime == "after" else flat)


@pytest.mark.parametrize("items", [1, 3, 10])
def test_from_a_row_on_all_images_are_permuted_in_one_fixed_way(items):
    published = Watch(items=items).run()
    assert [regime for *_, regime in published] == ["before"] * 4 + ["after"] * 6
    order = order_of(published)
    assert sorted(order) == list(range(12))
    assert order != list(range(12))
    check(published, order)


@pytest.mark.parametrize(("after", "repeat", "first"), [(0.5, 1, 5), (0.25, 2, 5), (0, 1, 0), (15, 2, 15),
                                                        (100, 1, 100)])
def test_when_it_changes_is_a_number_of_rows_or_a_fraction_of_all_passes(after, repeat, first):
    regimes = [regime for *_, regime in Watch(change={"after": after}, repeat=repeat).run()]
    assert regimes == ["before"] * min(first, 10 * repeat) + ["after"] * (10 * repeat - first)


def test_the_permutation_follows_from_the_seed_of_the_stream_or_its_own():
    def order(seed, own=None):
        return order_of(Watch(seed=seed, change={"seed": own}).run())

    assert order(1) == order(1) != order(2)
    assert order(1, 7) == order(2, 7) != order(1, 8)


def test_later_learning_phases_stay_changed():
    watch = Watch(change={"after": 12}, autoplay=False)
    watch.play()
    published = watch.play(start=watch.brain.now)
    assert [regime for *_, regime in published] == ["before"] * 12 + ["after"] * 8


@pytest.mark.parametrize(("held_out", "regimes"), [
    ("both", ["before"] * 3 + ["after"] * 3), ("before", ["before"] * 3), ("after", ["after"] * 3)])
def test_held_out_rows_come_as_they_are_or_changed_or_both(held_out, regimes):
    order = order_of(Watch().run())
    watch = Watch(change={"held_out": held_out}, hold_out=0.3, items=2, autoplay=False)
    watch.stream.play("held_out", 0)
    assert watch.stream.remaining == len(regimes)
    published = watch.play("held_out")
    assert [regime for *_, regime in published] == regimes
    assert [row for _, row, _ in published] == [7, 8, 9] * (len(regimes) // 3)
    check(published, order)


def test_held_out_rows_do_not_bring_the_change_nearer():
    watch = Watch(hold_out=0.3, autoplay=False)
    watch.play("held_out")
    published = watch.play(start=watch.brain.now)[6:]
    assert [regime for *_, regime in published] == ["before"] * 4 + ["after"] * 3


def test_the_rows_of_the_reader_stay_as_they_were():
    rows = reader()
    Watch(rows=rows).run()
    np.testing.assert_array_equal(rows.rows(range(10))["image"], IMAGES)


def test_no_zone_may_read_the_regime_before_it_predicts():
    class Cheat(Zone):
        """Reads what it may not."""

        manifest = Manifest("cheat", "", wake_on=("regime",), inputs=(Port("regime", "text", ("item",)),))

        def step(self, now, inputs):
            return None

    brain = Brain()
    brain.add(played_stream(reader(), Playing(change=Change(field="image", after=4)), name="s"), "s")
    brain.add(Cheat, "cheat")
    brain.connect("s.regime", "cheat.regime")
    with pytest.raises(WiringError, match="No zone may see the label"):
        brain.build()
    assert REGIME.role == "label"


@pytest.mark.parametrize("field", ["word", "images", "n"])
def test_only_arrays_can_change(field):
    rows = read_iterable([{"image": IMAGES[0], "word": "a", "n": 1.0}])
    with pytest.raises(StreamError, match=r"s\.change\.field: expected a field of arrays of two elements or more"):
        _ = Watch(rows=rows, change={"field": field}).stream


@pytest.mark.parametrize("wrong", [{"after": 1.0}, {"after": 0.0}, {"after": -1}, {"after": True}, {"after": "10"},
                                   {"after": float("nan")}, {"how": "blur"}, {"held_out": "never"}, {"seed": -1},
                                   {"later": 3}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        Change(**{"field": "image", "after": 3, **wrong})


def test_a_field_of_the_name_of_the_output_is_refused():
    rows = read_iterable([{"image": IMAGES[0], "regime": "old"}])
    with pytest.raises(StreamError, match=r"s\.change: expected a stream without a field 'regime'"):
        Watch(rows=rows)


@pytest.mark.parametrize("stop", [25, 55, 85])
def test_a_stream_saved_before_or_after_the_change_goes_on_where_it_was(tmp_path, stop):
    how = {"change": {"after": 7}, "hold_out": 0.2, "shuffle": True, "repeat": 2, "items": 2}
    watch = Watch(**how)
    watch.run()
    whole = watch.play("held_out", 200 * MS)
    first = Watch(**how)
    published = first.run(until=stop * MS)
    first.brain.save(tmp_path)
    second = Watch(**how)
    second.brain.load(latest_checkpoint(tmp_path))
    second.run()
    published += second.play("held_out", 200 * MS)
    assert [item[1:] for item in published] == [item[1:] for item in whole]
    np.testing.assert_array_equal(np.array([item[0] for item in published]), np.array([item[0] for item in whole]))


@pytest.mark.parametrize(("field", "message"), [
    ("a", r"got 'a', a field of text\. Those of this stream: v\."), ("x", r"got 'x', a field of shape \(\)\. Those of"),
    ("w", r"got 'w'\. Known: a, v, x\.")])
def test_a_field_that_cannot_change_is_told_by_what_it_is(field, message):
    fields = {"a": Field("text"), "x": Field("float32"), "v": Field("float32", (3,))}
    with pytest.raises(StreamError, match=rf"s\.change\.field: expected a field of arrays .*{message}"):
        Changing(Change(field=field, after=1), fields, 10, 0, "s")
