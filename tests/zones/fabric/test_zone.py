"""The fabric tick by tick: what it says, what it learns and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura.core.state import trees_equal

from .brains import FEATURES, NEURON, PERIOD, Bench, brain_of, learners, waves


@pytest.mark.slow
def test_it_says_what_its_ports_declare() -> None:
    bench = Bench(labels=True)
    bench.play(waves(8))
    published = bench.tick(waves(9)[-1])
    assert set(published) == {port.name for port in bench.fabric.context.outputs}
    assert published["activation"].shape == published["activity"].shape == (3, 3, 4)
    assert published["prediction"].shape == (1, FEATURES)
    assert published["winner"].dtype == np.int64
    assert published["loss"].shape == published["persistence"].shape == ()
    assert published["voltage"].shape == (4, 10)
    np.testing.assert_allclose(published["voltage_times"], (bench.now - 2 * PERIOD) * 1e-6 + np.arange(1, 11))
    assert len(published["spikes"]) == len(published["spike_times"]) > 0
    assert published["spike_times"].min() >= (bench.now - 2 * PERIOD) * 1e-6
    assert published["spike_times"].max() <= (bench.now - PERIOD) * 1e-6


@pytest.mark.slow
def test_parts_that_are_off_say_nothing() -> None:
    for off in ({"tissue": None}, {"prediction": None}, {"convolution": None}, {"probes": 0}):
        bench = Bench(**off)
        bench.play(waves(8))
        published = bench.tick(waves(9)[-1])
        assert set(published) == {port.name for port in bench.fabric.context.outputs}, off


@pytest.mark.slow
def test_the_loss_is_of_the_prediction_made_before_the_frame_came() -> None:
    bench, frames = Bench(context=2), waves(40)
    published = bench.play(frames)
    for before, after, frame, last in zip(published, published[1:], frames[1:], frames, strict=False):
        assert float(after["loss"]) == pytest.approx(float(((before["prediction"][0] - frame) ** 2).mean()), rel=1e-4)
        assert float(after["persistence"]) == pytest.approx(float(((last - frame) ** 2).mean()), rel=1e-5)
    assert "loss" not in published[0]


@pytest.mark.slow
def test_it_predicts_better_than_persistence_and_than_itself_without_learning() -> None:
    frames = waves(120)
    learned, idle = Bench(), Bench()
    with_learning = [float(published["loss"]) for published in learned.play(frames)[60:]]
    without = idle.play(frames, learn=False)
    assert np.mean(with_learning) < 0.3 * np.mean([float(published["persistence"]) for published in without[60:]])
    first, last = (np.mean([float(tick["loss"]) for tick in without[part]]) for part in (slice(1, 60), slice(60, None)))
    assert last > 0.95 * first
    assert np.mean(with_learning) < 0.1 * last


@pytest.mark.slow
def test_moving_digits_are_predicted_better_than_persistence_within_three_hundred_frames() -> None:
    from aura.sim.readers.digits import DigitsReader

    frames = DigitsReader(8).rows(np.arange(300))["image"].reshape(300, 64)
    losses: dict[bool, np.ndarray] = {}
    for learning in (True, False):
        with brain_of(frames, context=2) as brain:
            brain.learning = learning
            probes = [brain.probe(f"fabric.{name}") for name in ("loss", "persistence")]
            brain.run(until="3.05 s")
            losses[learning], persistence = (np.array(probe.values, float) for probe in probes)
    assert losses[True][200:].mean() < 0.3 * persistence[200:].mean()
    assert losses[False][200:].mean() > 0.9 * losses[False][:100].mean()
    assert losses[False][200:].mean() > 3.0 * losses[True][200:].mean()


@pytest.mark.slow
def test_nothing_is_learned_with_learning_off_but_tissue_and_context_go_on() -> None:
    bench = Bench(context=2, labels=True)
    bench.play(waves(30))
    bench.tick(waves(31)[-1], learn=False)  # synapses still learn what came up to this tick
    before, whole = learners(bench.fabric), bench.fabric.state()
    published = bench.play(waves(40, seed=5), learn=False, teacher=((("a",),),), ids={
        "frame": np.array([7]), "teacher": (np.array([7]),)})
    assert trees_equal(learners(bench.fabric), before)
    after = bench.fabric.state()
    assert not trees_equal(after["tissue"]["circuit"]["population"], whole["tissue"]["circuit"]["population"])
    assert not np.array_equal(after["memory"]["recent"], whole["memory"]["recent"])
    assert not np.array_equal(after["response"]["history"], whole["response"]["history"])
    assert len({int(one["winner"][0]) for one in published}) > 1


@pytest.mark.slow
def test_what_was_held_out_is_never_learned() -> None:
    """Two fabrics see other frames while learning is off, and learn the same before and after."""
    # Spikes that were held out would leave traces.
    tissue = {"plasticity": {"stdp": None, "homeostasis": None}, "drive_us": 0.0}
    found = []
    for seed in (1, 2):
        bench = Bench(context=3, labels=True, tissue=tissue, convolution=None)
        bench.play(waves(20))
        bench.play(waves(10, seed=seed), learn=False)
        once = learners(bench.fabric)
        bench.play(waves(4, seed=9))
        # A lesson holds a frame, the three that predicted it, and the one before those: four frames make none.
        assert trees_equal(learners(bench.fabric)["readout"], once["readout"])
        bench.play(waves(20, seed=8))
        found.append(learners(bench.fabric))
        assert not trees_equal(found[-1]["readout"], once["readout"])
        assert not trees_equal(found[-1]["map"], once["map"])
    assert trees_equal(found[0], found[1])


def test_labels_of_frames_that_were_held_out_are_not_counted() -> None:
    bench = Bench(labels=True)
    frames = waves(6)
    bench.tick(frames[0], ids={"frame": np.array([0])})
    bench.tick(frames[1], ids={"frame": np.array([1])}, learn=False)
    bench.tick(teacher=((("a",), ("b",)),), ids={"teacher": (np.array([0, 1]),)})
    assert bench.scalars == {"labelled": 1.0, "unmatched": 1.0}


@pytest.mark.slow
def test_a_tick_that_was_not_learned_leaves_no_lesson_for_a_later_one() -> None:
    bench = Bench()
    bench.play(waves(20))
    bench.tick(waves(21)[-1], learn=False)
    before = learners(bench.fabric)["readout"]
    bench.tick()
    bench.tick()
    assert trees_equal(learners(bench.fabric)["readout"], before)


@pytest.mark.slow
def test_it_goes_through_the_modes_a_third_each() -> None:
    published = [one["mode"][0] for one in Bench().play(waves(30))]
    assert {mode: published.count(mode) for mode in published} == {"normal": 10, "random": 10, "intentional": 10}


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["normal", "random", "intentional", "bidirectional"])
def test_it_keeps_the_mode_it_is_told(mode: str) -> None:
    published = Bench(modes={"keep": mode, "bidirectional": True}).play(waves(6))
    assert {one["mode"] for one in published} == {(mode,)}


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["normal", "random", "intentional"])
def test_each_mode_can_be_switched_off(mode: str) -> None:
    published = Bench(modes={mode: False}).play(waves(8))
    assert {one["mode"][0] for one in published} == {"normal", "random", "intentional"} - {mode}


@pytest.mark.slow
def test_a_goal_changes_what_is_expected_in_intentional_mode_alone() -> None:
    def played(mode: str, goal: Any) -> list[np.ndarray]:
        return [published["prediction"] for published in Bench(modes={"keep": mode}).play(waves(30), goal=goal)]

    one, other = np.eye(2, FEATURES, dtype=np.float32)
    assert not np.array_equal(played("intentional", one), played("intentional", other))
    assert np.array_equal(played("normal", one), played("normal", other))


@pytest.mark.slow
def test_frames_of_one_tick_are_predicted_without_those_that_follow() -> None:
    """What is expected after a frame does not depend on the frames after it, in the same tick or later."""
    frames, published = waves(44), []
    for last in (frames[43], frames[0]):
        bench = Bench(context=2)
        for start in range(0, 40, 4):
            bench.tick(frames[start:start + 4])
        published.append(bench.tick(np.stack([*frames[40:43], last]))["prediction"])
    assert np.array_equal(published[0][:3], published[1][:3])
    assert not np.array_equal(published[0][3], published[1][3])


def test_several_frames_a_tick_are_learned_as_one_after_the_other() -> None:
    """Without tissue a frame is predicted from its context alone: cut into ticks or not, the readout is the same."""
    frames, found = waves(60), []
    for step in (1, 5):
        bench = Bench(context=2, tissue=None, prediction={"units": False, "block": 1})
        for start in range(0, 60, step):
            bench.tick(frames[start:start + step])
        found.append(learners(bench.fabric)["readout"]["learner"]["weights"])
    assert np.abs(found[0]).max() > 0.1
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_frames_of_one_tick_drive_the_tissue_in_turn() -> None:
    """Two frames drive it as one would half a period long, and then the other."""
    first, last = waves(8)[0], waves(8)[4]
    bench = Bench()
    bench.play(waves(200))
    grid = bench.fabric.params.spatial_dims
    activations = [bench.fabric.map.activation(frame[None]).reshape(-1) for frame in (first, last)]
    published = bench.tick(np.stack([first, last]))
    np.testing.assert_allclose(published["activation"], np.mean(activations, axis=0).reshape(grid), atol=1e-6)
    begin, drive = bench.now - PERIOD, bench.fabric.circuit.drive
    for part, expected in ((0, 0), (4, 0), (6, 1), (10, 1), (25, 1)):
        bench.fabric.step(begin + part * PERIOD // 10, bench.inputs({}))
        np.testing.assert_allclose(drive, activations[expected], atol=1e-5)
        np.testing.assert_array_less(0.1, np.abs(drive - activations[1 - expected]).max())


@pytest.mark.slow
def test_ticks_without_frames_change_no_learner_but_let_the_tissue_live() -> None:
    bench = Bench(tissue={"plasticity": {"stdp": None, "homeostasis": None}})
    bench.play(waves(20))
    before, now = learners(bench.fabric), bench.fabric.state()["tissue"]["now"]
    published = [bench.tick() for _ in range(5)]
    assert trees_equal(learners(bench.fabric), before)
    assert bench.fabric.state()["tissue"]["now"] == now + 5 * PERIOD
    assert set(published[0]) <= {"activity", "voltage", "spikes", "spike_times", "voltage_times"}


def test_a_frame_of_several_axes_comes_back_in_its_shape() -> None:
    bench = Bench(frame=("row", "column"))
    published = bench.fabric.step(0, bench.inputs({"frame": np.zeros((3, 2, 4), np.float32)}))
    assert published["prediction"].shape == (3, 2, 4)


@pytest.mark.slow
def test_training_status_goes_from_untrained_to_trained() -> None:
    bench = Bench(tissue=None)
    assert bench.fabric.get_training_status() == {
        "trained": False, "utilisation": 0.0, "quantisation_error": 0.0, "items": 0}
    bench.play(waves(210))
    status = bench.fabric.get_training_status()
    assert status["trained"]
    assert 0.0 < status["utilisation"] <= 1.0
    assert status["items"] == 210
    assert status["quantisation_error"] > 0.0


@pytest.mark.slow
def test_warming_up_changes_nothing() -> None:
    bench, other = Bench(), Bench()
    before = bench.fabric.state()
    bench.fabric.warm_up()
    assert trees_equal(bench.fabric.state(), before)
    assert bench.fabric.rng.bit_generator.state == other.fabric.rng.bit_generator.state


@pytest.mark.slow
def test_the_direction_weighs_what_the_past_says_to_the_kernels() -> None:
    kernels = []
    for direction in (0.0, 0.5, 5.0):
        bench = Bench(prediction={"direction": direction, "block": 1, "rate": 0.1})
        bench.play(waves(40))
        kernels.append(learners(bench.fabric)["kernels"])
    assert not np.array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[1], kernels[2])


@pytest.mark.slow
def test_the_kernels_stay_at_a_rate_of_nothing() -> None:
    bench = Bench(prediction={"rate": 0.0})
    before = bench.fabric.state()["response"]["convolution"]["kernels"]
    bench.play(waves(20))
    assert np.array_equal(learners(bench.fabric)["kernels"], before)


@pytest.mark.slow
def test_the_map_is_read_out_by_the_majority_of_its_labels() -> None:
    rng = np.random.default_rng(0)
    kinds = rng.integers(2, size=200)
    frames = (np.eye(2, FEATURES)[kinds] + 0.05 * rng.normal(size=(200, FEATURES))).astype(np.float32)
    names = np.array(["left", "right"])[kinds].tolist()
    with brain_of(frames, names=names, labels=True, tissue=None) as brain:
        probe = brain.probe("fabric.label")
        brain.run(until="2.1 s")
    published = [label for (label,) in probe.values]
    assert published[0] == ()
    assert np.mean([label == (name,) for label, name in zip(published[100:], names[100:], strict=True)]) > 0.95


@pytest.mark.slow
def test_the_goal_is_compared_with_the_newest_frame_that_units_stand_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from aura.zones.fabric.learning import response

    compared: list[np.ndarray] = []
    original = response.goal_agreement

    def noted(patterns: np.ndarray, goal: np.ndarray, **how: Any) -> np.ndarray:
        compared.append(patterns)
        return original(patterns, goal, **how)

    monkeypatch.setattr(response, "goal_agreement", noted)
    frames = np.tile(np.eye(3, FEATURES, dtype=np.float32), (70, 1))  # three frames, in turn
    bench = Bench(context=3, modes={"keep": "intentional"}, map={"length": 100})
    published = bench.play(frames, goal=frames[0])
    for frame, one, patterns in zip(frames[-3:], published[-3:], compared[-3:], strict=True):
        assert np.abs(patterns[one["winner"][0]] - frame).max() < 0.3


@pytest.mark.slow  # a kernel of its own
def test_what_was_read_otherwise_than_it_stands_in_the_file_of_a_neuron_is_told(tmp_path: Path) -> None:
    file = tmp_path / "cell.swc"
    file.write_text("1 1 0 0 0 8000 -1\n2 3 10000 0 0 1000 1\n3 3 60000 0 0 0 2\n", encoding="utf-8")
    bench = Bench(tissue={"neuron": {**NEURON, "swc": str(file), "unit": "nm", "dendrites": 0, "segments": 1}})
    noted = {text: count for text, count in bench.fabric.notices().items() if count}
    assert noted == {
        "read cell.swc: radii of 0 were taken as 5e-07 um, the smallest, so that hardly any current passes "
                    "there; zero_radius_um sets another (line 3)": 1}
    assert bench.fabric.circuit.population.cable.area_um2.sum() == pytest.approx(
        4 * np.pi * 64 + np.pi * np.hypot(50.0, 1.0), rel=1e-6)
    bench.play(waves(2))
    assert np.isfinite(bench.fabric.circuit.population.read("v")).all()
