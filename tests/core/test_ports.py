"""Ports, their fits and misfits, and the check of every published value against a slow oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import SignalError, WiringError
from aura.core.ports import NUMERIC, Port, make_check, misfit

FLOATING = [name for name in NUMERIC if np.dtype(name).kind in "fc"]


def fits(port: Port, value: np.ndarray) -> bool:
    """The oracle: what a port lets through, looked at element by element."""
    if value.dtype != np.dtype(port.dtype) or value.ndim != len(port.shape):
        return False
    if any(isinstance(axis, int) and axis != length for axis, length in zip(port.shape, value.shape, strict=True)):
        return False
    return all(np.isfinite(complex(element).real) and np.isfinite(complex(element).imag)
               for element in value.ravel().tolist())


@st.composite
def port_and_value(draw: st.DrawFn) -> tuple[Port, np.ndarray]:
    dtype = draw(st.sampled_from(NUMERIC))
    shape = tuple(draw(st.lists(st.sampled_from([0, 1, 2, 16, 17, "item", "frame"]), max_size=3)))
    given_dtype = dtype if draw(st.booleans()) else draw(st.sampled_from(NUMERIC))
    lengths = [draw(st.sampled_from([0, 1, 2, 3, 17])) if isinstance(axis, str) else axis for axis in shape]
    if draw(st.integers(0, 3)) == 0 and lengths:
        lengths[draw(st.integers(0, len(lengths) - 1))] += 1
    if draw(st.integers(0, 7)) == 0:
        lengths.append(1)
    value = np.ones(lengths, given_dtype)
    if value.dtype.kind in "fc" and value.size:
        real = np.finfo(value.dtype)
        special = [0.0, -0.0, real.max, -real.max, real.tiny, np.nan, np.inf, -np.inf]
        for _ in range(draw(st.integers(0, 3))):
            value.reshape(-1)[draw(st.integers(0, value.size - 1))] = draw(st.sampled_from(special))
        if draw(st.booleans()):
            value = np.full_like(value, real.max)
    if draw(st.booleans()) and value.ndim:
        value = np.repeat(value, 2, axis=0)[::2]
    return Port("p", dtype, shape), value


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(port_and_value())
def test_the_check_lets_through_what_the_oracle_does(case: tuple[Port, np.ndarray]) -> None:
    port, value = case
    before = value.tobytes()
    check = make_check(port, "zone.p")
    if fits(port, value):
        published = check(7, value)
        assert published.tobytes() == before
    else:
        with pytest.raises(SignalError, match=r"zone\.p at 7 ns: expected "):
            check(7, value)


@pytest.mark.parametrize("dtype", FLOATING)
@pytest.mark.parametrize("length", [1, 3, 16, 17, 1000])
@pytest.mark.parametrize("shape", [("n",), None])
def test_huge_finite_values_pass_and_one_bad_among_them_does_not(dtype: str, length: int, shape: Any) -> None:
    check = make_check(Port("p", dtype, shape or (length,)), "zone.p")
    huge = np.full(length, np.finfo(dtype).max, dtype)
    assert check(0, huge.copy()) is not None
    for bad in (np.nan, np.inf, -np.inf):
        for position in {0, length // 2, length - 1}:
            value = huge.copy()
            value[position] = bad
            with pytest.raises(SignalError, match=rf"finite values, got .* at index \[{position}\], 1 in all"):
                check(0, value)


def test_infinities_of_both_signs_do_not_cancel() -> None:
    for length in (2, 40):
        value = np.zeros(length, np.float32)
        value[:2] = np.inf, -np.inf
        with pytest.raises(SignalError, match="2 in all"):
            make_check(Port("p", shape=(length,)), "zone.p")(0, value)


def test_an_array_that_fits_is_returned_as_it_is() -> None:
    for shape in ((3,), (40,), ("item", 2), ()):
        value = np.ones([2 if axis == "item" else axis for axis in shape], np.float32)
        assert make_check(Port("p", shape=shape), "zone.p")(0, value) is value


@pytest.mark.parametrize(("dtype", "value", "expected"), [
    ("float32", 1.5, np.float32(1.5)), ("float32", 3, np.float32(3)), ("float32", np.float64(0.1), np.float32(0.1)),
    ("int64", 3, np.int64(3)), ("uint8", np.int64(255), np.uint8(255)), ("int8", -128, np.int8(-128)),
    ("bool", True, np.bool_(True)), ("bool", np.bool_(False), np.bool_(False)),
    ("complex64", 2.0, np.complex64(2)), ("float64", np.int64(2), np.float64(2)),
])
def test_a_number_becomes_a_scalar_array(dtype: str, value: Any, expected: Any) -> None:
    published = make_check(Port("p", dtype), "zone.p")(0, value)
    assert (type(published), published.dtype, published.shape) == (np.ndarray, np.dtype(dtype), ())
    assert published == expected


@pytest.mark.parametrize(("dtype", "value"), [
    ("int64", 3.7), ("int64", 3.0), ("int64", True), ("float32", True), ("bool", 1), ("uint8", 256), ("uint8", -1),
    ("int8", np.int64(300)), ("int64", 2**70), ("float32", 1e300), ("float32", float("nan")), ("float32", 1j),
    ("float32", np.str_("1")), ("float32", None), ("float32", "1"), ("int32", np.datetime64(1, "s")),
])
def test_a_number_of_another_kind_or_out_of_range_is_refused(dtype: str, value: Any) -> None:
    with pytest.raises(SignalError, match=r"zone\.p at 0 s"):
        make_check(Port("p", dtype), "zone.p")(0, value)


def test_subclasses_of_array_are_refused_by_name() -> None:
    value = np.ma.masked_array(np.ones(2, np.float32), [True, False])
    with pytest.raises(SignalError, match="MaskedArray"):
        make_check(Port("p", shape=(2,)), "zone.p")(0, value)


@pytest.mark.parametrize(("port", "value"), [
    (Port("p", "text", ("item",)), ("a", "")), (Port("p", "text", (1,)), ("a",)), (Port("p", "text", ("item",)), ()),
    (Port("p", "tags", ("item",)), (("a", "b"), ())), (Port("p", "tags", ("item",)), ()),
])
def test_text_and_tags_pass(port: Port, value: Any) -> None:
    check = make_check(port, "zone.p")
    assert check(0, value) is value
    assert check(0, list(value)) == value


@pytest.mark.parametrize(("port", "value"), [
    (Port("p", "text", ("item",)), "ab"), (Port("p", "text", ("item",)), (1,)), (Port("p", "text", (1,)), ("a", "b")),
    (Port("p", "text", ("item",)), (np.str_("a"),)), (Port("p", "tags", ("item",)), ("a",)),
    (Port("p", "tags", ("item",)), (("a", 1),)), (Port("p", "tags", ("item",)), ({"a"},)),
    (Port("p", "text", ("item",)), None), (Port("p", "text", ("item",)), np.array(["a"])),
])
def test_what_is_no_text_or_tags_is_refused(port: Port, value: Any) -> None:
    with pytest.raises(SignalError, match=r"zone\.p at 0 s"):
        make_check(port, "zone.p")(0, value)


@pytest.mark.parametrize("wrong", [
    {"name": "two words"}, {"dtype": "object"}, {"dtype": "float"}, {"dtype": ">f4"}, {"dtype": "longdouble"},
    {"dtype": "M8[s]"}, {"dtype": "f4,"}, {"dtype": np.float32}, {"shape": [3]}, {"shape": (-1,)}, {"shape": (1.0,)},
    {"shape": (True,)}, {"shape": ("two words",)}, {"dtype": "text"}, {"dtype": "tags", "shape": ("item", 2)},
    {"keep": "all", "fan_in": "many"}, {"items_from": "x"},
])
def test_a_port_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(WiringError, match=r"^port '.*: expected .*, got "):
        Port(**{"name": "p", **wrong})


def test_a_mistyped_dtype_is_answered_with_the_nearest() -> None:
    with pytest.raises(WiringError, match="Try 'float32'"):
        Port("p", "flaot32")


@pytest.mark.parametrize(("source", "target", "why"), [
    (Port("a"), Port("b"), None),
    (Port("a", shape=(3,)), Port("b", shape=("n",)), None),
    (Port("a", shape=("item",)), Port("b", shape=("item",)), None),
    (Port("a", shape=("item",)), Port("b", shape=("frame",)), "axis 0 counts 'item', not 'frame'"),
    (Port("a", shape=("item",)), Port("b", shape=(3,)), "axis 0 has a varying length, item, not 3"),
    (Port("a", shape=(3,)), Port("b", shape=(4,)), "axis 0 has length 3, not 4"),
    (Port("a", shape=(3,)), Port("b"), "shape (3,), not ()"),
    (Port("a", "float64"), Port("b"), "type float64, not float32"),
    (Port("a", unit="mV"), Port("b"), "unit mV, not 1"),
    (Port("a", "text", ("item",)), Port("b", "tags", ("item",)), "type text, not tags"),
])
def test_misfits_say_why(source: Port, target: Port, why: str | None) -> None:
    assert misfit(source, target) == why
