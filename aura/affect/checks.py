"""What an engine is asked and taught, checked before anything is done with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aura.affect.analysis import Affect
from aura.core.errors import ParameterError
from aura.core.handed import sketch

__all__ = ["checked_affect", "checked_share", "checked_texts", "listed"]

MAX_USER = 1_000
"""Characters of a user's name."""


def listed(where: str, values: Any) -> list[Any]:
    """Return several values as a list.

    Raises
    ------
    ParameterError
        If it is one value or one text.
    """
    try:
        if isinstance(values, (str, bytes)):
            raise TypeError
        return list(values)
    except TypeError:
        raise ParameterError(where, expected="a sequence", got=sketch(values)) from None


def checked_texts(texts: Sequence[str], users: Sequence[str | None] | None,
                  contexts: Sequence[str | None] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the texts as they are read, each with its context before it, and the names of the users.

    Raises
    ------
    ParameterError
        If they are no texts, or as many of one as of another there are not.
    """
    texts = listed("engine.text", texts)
    users = [None] * len(texts) if users is None else listed("engine.user", users)
    contexts = [None] * len(texts) if contexts is None else listed("engine.context", contexts)
    if not len(texts) == len(users) == len(contexts):
        raise ParameterError("engine.analyze_many", expected="as many users and contexts as texts",
                             got=f"{len(texts)}, {len(users)} and {len(contexts)}")
    for user in users:
        if user is not None and not (isinstance(user, str) and len(user) <= MAX_USER):
            raise ParameterError("engine.user", expected=f"a name of at most {MAX_USER} characters", got=sketch(user))
    for what, given in (("text", texts), ("context", [one for one in contexts if one is not None])):
        wrong = [one for one in given if not isinstance(one, str)]
        if wrong:
            raise ParameterError(f"engine.{what}", expected="texts", got=sketch(wrong[0]), hint="Decode bytes first.")
    # Subclasses of str, as numpy's, become plain ones.
    whole = (str(text) if not before else f"{before}\n{text}" for before, text in zip(contexts, texts, strict=True))
    return tuple(whole), tuple(str(user or "") for user in users)


def checked_share(what: str, value: Any) -> float:
    """Return a number from 0 to 1.

    Raises
    ------
    ParameterError
        If it is none.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise ParameterError(f"engine.teach.{what}", expected="a number from 0 to 1", got=sketch(value))
    return number


def checked_affect(values: Any) -> list[float]:
    """Return pleasure, arousal and dominance.

    Raises
    ------
    ParameterError
        If they are not three numbers from 0 to 1.
    """
    numbers = [checked_share("pad", part) for part in listed("engine.teach.pad", values)]
    if len(numbers) != len(Affect._fields):
        raise ParameterError("engine.teach.pad", got=str(len(numbers)),
                             expected=f"{len(Affect._fields)} numbers: pleasure, arousal, dominance")
    return numbers
