"""Live JSON lines from pipes, sockets and file objects."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from aura.core.errors import StreamError
from aura.sim.readers import Column, JsonLinesSource
from aura.sim.readers.jsonlines_live import JsonLinesOptions, open_jsonlines

TEXT = {"text": Column.model_validate({"from": "text"})}
PATIENCE_S = 10.0


def lines(*texts):
    return b"".join(b'{"text": "%s"}\n' % text.encode() for text in texts)


def drained(source):
    rows = []
    while not source.ended:
        rows += source.take(3, timeout_s=PATIENCE_S)
    return [row["text"] for row in rows]


@pytest.fixture
def pipe():
    out, into = os.pipe()
    with os.fdopen(out, "rb") as reader, os.fdopen(into, "wb", buffering=0) as writer:
        yield reader, writer


def test_rows_come_in_order_and_the_end_is_seen():
    content = b"\xef\xbb\xbf" + lines(*map(str, range(50))) + b'\n{"text": "last"}'
    with JsonLinesSource(io.BytesIO(content), TEXT) as source:
        assert drained(source) == [*map(str, range(50)), "last"]


def test_a_pipe_gives_what_has_come_so_far(pipe):
    reader, writer = pipe
    with JsonLinesSource(reader, TEXT) as source:
        assert source.take(5, block=False) == []
        assert source.take(5, timeout_s=0.01) == []
        writer.write(lines("a", "b") + b'{"text": ')
        assert [row["text"] for row in source.take(1, timeout_s=PATIENCE_S)] == ["a"]
        assert [row["text"] for row in source.take(5, timeout_s=PATIENCE_S)] == ["b"]
        assert not source.ended
        writer.write(b'"c"}\n')
        writer.close()
        assert drained(source) == ["c"]


def test_a_socket_is_read(tmp_path):
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as stream, JsonLinesSource(stream, TEXT) as source:
        theirs.sendall(lines("hi"))
        assert source.take(1, timeout_s=PATIENCE_S)[0]["text"] == "hi"


def test_closing_does_not_wait_for_a_silent_writer(pipe):
    reader, _ = pipe
    source = JsonLinesSource(reader, TEXT)
    start = time.monotonic()
    source.close()
    source.close()
    assert time.monotonic() - start < 0.9
    assert source.ended
    assert not any(thread.name == "aura-standard input" for thread in threading.enumerate())


@pytest.mark.slow
def test_a_full_queue_holds_the_writer_back(pipe):
    reader, writer = pipe
    with JsonLinesSource(reader, TEXT, capacity=2) as source:
        sent = []

        def send():
            for i in range(12_000):
                writer.write(lines(f"{i:020d}"))
                sent.append(i)
            writer.close()

        thread = threading.Thread(target=send)
        thread.start()
        thread.join(timeout=0.3)
        assert thread.is_alive(), "the writer should be waiting"
        assert len(sent) < 8_000
        assert [int(text) for text in drained(source)] == list(range(12_000))
        thread.join()


BAD = [b"{", b"5", b'{"other": 1}', b'{"text": 1}', b'{"text": "\xff"}', b"[" * 50_000,
       b'{"text": "' + b"x" * 1_100_000]


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_a_bad_line_is_skipped_or_stops_after_the_rows_before_it(bad):
    content = lines("a") + bad + b"\n" + lines("b")
    with JsonLinesSource(io.BytesIO(content), TEXT, on_bad="skip") as source:
        assert drained(source) == ["a", "b"]
        assert source.skipped == 1
    with JsonLinesSource(io.BytesIO(content), TEXT) as source:
        assert source.take(1, timeout_s=PATIENCE_S)[0]["text"] == "a"
        with pytest.raises(StreamError, match="standard input: line 2"):
            source.take(5, timeout_s=PATIENCE_S)
        assert source.ended


def test_fields_are_known_before_the_first_row():
    columns = {"v": Column.model_validate({"from": "v", "type": "float", "shape": [2]}),
               "x": Column.model_validate({"from": "x", "type": "int"})}
    with JsonLinesSource(io.BytesIO(b'{"v": [1, 2], "x": 3}\n'), columns) as source:
        assert (source.fields["v"].shape, source.fields["x"].shape) == ((2,), ())
        row = source.take(1, timeout_s=PATIENCE_S)[0]
    np.testing.assert_array_equal(row["v"], [1, 2])
    assert row["x"] == 3
    with JsonLinesSource(io.BytesIO(b'{"v": [1, 2, 3], "x": 3}\n'), columns) as source, \
            pytest.raises(StreamError, match=r"'v': expected shape \(2,\), got shape \(3,\)"):
        source.take(1, timeout_s=PATIENCE_S)


def test_a_stream_that_fails_is_an_error():
    class Broken(io.BytesIO):
        def read1(self, size=-1):
            raise OSError("unplugged")

    with JsonLinesSource(Broken(), TEXT) as source, pytest.raises(StreamError, match="unplugged"):
        source.take(1, timeout_s=PATIENCE_S)


@pytest.mark.slow
def test_a_process_ends_while_its_standard_input_is_still_open():
    code = ("import sys; from aura.sim.readers import Column, JsonLinesSource\n"
            "source = JsonLinesSource(sys.stdin.buffer, {'text': Column.model_validate({'from': 'text'})})\n"
            "print(source.take(1)[0]['text'])")
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        process.stdin.write(lines("hi"))
        process.stdin.flush()
        assert process.wait(timeout=60) == 0
        assert process.stdout.read() == b"hi\n"
        assert process.stderr.read() == b""


def test_the_kind_opens_a_file_and_a_named_pipe(tmp_path, opened):
    (tmp_path / "live.jsonl").write_bytes(lines("a"))
    with opened("jsonlines", path="live.jsonl", columns={"text": "text"}) as source:
        assert drained(source) == ["a"]
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(lines("b")))
    writer.start()
    with opened("jsonlines", path="pipe", columns={"text": "text"}) as source:
        assert drained(source) == ["b"]
    writer.join()
    with pytest.raises(StreamError, match="nothing there"):
        opened("jsonlines", path="none", columns={"text": "text"})


def test_a_scenario_may_name_a_tcp_server(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        options = JsonLinesOptions(path=f"tcp://127.0.0.1:{server.getsockname()[1]}", columns=TEXT)
        with open_jsonlines(options, tmp_path) as source:
            source.start()
            connection, _ = server.accept()
            with connection:
                connection.sendall(lines("over", "tcp"))
            assert drained(source) == ["over", "tcp"]


@pytest.mark.parametrize("path", ["tcp://", "tcp://host", "tcp://host:port", "tcp://127.0.0.1:1"])
def test_an_address_that_takes_no_connection_is_named(path, tmp_path):
    with pytest.raises(StreamError, match="tcp://"), \
            open_jsonlines(JsonLinesOptions(path=path, columns=TEXT), tmp_path) as source:
        source.start()


def test_rows_that_are_not_wanted_are_passed_over_and_one_may_lack_its_label(tmp_path, opened):
    (tmp_path / "t.jsonl").write_text('{"text": "a", "lang": "en", "mood": "joy"}\n{"lang": "fr"}\n{"text": "b"}\n'
                                      '{"text": "c", "lang": "de", "mood": null}\n')
    columns = {"text": "text", "mood": {"from": "mood", "type": "tags", "optional": True}}
    with opened("jsonlines", path="t.jsonl", columns=columns, where={"lang": ["en", "de"]}) as source:
        rows = source.take(9, timeout_s=PATIENCE_S)
        while not source.ended:
            rows += source.take(9, timeout_s=PATIENCE_S)
    assert rows == [{"text": "a", "mood": ("joy",)}, {"text": "c", "mood": None}]
