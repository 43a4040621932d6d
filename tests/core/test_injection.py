"""What is put in from outside is cast where nothing is lost, and refused with a reason where something is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Port, Zone
from aura.core.errors import SignalError

PORTS = (Port("x", shape=("item", 2)), Port("i", "int64", shape=("item",)), Port("u", "uint8", shape=(2,)),
         Port("b", "bool"), Port("c", "complex64"), Port("t", "text", shape=("item",)),
         Port("g", "tags", shape=("item",)))


class Ear(Zone):
    """Keeps what it hears."""

    manifest = Manifest("ear", "", inputs=tuple(Port(p.name, p.dtype, p.shape, required=False) for p in PORTS),
                        wake_on=tuple(port.name for port in PORTS))
    heard: Any = None

    def step(self, now: int, inputs: Any) -> None:
        self.heard = dict(inputs)


def heard(port: str, value: Any, **more: Any) -> Any:
    brain = Brain()
    brain.add(Ear)
    brain.inject(f"ear.{port}", value, **more)
    brain.run()
    return brain["ear"].heard[port]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("port", "value", "expected"), [
    ("x", [[1, 2.5]], [[1, 2.5]]), ("x", np.array([[1, 2]]), [[1, 2]]), ("x", np.array([[0.5, 1.5]]), [[0.5, 1.5]]),
    ("x", np.zeros((0, 2)), []), ("i", [1, 2**40], [1, 2**40]), ("i", np.array([3], np.uint8), [3]), ("i", [], []),
    ("u", (1, 255), [1, 255]), ("u", np.array([True, False]), [1, 0]), ("b", True, True), ("c", 2.0, 2.0),
    ("t", "hello", ("hello",)), ("t", ["a", "b"], ("a", "b")), ("g", [["joy"], []], (("joy",), ())),
])
def test_what_loses_nothing_is_cast(port: str, value: Any, expected: Any) -> None:
    came = heard(port, value)
    assert (came.tolist() if isinstance(came, np.ndarray) else came) == expected


def test_a_float_is_rounded_to_the_ports_digits() -> None:
    assert heard("x", [[0.1, 0.2]]).dtype == np.float32


@pytest.mark.parametrize(("port", "value", "message"), [
    ("x", [1.0, 2.0], r"ear\.x at 0 ns: expected float32 \(item, 2\), got .*put one into a batch of one"),
    ("x", [[2**24 + 1, 0]], "Only what float32 holds without loss is cast"), ("x", [[1e300, 0]], "without loss"),
    ("x", [[float("nan"), 0]], "expected finite values, got nan"), ("x", [["a", "b"]], "got"),
    ("u", [1, 256], "without loss"), ("u", [1, -1], "without loss"), ("u", [1.0, 2.0], "without loss"),
    ("i", [1.5], "without loss"), ("b", 1, "got 1"), ("x", [[1], [2, 3]], r"got \[\[1\], \[2, 3\]\]"),
    ("x", 1j * np.ones((1, 2)), "without loss"), ("t", 3, "expected a tuple of str, got 3"),
    ("t", ["a", 3], "expected a tuple of str"), ("g", ("a", "b"), "tuples of str"), ("g", [{"a"}], "tuples of str"),
])
def test_what_loses_something_is_refused_with_a_reason(port: str, value: Any, message: str) -> None:
    with pytest.raises(SignalError, match=message):
        heard(port, value)


def test_ids_are_cast_too() -> None:
    brain = Brain()
    brain.add(Ear)
    probe: list[Any] = []
    brain["ear"].step = lambda now, inputs: probe.append(inputs.ids["t"].tolist())  # type: ignore[method-assign]
    brain.loop.nodes[0].replace_zone(brain["ear"])
    brain.inject("ear.t", ["a", "b"], ids=[4, 5])
    brain.run()
    assert probe == [[4, 5]]
