"""The data sets that AURA's scenarios and tests know: what ``datasets.toml`` says of them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

__all__ = ["DataFile", "Dataset", "known_datasets"]


@dataclass(frozen=True)
class DataFile:
    """A file or folder of a data set.

    Parameters
    ----------
    name : str
        Its path in the data set's folder.
    url, sha256 : str
        Where it is downloaded from and the checksum of those bytes; empty if it is not to be had by itself or if
        what AURA uses is a part of what the address holds.
    """

    name: str
    url: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Dataset:
    """A data set: what it is, whose terms it is under, and where it comes from."""

    name: str
    summary: str
    licence: str
    address: str
    files: tuple[DataFile, ...]
    note: str = ""

    @property
    def fetchable(self) -> bool:
        """Whether every file can be downloaded."""
        return all(file.url for file in self.files)


def known_datasets() -> dict[str, Dataset]:
    """Return the known data sets by name."""
    table = tomllib.loads(files("aura.sim").joinpath("datasets.toml").read_text(encoding="utf-8"))
    return {name: Dataset(name, **{**entry, "files": tuple(DataFile(file, **where)
                                                          for file, where in entry["files"].items())})
            for name, entry in table.items()}
