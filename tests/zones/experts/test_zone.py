"""The mixture of experts in a brain: what it says, how it learns and grows, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aura import Brain, Port
from aura.core.errors import AuraError, ParameterError, SignalError, StateError, WiringError
from aura.core.state import trees_equal
from aura.zones.experts.growth.structure import rebuild
from aura.zones.experts.plugin import MANIFEST

from .bench import ANALYTIC, Bench, digits, silent

GROWING = {**ANALYTIC, "growth": {"schedule": [1, 3], "every": 100}}


@pytest.mark.slow
def test_it_learns_handwritten_digits_in_one_pass() -> None:
    one = Bench(**{**GROWING, "options": {"analytic": {"features": "dense", "width": 300}}})
    one.teach(0, 1400)
    assert one.test(1400, 1797) > 0.91
    assert one.read("routing").shape == (397, 3)


def test_before_any_class_is_known_it_says_nothing_and_no_nan() -> None:
    one = Bench(**ANALYTIC)
    one.show(digits()[0][:3], [1, 2, 3])
    assert one.read("label") == ((), (), ())
    assert one.read("probability").shape == (3, 0)
    assert one.read("classes") == ()
    assert one.read("expert") == ("expert_0",) * 3
    assert one.read("routing").tolist() == [[1.0]] * 3


def test_outputs_carry_the_ids_of_their_items() -> None:
    one = Bench(**ANALYTIC)
    one.show(digits()[0][:2], [41, 17])
    for port in ("label", "probability", "expert", "routing"):
        assert one.brain.latest(f"hippocampus.{port}").ids.tolist() == [41, 17]


def test_classes_are_published_at_first_and_when_they_change() -> None:
    one = Bench(**ANALYTIC, classes=["0"])
    probe = one.brain.probe("hippocampus.classes")
    one.teach(0, 2, block=1)
    one.show(digits()[0][:1], [99])
    assert probe.values == [("0",), ("0", "1")]


def test_a_new_class_grows_the_head_of_every_expert() -> None:
    one = Bench(**ANALYTIC, initial=2, gate={"k": 1})
    one.teach(0, 300)
    assert len(one.read("classes")) == 10
    assert one.read("probability").shape[1] == 10
    assert one.test(300, 500) > 0.75


def test_a_label_outside_the_declared_classes_is_refused_with_its_name() -> None:
    one = Bench(**ANALYTIC, classes=["0", "1"], open=False)
    one.show(digits()[0][:1], [1])
    with pytest.raises(SignalError, match=r"hippocampus\.teacher at .* a label among the 2 classes, got '7'"):
        one.tell([("7",)], [1])


def test_a_label_outside_the_declared_classes_can_be_left_out() -> None:
    one = Bench(**ANALYTIC, classes=["0", "1"], open=False, on_unknown="skip")
    one.show(digits()[0][:2], [1, 2])
    logged = one.tell([("7",), ("0",)], [1, 2])
    assert (logged["unknown"], logged["items"]) == (1.0, 1.0)


def test_unknown_ids_and_labels_received_twice_are_counted_and_not_learned() -> None:
    one = Bench(**ANALYTIC, classes=["0", "1"])
    one.show(digits()[0][:2], [1, 2])
    assert one.tell([("0",), ("1",), ("0",)], [1, 2, 77])["unmatched"] == 1.0
    before = one.zone.state()
    assert one.tell([("1",), ("0",)], [1, 2])["unmatched"] == 2.0
    assert trees_equal(before["mixture"], one.zone.state()["mixture"])


def test_only_the_experts_that_were_asked_learn() -> None:
    one = Bench(**ANALYTIC, initial=4, gate={"k": 1, "features": 4, "resonators": 0})
    one.teach(0, 60)
    asked = set(one.read("expert"))
    before = {f"expert_{i}": one.zone.mixture.population.store.get(f"expert_{i}").state() for i in range(4)}
    one.show(digits()[0][100:101], [9000])
    asked = set(one.read("expert"))
    one.tell([("3",)], [9000])
    changed = {name for name, state in before.items()
               if not trees_equal(state, one.zone.mixture.population.store.get(name).state())}
    assert changed == asked


# --- the wiring and shapes that are refused ---------------------------------------------------------------------------

def test_wrong_image_shapes_are_named_when_the_brain_is_built() -> None:
    brain = Brain()
    brain.add(silent(Port("image", shape=("item", 28, 28))))
    brain.add(MANIFEST, "hippocampus", params={"stimulus": (8, 8)})
    brain.connect("silent.image", "hippocampus.stimulus")
    with pytest.raises(WiringError, match="axis 1 has length 28, not 8"):
        brain.build()


def test_images_of_another_shape_than_the_first_are_refused() -> None:
    one = Bench(**ANALYTIC)
    one.show(digits()[0][:1], [1])
    with pytest.raises(SignalError, match=r"stimuli of shape \(8, 8\), as at first, got \(8, 7\)"):
        one.show(digits()[0][:1, :, :7], [2])


def test_a_nan_pixel_is_refused_before_any_zone_sees_it() -> None:
    one = Bench(**ANALYTIC)
    image = digits()[0][:1].copy()
    image[0, 3, 4] = np.nan
    with pytest.raises(SignalError, match=r"finite values, got nan at index \[0, 3, 4\]"):
        one.show(image, [1])


@pytest.mark.parametrize("params, message", [
    ({"gate": {"k": 20}}, "gate.k and gate.shared of 16 at most"),
    ({"gate": {"k": 0}}, "greater than or equal to 1"),
    ({"growth": {"schedule": [3, 1]}}, "never fall"),
    ({"growth": {"schedule": [20]}}, "a growth.schedule of 16 experts at most"),
    ({"initial": 17}, "initial of 16 at most"),
    ({"open": False}, "classes, as a zone that is not open learns no other"),
    ({"classes": ["a", "a"]}, "stand twice: a"),
    ({"options": {"mpl": {}}}, "options of the kinds mlp alone, not 'mpl'"),
    ({"growht": False}, "growth"),
])
def test_parameters_that_cannot_be_are_refused(params: dict[str, object], message: str) -> None:
    with pytest.raises(AuraError, match=message):
        Bench(**params).brain.build()


def test_kinds_and_their_options_are_checked_when_the_brain_is_built() -> None:
    with pytest.raises(ParameterError, match=r"hippocampus\.options\.analytic\.widht: expected a known key"):
        Bench(kinds=["analytic"], options={"analytic": {"widht": 3}}).brain.build()
    with pytest.raises(ParameterError, match=r"got 'mpl'\. Try 'mlp'"):
        Bench(kinds=["mpl"]).brain.build()


# --- behaviour at the edges -------------------------------------------------------------------------------------------

def test_with_fewer_experts_than_k_all_are_asked() -> None:
    one = Bench(**ANALYTIC, initial=2, gate={"k": 5})
    one.show(digits()[0][:3], [1, 2, 3])
    assert (one.read("routing") > 0).all()
    np.testing.assert_allclose(one.read("routing").sum(axis=1), 1.0, rtol=1e-6)


def test_when_all_experts_are_frozen_nothing_is_learned_and_items_are_counted() -> None:
    one = Bench(**ANALYTIC, initial=2, frozen=["expert_0", "expert_1"], classes=["0", "1"])
    one.show(digits()[0][:2], [1, 2])
    before = [one.zone.mixture.population.store.get(f"expert_{i}").state() for i in range(2)]
    assert one.tell([("0",), ("1",)], [1, 2])["skipped"] == 2.0
    for index, state in enumerate(before):
        assert trees_equal(state, one.zone.mixture.population.store.get(f"expert_{index}").state())


def test_a_frozen_expert_that_is_not_there_is_refused() -> None:
    with pytest.raises(StateError, match="expert_7"):
        Bench(**ANALYTIC, frozen=["expert_7"]).show(digits()[0][:1], [1])


def test_the_last_active_expert_cannot_be_pruned() -> None:
    one = Bench(**ANALYTIC, initial=2)
    one.show(digits()[0][:1], [1])
    one.zone.prune("expert_0")
    with pytest.raises(StateError, match="the last one"):
        one.zone.prune("expert_1")
    one.show(digits()[0][:1], [2])
    assert one.read("expert") == ("expert_1",)


def test_energy_at_zero_for_ever_stops_learning_and_counts_what_it_leaves_out() -> None:
    one = Bench(**ANALYTIC, classes=[str(n) for n in range(10)])
    one.modulate(energy_gate=0.0)
    one.teach(0, 40)
    assert one.logged == []
    assert one.zone.mixture.items == 0
    assert [str(notice) for notice in one.brain.all_notices()] == [
        "hippocampus left 40 items unlearned while energy_gate was below 0.1"]
    one.modulate(energy_gate=1.0)
    one.teach(40, 60)
    assert one.zone.mixture.items == 20


def test_learning_drive_zero_learns_nothing() -> None:
    one = Bench(**ANALYTIC, classes=["0", "1"])
    one.modulate(learning_drive=0.0)
    one.teach(0, 20)
    assert one.zone.mixture.items == 0


def test_a_negative_modulator_is_refused() -> None:
    one = Bench(**ANALYTIC)
    one.modulate(learning_rate=-1.0)
    with pytest.raises(SignalError, match="learning_rate: 0 or more, got -1"):
        one.teach(0, 2)


def test_the_router_s_bias_decides_who_is_asked() -> None:
    one = Bench(**ANALYTIC, initial=3, gate={"k": 1})
    bias = np.array([[0.0, 50.0, 0.0], [0.0, 0.0, 50.0]], np.float32)
    one.brain.inject("hippocampus.gate_bias", bias, ids=np.array([1, 2]))
    one.show(digits()[0][:2], [1, 2])
    assert one.read("expert") == ("expert_1", "expert_2")


def test_a_bias_of_other_items_is_refused() -> None:
    one = Bench(**ANALYTIC, initial=3)
    one.brain.inject("hippocampus.gate_bias", np.zeros((2, 3), np.float32), ids=np.array([2, 1]))
    with pytest.raises(SignalError, match="a bias of the same items"):
        one.show(digits()[0][:2], [1, 2])


def test_the_gate_s_temperature_follows_its_modulator() -> None:
    one = Bench(**ANALYTIC, initial=3)
    one.brain.inject("hippocampus.gate_bias", np.array([[0.0, 2.0, 1.0]], np.float32), ids=np.array([1]))
    one.show(digits()[0][:1], [1])
    cool = float(one.read("gate_entropy"))
    one.modulate(gate_temperature=10.0)
    one.brain.inject("hippocampus.gate_bias", np.array([[0.0, 2.0, 1.0]], np.float32), ids=np.array([2]))
    one.show(digits()[0][:1], [2])
    assert float(one.read("gate_entropy")) > cool + 0.05


# --- growth -----------------------------------------------------------------------------------------------------------

def test_growth_is_published_on_the_bus_and_the_log_rebuilds_the_structure() -> None:
    one = Bench(**GROWING)
    probe = one.brain.probe("hippocampus.growth")
    one.teach(0, 220)
    one.zone.prune("expert_1")
    one.zone.freeze("expert_2")
    one.show(digits()[0][:1], [9000])
    lines = [line for block in probe.values for line in block]
    assert lines == one.zone.mixture.population.log.lines()
    assert rebuild(lines) == one.zone.structure
    assert [unit.status for unit in one.zone.structure.units] == ["active", "pruned", "active"]


def test_a_surprising_stream_gives_birth_to_an_expert() -> None:
    images, names = digits()
    one = Bench(**{**ANALYTIC, "growth": {"schedule": [1], "surprise": 3.0, "surprise_items": 40, "patience": 20,
                                          "cooldown": 100}})
    one.teach(0, 600)
    assert len(one.zone.structure) == 1
    order = np.random.default_rng(0).permutation(64)
    for start in range(600, 1000, 20):
        part = slice(start, start + 20)
        one.show(images[part].reshape(20, 64)[:, order].reshape(20, 8, 8), range(start, start + 20))
        one.tell([(name,) for name in names[part]], range(start, start + 20))
    births = [event for event in one.zone.mixture.population.log.events() if event.reason == "surprise"]
    assert births
    assert births[0].parents == ("expert_0",)


# --- state ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("cut", [90, 100, 120])
def test_resume_in_the_middle_of_growth_is_bit_identical(tmp_path: Path, cut: int) -> None:
    one, other = Bench(**GROWING, store={"resident": 2}), Bench(**GROWING, store={"resident": 2})
    one.teach(0, cut)
    other.brain.load(one.brain.save(tmp_path))
    assert one.teach(cut, 300) == other.teach(cut, 300)
    assert trees_equal(one.zone.state(), other.zone.state())


def test_how_many_experts_are_in_memory_changes_no_bit() -> None:
    one, other = Bench(**GROWING), Bench(**GROWING, store={"resident": 1})
    assert one.teach(0, 260) == other.teach(0, 260)
    one.show(digits()[0][:20], range(5000, 5020))
    other.show(digits()[0][:20], range(5000, 5020))
    assert one.read("probability").tobytes() == other.read("probability").tobytes()


def test_an_exported_mixture_gives_the_same_outputs_in_a_fresh_brain(tmp_path: Path) -> None:
    one, other = Bench(**GROWING), Bench(**GROWING)
    one.teach(0, 260)
    names = {path.relative_to(tmp_path).as_posix() for path in one.zone.export(tmp_path)}
    assert names == {"hippocampus/expert_0.msgpack", "hippocampus/expert_1.msgpack", "hippocampus/expert_2.msgpack",
                     "hippocampus/gate.msgpack", "hippocampus/growth.jsonl"}
    other.brain.build()
    other.zone.load_export(tmp_path)
    one.show(digits()[0][300:340], range(5000, 5040))
    other.show(digits()[0][300:340], range(5000, 5040))
    for port in ("label", "probability", "routing", "expert"):
        np.testing.assert_array_equal(one.read(port), other.read(port))


def damaged(folder: Path, how: str) -> None:
    path = folder / "hippocampus" / "expert_1.msgpack"
    if how == "missing":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)


@pytest.mark.parametrize("how", ["missing", "corrupted"])
def test_a_damaged_expert_file_names_itself(tmp_path: Path, how: str) -> None:
    one, other = Bench(**GROWING), Bench(**GROWING)
    one.teach(0, 260)
    one.zone.export(tmp_path)
    damaged(tmp_path, how)
    other.brain.build()
    other.zone.load_export(tmp_path)
    with pytest.raises(StateError, match=r"hippocampus/expert_1\.msgpack"):
        other.show(digits()[0][300:340], range(5000, 5040))


@pytest.mark.parametrize("how", ["missing", "corrupted"])
def test_the_brain_runs_on_without_a_damaged_expert_if_it_may(tmp_path: Path, how: str) -> None:
    one, other = Bench(**GROWING), Bench(**GROWING, store={"on_damage": "mask"})
    one.teach(0, 260)
    one.zone.export(tmp_path)
    damaged(tmp_path, how)
    other.brain.build()
    other.zone.load_export(tmp_path)
    other.show(digits()[0][300:340], range(5000, 5040))
    assert not other.read("routing")[:, 1].any()
    assert "expert_1.msgpack" in other.zone.mixture.population.store.damaged["expert_1"]
    assert other.teach(340, 500) > 0.6


def test_warming_up_changes_nothing() -> None:
    one, other = Bench(**{**GROWING, "stimulus": (8, 8)}), Bench(**{**GROWING, "stimulus": (8, 8)})
    one.brain.build()
    one.zone.warm_up()
    assert one.teach(0, 60) == other.teach(0, 60)
    assert trees_equal(one.zone.state(), other.zone.state())


@pytest.mark.slow
def test_reading_the_manifest_imports_nothing_heavy() -> None:
    code = ("import sys; import aura.zones.experts.plugin; "
            "print([m for m in ('jax', 'flax', 'faiss', 'numba', 'sklearn') if m in sys.modules])")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
