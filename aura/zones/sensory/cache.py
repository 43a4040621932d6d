"""Embeddings kept on disk, shared by all runs of a user: what has been encoded once is not encoded again."""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import threading
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["DEFAULT_MAX_BYTES", "EmbeddingCache", "default_path"]

DEFAULT_MAX_BYTES = 1 << 30
"""About 570,000 embeddings of 384 dimensions."""

_log = logging.getLogger(__name__)

_SCHEMA_VERSION = 1
_FILE_NAME = "embeddings.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS embedding (
    id INTEGER PRIMARY KEY,   -- the first 8 bytes of the digest
    digest BLOB NOT NULL,     -- of identity and text, 16 bytes
    used INTEGER NOT NULL,    -- the clock's reading at the last use
    checksum INTEGER NOT NULL,
    vector BLOB NOT NULL      -- float32, little-endian
);
CREATE INDEX IF NOT EXISTS embedding_used ON embedding (used);
CREATE TABLE IF NOT EXISTS clock (only INTEGER PRIMARY KEY CHECK (only = 0), reading INTEGER NOT NULL);
INSERT OR IGNORE INTO clock VALUES (0, 0);
"""
_KEYS_PER_QUERY = 500  # SQLite's smallest default limit on variables is 999
_BUSY_TIMEOUT_S = 5.0
_SWITCH_ATTEMPTS = 100
_ROW_OVERHEAD_BYTES = 80  # digest, numbers, b-tree cells and the index's entry
_KEEP_FRACTION = 0.9  # an eviction makes room for many writes, not for one
_PAGE_BYTES = 8192  # five embeddings of 384 dimensions fill one; SQLite's own 4,096 would hold two and waste a quarter
_PAGES_PER_WAL = 500


def default_path() -> Path:
    """Return where the cache lies: ``$AURA_CACHE/embeddings.sqlite``, else the user's cache folder."""
    root = os.environ.get("AURA_CACHE")
    if not root:
        from platformdirs import user_cache_dir

        root = user_cache_dir("aura")
    return Path(root) / _FILE_NAME


