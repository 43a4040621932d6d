"""Errors as plain data, for files and other processes, and back."""

from __future__ import annotations

import builtins
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from aura.core import errors
from aura.core.blame import message_of, place_of
from aura.core.errors import AuraError

__all__ = ["RemoteError", "error_of", "error_tree"]


class RemoteError(Exception):
    """What was raised in another process; the class has the name of the one that was raised there, and its parent."""

    place: str = ""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""  # a KeyError would quote it once more


def error_tree(error: BaseException, home: str, *, traced: bool = False) -> dict[str, Any]:
    """Return an error and its cause as a tree of texts.

    Parameters
    ----------
    error : BaseException
    home : str
        The module of the zone that raised it.
    traced : bool
        Whether the lines by which it came are told too.
    """
    try:
        tree = _described(error, home)
        beneath = error.__cause__ if isinstance(error, AuraError) else None
        last = tree
        if beneath is not None:
            last = tree["cause"] = _described(beneath, home)
        if traced:
            last["trace"] = "".join(traceback.format_exception(error if beneath is None else beneath))
    except Exception:  # its class can have code of its own for whatever is asked of it
        return {"kind": "Exception", "name": type(error).__name__, "text": message_of(error), "place": ""}
    return tree


def error_of(tree: Mapping[str, Any] | Sequence[str]) -> BaseException:
    """Return the error that `error_tree` was given, or one of the five words that earlier checkpoints have of it."""
    if not isinstance(tree, Mapping):
        kind, where, expected, got, hint = tree
        error: BaseException = getattr(errors, kind, AuraError)(where, expected=expected, got=got, hint=hint)
        return error
    error = _rebuilt(tree)
    if "cause" in tree:
        error.__cause__ = _rebuilt(tree["cause"])
    return error


def _described(error: BaseException, home: str) -> dict[str, Any]:
    known = next(kind for kind in type(error).__mro__
                 if kind in (getattr(errors, kind.__name__, None), getattr(builtins, kind.__name__, None)))
    tree: dict[str, Any] = {"kind": known.__name__, "name": type(error).__name__, "text": _text(error),
                            "place": place_of(error, home)}
    if isinstance(error, AuraError):
        tree["words"] = [f"{word}" for word in (error.where, error.expected, error.got, error.hint)]
    return tree


def _text(error: BaseException) -> str:
    try:
        return f"{error.msg if isinstance(error, SyntaxError) else error}"
    except Exception:
        return message_of(error)


def _rebuilt(tree: Mapping[str, Any]) -> BaseException:
    error = _remote(tree) if "words" not in tree else _own(tree)
    if tree.get("trace"):
        error.add_note(f"In the zone's process:\n{tree['trace']}")
    return error


def _own(tree: Mapping[str, Any]) -> AuraError:
    kind: Any = getattr(errors, tree["kind"], AuraError)
    if kind.__name__ != tree["name"]:
        kind = type(tree["name"], (kind,), {})
    error: AuraError = kind.__new__(kind, tree["text"])  # a class of the zone's own may take other arguments
    error.where, error.expected, error.got, error.hint = tree["words"]
    if "cause" not in tree:
        error.place = tree["place"]  # type: ignore[attr-defined]
    return error


def _remote(tree: Mapping[str, Any]) -> BaseException:
    place = {"place": tree["place"]}
    known = getattr(builtins, tree["kind"], Exception)
    bases = (RemoteError, known) if issubclass(known, Exception) and known is not Exception else (RemoteError,)
    try:
        error: BaseException = type(tree["name"], bases, place)(tree["text"])
    except TypeError:  # one that is made of more than its text
        error = type(tree["name"], (RemoteError,), place)(tree["text"])
    return error
