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


@pytest.mark.parametrize(("options", "message"), [
    ({"columns": {"in": "z"}}, "columns.in: expected a key of the archive, got 'z'"),
    ({"tags": ["z"]}, "tags: expected a port, got 'z'"),
    ({"tags": ["x"]}, "one whole number or text a row as label"),
    ({"tags": ["t"], "classes": ["a"]}, "expected one of the 1 classes"),
    ({"tags": ["y"], "classes": ["a"]}, "labels from 0 to 0"),
])
def test_what_the_archive_does_not_hold_is_named(arrays, opened, options, message):
    with pytest.raises(StreamError, match=message):
        opened("npz", path="a.npz", **options)


@pytest.mark.parametrize(("content", "message"), [
    ({"x": np.zeros((3, 1)), "y": np.zeros(2)}, r"one common first axis, got x \(3, 1\), y \(2,\)"),
    ({"x": np.float64(3)}, "x: expected an array of rows, got a single value"),
    ({"the x": np.zeros(3)}, r"got 'the x'. Try columns = \{ image = 'the x' \}"),
    ({"x": np.zeros((0, 3))}, "no rows"),
    ({}, "no rows: an empty archive"),
    ({"x": np.zeros(3, complex)}, "expected numbers"),
    ({"x": np.array([["a"]])}, "or one text a row"),
    ({"x": np.array([{}], dtype=object)}, "without pickled objects"),
])
def test_arrays_that_are_no_rows_are_refused(tmp_path, opened, content, message):
    np.savez(tmp_path / "a.npz", **content)
    with pytest.raises(StreamError, match=message):
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


def test_bytes_are_scaled_where_it_is_told(tmp_path, opened):
    x = np.array([[0, 51], [255, 102]], dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x=x, y=np.array([3, 4], dtype=np.uint8), f=np.ones(2))
    reader = opened("npz", path="a.npz", columns={"image": {"from": "x", "scale": True}, "y": "y"}, tags=["y"])
    rows = reader.rows([1, 0])
    assert rows["image"].dtype == np.float32
    np.testing.assert_array_equal(rows["image"], (x / 255).astype(np.float32)[::-1])
    assert (reader.fields["image"].dtype, reader.fields["image"].doc) == ("float32", "0 to 1")
    assert rows["y"] == (("4",), ("3",))
    every = opened("npz", path="a.npz", scale=True, tags=["y"])
    assert {key: field.dtype for key, field in every.fields.items()} == {"x": "float32", "y": "tags", "f": "float64"}
    off = opened("npz", path="a.npz", scale=True, columns={"x": {"from": "x", "scale": False}})
    assert off.fields["x"].dtype == "uint8"
    with pytest.raises(StreamError, match=r"f\.scale: expected bytes, an array of uint8, got float64"):
        opened("npz", path="a.npz", columns={"f": {"from": "f", "scale": True}})


def test_images_and_labels_of_two_files_are_paired(tmp_path, opened):
    np.savez(tmp_path / "imgs.npz", np.arange(8, dtype=np.uint8).reshape(2, 2, 2))
    np.savez(tmp_path / "labels.npz", np.array([7, 9], dtype=np.uint8))
    np.save(tmp_path / "weights.npy", np.array([0.5, 2.0]))
    reader = opened("npz", path="imgs.npz", columns={
        "image": {"from": "arr_0", "scale": True}, "label": {"file": "labels.npz", "type": "tags"},
        "weight": {"file": "weights.npy", "type": "float", "unit": "mV", "doc": "How heavy."}})
    rows = reader.rows([1])
    np.testing.assert_array_equal(rows["image"], np.arange(4, 8, dtype=np.float32).reshape(1, 2, 2) / np.float32(255))
    assert (rows["label"], rows["weight"].dtype, rows["weight"].tolist()) == ((("9",),), np.float32, [2.0])
    assert (reader.fields["weight"].unit, reader.fields["weight"].doc) == ("mV", "How heavy.")
    np.savez(tmp_path / "labels.npz", np.zeros(3, dtype=np.uint8))
    with pytest.raises(StreamError, match=r"one common first axis, got image \(2, 2, 2\), label \(3,\)"):
        opened("npz", path="imgs.npz", columns={"image": "arr_0", "label": {"file": "labels.npz"}})
    with pytest.raises(StreamError, match=r"lables\.npz: expected a file, got nothing there. Try 'labels\.npz'"):
        opened("npz", path="imgs.npz", columns={"label": {"file": "lables.npz"}})


