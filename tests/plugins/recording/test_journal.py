"""The journal of live input: whole after a crash, exact, and cut where a run was resumed."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aura.core.errors import RecordingError
from aura.core.state import trees_equal
from aura.plugins.recording import JournalReader, JournalWriter

MS = 1_000_000
TEXT = st.text(st.characters(codec=None, exclude_categories=()))
ROWS = st.lists(st.dictionaries(TEXT, TEXT | st.floats() | st.lists(TEXT, max_size=3).map(tuple), max_size=3),
                max_size=3)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), ROWS), max_size=5))
def test_rows_come_back_exactly_and_in_order(tmp_path_factory, entries):
    folder = tmp_path_factory.mktemp("journal")
    writer = JournalWriter(folder)
    for index, (stream, rows) in enumerate(entries):
        writer.write(stream, index * MS, rows)
    writer.close()
    reader = JournalReader(folder)
    for stream in ("a", "b"):
        expected = [(index * MS, rows) for index, (name, rows) in enumerate(entries) if name == stream]
        assert trees_equal(list(reader.entries(stream)), expected)


def test_arrays_scalars_and_lone_surrogates_survive(tmp_path):
    rows = [{"x": np.arange(3, dtype=np.float32), "label": np.int64(3), "text": "\udc80\ud800 \x00", "tags": ("a",)}]
    with JournalWriter(tmp_path) as writer:
        writer.write("live", 5, rows)
    (now, back), = JournalReader(tmp_path).entries("live")
    assert now == 5
    assert back[0]["x"].tobytes() == rows[0]["x"].tobytes()
    assert type(back[0]["label"]) is np.int64
    assert (back[0]["text"], back[0]["tags"]) == (rows[0]["text"], rows[0]["tags"])


def test_what_was_written_is_on_the_disk_before_write_returns(tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(os.fstat(handle).st_size), fsync(handle)))
    with JournalWriter(tmp_path) as writer:
        for tick in range(3):
            before = len(synced)
            writer.write("live", tick, [{"text": "x"}])
            assert len(synced) > before
            assert synced[-1] == (tmp_path / "0000.mcap").stat().st_size
            assert len(list(JournalReader(tmp_path).entries("live"))) == tick + 1


def test_streams_of_one_tick_share_one_commit(tmp_path, monkeypatch):
    with JournalWriter(tmp_path) as writer:
        count = [0]
        monkeypatch.setattr(os, "fsync", lambda handle: count.__setitem__(0, count[0] + 1))
        writer.add("a", 1, [{"x": 1}])
        writer.add("b", 1, [{"x": 2}])
        writer.commit()
        assert count == [1]
    assert JournalReader(tmp_path).streams == ("a", "b")


def test_a_resumed_run_replaces_what_it_has_played_again(tmp_path):
    for start, texts in ((0, "abcdef"), (4, "EFG"), (2, "cde"), (5, "x")):
        with JournalWriter(tmp_path, start) as writer:
            for offset, text in enumerate(texts):
                writer.write("live", start + offset, [{"text": text}])
    received = [(now, rows[0]["text"]) for now, rows in JournalReader(tmp_path).entries("live")]
    assert received == [(0, "a"), (1, "b"), (2, "c"), (3, "d"), (4, "e"), (5, "x"), (6, "G")]


def test_what_a_run_killed_while_it_played_again_had_not_come_to_still_stands(tmp_path):
    with JournalWriter(tmp_path) as writer:
        for now in range(6):
            for stream in "ab":
                writer.write(stream, now, [{"text": f"{stream}{now}"}])
    with JournalWriter(tmp_path, 3) as writer:
        writer.write("a", 3, [{"text": "a3"}])
    for stream in "ab":
        received = [(now, rows[0]["text"]) for now, rows in JournalReader(tmp_path).entries(stream)]
        assert received == [(now, f"{stream}{now}") for now in range(6)]


@pytest.mark.slow
def test_a_journal_cut_at_any_byte_gives_whole_entries(tmp_path):
    path = tmp_path / "0000.mcap"
    with JournalWriter(tmp_path) as writer:
        for tick in range(6):
            writer.write("live", tick, [{"text": "word " * tick}])
        data = path.read_bytes()
    whole = list(JournalReader(tmp_path).entries("live"))
    seen = set()
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        got = list(JournalReader(tmp_path).entries("live"))
        assert got == whole[:len(got)]
        seen.add(len(got))
    assert seen == set(range(6))  # all six only in the uncut file


def test_a_segment_killed_at_its_first_byte_is_passed_over(tmp_path):
    with JournalWriter(tmp_path) as writer:
        writer.write("live", 1, [{"x": 1}])
    (tmp_path / "0001.mcap").touch()
    with JournalWriter(tmp_path, 2) as writer:
        writer.write("live", 2, [{"x": 2}])
    assert [now for now, _ in JournalReader(tmp_path).entries("live")] == [1, 2]
    assert (tmp_path / "0002.mcap").exists()


def test_streams_written_from_threads_keep_their_order(tmp_path):
    writer = JournalWriter(tmp_path)

    def write(stream):
        for tick in range(20):
            writer.write(stream, tick, [{"text": f"{stream} {tick}"}])

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    for stream in "ab":
        received = [(now, rows[0]["text"]) for now, rows in JournalReader(tmp_path).entries(stream)]
        assert received == [(tick, f"{stream} {tick}") for tick in range(20)]


def test_a_value_without_an_exact_text_is_refused(tmp_path):
    with JournalWriter(tmp_path) as writer, pytest.raises(TypeError, match="no JSON for object"):
        writer.write("live", 0, [{"x": object()}])


def test_a_folder_without_a_journal_is_named(tmp_path):
    with pytest.raises(RecordingError, match="expected a folder with a journal"):
        JournalReader(tmp_path)
