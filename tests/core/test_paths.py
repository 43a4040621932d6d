"""Paths in parameters: found by whoever builds the brain, in models at any depth, and left alone without one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from aura.core.brain import Brain
from aura.core.errors import AuraError
from aura.core.params import validated
from aura.core.paths import CodeName, InputPath, PlacePath, shell_word, shown_path
from aura.core.zone import Manifest, Zone, ZoneParams


class Inner(ZoneParams):
    """A part of the parameters."""

    file: InputPath | None = None


class Params(ZoneParams):
    """Parameters with paths."""

    inner: Inner = Inner()
    cache: PlacePath = "cache.bin"
    many: tuple[InputPath, ...] = ()
    kind: CodeName = "mlp"


class Found:
    """Finds everything below /base and keeps what was asked for."""

    def __init__(self) -> None:
        self.inputs: list[str] = []
        self.names: list[str] = []

    def locate(self, text: str) -> Path:
        return Path("/base") / text

    def input(self, text: str) -> str:
        self.inputs.append(text)
        return str(self.locate(text))

    def code(self, name: str) -> str:
        self.names.append(name)
        return name


GIVEN = {"inner": {"file": "a.swc"}, "many": ["b", "/c"], "kind": "package.module:Class"}


def test_paths_are_found_at_any_depth() -> None:
    found = Found()
    params = validated(Params, GIVEN, "zone", paths=found)
    assert (params.inner.file, params.many, params.cache) == ("/base/a.swc", ("/base/b", "/c"), "/base/cache.bin")
    assert (found.inputs, found.names) == (["a.swc", "b", "/c"], ["package.module:Class"])


def test_paths_stay_as_they_are_where_nobody_says_where_they_start() -> None:
    params = validated(Params, GIVEN, "zone")
    assert (params.inner.file, params.many, params.cache) == ("a.swc", ("b", "/c"), "cache.bin")


def test_a_registered_name_is_no_code() -> None:
    found = Found()
    validated(Params, {"kind": "conv2d"}, "zone", paths=found)
    assert found.names == []


@pytest.mark.parametrize("text", ["", "  ", "a\0b"])
def test_what_is_no_path_is_an_error_of_its_key(text: str) -> None:
    with pytest.raises(AuraError, match=r"zone\.inner\.file: expected a path, not"):
        validated(Params, {"inner": {"file": text}}, "zone")
    with pytest.raises(ValidationError):
        Params(cache=text)


def test_a_brain_hands_its_paths_to_its_zones() -> None:
    class Reader(Zone[Params]):
        """Reads nothing."""

        manifest = Manifest("reader", "", params=Params, period="1 ms")

    brain = Brain(paths=Found())
    brain.add(Reader, params=GIVEN)
    params = brain.plans["reader"].params
    assert isinstance(params, Params)
    assert params.inner.file == "/base/a.swc"


@pytest.mark.parametrize("name", [
    b"o\xff", b"o\xffab", b"it's \\ $HOME\xfe", b"two\nlines", "é ü\t".encode(), b"a b", b"plain"])
def test_a_shell_takes_a_path_as_it_is_told_to_be_typed(name: bytes) -> None:
    word = shell_word(os.fsdecode(name))
    assert word.isprintable()
    assert subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True).stdout == name
    assert shown_path(Path(os.fsdecode(name))) == (os.fsdecode(name) if os.fsdecode(name).isprintable() else word)
