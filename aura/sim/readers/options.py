"""Options that all readers share, and how their paths are found."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo
from pydantic import Field as Setting

from aura.core.errors import StreamError
from aura.core.paths import checked_path, path_text, paths_of
from aura.sim.data import dataset_path
from aura.sim.readers.bad import OnBad
from aura.sim.readers.files import UNPACKED_BYTES

__all__ = ["DATA_PREFIX", "LivePathText", "PathText", "ReaderOptions", "resolve_path"]

DATA_PREFIX = "data:"
"""A path that begins so names a data set: ``data:goemotions/train.tsv``."""


def _live(text: Any) -> Any:
    return checked_path(path_text(text)) if isinstance(text, str) else text


def _noted(text: Any, info: ValidationInfo) -> Any:
    paths, text = paths_of(info), _live(text)
    if paths is not None and isinstance(text, str):
        paths.input(text)
    return text  # as it is: the reader is handed the folder that it starts from


PathText = Annotated[str, BeforeValidator(_noted)]
"""What a reader reads: relative to the scenario's file, and fingerprinted when a run begins."""
LivePathText = Annotated[str, BeforeValidator(_live)]
"""Where live input comes from: what came is in the journal."""


class ReaderOptions(BaseModel):
    """What every reader may be told; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, validate_default=True)

    on_bad: OnBad = Setting(
        "stop",
        description='Whether a bad row stops the run, or (`"skip"`) is counted, logged and left out.')
    max_unpacked: Annotated[int, Setting(ge=1)] = Setting(
        UNPACKED_BYTES,
        description="Bytes that a compressed file, or a row of sound, may unpack to; one that holds more is refused.")


def resolve_path(text: str, base: Path) -> Path:
    """Return the path that a scenario means.

    Parameters
    ----------
    text : str
        ``data:NAME`` or ``data:NAME/FILE`` for a data set, else a path; a relative one is relative to `base`.
    base : Path
        The folder of the scenario file.

    Raises
    ------
    DataError
        If the data set is neither in place nor to be fetched.
    StreamError
        If the text is no path.
    """
    if text.startswith(DATA_PREFIX):
        name, _, file = text.removeprefix(DATA_PREFIX).partition("/")
        parts = file.split("/") if file else []
        # A pattern is matched later, below the folder that it starts from.
        known = next((i for i, part in enumerate(parts) if glob.has_magic(part)), len(parts))
        return dataset_path(name, "/".join(parts[:known]) or None).joinpath(*parts[known:])
    try:
        return base / Path(checked_path(text)).expanduser()
    except (ValueError, RuntimeError) as error:
        raise StreamError(repr(text), expected="a path", got=str(error)) from error
