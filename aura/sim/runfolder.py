"""The run folder: what a run leaves behind, and where each thing lies in it."""

from __future__ import annotations

import json
import logging
import math
import os
import re
import shutil
import tomllib
import zlib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, NonNegativeInt

from aura.core.checkpoint import list_checkpoints
from aura.core.errors import AuraError, CheckpointError, RecordingError, ScenarioError, nearest, unwritable
from aura.core.json_text import parse_json
from aura.core.params import validated
from aura.core.symlinks import refuse_links
from aura.sim.base import find_base, relative_base
from aura.sim.hold import LOCK, Hold
from aura.sim.origin import ORIGIN, find_origin
from aura.sim.scenario import Scenario, read_scenario
from aura.sim.sources import Source, sources_of
from aura.sim.toml_text import toml_text

__all__ = ["RunFolder", "default_folder", "strict_json"]

_log = logging.getLogger("aura.run")

_ASIDE = "run.partial"
_BEGUN = ("checkpoints", ORIGIN, "recording", "metrics.jsonl", "metrics.json", "run.json", _ASIDE, "scenario.toml",
          "scenario.partial", "journal.partial", "tracebacks.txt")
"""What a run may have left before its first checkpoint."""


class _Kept(BaseModel):
    """What run.json must be for a run to be taken up or played again; it holds more."""

    model_config = ConfigDict(extra="ignore", strict=True)

    status: Literal["running", "finished", "stopped", "failed"]
    now: NonNegativeInt = 0
    started: str = ""
    ticks: NonNegativeInt = 0
    wall_seconds: float = 0.0
    resumed: list[NonNegativeInt] = []
    messages: list[str] = []
    branched_from: str = ""
    replay_of: str = ""
    base: str = ""
    inputs: list[Source] = []


