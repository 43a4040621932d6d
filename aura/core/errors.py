"""The one tree of errors that AURA raises on bad input."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = [
    "AuraError",
    "CheckpointError",
    "DataError",
    "ParameterError",
    "PluginError",
    "RecordingError",
    "ScenarioError",
    "SignalError",
    "StateError",
    "StreamError",
    "TimeError",
    "WiringError",
    "ZoneError",
    "nearest",
    "unwritable",
]


class AuraError(Exception):
    """Bad input, said in one form: ``where: expected X, got Y. Try Z.``

    Parameters
    ----------
    where : str
        What is wrong, as its user would name it (``"sensory.text"``, ``"feelings.toml: zones.amygdala"``).
    expected, got : str
        What would have been right, and what came.
    hint : str
        What to try, a sentence; may be empty.

    Examples
    --------
    >>> print(AuraError("clock.period", expected="a positive time", got="'0 ms'", hint="Try '1 ms'."))
    clock.period: expected a positive time, got '0 ms'. Try '1 ms'.
    """

    def __init__(self, where: str, *, expected: str, got: str, hint: str = "") -> None:
        self.where, self.expected, self.got, self.hint = where, expected, got, hint
        message = f"{where}: expected {expected}, got {got}"
        super().__init__(f"{message}. {hint}" if hint else message)


class TimeError(AuraError, ValueError):
    """A text or number that is no time, or a time off the brain's resolution."""


class ParameterError(AuraError, ValueError):
    """A parameter or argument out of its range, or a part of a model that cannot be built from what was given."""


class WiringError(AuraError):
    """A brain that cannot be built: unknown port, wrong type, a port left unfed, a second writer."""


class SignalError(AuraError):
    """A value that its publisher may not put on the bus: wrong shape or type, or not finite."""


class ZoneError(AuraError):
    """A zone that raised in its step or learn; the cause is chained."""


class StateError(AuraError):
    """A state tree that cannot be written or does not fit the zone it is loaded into."""


class CheckpointError(AuraError):
    """A checkpoint folder that is missing, incomplete, damaged or of another brain."""


class RecordingError(AuraError):
    """A recording or journal that cannot be read."""


class ScenarioError(AuraError):
    """A scenario file with a mistake, or a setting that it does not have."""


class StreamError(AuraError):
    """A sensory stream with a row or file that cannot be read."""


class DataError(AuraError):
    """A data set that is neither in place nor to be fetched, or a file of one that is broken."""


class PluginError(AuraError):
    """A plugin that cannot be loaded or asks for what is not there."""


def unwritable(path: Path, error: OSError, kind: type[AuraError] = AuraError) -> AuraError:
    """Return the error of something that could not be written: no room, no right, or no folder any more."""
    return kind(str(path), expected="a place that can be written to",
                got=f"{type(error).__name__}: {error.strerror or error}",
                hint="Is the disk full, or was the folder removed?")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names what was probably meant: the nearest known name, or all of them."""
    names = sorted(set(known))
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"Try {close[0]!r}."
    return f"Known: {', '.join(names)}." if names else "None is known here."
