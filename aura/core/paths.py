"""Types for parameters that name a file: whoever builds a brain from a scenario says which folder they start from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeAlias

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

__all__ = ["CodeName", "InputPath", "Paths", "PlacePath", "TextFrom", "checked_path", "path_text", "paths_of",
           "shell_word", "shown_path"]


class TextFrom(str):
    """A text out of a file in another folder than the one that relative paths start from.

    Whether it is a path, nobody can tell before a model takes it for one; `path_text` notes that it was.
    """

    here: str
    """The same, if it is a path: as seen from the folder that relative paths start from."""
    is_path = False

    def __new__(cls, text: str, here: str) -> TextFrom:
        made = super().__new__(cls, text)
        made.here = here
        return made


class Paths(Protocol):
    """How the paths in parameters are found; `aura.core.params.validated` hands it to the models."""

    def locate(self, text: str) -> Path:
        """Return the path that a text means."""

    def input(self, text: str) -> str:
        """Return the path of a file or folder that is read, and note it as something that the run depends on."""

    def code(self, name: str) -> str:
        """Return the name of a module that is imported, and note it; raise if no code may be loaded."""


def paths_of(info: ValidationInfo) -> Paths | None:
    """Return how paths are found, or None where nobody says: then relative ones start from the current folder."""
    context: dict[str, Any] = info.context or {}
    return context.get("paths")


def path_text(text: str) -> str:
    """Return a text that is taken for a path, as seen from the folder that relative paths start from."""
    if not isinstance(text, TextFrom):
        return text
    text.is_path = True
    return text.here


def checked_path(text: str) -> str:
    """Return a text that can be a path; pydantic makes the ValueError an error of the key."""
    if not text.strip() or "\0" in text:
        raise ValueError(f"a path, not {text!r}")
    return text


def shell_word(path: str | Path) -> str:
    r"""Return a path as a shell takes it: as it is, in quotes, or as ``$'...'`` where not all of it can be shown.

    Examples
    --------
    >>> print(shell_word("runs/one"), shell_word("my run"), shell_word("o\udcff"))
    runs/one 'my run' $'o\xff'
    """
    text = str(path)
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(map(_escaped, text)) + "'"


def shown_path(path: str | Path) -> str:
    """Return a path as it is told: as it is, or, where not all of it can be shown, as a shell takes it."""
    return str(path) if str(path).isprintable() else shell_word(path)


def _escaped(letter: str) -> str:
    if letter in "\\'":
        return f"\\{letter}"
    return letter if letter.isprintable() else "".join(f"\\x{byte:02x}" for byte in letter.encode(
        "utf-8", "surrogateescape" if "\udc80" <= letter <= "\udcff" else "surrogatepass"))


def _input(text: Any, info: ValidationInfo) -> Any:
    if not isinstance(text, str):
        return text
    paths, text = paths_of(info), checked_path(path_text(text))
    return text if paths is None else paths.input(text)


def _place(text: Any, info: ValidationInfo) -> Any:
    if not isinstance(text, str):
        return text
    paths, text = paths_of(info), checked_path(path_text(text))
    return text if paths is None else str(paths.locate(text))


def _code(name: str, info: ValidationInfo) -> str:
    paths = paths_of(info)
    return name if paths is None or ":" not in name else paths.code(name)


InputPath: TypeAlias = Annotated[str, BeforeValidator(_input)]
"""A file or folder that is read: in a scenario relative to its file, and fingerprinted when a run begins."""

PlacePath: TypeAlias = Annotated[str, BeforeValidator(_place)]
"""A file or folder that is written to: in a scenario relative to its file."""

CodeName: TypeAlias = Annotated[str, AfterValidator(_code)]
"""A registered name, or ``"package.module:Class"``, which a scenario may not name where no code may be loaded."""
