"""No file, whatever it holds, makes a reader raise anything but a StreamError, and what is read is sound."""

from __future__ import annotations

import gzip
import io
import logging
import struct
import wave

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aura.core.errors import StreamError
from aura.sim.readers import reader_kinds

pytest.importorskip("soundfile")
FILES = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ON_BAD = st.sampled_from(["stop", "skip"])


@pytest.fixture(autouse=True)
def _quiet():
    logging.getLogger("aura.streams").disabled = True
    yield
    logging.getLogger("aura.streams").disabled = False


def attempt(folder, kind, **options):
    """Open a reader and read all of it, or return None if it refused the file."""
    found = reader_kinds()[kind]
    try:
        reader = found.open(found.options_model.model_validate(options), folder)
        rows = reader.rows(range(len(reader)))
    except StreamError:
        return None
    assert len(reader) > 0
    for name, field in reader.fields.items():
        assert len(rows[name]) == len(reader)
        if not field.listed:
            assert rows[name].shape[1:] == field.shape
            assert rows[name].dtype == field.dtype
            assert np.isfinite(rows[name]).all()
    return rows


def mutated(whole):
    """Bytes of a good file with some changed, cut or inserted."""
    def change(draw_from):
        at, new, cut = draw_from
        at = at % (len(whole) + 1)
        return (whole[:at] + new + whole[at + len(new):])[: max(0, len(whole) - cut)]

    edits = st.tuples(st.integers(0, 2**16), st.binary(max_size=6), st.sampled_from([0, 0, 0, 1, 7, 60]))
    return st.binary(max_size=200) | edits.map(change) | st.just(whole).map(gzip.compress) \
        | edits.map(change).map(gzip.compress)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("any")


DELIMITED = b'text,n,label\nhi,1,a\n"x, ""y""\nz",2.5,"a, b"\n,3,\n'


@pytest.mark.slow
@FILES
@given(content=mutated(DELIMITED) | st.text('ab",\n\r1\t\0é\ud800\u2028').map(
           lambda t: t.encode("utf-8", "surrogatepass")),
       on_bad=ON_BAD, header=st.booleans(), quoting=st.sampled_from([None, "csv", "none"]),
       encoding=st.sampled_from(["utf-8", "latin-1", "utf-16", "utf-7", "ascii", "cp1252", "hex", "idna",
                                 "raw_unicode_escape"]),
       columns=st.sampled_from([{}, {"x": 0}, {"t": "text", "n": {"from": "n", "type": "float"}},
                                {"l": {"from": 0, "type": "tags"}, "v": {"from": [1, 0], "type": "int"}},
                                {"t": {"from": 1, "type": "time", "unit": "s"}},
                                {"l": {"from": "label", "type": "tags", "optional": True},
                                 "n": {"from": ["n", "m"], "type": "float", "default": 0}}]),
       where=st.sampled_from([{}, {}, {"n": [1, 3]}, {"1": "2.5"}, {"text": "", "n": 3}]))
def test_delimited(folder, content, **options):
    (folder / "t.csv").write_bytes(content)
    attempt(folder, "delimited", path="t.csv", **options)


@pytest.mark.slow
@FILES
@given(content=mutated(b'{"a": "x", "v": [1, 2], "b": {"c": 3}, "l": ["p"]}\n' * 3)
       | st.lists(st.sampled_from([b'{"a": "x", "v": ', b"[", b"1", b"]", b"}", b"\n", b",", b"NaN", b"-1e400", b'"',
                                   b"null"]), max_size=20).map(b"".join), on_bad=ON_BAD,
       records=st.sampled_from([None, None, ".", "v", "*.v", "b.c", "0.l"]),
       where=st.sampled_from([{}, {"a": "x"}]),
       columns=st.sampled_from([
           {"a": "a"}, {"v": {"from": "v", "type": "float"}}, {"c": {"from": "b.c", "type": "int"}},
           {"x": {"from": 0, "type": "int", "default": 5}},
           {"l": {"from": "l", "type": "tags"}, "t": {"from": "v.0", "type": "time", "unit": "ms"}}]))
