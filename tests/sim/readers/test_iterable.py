"""Rows from Python."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from aura.core.errors import StreamError
from aura.sim.readers import Column, IterableSource, Reader, Source, read_iterable


def test_the_first_row_tells_the_fields():
    reader = read_iterable({"text": "a", "label": ["x"], "n": i, "f": 0.5, "v": np.ones((2, 3)) * i} for i in range(4))
    assert {key: (field.dtype, field.shape) for key, field in reader.fields.items()} == {
        "text": ("text", ()), "label": ("tags", ()), "n": ("int64", ()), "f": ("float32", ()), "v": ("float64", (2, 3))}
    np.testing.assert_array_equal(reader.rows([3, 1])["v"], np.stack([np.full((2, 3), 3.0), np.ones((2, 3))]))
    assert isinstance(reader, Reader)


def test_tuples_take_names_or_a_column_map():
    assert read_iterable([("a", 1), ("b", 2)], names=("text", "n")).rows([1])["text"] == ("b",)
    columns = {"n": Column.model_validate({"from": 1, "type": "float"})}
    np.testing.assert_array_equal(read_iterable([("a", 1), ("b", 2)], columns).rows([0, 1])["n"], [1, 2])


def test_an_endless_iterable_is_a_source():
    source = IterableSource({"n": i} for i in itertools.count())
    assert [int(row["n"]) for row in source.take(3) + source.take(2)] == [0, 1, 2, 3, 4]
    assert isinstance(source, Source)
    assert not source.ended
    source.close()
    assert source.ended
    assert source.take(1) == []


def test_a_source_ends_with_its_iterable():
    source = IterableSource([{"n": 1}, {"n": 2}])
    assert len(source.take(5)) == 2
    assert source.ended


@pytest.mark.parametrize("bad", [{"m": 1}, {"n": "x"}, {"n": float("nan")}, 5, None, {"n": [1, 2]}])
def test_a_bad_row_stops_or_is_skipped(bad):
    rows = [{"n": 1.0}, bad, {"n": 2.0}]
    with pytest.raises(StreamError, match="row 1"):
        read_iterable(rows)
    reader = read_iterable(rows, on_bad="skip")
    assert (len(reader), reader.skipped) == (2, 1)
    with pytest.raises(StreamError, match="row 1"):
        IterableSource(rows).take(3)
    source = IterableSource(rows, on_bad="skip")
    assert (len(source.take(3)), source.skipped) == (2, 1)


@pytest.mark.parametrize("rows", [[], [5], [{}], [("a",)], [{"x": None}], [{"x": {}}], [{"x": True}], [{"x": [[1], 2]}],
                                  [{"x": []}, {"x": 5.5}], 7, [{"x": np.zeros(0)}]])
def test_rows_of_which_nothing_can_be_made_are_an_error(rows):
    with pytest.raises(StreamError):
        read_iterable(rows)
    with pytest.raises(StreamError):
        IterableSource(rows).take(9)


def test_an_iterable_that_raises_is_an_error_with_its_cause():
    def broken():
        yield {"n": 1}
        raise KeyError("gone")

    with pytest.raises(StreamError, match="KeyError: 'gone'") as caught:
        read_iterable(broken())
    assert isinstance(caught.value.__cause__, KeyError)


def test_limit_reads_no_further():
    numbers = itertools.count()
    assert len(read_iterable(({"n": i} for i in numbers), limit=5)) == 5
    assert next(numbers) == 5


def test_rows_outside_the_reader_are_an_index_error():
    reader = read_iterable([{"n": 1}])
    for index in (-1, 1):
        with pytest.raises(IndexError):
            reader.rows([index])
    assert reader.rows([])["n"].shape == (0,)
