"""Arrays that numpy saved: npz archives whose arrays share the first axis, or one npy file."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from pydantic import Field as Setting

from aura.core.errors import StreamError, nearest
from aura.sim.readers.arrays import ArrayReader, label_field
from aura.sim.readers.bad import BadRows
from aura.sim.readers.files import checked_file, unpacks_to_more
from aura.sim.readers.options import PathText, ReaderOptions, resolve_path
from aura.sim.readers.rows import Field

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["NPY_KEY", "NpzOptions", "open_npz"]

Known = TypeVar("Known")

_ZIP_MAGIC = b"PK"

NPY_KEY = "array"
"""The key of the one array of an npy file."""


class NpzOptions(ReaderOptions):
    """An npz archive or npy file.

    Parameters
    ----------
    path : str
        The file.
    columns : mapping of str to str
        Port name to key of the archive; empty: every key under its own name. An npy file's key is ``array``.
    tags : list of str
        Ports whose whole numbers or texts are labels.
    classes : list of str
        Names of the labels 0, 1, ...; empty: the number itself is the label.
    """

    path: PathText
    columns: dict[str, str] = Setting(default_factory=dict)
    tags: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


def open_npz(options: NpzOptions, base: Path) -> ArrayReader:
    """Read arrays by key; an npy file is memory-mapped. Pickled objects are refused.

    A file that is truncated or otherwise damaged is an error whatever `on_bad` says, as nothing in it can be trusted;
    rows with NaN or an infinity are bad rows.

    Raises
    ------
    StreamError
        If the file is missing or damaged, lacks a key, or its arrays have not as many rows; or at the first bad row,
        if told to stop.
    """
    path = checked_file(resolve_path(options.path, base))
    arrays = _load(path, options)
    lengths = {port: len(array) if array.ndim else 0 for port, array in arrays.items()}
    if len(set(lengths.values())) > 1 or not all(array.ndim for array in arrays.values()):
        got = ", ".join(f"{port} {array.shape}" for port, array in arrays.items())
        raise StreamError(path.name, expected="arrays with one common first axis", got=got,
                          hint="Choose some of them with `columns`.")
    for port in options.tags:
        if port not in arrays:
            raise StreamError(f"{path.name}: tags", expected="a port", got=repr(port), hint=nearest(port, arrays))
    fields = {
        port: label_field(f"{path.name}: {port}", array, options.classes) if port in options.tags
        else _field(path.name, port, array)
        for port, array in arrays.items()
    }
    return ArrayReader(path.name, fields, arrays, BadRows(path.name, options.on_bad))


def _load(path: Path, options: NpzOptions) -> dict[str, np.ndarray]:
    try:
        with open(path, "rb") as stream:
            if stream.read(2) != _ZIP_MAGIC:
                npy = np.lib.format.open_memmap(path, mode="r")
                return _chosen(path.name, {NPY_KEY: npy}, options.columns)
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as archive:
                keys = _chosen(path.name, {key: key for key in archive.files}, options.columns)
                sizes = {info.filename.removesuffix(".npy"): info.file_size for info in archive.zip.infolist()}
                if sum(sizes[key] for key in set(keys.values())) > options.max_unpacked:
                    raise unpacks_to_more(path.name, options.max_unpacked)
                arrays = {port: archive[key] for port, key in keys.items()}
    except StreamError:
        raise
    except Exception as error:  # the parsers of zip, npy and their headers raise some fifteen kinds
        got = "no rows: an empty file" if path.stat().st_size == 0 else f"{type(error).__name__}: {error}"
        raise StreamError(path.name, expected="a whole npz or npy file without pickled objects", got=got) from error
    for port, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise StreamError(f"{path.name}: {port}", expected="an array", got="a member that is no npy file")
    return arrays


def _chosen(name: str, known: dict[str, Known], columns: dict[str, str]) -> dict[str, Known]:
    if not known:
        raise StreamError(name, expected="at least one array", got="no rows: an empty archive")
    for port, key in columns.items():
        if key not in known:
            raise StreamError(f"{name}: columns.{port}", expected="a key of the archive", got=repr(key),
                              hint=nearest(key, known))
    return {port: known[key] for port, key in columns.items()} if columns else dict(known)


def _field(name: str, port: str, array: np.ndarray) -> Field:
    if array.dtype.kind == "U" and array.ndim == 1:
        return Field("text")
    if array.dtype.kind not in "biuf":
        raise StreamError(f"{name}: {port}", expected="numbers, or one text a row",
                          got=f"{array.dtype} of shape {array.shape[1:]} a row")
    return Field(array.dtype.newbyteorder("=").name, array.shape[1:])
