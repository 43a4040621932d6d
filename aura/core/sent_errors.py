"""Errors as words, for files and other processes, and back."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from aura.core import errors
from aura.core.blame import message_of, place_of
from aura.core.errors import AuraError

__all__ = ["Cause", "RemoteError", "SentError", "error_of", "raised", "sent", "words_of"]


@dataclass(frozen=True, slots=True)
class Cause:
    """An exception that another process has raised."""

    kind: str
    text: str
    place: str
    trace: str


class RemoteError(Exception):
    """What was raised in another process; the class has the name of the one that was raised there."""

    place: str = ""


SentError = tuple["list[str] | None", "Cause | None"]
"""The words of an `AuraError`, None for any other, and what was raised beneath it, or the other itself."""


def words_of(error: AuraError) -> list[str]:
    """Return an error as its kind, place, what was expected, what came, and what to try."""
    return [type(error).__name__, error.where, error.expected, error.got, error.hint]


def error_of(words: Sequence[str]) -> AuraError:
    """Return the error that `words_of` was given."""
    kind, where, expected, got, hint = words
    error: AuraError = getattr(errors, kind, AuraError)(where, expected=expected, got=got, hint=hint)
    return error


def sent(error: BaseException, home: str) -> SentError:
    """Return an error as it is sent; `home` is the module of the zone that raised it."""
    if not isinstance(error, AuraError):
        return None, _cause(error, home)
    return words_of(error), None if error.__cause__ is None else _cause(error.__cause__, home)


def raised(words: Sequence[str] | None, cause: Cause | None) -> BaseException:
    """Return an error as it was raised in another process."""
    beneath = None if cause is None else _caused(cause)
    if words is None:
        return beneath or RemoteError()
    error = error_of(words)
    error.__cause__ = beneath
    return error


def _cause(error: BaseException, home: str) -> Cause:
    trace = "".join(traceback.format_exception(error))
    return Cause(type(error).__name__, message_of(error), place_of(error, home), trace)


def _caused(cause: Cause) -> BaseException:
    # Python itself asks for attributes, and takes no other answer for one that is not there.
    kind = AttributeError if cause.kind == "AttributeError" else RemoteError
    error: BaseException = type(cause.kind, (kind,), {"place": cause.place})(cause.text)
    error.add_note(f"In the zone's process:\n{cause.trace}")
    return error
