"""Arrays as CDR: they come back to the bit, and the independent ROS 2 decoder reads them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from mcap.records import Schema
from mcap_ros2.decoder import DecoderFactory

from aura.plugins.recording.cdr import ARRAY_TYPES, array_encoder, array_schema, decode_array, schema_name

INT64 = st.integers(-(2**63), 2**63 - 1)


@st.composite
def arrays_with_ids(draw):
    dtype = draw(st.sampled_from(sorted(ARRAY_TYPES)))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    array = draw(hnp.arrays(dtype, shape))
    ids = draw(st.none() | st.lists(INT64, max_size=5))
    return array, None if ids is None else np.array(ids, np.int64)


@pytest.mark.slow
@given(arrays_with_ids())
def test_arrays_and_ids_come_back_to_the_bit(case):
    array, ids = case
    value, back = decode_array(array_encoder(array.dtype.name)(array, ids), array.dtype.name)
    assert value.dtype == array.dtype
    assert value.shape == array.shape
    assert value.tobytes() == array.tobytes()
    assert (back is None) == (ids is None)
    assert back is None or back.tolist() == ids.tolist()


@pytest.mark.slow
@given(arrays_with_ids())
def test_an_independent_decoder_reads_them(case):
    array, ids = case
    dtype = array.dtype.name
    schema = Schema(id=1, name=schema_name(dtype), encoding="ros2msg", data=array_schema(dtype))
    message = DecoderFactory().decoder_for("cdr", schema)(array_encoder(dtype)(array, ids))
    assert message.has_ids == (ids is not None)
    assert list(message.ids) == ([] if ids is None else ids.tolist())
    assert list(message.shape) == list(array.shape)
    parts = np.array(list(message.data), np.dtype(ARRAY_TYPES[dtype]))
    assert parts.tobytes() == array.tobytes() or np.isnan(parts.astype(float)).any()  # NaN payloads pass through float


def test_one_encoder_serves_changing_shapes_orders_and_endianness():
    encode = array_encoder("float64")
    for array in (np.ones((2, 3)), np.arange(6.0).reshape(3, 2).T, np.arange(3.0).astype(">f8"), np.empty((0, 3))):
        for ids in (None, np.arange(len(array))):
            value, back = decode_array(encode(array, ids), "float64")
            np.testing.assert_array_equal(value, array)
            assert (back is None) == (ids is None)


def test_what_is_decoded_is_aligned_and_read_only():
    value, ids = decode_array(array_encoder("float64")(np.ones(3), np.arange(3)), "float64")
    assert value.flags.aligned
    assert not value.flags.writeable
    assert not ids.flags.writeable


@given(st.binary(max_size=64))
def test_garbage_is_refused_with_a_value_error(data):
    for head in (b"", b"\x00\x01\x00\x00"):
        try:
            decode_array(head + data, "float32")
        except ValueError:
            continue


@pytest.mark.parametrize("cut", range(0, 60, 3))
def test_a_cut_message_is_refused(cut):
    data = array_encoder("float64")(np.ones(2), np.arange(2))
    assert len(data) == 60
    with pytest.raises(ValueError, match=r"."):
        decode_array(data[:cut], "float64")