class RunFolder:
    """One run's folder. Nothing is made until it is written to."""

    def __init__(self, path: str | Path) -> None:
        self.path = path = Path(path)
        self.checkpoints, self.recording, self.journal = path / "checkpoints", path / "recording", path / "journal"
        self.metrics, self.rows, self.report = path / "metrics.json", path / "metrics.jsonl", path / "report.html"
        self._made = False

    def __repr__(self) -> str:
        return f"<RunFolder {self.path}>"

    def create(self, scenario: Scenario, beginning: Mapping[str, Any] | None = None) -> Hold:
        """Make the folder, hold it, and write what the run is: `beginning` as run.json, then the resolved scenario,
        its `base` as seen from here.

        Raises
        ------
        AuraError
            If the folder holds something already, but for a run that was ended before it had played anything.
        """
        text = _kept_text(scenario.model_copy(update={"base": relative_base(scenario.folder, self.path)}))
        self.require_free()
        self._made = not self.path.exists()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AuraError(str(self.path), expected="a folder that can be written to",
                            got=f"{type(error).__name__}: {error.strerror}", hint="Choose another --out.") from None
        hold = Hold(self.path)
        try:
            self.require_free()  # once more: another process may have been faster
            self.clear()
            self.write("run.json", {"status": "running", **(beginning or {})})
            _write_whole(self.path / "scenario.toml", text)
        except BaseException as error:
            if self._made:
                self.discard()
            hold.release()
            if isinstance(error, OSError):
                raise unwritable(self.path, error) from error
            raise
        return hold

    def require_free(self) -> None:
        """Raise an `AuraError` unless a run may begin here: in none, an empty one, or one where nothing was played."""
        if self.path.exists() and (not self.path.is_dir() or {p.name for p in self.path.iterdir()} - {LOCK, _ASIDE}) \
                and (not self.unplayed or self.journal.exists()):
            raise AuraError(str(self.path), expected="a new or empty folder for the run", got="one that is not empty",
                            hint="Choose another --out, or continue that run with `aura resume`.")

    @property
    def unplayed(self) -> bool:
        """Whether this is the folder of a run that was ended before its first checkpoint.

        Nothing in it can be lost, but for a journal: live input comes only once. A run that has recorded anything is
        none, whatever has become of its checkpoints.
        """
        try:
            names = {path.name for path in self.path.iterdir()}
            begun = self.read().get("status") == "running" and not names - {*_BEGUN, LOCK, self.journal.name}
            return begun and not list_checkpoints(self.checkpoints) and not self._has_content
        except (OSError, CheckpointError):
            return False

    @property
    def _has_content(self) -> bool:
        """Whether any message or row lies here."""
        from aura.plugins.recording.reader import Recording

        if self.rows.exists() and self.rows.stat().st_size:
            return True
        try:
            return self.recording.is_dir() and any(self.recording.iterdir()) and any(Recording(self.recording).raw())
        except RecordingError:  # whatever it is, it was more than begun
            return True

    def clear(self, but: Collection[str] = ()) -> None:
        """Remove what a run that has played nothing has left, but for some names."""
        for name in [name for name in _BEGUN if name not in but]:
            path = self.path / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def begin_anew(self) -> None:
        """Remove what a run that has played nothing has left, and keep what it is."""
        self.clear(but=(ORIGIN, "run.json", "scenario.toml"))

    def origin(self) -> Path | None:
        """Return the checkpoint that a branch began at, or None for a run that began at 0 s."""
        known = self.read().get("branched_from")
        return find_origin(self.path, known) if known else None

    def discard(self) -> None:
        """Take back what `create` made, for a run that could not begin."""
        for path in self.path.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if self._made:
            self.path.rmdir()

    def scenario(self, base: str | Path | None = None) -> Scenario:
        """Return the scenario of the run, as it was resolved.

        Parameters
        ----------
        base : str or Path, optional
            The folder that its relative paths refer to; by default it is found by the files that the run began with.

        Raises
        ------
        CheckpointError
            If this is no folder of a run, a file of it is damaged, or the scenario's own files are not found.
        AuraError
            If there are links in it, which may lead anywhere.
        """
        known, scenario = self.read(), self.written_scenario()
        found = find_base(self.path, scenario.base, known, given=base)
        return scenario.model_copy(update={"base": str(found)})

    def written_scenario(self) -> Scenario:
        """Return the scenario as the folder has it; where its relative paths lead is not looked for.

        Raises
        ------
        CheckpointError
            If this is no folder of a run, or the file is damaged.
        """
        path = self.path / "scenario.toml"
        try:
            return read_scenario(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
        except FileNotFoundError:
            others = [p.name for p in self.path.parent.glob("*") if (p / "scenario.toml").is_file()] \
                if self.path.parent.is_dir() else []
            raise CheckpointError(str(self.path), expected="the folder of a run", got="no scenario.toml in it",
                                  hint=nearest(self.path.name, others)) from None
        except (OSError, ValueError, RecursionError) as error:  # also bytes that are no text, and deep nesting
            raise CheckpointError(str(path), expected="valid TOML", got=str(error)) from None

    def sources(self) -> list[Source] | None:
        """Return the files that the run began with, or None before it has begun."""
        known = self.read()
        return sources_of(known.get("inputs", ())) if known else None

    def read(self) -> dict[str, Any]:
        """Return run.json, empty if there is none yet; a folder with links in it is refused, as they lead anywhere."""
        self._require_no_file()
        refuse_links(self.path)
        try:
            found = parse_json((self.path / "run.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise CheckpointError(str(self.path / "run.json"), expected="valid JSON", got=str(error)) from None
        validated(_Kept, found, str(self.path / "run.json"), CheckpointError)
        if found.pop("check", None) != _check(found):  # none in files of earlier versions
            _log.warning("%s is not as it was written", self.path / "run.json")
        return cast("dict[str, Any]", found)

    def _require_no_file(self) -> None:
        """Raise a `CheckpointError` if the path is a file, and say what was meant."""
        if not self.path.is_file():
            return
        if (self.path.parent / "scenario.toml").is_file():
            hint = f"The folder is {self.path.parent}."
        else:
            hint = "A run of it is begun by `aura run`." if self.path.suffix == ".toml" else ""
        raise CheckpointError(str(self.path), expected="the folder of a run", got="a file", hint=hint)

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a JSON file aside and rename it, so that it is whole at every instant."""
        path = self.path / name
        whole = {**content, "check": _check(content)} if name == "run.json" else content
        indent = 1 if name == "run.json" else None  # numbers of figures, each on a line of its own, are not read
        try:
            _write_whole(path, json.dumps(strict_json(whole), indent=indent))
        except OSError as error:
            raise unwritable(path, error) from error


def _write_whole(path: Path, text: str) -> None:
    aside = path.with_suffix(".partial")
    try:
        with aside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def _check(content: Mapping[str, Any]) -> str:
    """Return the CRC of what run.json holds beside it."""
    kept = {key: part for key, part in strict_json(content).items() if key != "check"}
    return f"{zlib.crc32(json.dumps(kept, sort_keys=True).encode()):08x}"


def _kept_text(scenario: Scenario) -> str:
    """Return the scenario as its file holds it, which gives the same scenario again, in the same order."""
    table = scenario.dump()
    try:
        text = toml_text(table)
        if json.dumps(read_scenario(tomllib.loads(text)).dump()) == json.dumps(table):
            return text
        got = "one that reads back as another"
    except (TypeError, ValueError) as error:
        got = str(error)
    raise ScenarioError(scenario.name, expected="a scenario that a TOML file can hold", got=got)


def strict_json(value: Any) -> Any:
    """Return JSON values with null for numbers that are not finite, which JSON does not know."""
    if isinstance(value, Mapping):
        return {key: strict_json(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict_json(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def default_folder(name: str, root: str | Path = "runs") -> Path:
    """Return a folder below `root` that no run has yet, named by scenario and time."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    name = re.sub(r"[^\w.-]+", "-", name).strip(".-")[:80] or "run"  # never a path that leads elsewhere
    candidate, number = Path(root) / f"{name}-{stamp}", 1
    while candidate.exists():
        number += 1
        candidate = Path(root) / f"{name}-{stamp}-{number}"
    return candidate