class EmbeddingCache:
    """Embeddings on disk under (encoder identity, text); several processes and threads may use one file at once.

    The cache never stops a brain: if its file cannot be opened, is damaged or stays locked, a warning is logged and
    from then on it finds nothing and keeps nothing.

    Parameters
    ----------
    path : Path or str, optional
        The database file; `default_path` if None.
    max_bytes : int
        The size to stay under. Beyond it the embeddings go that have not been used for longest.

    Notes
    -----
    SQLite in write-ahead mode: readers never wait, writers wait for each other. "Last used" is counted in writes, not
    in seconds, and a read marks its embeddings once a run, so a run that only reads hardly writes.
    """

    def __init__(self, path: Path | str | None = None, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self.path = default_path() if path is None else Path(path)
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._touched: set[int] = set()
        self._opened = 0
        self._connection: sqlite3.Connection | None = None
        try:
            self._open()
        except (sqlite3.Error, OSError) as error:
            self._go_without(error)

    @property
    def is_open(self) -> bool:
        """Whether the cache works: it has not been closed, and its file has given no trouble."""
        return self._connection is not None

    def get_many(self, identity: str, texts: Sequence[str], dimensions: int) -> tuple[NDArray[np.float32], list[int]]:
        """Look up many texts.

        Parameters
        ----------
        identity : str
            The encoder's identity.
        texts : sequence of str
            Which may hold a text twice.
        dimensions : int
            The length of an embedding.

        Returns
        -------
        matrix : ndarray, shape (text, dimensions), float32
            The embeddings, to the bit as they were put; rows of zeros where there was none.
        missing : list of int
            The indices of the texts that were not found, ascending.
        """
        matrix = np.zeros((len(texts), dimensions), np.float32)
        digests = _digests(identity, texts)
        found: dict[bytes, bytes] = {}
        with self._lock:
            self._guarded(lambda db: found.update(self._read(db, digests, 4 * dimensions)))
        missing = []
        for index, digest in enumerate(digests):
            vector = found.get(digest)
            if vector is None:
                missing.append(index)
            else:
                matrix[index] = np.frombuffer(vector, "<f4")
        return matrix, missing

    def put_many(self, identity: str, texts: Sequence[str], matrix: NDArray[np.float32]) -> None:
        """Keep the embeddings of many texts; `matrix` has one row a text.

        Raises
        ------
        ValueError
            If the matrix is not float32 or has not one row a text.
        """
        if matrix.dtype != np.float32 or matrix.ndim != 2 or len(matrix) != len(texts):
            raise ValueError(f"EmbeddingCache.put_many: expected float32 of shape ({len(texts)}, dimensions), "
                             f"got {matrix.dtype} of shape {matrix.shape}.")
        vectors = [row.tobytes() for row in matrix.astype("<f4", copy=False)]
        if not vectors:
            return
        row_bytes = len(vectors[0]) + _ROW_OVERHEAD_BYTES
        fitting = max(0, int(self.max_bytes * _KEEP_FRACTION) // row_bytes)
        rows = list(zip(_digests(identity, texts), vectors, strict=True))[:fitting]
        with self._lock:
            self._guarded(lambda db: self._write(db, rows, row_bytes))

    def close(self) -> None:
        """Write down what was read and close the file; afterwards the cache finds and keeps nothing."""
        with self._lock:
            self._guarded(lambda db: self._write(db, [], 0) if self._touched else None)
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _guarded(self, action: Callable[[sqlite3.Connection], object]) -> None:
        """Do what may go wrong with the file; if it does, go without a cache from here on."""
        if self._connection is not None:
            try:
                action(self._connection)
            except (sqlite3.Error, OSError) as error:
                self._go_without(error)

    def _go_without(self, error: Exception) -> None:
        _log.warning("The embedding cache %s is not used: %s. Texts are encoded anew; delete the file if damaged.",
                     self.path, error)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        self._connection = db
        db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        _write_ahead(db)
        db.execute("PRAGMA synchronous = NORMAL")  # after a power cut the last writes may be gone, never the file
        db.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_PER_WAL}")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _SCHEMA_VERSION):
            raise sqlite3.DatabaseError(f"its layout is version {version}, expected {_SCHEMA_VERSION}")
        if version == 0:
            db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;")
        self._opened = db.execute("SELECT reading FROM clock").fetchone()[0]

    def _read(self, db: sqlite3.Connection, digests: list[bytes], size: int) -> dict[bytes, bytes]:
        numbers = list(map(_number, digests))
        found: dict[bytes, bytes] = {}
        for start in range(0, len(numbers), _KEYS_PER_QUERY):
            chunk = numbers[start:start + _KEYS_PER_QUERY]
            marks = ",".join("?" * len(chunk))
            query = f"SELECT id, digest, used, checksum, vector FROM embedding WHERE id IN ({marks})"
            for number, digest, used, checksum, vector in db.execute(query, chunk):
                if len(vector) == size and zlib.crc32(vector) == checksum:
                    found[digest] = vector
                    if used <= self._opened:
                        self._touched.add(number)
        return found

    def _write(self, db: sqlite3.Connection, rows: list[tuple[bytes, bytes]], row_bytes: int) -> None:
        db.execute("BEGIN IMMEDIATE")
        try:
            db.execute("UPDATE clock SET reading = reading + 1")
            reading = db.execute("SELECT reading FROM clock").fetchone()[0]
            db.executemany("UPDATE embedding SET used = ? WHERE id = ?",
                           [(reading, number) for number in sorted(self._touched)])
            self._make_room(db, len(rows), row_bytes)
            db.executemany("INSERT OR REPLACE INTO embedding VALUES (?, ?, ?, ?, ?)",
                           [(_number(digest), digest, reading, zlib.crc32(vector), vector) for digest, vector in rows])
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        self._touched.clear()

    def _make_room(self, db: sqlite3.Connection, rows: int, row_bytes: int) -> None:
        pages, free, page_bytes = (db.execute(f"PRAGMA {name}").fetchone()[0]
                                   for name in ("page_count", "freelist_count", "page_size"))
        excess = (pages - free) * page_bytes + rows * row_bytes - self.max_bytes
        if excess <= 0 or not rows:
            return
        excess += int(self.max_bytes * (1 - _KEEP_FRACTION))
        db.execute("DELETE FROM embedding WHERE id IN (SELECT id FROM embedding ORDER BY used, id LIMIT ?)",
                   (-(-excess // row_bytes),))


def _write_ahead(db: sqlite3.Connection) -> None:
    """Switch to write-ahead mode, for which SQLite does not wait when another process is creating the same file."""
    for attempt in range(_SWITCH_ATTEMPTS):
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if attempt == _SWITCH_ATTEMPTS - 1:
                raise
            time.sleep(_BUSY_TIMEOUT_S / _SWITCH_ATTEMPTS)


def _digests(identity: str, texts: Sequence[str]) -> list[bytes]:
    """Return 16 bytes a text; two of a million texts share them with a probability below 1e-26."""
    start = hashlib.blake2b(identity.encode() + b"\0", digest_size=16)
    digests = []
    for text in texts:
        digest = start.copy()
        digest.update(text.encode("utf-8", "surrogatepass"))
        digests.append(digest.digest())
    return digests


def _number(digest: bytes) -> int:
    return int.from_bytes(digest[:8], "little", signed=True)
