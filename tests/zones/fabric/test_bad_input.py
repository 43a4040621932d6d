"""What the fabric refuses: before the first tick where it can be known, and with an error that says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Port, Zone
from aura.core.errors import AuraError, ParameterError, SignalError, StateError, WiringError
from aura.sim.streams.python import stream
from aura.zones.fabric.plugin import MANIFEST

from .brains import NEURON, Bench, brain_of, small, waves

SWC_NEGATIVE = "1 1 0 0 0 8 -1\n2 3 10 0 0 -2 1\n3 3 42 24 0 1.5 2\n"


def refused(resolution: str = "1 ms", **changes: Any) -> str:
    """Return the message when a brain with such a fabric is built; nothing has ticked."""
    brain = Brain(resolution=resolution)
    brain.add(stream([{"image": frame} for frame in waves(2)], period="10 ms"), "eye")
    with pytest.raises(AuraError) as caught:  # noqa: PT012
        brain.add(MANIFEST, "fabric", params=small(**changes))
        brain.connect("eye.image", "fabric.frame")
        brain.build()
    assert brain.now == 0
    return str(caught.value)


def neuron(**changes: Any) -> dict[str, Any]:
    return {"tissue": {"neuron": {**NEURON, **changes}}}


@pytest.mark.parametrize("changes, words", [
    (neuron(dt_ms=0.5), ["fabric.tissue.neuron.dt_ms: expected at most",
                            "ms, the bound of the fastest gate (m of sodium), got 0.5 ms. Try 0.1 ms"]),
    (neuron(dt_ms=-0.1), ["fabric.tissue.neuron.dt_ms", "greater than 0", "-0.1"]),
    (neuron(dt_ms=0.03), ["fabric.tissue.neuron.dt_ms", "a step of which 1 ms, the slot, is a whole number",
                          "got 0.03 ms. Try 0.025 ms"]),
    (neuron(segments=20_000), ["fabric.tissue.neuron.segments", "at most 10,000", "Try fewer segments"]),
    ({"spatial_dims": (5, 5)}, ["fabric.spatial_dims: expected 3 values, got (5, 5)"]),
    *(({"convolution": off}, ["fabric.convolution: expected false, which switches it off", f"got {off!r}"])
      for off in ("none", "null", 0)),
    ({"tissue": {"slot_ms": 0.3}}, ["fabric.tissue.slot_ms", "a slot of which 1 ms", "got 0.3 ms", "Try 0.5 ms"]),
    (neuron(channels={"sodum": 0.12}), ["fabric.tissue.neuron.channels.sodum", "Try 'sodium'"]),
    (neuron(channels={"mine": {"ion": "k", "conductance": "1 S/cm2", "reversal": "-90 mV", "temperature": "20 degC",
                               "gates": [{"name": "n", "steady": "sigmoid(v, 9", "tau": 1.0}]}}),
     ["fabric.tissue.neuron.channels.mine", "steady", "sigmoid(v, 9"]),
    (neuron(swc="/nowhere/cell.swc"), ["/nowhere/cell.swc"]),
    (neuron(unit="nm"), ["fabric.tissue.neuron: expected swc, the file that unit would be about"]),
    (neuron(swc="cell.swc", roots="all"), ["fabric.tissue.neuron.roots", "'join'", "'all'"]),
    ({"spatial_dims": (3, 0, 4)}, ["fabric.spatial_dims.1", "greater than 0", "got 0"]),
    ({"modes": {"normal": False, "random": False, "intentional": False}}, ["fabric.modes", "at least one mode"]),
    ({"modes": {"keep": "bidirectional"}}, ["fabric.modes.keep", "a mode that is on", "'bidirectional'"]),
    ({"convolution": {"inputs": 3}}, ["fabric.convolution", "two inputs"]),
    ({"convolution": {"space": "valid"}}, ["fabric.convolution", "space = 'same'"]),
    ({"frame": ("row", "row")}, ["fabric.frame", "names of axes that differ"]),
    ({"device": "tpu"}, ["fabric.device", "'cpu' or 'gpu'"]),
    ({"tissue": {"plasticity": {"calcium": {}}}}, ["fabric.tissue.plasticity.calcium", "neurons that keep calcium"]),
    ({"tissue": {"plasticity": {"stpd": {}}}}, ["fabric.tissue.plasticity.stpd", "Try 'stdp'"]),
    ({"contxt": 2}, ["fabric.contxt", "Try 'context'"]),
])
def test_mistakes_are_named_before_the_first_tick(changes: dict[str, Any], words: list[str]) -> None:
    message = refused(**changes)
    for word in words:
        assert word in message, message


def test_negative_radii_are_named_before_the_first_tick(tmp_path: Path) -> None:
    file = tmp_path / "cell.swc"
    file.write_text(SWC_NEGATIVE, encoding="utf-8")
    message = refused(**neuron(swc=str(file)))
    assert "cell.swc" in message
    assert "radius" in message
    assert "-2" in message


def test_a_gpu_that_is_not_there_is_named_before_the_first_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    import jax

    present = jax.devices("cpu")

    def devices(kind: str = "cpu") -> Any:
        if kind != "cpu":
            raise RuntimeError(f"Unknown backend {kind}")
        return present

    monkeypatch.setattr(jax, "devices", devices)
    message = refused(device="gpu")
    assert "fabric.device: expected a device that is present (cpu), got 'gpu'. Try 'cpu'" in message


def test_the_resolution_decides_which_slots_fit() -> None:
    assert "a slot of which 0.5 ms" in refused(resolution="0.5 ms")


@pytest.mark.slow
def test_the_convolution_needs_a_period() -> None:
    with pytest.raises(ParameterError, match=r"fabric\.period: expected a period, the convolution's time step"):
        Bench(period=0)
    Bench(period=0, convolution=None).play(waves(3))


def test_a_frame_of_another_shape_is_refused_with_both_shapes() -> None:
    bench = Bench()
    bench.tick(waves(1))
    with pytest.raises(SignalError, match=r"fabric\.frame at 10 ms: expected frames of shape \(6,\), as at "
                                          r"first, got \(7,\)"):
        bench.tick(np.zeros((1, 7)))
    bench = Bench(frame=("row", "column"))
    bench.tick(np.zeros((2, 2, 3)))
    with pytest.raises(SignalError, match=r"shape \(2, 3\), as at first, got \(3, 2\)"):
        bench.tick(np.zeros((1, 3, 2)))


def test_a_frame_that_is_not_finite_stops_at_its_publisher() -> None:
    class Eye(Zone[Any]):
        manifest = Manifest("eye", "", outputs=(Port("image", shape=("item", "feature"), doc="A frame."),),
                            period="10 ms")

        def step(self, now: int, inputs: Any) -> dict[str, Any]:
            return {"image": np.full((1, 6), np.nan if now == 30_000_000 else 1.0, np.float32)}

    brain = Brain()
    brain.add(Eye)
    brain.add(MANIFEST, "fabric", params=small())
    brain.connect("eye.image", "fabric.frame")
    with brain, pytest.raises(SignalError, match=r"eye\.image at 30 ms: expected finite values"):
        brain.run(until="100 ms")


def test_a_goal_of_another_shape_is_refused_with_both_shapes() -> None:
    bench = Bench()
    with pytest.raises(SignalError, match=r"fabric\.goal at 0 s: expected one frame of shape \(6,\), got \(4,\)"):
        bench.tick(waves(1), goal=np.zeros(4, np.float32))


def test_a_goal_of_other_axes_is_refused_when_wired() -> None:
    class Wish(Zone[Any]):
        manifest = Manifest("wish", "", outputs=(Port("goal", shape=("row", "column"), doc="A wish."),), period="10 ms")

        def step(self, now: int, inputs: Any) -> None:
            return None

    with pytest.raises(WiringError, match=r"fabric\.goal"), brain_of(waves(2)) as brain:  # noqa: PT012
        brain.add(Wish)
        brain.connect("wish.goal", "fabric.goal")
        brain.build()


def test_labels_without_ids_are_refused() -> None:
    bench = Bench(labels=True)
    bench.tick(waves(1))
    with pytest.raises(SignalError, match=r"fabric\.teacher at 10 ms: expected labels with the ids"):
        bench.tick(teacher=((("a",),),))


def test_a_fabric_without_tissue_has_no_neurons_to_show() -> None:
    with pytest.raises(ParameterError, match=r"fabric\.tissue: expected a tissue, got none"):
        _ = Bench(tissue=None).fabric.circuit


@pytest.mark.slow
@pytest.mark.parametrize("saved, loaded, part", [
    ({"labels": True}, {}, "labels"), ({}, {"labels": True}, "labels"), ({}, {"tissue": None}, "tissue"),
    ({"convolution": None}, {}, "response"), ({}, {"prediction": None}, "response")])
def test_a_state_of_other_parts_is_refused(saved: dict[str, Any], loaded: dict[str, Any], part: str) -> None:
    one, other = Bench(**saved), Bench(**loaded)
    for bench in (one, other):
        bench.play(waves(3))
    with pytest.raises(StateError, match=rf"Fabric\.{part}: expected (None|the state of a \w+), got (None|a )"):
        other.fabric.load_state(one.fabric.state())


def test_a_state_of_another_size_is_refused() -> None:
    one, other = Bench(spatial_dims=(3, 4, 3)), Bench(spatial_dims=(3, 3, 3))
    with pytest.raises(StateError):
        other.fabric.load_state(one.fabric.state())
