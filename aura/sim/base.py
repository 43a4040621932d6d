"""Where the files of a run's scenario are, also after the run or the scenario was moved or copied."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aura.core.errors import CheckpointError
from aura.sim.scenario import embedded_scenarios
from aura.sim.sources import Source, fingerprint, is_there, sources_of

__all__ = ["find_base", "relative_base"]


def relative_base(base: Path, run: Path) -> str:
    """Return the folder of a scenario as seen from the folder of its run: they may move together."""
    try:
        return os.path.relpath(base.absolute(), run.resolve())
    except ValueError:  # on another drive
        return str(base.absolute())


def find_base(run: Path, base: str, known: Mapping[str, Any], *, given: str | Path | None = None) -> Path:
    """Return the folder that the relative paths of a run's scenario refer to.

    Parameters
    ----------
    run : Path
        The run's folder.
    base : str
        As its scenario.toml says, from the run's folder.
    known : mapping
        Its run.json: where the base was, and the files that the run began with.
    given : str or Path, optional
        What the user says it is.

    Raises
    ------
    CheckpointError
        If none of the places has the files.

    Notes
    -----
    It is looked for as seen from the run's folder, where it was when the run began, in the run's folder and beside
    it, and among the embedded scenarios. The first place counts that has the files as they were; if none has, the
    first that has files of these names.
    """
    as_seen = Path(os.path.normpath(run.resolve() / base))
    wanted = [source for source in sources_of(known.get("inputs", ())) if source.in_base]
    places = [as_seen, Path(str(known.get("base") or as_seen)), run.resolve(), run.resolve().parent,
              next(iter(embedded_scenarios().values())).parent]
    if given is not None:
        places = [Path(given).expanduser().absolute()]
    if not wanted:
        return places[0] if given is not None or places[0].is_dir() else places[1]
    having = [place for place in dict.fromkeys(places) if not _missing(place, wanted)]
    if not having:
        missing = [source.name for source in _missing(places[0], wanted)]
        raise CheckpointError(
            f"{run}: base", expected=f"{', '.join(missing[:5])} in {places[0]}",
            got="no such file" if len(missing) == 1 else f"none of these {len(missing)} files",
            hint=f"Give the folder that holds {'it' if len(missing) == 1 else 'them'}: --base FOLDER.")
    if len(having) == 1:
        return having[0]
    return next((place for place in having if _as_they_were(place, wanted)), having[0])


def _missing(base: Path, wanted: list[Source]) -> list[Source]:
    return [source for source in wanted if source.files and not is_there(base / source.name)]


def _as_they_were(base: Path, wanted: list[Source]) -> bool:
    return all(fingerprint(source.name, source.role, base / source.name).digest == source.digest for source in wanted)
