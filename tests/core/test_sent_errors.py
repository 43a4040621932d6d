"""Errors as plain data, and back: class, parent, words, cause and place stay."""

from __future__ import annotations

import json
import traceback
from typing import Any, cast

import pytest

from aura.core.blame import described, message_of, place_of
from aura.core.errors import AuraError, SignalError, ZoneError
from aura.core.sent_errors import RemoteError, error_of, error_tree


class OwnError(ZoneError):
    """One of a zone's own, which takes other arguments."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__("here", expected="one", got="two")


class Wordless(AuraError):
    """One that has none of the words of its kind."""

    def __init__(self) -> None:
        pass


class Textless(Exception):
    """One whose text cannot be made."""

    def __str__(self) -> str:
        raise ValueError("no text")


def sent(raised: BaseException, *, traced: bool = False) -> BaseException:
    try:
        raise raised
    except BaseException as error:
        return error_of(json.loads(json.dumps(error_tree(error, __name__, traced=traced))))


@pytest.mark.parametrize("error", [
    ZoneError("a", expected="b", got="c", hint="D."), SignalError("a", expected="b", got=cast("str", print)),
    OwnError(1, 2), KeyError("w"), ValueError("two\nlines"), FileNotFoundError(2, "none", "f"), SyntaxError("bad"),
    StopIteration(3), type("Ä", (LookupError,), {})("\ud800"), AssertionError()])
def test_an_error_comes_back_with_class_parent_text_and_place(error: BaseException) -> None:
    back = sent(error)
    known = next(kind for kind in type(error).__mro__ if kind.__module__ in ("aura.core.errors", "builtins"))
    assert isinstance(back, known)
    assert (described(back), message_of(back)) == (described(error), message_of(error))
    assert place_of(back, __name__) == place_of(error, __name__)
    assert "raise raised" in place_of(back) or isinstance(error, SyntaxError)
    if isinstance(error, AuraError):
        assert isinstance(back, AuraError)
        assert (back.where, back.expected, back.hint) == (error.where, error.expected, error.hint)


@pytest.mark.parametrize("error", [Textless(), Wordless(), ExceptionGroup("g", [ValueError(1)]),
                                   UnicodeDecodeError("utf-8", b"", 0, 1, "bad"), SystemExit(3), GeneratorExit()])
def test_one_that_cannot_be_made_again_comes_back_by_name(error: BaseException) -> None:
    back = sent(error, traced=True)
    assert isinstance(back, RemoteError)
    assert type(back).__name__ == type(error).__name__


def test_the_cause_comes_along_with_its_lines() -> None:
    error = ZoneError("z", expected="a", got="b")
    error.__cause__ = KeyError("w")
    back = sent(error, traced=True)
    assert isinstance(back.__cause__, KeyError)
    assert "In the zone's process" in "".join(traceback.format_exception(back))


def test_the_words_of_earlier_checkpoints_are_an_error_still() -> None:
    old: Any = ["SignalError", "a", "b", "c", "Try d."]
    back = error_of(old)
    assert type(back) is SignalError
    assert str(back) == "a: expected b, got c. Try d."
