"""State declared once: what lasts comes back to the bit, and what does not fit is refused by its path."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from aura import Brain, Manifest, Observer, Zone, ZoneParams
from aura.core.errors import CheckpointError, StateError, WiringError
from aura.core.lasting import Free, Lasting, Made, Stateful
from aura.core.state import read_tree, trees_equal, write_tree


class Mode(Enum):
    OFF = "off"
    ON = "on"


class Step(NamedTuple):
    rate: float
    values: np.ndarray | None


@dataclass(frozen=True)
class Span:
    begin: int
    ends: tuple[int, ...] = ()


class Gate(Stateful):
    lasting = ("weights", "_open")

    def __init__(self, units: int = 2) -> None:
        self.weights, self._open = np.zeros(units, np.float32), False


class Table(Stateful):
    lasting = (Free("rows", 0),)

    def __init__(self) -> None:
        self.rows = np.zeros((0, 2))


class Everything(Stateful):
    lasting = ("count", "loss", "name", "data", "last", "mode", "recent", "sums", "totals", "order", "seen", "step",
               "span", "rng", "gate", "gates", "named", "kept", Made("steps", Step), Made("tables", Table),
               Made("spans", Span), Made("one", Span), Made("mine", "new_gate"), Free("grown"), Free("rows", 0))

    def __init__(self, units: int = 2) -> None:
        self.count, self.loss, self.name, self.data = 0, 0, "", b""
        self.last: Any = None
        self.mode, self.recent = Mode.OFF, deque([1, 2], maxlen=3)
        self.sums: Any = defaultdict(int)
        self.totals: Any = Counter(a=1)
        self.order: Any = OrderedDict()
        self.seen: set[int] = set()
        self.step, self.span, self.rng = Step(0.0, None), Span(0), np.random.default_rng(0)
        self.gate, self.gates, self.named = Gate(units), [Gate(units), Gate(1)], {"a": Gate(units)}
        self.kept: Any = [[], {}]
        self.steps: Any = deque(maxlen=2)
        self.tables: Any = {}
        self.spans: Any = []
        self.one: Any = None
        self.mine: Any = {}
        self.units = units
        self.grown, self.rows = np.zeros((2, 2)), np.zeros((1, 3), np.int64)
        self.derived = 0

    def new_gate(self) -> Gate:
        return Gate(self.units)

    def after_load(self) -> None:
        self.derived = 2 * self.count


def used() -> Everything:
    """Return one in which every attribute has another value than a new one."""
    one = Everything()
    one.count, one.loss, one.name, one.data, one.last = 3, 0.1, "\ud800", b"\0\xff", np.arange(3)
    one.mode, one.seen, one.step, one.span = Mode.ON, {2**63, 5}, Step(0.5, np.ones(2)), Span(1, (2, 3))
    one.recent.extend([3, 4])
    one.sums.update({(1, "x"): 2})
    one.totals.update(["a", "b"])
    one.order.update({"z": 1, "a": 2})
    one.rng.random(3)
    for gate in (one.gate, *one.gates, one.named["a"]):
        gate.weights += 1
        gate._open = True
    one.kept = [[np.arange(2)], {None: (1, 2)}]
    one.steps.extend([Step(1.0, None), Step(2.0, np.ones(1)), Step(3.0, None)])
    one.tables[7] = Table()
    one.tables[7].rows = np.ones((4, 2))
    one.spans.append(Span(4))
    one.one, one.mine = Span(5), {"g": Gate(2)}
    one.grown, one.rows = np.ones((1, 2, 3)), np.ones((5, 3), np.int64)
    return one


def test_all_that_lasts_comes_back_through_a_file_to_the_bit_and_of_its_type(tmp_path: Path) -> None:
    one, other = used(), Everything()
    write_tree(tmp_path / "f", one.state(), "one")
    other.load_state(read_tree(tmp_path / "f", "other"))
    assert trees_equal(other.state(), one.state())
    assert all(type(getattr(other, name)) is type(getattr(one, name)) for name in vars(one))
    assert (other.recent.maxlen, other.sums.default_factory, other.steps.maxlen) == (3, int, 2)
    assert other.rng.random() == one.rng.random()
    assert [type(part) for part in (other.tables[7], other.steps[0], other.mine["g"])] == [Table, Step, Gate]
    assert other.derived == 6


@pytest.mark.parametrize("shape", [2, 3])
def test_an_array_of_another_order_of_bytes_comes_back_through_a_file(shape: int, tmp_path: Path) -> None:
    class Swapped(Stateful):
        lasting = (Free("x"),)

        def __init__(self, rows: int) -> None:
            self.x = np.arange(rows, dtype=">f4")

    one, other = Swapped(2), Swapped(shape)
    write_tree(tmp_path / "f", one.state(), "one")
    other.load_state(read_tree(tmp_path / "f", "other"))
    assert other.x.dtype == one.x.dtype
    assert other.x.tobytes() == one.x.tobytes()


def test_a_used_object_goes_back_to_a_state_in_which_nothing_had_come() -> None:
    one, other = Everything(), used()
    other.load_state(one.state())
    assert trees_equal(other.state(), Everything().state())


def test_a_state_and_what_was_loaded_from_it_share_nothing() -> None:
    one, other = used(), Everything()
    tree, copy = one.state(), one.state()
    other.load_state(tree)
    for changed in (one, other):
        for array in (changed.last, changed.step.values, changed.gate.weights, changed.kept[0][0], changed.grown,
                      changed.tables[7].rows):
            array[...] = -1
        changed.kept[0].append(1)
        changed.seen.add(1)
        changed.rng.random()
    assert trees_equal(tree, copy)


def test_an_array_is_filled_in_place_so_that_its_views_go_on_seeing_it() -> None:
    gate = Gate()
    view = gate.weights[1:]
    gate.load_state({"weights": np.array([1, 2], np.float32), "open": True})
    assert view.tolist() == [2.0]
    frozen = gate.weights = np.zeros(2, np.float32)
    frozen.setflags(write=False)  # as on the bus, where others have it
    gate.load_state({"weights": np.array([3, 4], np.float32), "open": True})
    assert (gate.weights.tolist(), frozen.tolist()) == ([3.0, 4.0], [0.0, 0.0])


def test_a_property_says_what_is_saved_of_what_is_held_in_another_form() -> None:
    class Packed(Stateful):
        lasting = ("_half",)

        def __init__(self) -> None:
            self.whole = np.zeros((2, 2))

        @property
        def _half(self) -> np.ndarray:
            return self.whole[0].copy()

        @_half.setter
        def _half(self, half: np.ndarray) -> None:
            self.whole[:] = half

    packed = Packed()
    packed.load_state({"half": np.array([1.0, 2.0])})
    assert packed.whole.tolist() == [[1.0, 2.0], [1.0, 2.0]]


def test_a_class_adds_to_what_lasts_of_the_classes_above_it() -> None:
    class Sub(Gate):
        lasting = ("more",)

        def __init__(self) -> None:
            super().__init__()
            self.more = 1

    assert list(Sub().state()) == ["weights", "open", "more"]


def test_what_a_state_needs_is_built_before_it_is_loaded() -> None:
    class Opened(Stateful):
        lasting = ("_units", Lasting("gate", key="door"))

        def __init__(self) -> None:
            self._units: int | None = None
            self.gate: Gate | None = None

        def before_load(self, state: dict[str, Any]) -> None:
            self.gate = None if state["units"] is None else Gate(state["units"])

    one, other = Opened(), Opened()
    empty = one.state()
    one._units, one.gate = 3, Gate(3)
    one.gate.weights += 1
    assert list(one.state()) == ["units", "door"]
    other.load_state(one.state())
    assert trees_equal(other.state(), one.state())
    other.load_state(empty)
    assert (other._units, other.gate) == (None, None)


def _with(**changed: Any) -> dict[str, Any]:
    return {**used().state(), **changed}


GATE = {"weights": np.ones(2, np.float32), "open": True}


@pytest.mark.parametrize(("state", "message"), [
    (_with(gate={**GATE, "weights": np.ones(3, np.float32)}),
     r"Everything\.gate\.weights: expected float32 \(2,\), got float32 \(3,\)\. Was it saved with other parameters"),
    (_with(gate={**GATE, "weights": np.ones(2)}), r"gate\.weights: expected float32 \(2,\), got float64 \(2,\)"),
    (_with(gate={**GATE, "weights": [1.0, 2.0]}), r"gate\.weights: expected float32 \(2,\), got \[1\.0, 2\.0\]"),
    (_with(gate={"weights": GATE["weights"]}), r"Everything\.gate: expected the fields weights, open, got a state wit"),
    (_with(gate={**GATE, "bias": 1}), r"Everything\.gate: expected the fields weights, open, got a state with bias"),
    (_with(gate={"bias": 1, "open": True}), "got a state without weights and with bias"),
    (_with(gate=None), r"Everything\.gate: expected the state of a Gate, got None"),
    (_with(last={"weights": 1}), r"Everything\.last: expected None, got a state"),
    (_with(gates=[GATE]), r"Everything\.gates: expected the state of \[0\], \[1\], got \[0\]"),
    (_with(gates=[GATE, GATE]), r"Everything\.gates\[1\]\.weights: expected float32 \(1,\)"),
    (_with(named={"b": GATE}), r"Everything\.named: expected the state of a, got b"),
    (_with(named={"a": {**GATE, "open": 1}}), r"Everything\.named\.a\.open: expected a value of type bool, got 1"),
    (_with(count="3"), r"Everything\.count: expected a value of type int, got '3'"),
    (_with(rows=np.ones((5, 2), np.int64)), r"Everything\.rows: expected int64 \(5, 3\), got int64 \(5, 2\)"),
    (_with(rows=np.ones(5, np.int64)), r"Everything\.rows: expected int64 \(any, 3\), got int64 \(5,\)"),
    (_with(rows=np.ones((5, 3))), r"Everything\.rows: expected int64 \(5, 3\), got float64 \(5, 3\)"),
    (_with(recent=(1,)), r"Everything\.recent: expected a list, got \(1,\)"),
    (_with(span={"begin": 1}), r"Everything\.span: expected the state of begin, ends, got begin"),
    (_with(tables={7: {"rows": np.ones((4, 3))}}), r"Everything\.tables\.7\.rows: expected float64 \(4, 2\)"),
    ([], r"Everything: expected a dict, got \[\]"),
])
def test_what_does_not_fit_is_refused_by_its_path(state: Any, message: str) -> None:
    with pytest.raises(StateError, match=message):
        Everything().load_state(state)


def test_an_error_of_a_part_with_methods_of_its_own_keeps_its_place() -> None:
    class Own:
        def state(self) -> dict[str, Any]:
            return {}

        def load_state(self, state: dict[str, Any]) -> None:
            raise StateError("the.place", expected="a", got="b")

    class Holder(Stateful):
        lasting = ("part",)

        def __init__(self) -> None:
            self.part = Own()

    with pytest.raises(StateError, match=r"^the\.place: expected a, got b"):
        Holder().load_state({"part": {}})


def test_a_declaration_that_cannot_be_meant_is_refused_where_it_stands() -> None:
    with pytest.raises(WiringError, match=r"One\.lasting: expected a tuple of names, got 'mean'\. A tuple"):
        type("One", (Stateful,), {"lasting": "mean"})
    with pytest.raises(WiringError, match="differ by more than '_', got mean and _mean"):
        type("Two", (Stateful,), {"lasting": ("mean", "_mean")})

    class Three(Stateful):
        lasting = ("maen",)

        def __init__(self) -> None:
            self.mean = 0.0

    with pytest.raises(StateError, match=r"Three\.lasting: .* got 'maen'\. Try 'mean'"):
        Three().state()


class Params(ZoneParams):
    units: int = 2


class Counting(Zone[Params]):
    manifest = Manifest("counting", "", "Counts its ticks.", params=Params, period="1 ms", changeable=("units",))
    lasting = ("ticks", "gate")

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.ticks, self.gate = 0, Gate(self.params.units)

    def step(self, now: int, inputs: Any) -> None:
        self.ticks += 1
        self.gate.weights += 1


class Watching(Observer):
    name = "watching"
    lasting = ("ticks",)

    def __init__(self) -> None:
        self.ticks = 0

    def after_tick(self, now: int) -> None:
        self.ticks += 1


def test_zones_and_observers_that_declare_what_lasts_are_saved_and_loaded(tmp_path: Path) -> None:
    def build(**params: int) -> tuple[Brain, Watching]:
        brain, watching = Brain(seed=1), Watching()
        brain.add(Counting, **params)
        brain.observe(watching)
        return brain, watching

    with build()[0] as brain:
        brain.run(until="5 ms")
        saved = brain.save(tmp_path)
    brain, watching = build()
    with brain:
        brain.load(saved)
        assert (brain["counting"].ticks, brain["counting"].gate.weights.tolist(), watching.ticks) == (5, [5.0, 5.0], 5)
        with pytest.raises(WiringError, match="a name that no observer has yet"):
            brain.observe(Watching())
    with build(units=3)[0] as other, pytest.raises(
            CheckpointError, match=r"counting\.gate\.weights: expected float32 \(3,\), got float32 \(2,\)"):
        other.load(saved)
