"""What an engine is asked and taught, checked before anything is done with it."""

from __future__ import annotations

from collections.abc import Sequence

from aura.core.errors import ParameterError

__all__ = ["checked_share", "checked_texts"]

MAX_USER = 1_000
"""Characters of a user's name."""


def checked_texts(texts: Sequence[str], users: Sequence[str | None] | None,
                  contexts: Sequence[str | None] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the texts as they are read, and the names of the users."""
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise ParameterError("engine.text", expected="texts", got="something else",
                             hint="Decode bytes first; of one text `analyze` says more.")
    users, contexts = users or [None] * len(texts), contexts or [None] * len(texts)
    if not len(texts) == len(users) == len(contexts):
        raise ParameterError("engine.analyze_many", expected="as many users and contexts as texts",
                             got=f"{len(texts)}, {len(users)} and {len(contexts)}")
    for user in users:
        if user is not None and not (isinstance(user, str) and len(user) <= MAX_USER):
            raise ParameterError("engine.user", expected=f"a name of at most {MAX_USER} characters",
                                 got=repr(user)[:60])
    whole = tuple(text if not before else f"{before}\n{text}" for before, text in zip(contexts, texts, strict=True))
    return whole, tuple(user or "" for user in users)


def checked_share(what: str, value: float) -> float:
    """Return a number from 0 to 1."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise ParameterError(f"engine.teach.{what}", expected="a number from 0 to 1", got=repr(value))
    return number
