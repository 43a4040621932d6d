"""Where data sets are found, and how they are fetched and checked."""

from __future__ import annotations

import functools
import hashlib
import http.server
import os
import re
import socket
import threading
from pathlib import Path

import pytest

from aura.core.errors import DataError
from aura.sim import data
from aura.sim.data import dataset_path, present_folder
from aura.sim.datasets import DataFile, Dataset, known_datasets

CONTENT = b"text\nhello\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """No test sees the machine's data, cache or proxies."""
    monkeypatch.delenv("AURA_DATA", raising=False)
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(data, "_cache_root", lambda: tmp_path / "cache")


@pytest.fixture
def server(tmp_path):
    """A web server that counts its answers."""
    root = tmp_path / "web"
    root.mkdir()
    (root / "a.csv").write_bytes(CONTENT)

    class Handler(http.server.SimpleHTTPRequestHandler):
        asked: list[str] = []  # noqa: RUF012

        def log_message(self, *_):
            pass

        def do_GET(self):
            self.asked.append(self.path)
            super().do_GET()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=root)) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", Handler.asked
        running.shutdown()
        thread.join()


def knows(monkeypatch, url="", sha256=SHA256):
    dataset = Dataset("toy", "a toy", "MIT", "https://example.org/toy", (DataFile("a.csv", url, sha256),), "A note.")
    monkeypatch.setattr(data, "known_datasets", lambda: {"toy": dataset})
    return dataset


def test_files_under_aura_data_are_taken_as_they_are(tmp_path, monkeypatch):
    toy = knows(monkeypatch, "http://127.0.0.1:1/a.csv")
    (tmp_path / "data/toy").mkdir(parents=True)
    (tmp_path / "data/toy/a.csv").write_text("a prepared version")
    monkeypatch.setenv("AURA_DATA", str(tmp_path / "data"))
    assert dataset_path("toy") == tmp_path / "data/toy"
    assert dataset_path("toy", "a.csv").read_text() == "a prepared version"
    assert present_folder(toy) == tmp_path / "data/toy"


@pytest.mark.slow
def test_what_is_not_there_is_fetched_once_and_checked(tmp_path, monkeypatch, server):
    url, asked = server
    toy = knows(monkeypatch, f"{url}/a.csv")
    monkeypatch.setenv("AURA_DATA", str(tmp_path / "empty"))
    assert present_folder(toy) is None
    assert dataset_path("toy", "a.csv").read_bytes() == CONTENT
    assert dataset_path("toy") == tmp_path / "cache/toy"
    assert present_folder(toy) == tmp_path / "cache/toy"
    assert asked == ["/a.csv"]


@pytest.mark.slow
def test_a_progress_bar_is_shown_on_a_terminal(monkeypatch, server, capsys):
    knows(monkeypatch, f"{server[0]}/a.csv")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    dataset_path("toy")
    assert "100%" in capsys.readouterr().err


@pytest.mark.slow
def test_another_checksum_is_an_error_and_leaves_no_file(tmp_path, monkeypatch, server):
    knows(monkeypatch, f"{server[0]}/a.csv", "0" * 64)
    with pytest.raises(DataError, match="the download has another checksum"):
        dataset_path("toy")
    assert not list((tmp_path / "cache").rglob("*.csv"))


@pytest.mark.slow
def test_a_file_the_address_does_not_have_is_an_error(monkeypatch, server):
    knows(monkeypatch, f"{server[0]}/gone.csv")
    with pytest.raises(DataError, match=r"fetching it failed: HTTPError: 404.*Get it from http.*gone\.csv"):
        dataset_path("toy")


def test_without_network_or_aura_data_the_error_says_which_file_from_where(monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    knows(monkeypatch, f"http://127.0.0.1:{port}/a.csv")
    with pytest.raises(DataError) as caught:
        dataset_path("toy", "a.csv")
    for part in ("'toy'", "$AURA_DATA/toy/a.csv", "AURA_DATA is not set", "ConnectionError",
                 f"Get it from http://127.0.0.1:{port}/a.csv", "A note."):
        assert part in str(caught.value)


def test_what_is_not_fetched_says_where_to_get_it(tmp_path, monkeypatch):
    toy = knows(monkeypatch)
    monkeypatch.setenv("AURA_DATA", str(tmp_path))
    with pytest.raises(DataError, match=f"the file {re.escape(str(tmp_path))}/toy/a.csv, got not there.*"
                                        "Get it from https://example.org/toy"):
        dataset_path("toy")
    assert not toy.fetchable


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_is_an_error(tmp_path, monkeypatch, server):
    knows(monkeypatch, f"{server[0]}/a.csv")
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(DataError, match="fetching it failed"):
        dataset_path("toy")


@pytest.mark.parametrize(("name", "file", "message"), [
    ("toi", None, "expected a known data set.*got 'toi'. Try 'toy'"), ("..", None, "a known data set"),
    ("", None, "a known data set"), ("a\0b", None, "a known data set"), ("a/b", None, "a known data set"),
    ("toy", "b.csv", "one of its files, got 'b.csv'. Try 'a.csv'"), ("toy", "../x", "a path inside its folder"),
    ("toy", "/etc/hosts", "a path inside its folder"), ("toy", "a\0", "a path inside its folder"),
])
def test_what_is_unknown_is_named(tmp_path, monkeypatch, name, file, message):
    knows(monkeypatch)
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy/a.csv").write_bytes(CONTENT)
    monkeypatch.setenv("AURA_DATA", str(tmp_path))
    with pytest.raises(DataError, match=message):
        dataset_path(name, file)


def test_a_folder_of_ones_own_is_found(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/x.txt").write_text("x")
    monkeypatch.setenv("AURA_DATA", str(tmp_path))
    assert dataset_path("mine") == tmp_path / "mine"
    assert dataset_path("mine", "x.txt") == tmp_path / "mine/x.txt"


def test_the_table_is_sound():
    table = known_datasets()
    assert list(table) == sorted(table)
    for dataset in table.values():
        assert dataset.summary
        assert dataset.licence
        assert dataset.address.startswith("http")
        for file in dataset.files:
            assert bool(file.url) == bool(file.sha256)
            assert not file.url or (file.url.startswith("https://") and re.fullmatch("[0-9a-f]{64}", file.sha256))


# What lies under AURA_DATA in tests: MNIST recompressed, CLINC150 without its test splits.
PREPARED = {"mnist": {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"}, "clinc150": {"data_full.json"}}


def test_the_pinned_checksums_are_those_of_the_real_files():
    root = Path(REAL) if REAL else pytest.skip("AURA_DATA is not set")
    checked = 0
    for dataset in known_datasets().values():
        for file in dataset.files:
            assert (root / dataset.name / file.name).exists()
            if file.sha256 and file.name not in PREPARED.get(dataset.name, ()):
                found = hashlib.sha256((root / dataset.name / file.name).read_bytes()).hexdigest()
                assert found == file.sha256, f"{dataset.name}/{file.name}"
                checked += 1
    assert checked == 9


REAL = os.environ.get("AURA_DATA")
