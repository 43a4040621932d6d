"""Arrays that numpy saved."""

from __future__ import annotations

import numpy as np
import pytest

from aura.core.errors import StreamError


@pytest.fixture
def arrays(tmp_path):
    found = {"x": np.arange(12, dtype=np.float32).reshape(4, 3), "y": np.array([1, 0, 1, 0]),
             "t": np.array(["a", "bé", "", "d"])}
    np.savez(tmp_path / "a.npz", **found)
    return found


def test_keys_become_fields_and_text_and_tags(arrays, opened):
    reader = opened("npz", path="a.npz", columns={"in": "x", "label": "y", "text": "t"}, tags=["label"],
                    classes=["no", "yes"])
    rows = reader.rows([2, 1])
    np.testing.assert_array_equal(rows["in"], arrays["x"][[2, 1]])
    assert rows["label"] == (("yes",), ("no",))
    assert rows["text"] == ("", "bé")
    assert (reader.fields["in"].dtype, reader.fields["in"].shape) == ("float32", (3,))
    assert reader.fields["label"].classes == ("no", "yes")
    assert list(opened("npz", path="a.npz").fields) == ["x", "y", "t"]


def test_an_npy_file_is_one_array(tmp_path, opened):
    np.save(tmp_path / "a.npy", np.arange(6, dtype=">i2").reshape(3, 2))
    taken = opened("npz", path="a.npy").rows([1])["array"]
    np.testing.assert_array_equal(taken, [[2, 3]])
    assert taken.dtype.isnative


@pytest.mark.parametrize(("options", "said"), [
    ({"columns": {"in": "z"}}, "columns.in: expected a key of the archive, got 'z'"),
    ({"tags": ["z"]}, "tags: expected a port, got 'z'"),
    ({"tags": ["x"]}, "one whole number or text a row as label"),
    ({"tags": ["t"], "classes": ["a"]}, "expected one of the 1 classes"),
    ({"tags": ["y"], "classes": ["a"]}, "labels from 0 to 0"),
])
def test_what_the_archive_does_not_hold_is_named(arrays, opened, options, said):
    with pytest.raises(StreamError, match=said):
        opened("npz", path="a.npz", **options)


@pytest.mark.parametrize(("content", "said"), [
    ({"x": np.zeros((3, 1)), "y": np.zeros(2)}, r"one common first axis, got x \(3, 1\), y \(2,\)"),
    ({"x": np.float64(3)}, "one common first axis"),
    ({"x": np.zeros((0, 3))}, "no rows"),
    ({}, "no rows: an empty archive"),
    ({"x": np.zeros(3, complex)}, "expected numbers"),
    ({"x": np.array([["a"]])}, "or one text a row"),
    ({"x": np.array([{}], dtype=object)}, "without pickled objects"),
])
def test_arrays_that_are_no_rows_are_refused(tmp_path, opened, content, said):
    np.savez(tmp_path / "a.npz", **content)
    with pytest.raises(StreamError, match=said):
        opened("npz", path="a.npz", on_bad="skip")


@pytest.mark.parametrize("on_bad", ["stop", "skip"])
def test_a_truncated_archive_is_an_error_at_opening(tmp_path, arrays, opened, on_bad):
    whole = (tmp_path / "a.npz").read_bytes()
    for cut in (0, 3, 50, len(whole) // 2, len(whole) - 1):
        (tmp_path / "b.npz").write_bytes(whole[:cut])
        with pytest.raises(StreamError, match=r"b\.npz: expected a whole npz or npy file"):
            opened("npz", path="b.npz", on_bad=on_bad)


def test_rows_with_nan_are_bad(tmp_path, opened):
    np.savez(tmp_path / "a.npz", x=np.array([[0.0, 1], [np.inf, 0], [2, 3]]), y=np.arange(3))
    with pytest.raises(StreamError, match="row 1, 'x': expected finite numbers"):
        opened("npz", path="a.npz")
    reader = opened("npz", path="a.npz", on_bad="skip")
    assert reader.skipped == 1
    np.testing.assert_array_equal(reader.rows([0, 1])["y"], [0, 2])


def test_an_archive_that_unpacks_to_too_much_is_refused(opened, tmp_path):
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros((1000, 100)), y=np.zeros(1000))
    assert len(opened("npz", path="a.npz")) == 1000
    assert len(opened("npz", path="a.npz", columns={"y": "y"}, max_unpacked=10_000)) == 1000
    with pytest.raises(StreamError, match=r"at most 10000 bytes when it is unpacked.*max_unpacked"):
        opened("npz", path="a.npz", max_unpacked=10_000)
