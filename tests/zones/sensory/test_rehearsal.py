"""An encoder that learns reads earlier texts once more, for zones to teach them again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import aura
from aura.zones.sensory.plugin import MANIFEST

from .test_plastic_zone import Diary, Puller, weights

FAST = {"learning_rate": 1e-2, "rehearse": 2}


class Again(Puller):
    """Wants embeddings that are read once more to lie near the axis too."""

    manifest = aura.Manifest("again", "", wake_on=("embedding",), inputs=Puller.manifest.inputs,
                             outputs=Puller.manifest.outputs)


def brain_of(folder: Path, *, taught_again: bool = True, **plastic: Any) -> aura.Brain:
    brain = aura.Brain(seed=1)
    brain.add(Diary)
    brain.add(MANIFEST, params={"model": str(folder), "dimensions": 16, "threads": 1, "cache": False,
                                "plasticity": "full", "plastic": FAST | plastic})
    brain.connect("diary.text", "sensory.text")
    for zone, source in ((Puller, "embedding"), (Again, "rehearsed")):
        if zone is Puller or taught_again:
            name = zone.manifest.name
            brain.add(zone)
            brain.connect(f"sensory.{source}", f"{name}.embedding")
            brain.connect(f"{name}.gradient", "sensory.embedding_gradient")
    return brain


def test_earlier_texts_come_once_for_each_time_that_new_ones_were_learned(tiny_bert: Path) -> None:
    """By ids of texts with a word in them that came before; each as the weights have it by then."""
    with brain_of(tiny_bert) as brain:
        again, new = brain.probe("sensory.rehearsed"), brain.probe("sensory.embedding")
        brain.run(until="95 ms")
    assert len(again.signals) == len(new.signals) == 10
    for signal in again.signals:
        assert len(signal.ids) == len(set(signal.ids.tolist())) == 2
        assert not (signal.ids % 10 == 1).any()
        assert (signal.ids <= signal.time // 10_000_000 * 10 + 3).all()
    assert len({tuple(sorted(signal.ids.tolist())) for signal in again.signals}) > 3


def test_what_is_read_once_more_is_read_with_the_weights_as_they_are_by_then(tiny_bert: Path) -> None:
    with brain_of(tiny_bert, taught_again=False) as brain:
        brain.run(until="9 ms")
        signal, zone = brain.latest("sensory.rehearsed"), brain["sensory"]
        texts = tuple(("i am glad.", "", "it rained all day", "so sad")[one] for one in signal.ids.tolist())
        np.testing.assert_allclose(signal.value, zone.encode(texts), atol=1e-5)
        first = dict(zip(brain.latest("sensory.embedding").ids.tolist(), brain.read("sensory.embedding"), strict=True))
        assert np.abs(signal.value - [first[one] for one in signal.ids.tolist()]).max() > 1e-3


def test_their_gradients_move_the_weights_and_are_not_rehearsed_in_turn(tiny_bert: Path) -> None:
    moved = []
    for taught_again in (True, False):
        with brain_of(tiny_bert, taught_again=taught_again) as brain:
            brain.run(until="9 ms")
            moved.append(brain["sensory"].state()["plastic"]["mover"]["steps"])
    assert moved == [2, 1]


def test_in_a_held_out_phase_nothing_is_read_once_more(tiny_bert: Path) -> None:
    with brain_of(tiny_bert) as brain:
        brain.run(until="25 ms")
        before = weights(brain).copy()
        brain.learning = False
        again = brain.probe("sensory.rehearsed")
        brain.run(until="60 ms")
        assert not again.signals
        np.testing.assert_array_equal(weights(brain), before)


def test_a_run_goes_on_between_a_rehearsal_and_its_gradient_to_the_bit(tiny_bert: Path,
                                                                                 tmp_path: Path) -> None:
    with brain_of(tiny_bert) as whole:
        whole.run(until="60 ms")
        wanted = weights(whole).copy()
    for instant in ("20 ms", "21 ms", "22 ms", "23 ms", "24 ms"):
        with brain_of(tiny_bert) as first:
            first.run(until=instant)
            saved = first.save(tmp_path / instant[:2])
        with brain_of(tiny_bert) as second:
            second.load(saved)
            second.run(until="60 ms")
            np.testing.assert_array_equal(weights(second), wanted)


def test_without_it_there_is_no_such_output(tiny_bert: Path) -> None:
    plain = MANIFEST.params(model=str(tiny_bert), dimensions=16, plasticity="full")
    assert [port.name for port in MANIFEST.ports(plain)[1]] == ["embedding"]
