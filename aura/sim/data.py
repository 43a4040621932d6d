"""Where a data set's files are: under ``AURA_DATA``, else in the user's cache, fetched once and checked."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from aura.core.blame import described
from aura.core.errors import DataError, nearest
from aura.sim.datasets import DataFile, Dataset, known_datasets

__all__ = ["DATA_VARIABLE", "dataset_path", "present_folder"]

DATA_VARIABLE = "AURA_DATA"
"""Environment variable: a folder with one folder for each data set."""

_TIMEOUT_S = 30.0
"""Longest wait for an answer (tuned here: a slow connection answers, a dead one is noticed)."""


def dataset_path(name: str, file: str | None = None) -> Path:
    """Return a data set's folder, or the path of a file in it, fetching what is not here if it can be fetched.

    Parameters
    ----------
    name : str
        The data set, such as ``"goemotions"``. A folder of another name under ``AURA_DATA`` is found too.
    file : str, optional
        A path in the data set's folder; without it all its files are there when this returns.

    Returns
    -------
    Path
        Under ``AURA_DATA``, whose files are taken as they are, or in the cache, where checksums hold.

    Raises
    ------
    DataError
        If the file is not here and cannot be fetched; it says which file, from where, and where to put it.
    """
    dataset = known_datasets().get(name)
    root = _data_root()
    if dataset is None:
        return _own_folder(root, name, file)
    if file is not None and (found := _inside(root / name if root else None, name, file)) is not None:
        return found
    # A file's companions (label names, mappings) are wanted with it, so the whole data set is fetched at once.
    folder = present_folder(dataset) or _fetch(dataset, file)
    if file is None:
        return folder
    found = _inside(folder, name, file)
    if found is None:
        raise DataError(f"data set {name!r}", expected="one of its files", got=repr(file),
                        hint=nearest(file, [known.name for known in dataset.files]))
    return found


def _data_root() -> Path | None:
    text = os.environ.get(DATA_VARIABLE, "")
    return Path(text).expanduser() if text else None


def _cache_root() -> Path:
    import pooch

    return Path(pooch.os_cache("aura"))


def _inside(folder: Path | None, name: str, file: str) -> Path | None:
    parts = Path(file).parts
    if "\0" in file or Path(file).is_absolute() or ".." in parts:
        raise DataError(f"data set {name!r}", expected="a path inside its folder", got=repr(file))
    return folder / file if folder is not None and (folder / file).exists() else None


def _own_folder(root: Path | None, name: str, file: str | None) -> Path:
    plain = bool(name) and "\0" not in name and Path(name).name == name and name != ".."
    if root is not None and plain and (root / name).is_dir():
        found = root / name if file is None else _inside(root / name, name, file)
        if found is not None:
            return found
        raise DataError(f"data set {name!r}", expected=f"a file of the folder {root / name}", got=repr(file))
    place = f"or a folder under {DATA_VARIABLE} ({root})" if root else f"or a folder under {DATA_VARIABLE}, if set"
    raise DataError("data set", expected=f"a known data set {place}", got=repr(name),
                    hint=nearest(name, known_datasets()))


def present_folder(dataset: Dataset) -> Path | None:
    """Return where a data set is, if all its files are in place; nothing is fetched."""
    roots = [root for root in (_data_root(), _cache_root() if dataset.fetchable else None) if root is not None]
    return next((root / dataset.name for root in roots
                 if all((root / dataset.name / file.name).exists() for file in dataset.files)), None)


def _fetch(dataset: Dataset, wanted: str | None) -> Path:
    for file in dataset.files:
        if not file.url:
            raise _not_here(dataset, wanted or file.name, "and it is not fetched by AURA", dataset.address)
    folder = _cache_root() / dataset.name
    for file in dataset.files:
        _fetch_file(dataset, file, folder)
    return folder


def _fetch_file(dataset: Dataset, file: DataFile, folder: Path) -> None:
    import pooch
    import requests

    downloader = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=_TIMEOUT_S)
    try:
        pooch.retrieve(file.url, f"sha256:{file.sha256}", file.name, folder, downloader=downloader)
    except (OSError, ValueError, requests.RequestException) as error:
        reason = "the download has another checksum" if isinstance(error, ValueError) \
            and not isinstance(error, requests.RequestException) else described(error)
        raise _not_here(dataset, file.name, f"and fetching it failed: {reason}", file.url) from error


def _not_here(dataset: Dataset, file: str, why: str, address: str) -> DataError:
    root = _data_root()
    state = f"not there, {why}" if root else f"{DATA_VARIABLE} is not set, {why}"
    place = f"{root or '$' + DATA_VARIABLE}/{dataset.name}/{file}"
    hint = f"Get it from {address} and put it there, with {DATA_VARIABLE} set to the folder above."
    return DataError(f"data set {dataset.name!r}", expected=f"the file {place}", got=state,
                     hint=f"{hint} {dataset.note}".strip())
