"""Parameters: each mistake is named with its key."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from aura.core.errors import AuraError, ScenarioError
from aura.core.params import validated
from aura.core.zone import ZoneParams


class Inner(ZoneParams):
    rate: float = Field(0.1, gt=0)


class Outer(ZoneParams):
    size: int
    inner: Inner = Inner()
    several: tuple[Inner, ...] = ()
    maybe: Inner | None = None
    place: tuple[int, int, int] = (0, 0, 0)


@pytest.mark.parametrize(("values", "where", "got", "hint"), [
    ({"size": 1, "sise": 2}, "here.sise", "'sise'", "Try 'size'."),
    ({"size": 1, "inner": {"rat": 2}}, "here.inner.rat", "'rat'", "Try 'rate'."),
    ({"size": 1, "several": [{}, {"rat": 2}]}, "here.several.1.rat", "'rat'", "Try 'rate'."),
    ({"size": 1, "maybe": {"rat": 2}}, "here.maybe.rat", "'rat'", "Try 'rate'."),
    ({}, "here.size", "none", ""),
    ({"size": "x"}, "here.size", "'x'", ""),
    ({"size": 1, "inner": {"rate": 0}}, "here.inner.rate", "0", ""),
    ({"size": "x", "sise": 2}, "here.size", "'x'", "Also here.sise: expected a known key, got 'sise'. Try 'size'."),
    ([1], "here", "list", ""),
    ({"size": 1, "place": [5, 5]}, "here.place", "[5, 5]", ""),
    ({"size": 1, "place": []}, "here.place", "[]", ""),
    ({"size": 1, "place": [1], "sise": 2}, "here.place", "[1]",
     "Also here.sise: expected a known key, got 'sise'. Try 'size'."),
    ({"size": 1, "sise": 2, **dict.fromkeys("bcdefg", 1)}, "here.sise", "'sise'", "Try 'size'. "
     + " ".join(f"Also here.{key}: expected a known key, got '{key}'. Known: inner, maybe, place, several, size."
                for key in "bcdef") + " And 1 more."),
    ({"size": 1, "place": [1, 2, 3, 4]}, "here.place", "[1, 2, 3, 4]", ""),
])
def test_the_first_mistake_is_named_by_its_key(values: Any, where: str, got: str, hint: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        validated(Outer, values, "here", ScenarioError)
    assert (caught.value.where, caught.value.got, caught.value.hint) == (where, got, hint)


class Quick(ZoneParams):
    kind: Literal["quick"] = "quick"
    rate: float = 1.0


class Exact(ZoneParams):
    kind: Literal["exact"] = "exact"
    ridge: float = 1.0


class Choosing(ZoneParams):
    way: Annotated[Quick | Exact, Field(discriminator="kind")] = Quick()
    tables: dict[Annotated[str, Field(pattern="^[a-z]+$")], int] = Field({"a": 1}, min_length=1)
    name: str = Field("a", min_length=1)


@pytest.mark.parametrize(("values", "message"), [
    ({"way": {"kind": "quick", "ridge": 1}}, "expected a known key, got 'ridge'. Known: kind, rate."),
    ({"tables": {}}, "here.tables: expected a table with at least 1 item, got {}"),
    ({"name": ""}, "here.name: expected a text with at least 1 character, got ''"),
    ({"tables": {"a b": 1}},
     "here.tables: expected keys, each a text that should match pattern '^[a-z]+$', got 'a b'"),
])
def test_it_is_told_in_words_what_is_known_and_wanted_there(values: Any, message: str) -> None:
    with pytest.raises(AuraError) as caught:
        validated(Choosing, values, "here")
    assert str(caught.value).endswith(message)


@pytest.mark.parametrize(("place", "expected"), [([5], "3 values"), ([1, 2, 3, 4], "at most 3 values")])
def test_a_sequence_of_another_length_is_told_how_many_there_should_be(place: list[int], expected: str) -> None:
    with pytest.raises(AuraError) as caught:
        validated(Outer, {"size": 1, "place": place}, "here")
    assert caught.value.expected == expected


def test_what_is_valid_is_built_or_passed_on() -> None:
    built = validated(Outer, {"size": 2, "inner": {"rate": 3}}, "here")
    assert (built.size, built.inner.rate) == (2, 3.0)
    assert validated(Outer, built, "here") is built


def test_long_values_are_shortened() -> None:
    class Short(BaseModel):
        n: int

    with pytest.raises(AuraError) as caught:
        validated(Short, {"n": "x" * 1000}, "here")
    assert len(caught.value.got) == 80
