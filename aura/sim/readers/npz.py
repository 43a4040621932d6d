"""Arrays that numpy saved: npz archives or npy files whose arrays share the first axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic import Field as Setting

from aura.core.errors import StreamError, nearest
from aura.plugins.streams import Field
from aura.sim.readers.arrayfile import ArrayFile
from aura.sim.readers.arrays import ArrayReader, label_field
from aura.sim.readers.bad import BadRows
from aura.sim.readers.files import checked_file
from aura.sim.readers.options import PathText, ReaderOptions, resolve_path
from aura.sim.readers.where import Chooser, Where

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ArrayColumn", "NpzOptions", "open_npz"]

_DTYPES = {"float": "float32", "float64": "float64", "int": "int64"}
_INT64_MAX = np.iinfo(np.int64).max


class ArrayColumn(BaseModel):
    """Which array feeds a port, and as what."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    source: str | None = Setting(
        None, alias="from",
        description="The key; it may be left out where the file holds one array only.")
    file: PathText | None = Setting(
        None,
        description="Another file than the stream's `path`, for images and labels that are kept apart.")
    type: Literal["tags", "float", "float64", "int"] | None = Setting(
        None,
        description='`"tags"`: whole numbers or texts are labels. `"float"` is float32. Without it numbers stay what '
                    "they are.")
    scale: bool | None = Setting(
        None,
        description="Give bytes 0..255 as float32 0..1; by default as the stream's `scale` says, where they are "
                    "bytes.")
    classes: tuple[str, ...] | None = Setting(
        None,
        description="Names of the labels 0, 1, ...; by default the stream's `classes`.")
    unit: str = Setting("", description="Unit of the numbers.")
    doc: str = Setting("", description="One sentence on what it is.")


def _shorthand(value: object) -> object:
    return {"from": value} if isinstance(value, str) else value


ArrayMap: TypeAlias = dict[str, Annotated[ArrayColumn, BeforeValidator(
    _shorthand, json_schema_input_type=str | ArrayColumn)]]


class NpzOptions(ReaderOptions):
    """An npz archive or npy file."""

    path: PathText = Setting(description="The archive, or an npy file.")
    columns: ArrayMap = Setting(
        default_factory=dict,
        description="Port name to key of the archive, `image = \"arr_0\"`, or to a table with more of it; empty: every "
                    "key under its own name. An npy file's key is `array`.")
    tags: tuple[str, ...] = Setting(
        (),
        description="Ports whose whole numbers or texts are labels; an empty text is none.")
    classes: tuple[str, ...] = Setting(
        (),
        description="Names of the labels 0, 1, ...; empty: the number itself is the label.")
    scale: bool = Setting(False, description="Give bytes 0..255 as float32 0..1.")
    where: Where = Setting(
        default_factory=dict,
        description='Only rows with this value, or one of these, under a key of the archive: `{ split = "train" }`.')


def open_npz(options: NpzOptions, base: Path) -> ArrayReader:
    """Read arrays by key; an npy file is memory-mapped. Pickled objects are refused.

    A file that is truncated or otherwise damaged is an error whatever `on_bad` says, as nothing in it can be trusted;
    rows with NaN or an infinity are bad rows.

    Raises
    ------
    StreamError
        If a file is missing or damaged, lacks a key, or its arrays have not as many rows; or at the first bad row,
        if told to stop.
    """
    main = ArrayFile(checked_file(resolve_path(options.path, base)), options.max_unpacked)
    files = {column.file: ArrayFile(checked_file(resolve_path(column.file, base)), options.max_unpacked)
             for column in options.columns.values() if column.file is not None}
    columns = options.columns or _all_columns(main)
    for port in options.tags:
        if port not in columns:
            raise StreamError(f"{main.name}: tags", expected="a port", got=repr(port), hint=nearest(port, columns))
    fields: dict[str, Field] = {}
    arrays: dict[str, np.ndarray] = {}
    scaled: set[str] = set()
    for port, column in columns.items():
        file = main if column.file is None else files[column.file]
        arrays[port] = array = file.read(column.source, f"columns.{port}")
        if array.ndim == 0:
            raise StreamError(f"{file.name}: {port}", expected="an array of rows", got="a single value",
                              hint="Choose others with `columns`.")
        where = f"{file.name}: {port}"
        if column.type == "tags" or port in options.tags:
            fields[port] = label_field(where, array, options.classes if column.classes is None else column.classes)
            continue
        is_bytes = array.dtype == np.uint8
        if column.scale and not is_bytes:
            raise StreamError(f"{where}.scale", expected="bytes, an array of uint8", got=array.dtype.name,
                              hint="Try type = 'float'.")
        if is_bytes and (options.scale if column.scale is None else column.scale):
            scaled.add(port)
        fields[port] = _field(where, column, array, port in scaled)
    chooser = Chooser(options.where)
    chosen_by = {key: main.read(key, f"where.{key}") for key in options.where}
    _check_lengths(main.name, {**arrays, **{f"where.{key}": array for key, array in chosen_by.items()}})
    wanted = _wanted(chooser, chosen_by)
    chooser.check(main.name)
    return ArrayReader(main.name, fields, arrays, BadRows(main.name, options.on_bad), scaled=frozenset(scaled),
                       wanted=wanted)


def _all_columns(file: ArrayFile) -> ArrayMap:
    """Return every array under its own key; StreamError if that cannot be the name of a port."""
    for key in file.keys:
        if not key.isidentifier():
            raise StreamError(file.name, expected="keys of letters, digits and '_', as no `columns` are given",
                              got=repr(key), hint=f"Try columns = {{ image = {key!r} }}.")
    return {key: ArrayColumn.model_validate({"from": key}) for key in file.keys}


def _check_lengths(name: str, arrays: dict[str, np.ndarray]) -> None:
    if len({array.shape[:1] for array in arrays.values()}) > 1:
        got = ", ".join(f"{port} {array.shape}" for port, array in arrays.items())
        raise StreamError(name, expected="arrays with one common first axis", got=got,
                          hint="Choose some of them with `columns`.")


def _wanted(chooser: Chooser, arrays: dict[str, np.ndarray]) -> np.ndarray | None:
    """Return a mask of the rows that are wanted, or None for all."""
    if not arrays:
        return None
    keys: tuple[str | int, ...] = tuple(arrays)
    rows = zip(*(array.tolist() for array in arrays.values()), strict=True)
    return np.array([chooser(dict(zip(keys, row, strict=True)).__getitem__) for row in rows], dtype=bool)


def _field(where: str, column: ArrayColumn, array: np.ndarray, scaled: bool) -> Field:
    kind, shape = array.dtype.kind, array.shape[1:]
    if kind == "U" and array.ndim == 1 and column.type is None:
        return Field("text", doc=column.doc)
    if kind not in "biuf":
        raise StreamError(where, expected="numbers, or one text a row", got=f"{array.dtype} of shape {shape} a row")
    if column.type == "int" and (kind == "f" or (array.dtype == np.uint64 and array.max(initial=0) > _INT64_MAX)):
        raise StreamError(where, expected="whole numbers of 64 bits", got=array.dtype.name)
    stored = array.dtype.newbyteorder("=").name
    dtype = "float32" if scaled else _DTYPES.get(column.type or "", stored)
    return Field(dtype, shape, column.unit, column.doc or ("0 to 1" if scaled else ""))
