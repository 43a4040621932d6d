"""What holds for all that plugins bring: the version of the contract, how a part of it goes, how a factory is found."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel

from aura.core.blame import blamed
from aura.core.errors import AuraError, PluginError

__all__ = ["AURA_API", "Contribution", "Optioned", "class_of", "deprecated", "imported", "require_options"]

T = TypeVar("T")
AURA_API = 1
"""The version of the contract between AURA and plugins; it rises where a plugin could tell one from the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """The base of what plugins bring: each has a name and a one-sentence summary besides.

    Parameters
    ----------
    aura_api : int
        The version of the contract that it is written for; one that is newer than `AURA_API` is refused by name.
    deprecated : str
        Empty, or the sentence (`deprecated`) that is told to whoever asks for it.
    """

    aura_api: int = 1
    deprecated: str = ""


@runtime_checkable
class Optioned(Protocol):
    """What takes options from a scenario, told by their model."""

    @property
    def options(self) -> type[BaseModel]: ...


def require_options(options: object, base: type[BaseModel], where: str) -> None:
    """Raise a `PluginError` unless the options of a kind are a model derived from `base`."""
    if not (isinstance(options, type) and issubclass(options, base)):
        raise PluginError(f"{where}.options", expected=f"a subclass of {base.__name__}", got=repr(options))


def deprecated(what: str, instead: str, goes_in: str) -> str:
    """Return the sentence that something goes in a version of AURA, and what to use instead.

    Examples
    --------
    >>> deprecated("the stream kind 'wav'", "'audio'", "0.3")
    "the stream kind 'wav' is deprecated and goes in AURA 0.3: use 'audio'"
    """
    return f"{what} is deprecated and goes in AURA {goes_in}: use {instead}"


def imported(target: str, where: str, error: type[AuraError] = PluginError) -> Any:
    """Import and return what ``"package.module:name"`` names.

    Raises
    ------
    AuraError
        Of the type `error`, if it cannot be imported; says why.
    """
    module, _, name = target.partition(":")
    try:
        return reduce(getattr, name.strip().split("."), importlib.import_module(module.strip()))
    except KeyboardInterrupt:
        raise
    except BaseException as raised:
        raise error(where, expected="'package.module:Class' that can be imported", got=f"{target!r} ({blamed(raised)})",
                    hint="`aura doctor` lists which packages are missing.") from raised


def class_of(factory: Any, base: type[T], where: str, *, expected: str,
             error: type[AuraError] = PluginError) -> type[T]:
    """Return the class that a factory is, or that it names as ``"package.module:Class"``.

    Raises
    ------
    AuraError
        Of the type `error`, if it cannot be imported or is no subclass of `base`.
    """
    found: Any = imported(factory, where, error) if isinstance(factory, str) else factory
    if not (isinstance(found, type) and issubclass(found, base)):
        raise error(where, expected=expected, got=repr(found))
    return found
