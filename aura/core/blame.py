"""Where an exception came from: the last line of the user's own code, not of the libraries that it called."""

from __future__ import annotations

import linecache
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from traceback import walk_tb

from pydantic import ValidationError

from aura.core.errors import AuraError

__all__ = ["blamed", "blaming", "described", "message_of", "place_of", "raised_at"]


@contextmanager
def blaming(where: str, expected: str, error: type[AuraError] = AuraError, home: str = "") -> Iterator[None]:
    """Make a sentence of whatever a plugin's code raises within but Ctrl-C, with the place of its cause.

    Raises
    ------
    AuraError
        The given kind; one that was raised within stays as it is.

    Examples
    --------
    >>> with blaming("metrics.mine", expected="options that fit"):
    ...     {}["width"]
    Traceback (most recent call last):
    aura.core.errors.AuraError: metrics.mine: expected options that fit, got KeyError: 'width'
    """
    try:
        yield
    except (AuraError, KeyboardInterrupt):
        raise
    except BaseException as raised:
        raise error(where, expected=expected, got=blamed(raised, home)) from raised


def blamed(error: BaseException, home: str = "") -> str:
    """Return an exception in one line, with the place of its cause where it is known.

    Parameters
    ----------
    error : BaseException
    home : str
        The module whose package is the user's own too, wherever it is installed: the zone's.

    Examples
    --------
    >>> blamed(ValueError("too long"))
    'ValueError: too long'
    """
    place = place_of(error, home)
    return described(error) + (f", at {place}" if place else "")


def described(error: BaseException) -> str:
    """Return an exception's kind and what it says, if it says anything, in one line.

    Examples
    --------
    >>> described(KeyError("w")), described(AssertionError())
    ("KeyError: 'w'", 'AssertionError')
    """
    # The text of a syntax error names file and line itself, a second time.
    text = error.msg if isinstance(error, SyntaxError) else _text(error)
    return _named(error) if text is None else f"{type(error).__name__}: {text}".rstrip(": ")


def message_of(error: BaseException) -> str:
    """Return what an exception says, in one line, or its kind if it says nothing.

    Examples
    --------
    >>> message_of(ValueError("too long")), message_of(AssertionError())
    ('too long', 'AssertionError')
    """
    text = _text(error)
    return _named(error) if text is None else text or type(error).__name__


def _text(error: BaseException) -> str | None:
    """Return the text of an exception, None where its own ``__str__`` raises."""
    try:
        if isinstance(error, ValidationError):  # whose own text is a page
            messages = ((".".join(map(str, one["loc"])), one["msg"].removeprefix("Value error, "))
                    for one in error.errors(include_url=False, include_input=False))
            return "; ".join(f"{place}: {text}" if place else text for place, text in messages)
        return " ".join(str(error).split())
    except KeyboardInterrupt:
        raise
    except BaseException:
        return None


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}, whose text cannot be made"


def raised_at(error: BaseException, home: str = "") -> str:
    """Return the place of an exception as a sentence, or nothing if it is not known."""
    place = place_of(error, home)
    return f"It was raised at {place}." if place else ""


def place_of(error: BaseException, home: str = "") -> str:
    """Return ``"file:line in function: source line"`` of the last line of the user's own code, or of the last line."""
    known = getattr(error, "place", None)
    if isinstance(known, str):  # it was raised in another process
        return known
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: {(error.text or '').strip()}".removesuffix(": ")
    package = ".".join(home.split(".")[:2 if home.startswith("aura.") else 1])
    frames = list(walk_tb(error.__traceback__))
    for frame, line in reversed(frames):
        name, file = str(frame.f_globals.get("__name__")), frame.f_code.co_filename
        if (package and f"{name}.".startswith(f"{package}.")) or not file.startswith(_libraries()):
            source = linecache.getline(file, line).strip()
            return f"{file}:{line} in {frame.f_code.co_name}: {source}".removesuffix(": ")
    return ""


@lru_cache(maxsize=1)
def _libraries() -> tuple[str, ...]:
    """Return how the file names of code begin that is nobody's own: Python's, installed packages', and AURA's."""
    paths = sysconfig.get_paths()
    folders = (paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"], Path(__file__).parents[1])
    return "<", *(f"{folder}/" for folder in folders)
