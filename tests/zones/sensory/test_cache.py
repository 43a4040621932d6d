from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aura.zones.sensory.cache import EmbeddingCache, default_path

DIMENSIONS = 384


def vectors(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)


def names(count: int, prefix: str = "text") -> list[str]:
    return [f"{prefix} {index}" for index in range(count)]


def size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.parent.glob(path.name + "*"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "embeddings.sqlite"


def test_the_same_bits_come_back_in_a_later_run(path: Path) -> None:
    matrix = vectors(1200)
    matrix[0, :5] = [-0.0, 1e-45, np.finfo(np.float32).max, np.nextafter(np.float32(1), np.float32(2)), -1e-38]
    first = EmbeddingCache(path)
    first.put_many("model", names(1200), matrix)
    first.close()
    second = EmbeddingCache(path)
    found, missing = second.get_many("model", names(1200), DIMENSIONS)
    second.close()
    assert missing == []
    assert found.tobytes() == matrix.tobytes()


def test_what_was_not_put_is_missing_and_the_rest_stands_in_its_own_row(path: Path) -> None:
    cache = EmbeddingCache(path)
    matrix = vectors(3)
    cache.put_many("model", ["a", "b", "\ud800"], matrix)
    found, missing = cache.get_many("model", ["x", "b", "y", "\ud800", "b"], DIMENSIONS)
    cache.close()
    assert missing == [0, 2]
    np.testing.assert_array_equal(found, np.stack([0 * matrix[0], matrix[1], 0 * matrix[0], matrix[2], matrix[1]]))


def test_another_model_or_another_length_finds_nothing(path: Path) -> None:
    cache = EmbeddingCache(path)
    cache.put_many("model", ["a"], vectors(1))
    assert cache.get_many("other", ["a"], DIMENSIONS)[1] == [0]
    assert cache.get_many("mode", ["la"], DIMENSIONS)[1] == [0]
    assert cache.get_many("model", ["a"], DIMENSIONS + 1)[1] == [0]
    cache.close()


@pytest.mark.parametrize("matrix", [np.zeros((2, 4)), np.zeros((3, 4), np.float32), np.zeros(2, np.float32)])
def test_a_matrix_of_the_wrong_type_or_shape_is_refused(path: Path, matrix: np.ndarray) -> None:
    cache = EmbeddingCache(path)
    with pytest.raises(ValueError, match=r"expected float32 of shape \(2, dimensions\)"):
        cache.put_many("model", ["a", "b"], matrix)
    cache.close()


@pytest.mark.slow
def test_the_size_stays_bounded_and_the_oldest_go_first(path: Path) -> None:
    limit, count, step = 2_000_000, 4000, 100
    cache = EmbeddingCache(path, max_bytes=limit)
    matrix = vectors(count)
    for start in range(0, count, step):
        cache.put_many("model", names(count)[start:start + step], matrix[start:start + step])
    _, missing = cache.get_many("model", names(count), DIMENSIONS)
    cache.close()
    assert size(path) <= limit
    first_kept = next(index for index in range(count) if index not in set(missing))
    assert max(missing) < step * (1 + first_kept // step)  # the newest calls are there whole, at most one in part
    assert count - len(missing) > 0.5 * limit / (4 * DIMENSIONS)


def test_what_a_later_run_has_read_outlives_what_it_has_not(path: Path) -> None:
    first = EmbeddingCache(path, max_bytes=2_000_000)
    first.put_many("model", names(800), vectors(800))
    first.close()
    second = EmbeddingCache(path, max_bytes=2_000_000)
    assert second.get_many("model", names(100), DIMENSIONS)[1] == []
    second.put_many("model", names(500, "new"), vectors(500, 1))
    old, new = (second.get_many("model", texts, DIMENSIONS)[1] for texts in (names(800), names(500, "new")))
    second.close()
    assert new == []
    assert old
    assert min(old) >= 100


def test_a_call_larger_than_the_whole_cache_keeps_what_fits(path: Path) -> None:
    cache = EmbeddingCache(path, max_bytes=500_000)
    cache.put_many("model", names(2000), vectors(2000))
    _, missing = cache.get_many("model", names(2000), DIMENSIONS)
    cache.close()
    assert len(missing) < 2000
    assert path.stat().st_size <= 700_000  # the bound and SQLite's page rounding


WRITER = """
import sys, numpy as np
from aura.zones.sensory.cache import EmbeddingCache
path, name = sys.argv[1:]
sys.stdin.readline()  # all start at once
cache = EmbeddingCache(path)
for index in range(40):
    texts = [f"{name} {index} {item}" for item in range(16)] + [f"both {index}"]
    cache.put_many("model", texts, np.full((17, 384), index, np.float32))
    assert cache.get_many("model", texts, 384)[1] == []
assert cache.is_open
cache.close()
"""


@pytest.mark.slow
def test_processes_that_create_and_write_one_file_at_once_lose_nothing(path: Path) -> None:
    path.parent.mkdir()
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], stdin=subprocess.PIPE, text=True)
               for name in "abc"]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    cache = EmbeddingCache(path)
    texts = [f"{name} {index} {item}" for name in "abc" for index in range(40) for item in range(16)]
    found, missing = cache.get_many("model", texts, DIMENSIONS)
    cache.close()
    assert missing == []
    assert [row[0] for row in found] == [index for _ in "abc" for index in range(40) for _ in range(16)]