def test_jsonl(folder, content, **options):
    (folder / "t.jsonl").write_bytes(content)
    attempt(folder, "jsonl", path="t.jsonl", **options)


@pytest.mark.slow
@FILES
@given(content=mutated(b"text\t0,1\tabc\nmore\t1\tzz\n"), emotions=mutated(b"joy\nfear\nneutral"), on_bad=ON_BAD,
       mapping=mutated(b'{"good": ["joy"], "bad": ["fear"]}'),
       options=st.sampled_from([{}, {"mapping": "ekman"}, {"order": "time"}, {"drop_texts_in": "train.tsv"}]))
def test_goemotions(folder, content, emotions, mapping, on_bad, options):
    (folder / "train.tsv").write_bytes(content)
    (folder / "emotions.txt").write_bytes(emotions)
    (folder / "ekman_mapping.json").write_bytes(mapping)
    attempt(folder, "goemotions", path="train.tsv", on_bad=on_bad, **options)


IDX = bytes([0, 0, 13, 2]) + struct.pack(">2I6f", 3, 2, *range(6))


@pytest.mark.slow
@FILES
@given(content=mutated(IDX), labels=mutated(bytes([0, 0, 8, 1]) + struct.pack(">I3B", 3, 0, 1, 2)), on_bad=ON_BAD,
       options=st.sampled_from([{}, {"labels": "l"}, {"labels": "l", "classes": ["a", "b", "c"]}, {"scale": False}]))
def test_idx(folder, content, labels, on_bad, options):
    (folder / "i").write_bytes(content)
    (folder / "l").write_bytes(labels)
    attempt(folder, "idx", images="i", on_bad=on_bad, **options)


def npz_bytes(save):
    stream = io.BytesIO()
    save(stream)
    return stream.getvalue()


NPZ = npz_bytes(lambda s: np.savez_compressed(s, x=np.arange(6.0).reshape(3, 2), y=np.array(["a", "b", "c"])))
NPY = npz_bytes(lambda s: np.save(s, np.arange(6, dtype=np.float16).reshape(3, 2)))


@pytest.mark.slow
@FILES
@given(content=mutated(NPZ) | mutated(NPY), on_bad=ON_BAD, options=st.sampled_from(
    [{}, {"columns": {"in": "x"}}, {"tags": ["y"]}, {"tags": ["y"], "classes": ["a", "b"]}, {"where": {"y": "b"}},
     {"columns": {"in": {"from": "x", "type": "float"}, "y": {"file": "a.npz", "type": "tags"}}}, {"scale": True}]))
def test_npz(folder, content, on_bad, options):
    (folder / "a.npz").write_bytes(content)
    attempt(folder, "npz", path="a.npz", on_bad=on_bad, **options)


def wav_bytes():
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setparams((1, 2, 1000, 0, "NONE", ""))
        sound.writeframes(struct.pack("<50h", *range(50)))
    return stream.getvalue()


@pytest.mark.slow
@FILES
@given(content=mutated(wav_bytes()), on_bad=ON_BAD,
       options=st.sampled_from([{"frame": "10 ms", "hop": "3 ms"}, {"whole": "20 ms", "channel": 0}]))
def test_audio(folder, content, on_bad, options):
    (folder / "a.wav").write_bytes(content)
    attempt(folder, "audio", path="a.wav", on_bad=on_bad, **options)


@pytest.mark.parametrize(("kind", "options", "whole"), [
    ("delimited", {"path": "f"}, DELIMITED), ("idx", {"images": "f"}, IDX), ("npz", {"path": "f"}, NPZ),
    ("npz", {"path": "f"}, NPY), ("audio", {"path": "f", "whole": "20 ms"}, wav_bytes()),
])
def test_the_good_files_that_were_damaged_above_are_read(folder, kind, options, whole):
    (folder / "f").write_bytes(whole)
    options = options | ({"delimiter": ","} if kind == "delimited" else {})
    assert attempt(folder, kind, **options) is not None