def test_a_key_is_needed_where_a_file_holds_several_arrays(arrays, opened):
    with pytest.raises(StreamError, match=r"a\.npz: columns\.in: expected a key, .* Try from = 'x' or 'y' or 't'"):
        opened("npz", path="a.npz", columns={"in": {}})


@pytest.mark.parametrize(("given", "kind", "dtype"), [
    (np.array([1, 2]), "float", "float32"), (np.array([1.5, 2]), "float", "float32"),
    (np.array([True, False]), "int", "int64"), (np.array([1, 2], dtype=np.uint8), "float64", "float64")])
def test_a_type_converts_numbers(tmp_path, opened, given, kind, dtype):
    np.save(tmp_path / "a.npy", given)
    reader = opened("npz", path="a.npy", columns={"x": {"type": kind}})
    assert reader.fields["x"].dtype == reader.rows([0]).pop("x").dtype == dtype
    np.testing.assert_array_equal(reader.rows([0, 1])["x"], given.astype(dtype))


@pytest.mark.parametrize(("given", "kind"), [
    (np.array([1.0, 1e300]), "float"), (np.array([1.5]), "int"), (np.array([2**63], dtype=np.uint64), "int")])
def test_numbers_that_a_type_cannot_hold_are_refused(tmp_path, opened, given, kind):
    np.save(tmp_path / "a.npy", given)
    with pytest.raises(StreamError, match=r"expected finite numbers in float32|expected whole numbers of 64 bits"):
        opened("npz", path="a.npy", columns={"x": {"type": kind}})


def test_an_empty_text_is_no_label(tmp_path, opened):
    np.savez(tmp_path / "a.npz", y=np.array(["a", "b", "", " a "]), n=np.array([0, 1, 2, 0]))
    columns = {"y": "y", "n": {"from": "n", "type": "tags", "classes": ["a", "b", ""]}}
    reader = opened("npz", path="a.npz", columns=columns, tags=["y"], classes=["a", "b"])
    assert reader.rows(range(4)) == {"y": (("a",), ("b",), (), ("a",)), "n": (("a",), ("b",), (), ("a",))}


def test_rows_are_chosen_by_a_key(arrays, opened):
    reader = opened("npz", path="a.npz", columns={"x": "x"}, where={"y": 1, "t": ["a", "d", ""]})
    np.testing.assert_array_equal(reader.rows(range(len(reader)))["x"], arrays["x"][[0, 2]])
    assert (reader.dropped, reader.skipped) == (2, 0)
    with pytest.raises(StreamError, match=r"a\.npz: where: expected y = 3, got none of 4 .*y holds 1 \(2\), 0 \(2\)"):
        opened("npz", path="a.npz", where={"y": 3})
    with pytest.raises(StreamError, match=r"a\.npz: where\.z: expected a key of the archive, got 'z'"):
        opened("npz", path="a.npz", where={"z": 3})


def test_bad_rows_that_are_not_wanted_are_not_looked_at(tmp_path, opened):
    np.savez(tmp_path / "a.npz", x=np.array([0.0, np.nan, 2.0]), split=np.array(["a", "b", "a"]))
    reader = opened("npz", path="a.npz", columns={"x": "x"}, where={"split": "a"})
    assert (reader.rows([0, 1])["x"].tolist(), reader.skipped, reader.dropped) == ([0.0, 2.0], 0, 1)
    with pytest.raises(StreamError, match="row 1, 'x': expected finite numbers"):
        opened("npz", path="a.npz", columns={"x": "x"}, where={"split": "b"})