def test_a_file_that_is_no_database_is_left_alone_and_done_without(
        path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database " * 1000)
    with caplog.at_level(logging.WARNING):
        cache = EmbeddingCache(path)
    assert not cache.is_open
    assert str(path) in caplog.text
    cache.put_many("model", ["a"], vectors(1))
    assert cache.get_many("model", ["a"], DIMENSIONS)[1] == [0]
    cache.close()
    assert path.read_bytes().startswith(b"not a database")


def test_a_file_damaged_within_never_gives_wrong_bits(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    matrix = vectors(400)
    cache = EmbeddingCache(path)
    cache.put_many("model", names(400), matrix)
    cache.close()
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(1)
    for place in rng.integers(8192, len(content), 300):  # beyond the first page, which holds the schema
        content[place] ^= 0x10
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        damaged = EmbeddingCache(path)
        for index in range(0, 400, 20):
            found, missing = damaged.get_many("model", names(400)[index:index + 20], DIMENSIONS)
            present = [item for item in range(20) if item not in missing]
            np.testing.assert_array_equal(found[present], matrix[index:index + 20][present])
        assert damaged.get_many("model", names(400), DIMENSIONS)[1]
        damaged.put_many("model", names(20), matrix[:20])
        damaged.close()


def test_a_file_locked_for_good_is_done_without(
        path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aura.zones.sensory.cache._BUSY_TIMEOUT_S", 0.05)
    cache = EmbeddingCache(path)
    cache.put_many("model", ["a"], vectors(1))
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with caplog.at_level(logging.WARNING):
        cache.put_many("model", ["b"], vectors(1))
    assert "locked" in caplog.text
    assert not cache.is_open
    cache.put_many("model", ["c"], vectors(1))
    cache.close()
    holder.execute("ROLLBACK")
    holder.close()


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.WARNING):
        cache = EmbeddingCache(tmp_path / "file" / "cache.sqlite")
    assert not cache.is_open
    assert "not used" in caplog.text


def test_a_closed_cache_finds_nothing_and_may_be_closed_again(path: Path) -> None:
    cache = EmbeddingCache(path)
    cache.put_many("model", ["a"], vectors(1))
    cache.close()
    cache.close()
    assert cache.get_many("model", ["a"], DIMENSIONS)[1] == [0]


def test_the_environment_says_where_the_cache_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURA_CACHE", str(tmp_path / "mine"))
    assert default_path() == tmp_path / "mine" / "embeddings.sqlite"
    monkeypatch.delenv("AURA_CACHE")
    assert "aura" in default_path().parts
