"""Images and labels in idx files."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from aura.core.errors import StreamError

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx_bytes(array, kind):
    head = bytes([0, 0, CODES[kind], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(f">{kind}").tobytes()


IMAGES = np.arange(4 * 2 * 3).reshape(4, 2, 3) * 10
LABELS = np.array([3, 1, 0, 2])


@pytest.fixture
def pair(tmp_path):
    (tmp_path / "images").write_bytes(idx_bytes(IMAGES, "u1"))
    (tmp_path / "labels.gz").write_bytes(gzip.compress(idx_bytes(LABELS, "u1")))
    return {"images": "images", "labels": "labels.gz"}


def test_images_are_scaled_and_labels_are_tags(pair, opened):
    reader = opened("idx", **pair)
    rows = reader.rows([3, 0])
    np.testing.assert_allclose(rows["image"], IMAGES[[3, 0]] / 255, rtol=1e-6)
    assert (rows["image"].dtype, reader.fields["image"].shape) == (np.float32, (2, 3))
    assert rows["label"] == (("2",), ("3",))


def test_labels_are_named_by_classes(pair, opened):
    assert opened("idx", **pair, classes=["zero", "one", "two", "three"]).rows([0])["label"] == (("three",),)
    with pytest.raises(StreamError, match="labels from 0 to 1, as many classes are named, got labels from 0 to 3"):
        opened("idx", **pair, classes=["zero", "one"])


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("kind", CODES)
def test_every_type_is_read_big_endian(tmp_path, opened, kind, zipped):
    values = np.array([[1, 100], [2, 3]])
    content = idx_bytes(values, kind)
    (tmp_path / "x").write_bytes(gzip.compress(content) if zipped else content)
    reader = opened("idx", images="x", scale=False)
    taken = reader.rows([0, 1])["image"]
    np.testing.assert_array_equal(taken, values)
    assert taken.dtype == np.dtype(kind)
    assert taken.dtype.isnative
    assert reader.fields["image"].dtype == taken.dtype.name


@pytest.mark.parametrize("zipped", [False, True])
def test_a_truncated_file_names_both_sizes_and_skipping_keeps_whole_items(tmp_path, opened, zipped):
    content = idx_bytes(IMAGES, "u1")[:-8]
    (tmp_path / "x").write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(StreamError, match=r"x: expected 24 bytes \(4 items\) .*got 16 bytes \(2 whole items\)"):
        opened("idx", images="x")
    reader = opened("idx", images="x", on_bad="skip", scale=False)
    assert (len(reader), reader.skipped) == (2, 2)
    np.testing.assert_array_equal(reader.rows([1])["image"], IMAGES[[1]])


@pytest.mark.parametrize("zipped", [False, True])
def test_bytes_after_the_last_item_are_an_error_or_counted(tmp_path, opened, zipped):
    content = idx_bytes(LABELS, "i4") + b"more"
    (tmp_path / "x").write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(StreamError, match="expected 16 bytes"):
        opened("idx", images="x")
    reader = opened("idx", images="x", on_bad="skip")
    assert (len(reader), reader.skipped) == (4, 1)


def test_a_cut_gzip_file_is_an_error(tmp_path, opened):
    noise = np.random.default_rng(0).integers(0, 256, (50, 20))
    (tmp_path / "x").write_bytes(gzip.compress(idx_bytes(noise, "u1"))[:-200])
    for on_bad in ("stop", "skip"):
        with pytest.raises(StreamError, match="a file that can be read, got EOFError"):
            opened("idx", images="x", on_bad=on_bad)


def test_a_header_that_promises_terabytes_costs_no_memory(tmp_path, opened):
    content = bytes([0, 0, 14, 3]) + struct.pack(">3I", 2**31, 2**31, 2**31) + b"abc"
    for data in (content, gzip.compress(content)):
        (tmp_path / "x").write_bytes(data)
        with pytest.raises(StreamError, match="got 3 bytes"):
            opened("idx", images="x")


@pytest.mark.parametrize(("content", "message"), [
    (b"", "no rows"), (b"\0\0", "an idx file"), (b"PNG!", "an idx file"), (b"\0\0\x0a\x01", "an idx file"),
    (b"\0\0\x08\0", "an idx file"), (b"\0\0\x08\x02\0\0\0\x01", "a header of 12 bytes, got 8 bytes"),
    (b"\0\0\x08\x01\0\0\0\0", "no rows"), (b"\0\0\x08\x28" + b"\0\0\0\x01" * 40 + b"x", "at most 32 axes"),
])
def test_what_is_no_idx_file_is_refused_even_when_skipping(tmp_path, opened, content, message):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(StreamError, match=message):
        opened("idx", images="x", on_bad="skip")


def test_as_many_labels_as_images_or_the_rest_is_counted(tmp_path, pair, opened):
    (tmp_path / "labels.gz").write_bytes(idx_bytes(LABELS[:3], "u1"))
    with pytest.raises(StreamError, match="expected 4 labels, as many as images, got 3"):
        opened("idx", **pair)
    reader = opened("idx", **pair, on_bad="skip")
    assert (len(reader), reader.skipped) == (3, 1)


def test_labels_must_be_whole_numbers(tmp_path, pair, opened):
    (tmp_path / "labels.gz").write_bytes(idx_bytes(LABELS, "f4"))
    with pytest.raises(StreamError, match="one whole number or text a row as label"):
        opened("idx", **pair)


def test_an_item_with_nan_is_a_bad_row(tmp_path, opened):
    values = np.array([[1.0, 2], [np.nan, 1], [3, 4]])
    (tmp_path / "x").write_bytes(idx_bytes(values, "f4"))
    with pytest.raises(StreamError, match="row 1, 'image': expected finite numbers"):
        opened("idx", images="x")
    reader = opened("idx", images="x", on_bad="skip")
    assert reader.skipped == 1
    np.testing.assert_array_equal(reader.rows([0, 1])["image"], values[[0, 2]])


@pytest.mark.slow
def test_mnist_is_read_as_published(real_data, opened):
    reader = opened("idx", images="data:mnist/train-images-idx3-ubyte.gz",
                    labels="data:mnist/train-labels-idx1-ubyte.gz")
    first = reader.rows([0])
    assert (len(reader), reader.fields["image"].shape, first["label"]) == (60_000, (28, 28), (("5",),))
    assert first["image"].max() == 1.0


def test_a_gzip_file_that_unpacks_to_too_much_is_refused_before_it_is(opened, tmp_path):
    content = bytes([0, 0, 8, 2]) + struct.pack(">2I", 1000, 1000) + bytes(1_000_000)
    (tmp_path / "i.gz").write_bytes(gzip.compress(content))
    assert len(opened("idx", images="i.gz")) == 1000
    with pytest.raises(StreamError, match=r"at most 500000 bytes when it is unpacked.*max_unpacked"):
        opened("idx", images="i.gz", max_unpacked=500_000)
