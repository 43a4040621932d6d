"""JSON from files that may be damaged."""

from __future__ import annotations

import pytest

from aura.core.json_text import parse_json


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[" * 101 + "]" * 101, '{"a":' * 500 + "1" + "}" * 500,
                                  b"\xff\xfe\x00", "1" * 5000])
def test_whatever_is_wrong_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


def test_what_is_nested_as_deep_as_it_may_be_is_read():
    assert parse_json("[" * 99 + "{}" + "]" * 99) == parse_json(b"[" * 99 + b"{}" + b"]" * 99)
    assert parse_json('["' + "[" * 1000 + '"]') == ["[" * 1000]
