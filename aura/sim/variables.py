"""Values that a scenario takes from the environment, by name: ``path = { env = "MY_DATA", default = "rows.tsv" }``."""

from __future__ import annotations

import os
import tomllib
from typing import Any

from aura.core.errors import ScenarioError

__all__ = ["is_variable", "parsed", "with_variables"]


def is_variable(value: Any) -> bool:
    """Return whether a value asks for one of the environment.

    Examples
    --------
    >>> is_variable({"env": "MY_DATA", "default": 3}), is_variable({"env": "MY_DATA", "type": "text"})
    (True, False)
    """
    return isinstance(value, dict) and isinstance(value.get("env"), str) and value.keys() <= {"env", "default"}


def with_variables(value: Any, where: str, path: tuple[str, ...] = ()) -> Any:
    """Return a table with what the environment has in the place of each ``{ env = "NAME" }``.

    What it has is read as ``--set`` reads a value: as TOML, and as text where it is no TOML.

    Raises
    ------
    ScenarioError
        If the environment has no such variable and the table no default; the message names variable and key.
    """
    if is_variable(value):
        text = os.environ.get(value["env"])
        if text is not None:
            return parsed(text)
        if "default" in value:
            return value["default"]
        key = ".".join(path)
        raise ScenarioError(f"{where}: {key}", expected=f"the environment variable {str(value['env'])!r}",
                            got="none of that name", hint=f"Set it, give a `default` beside `env`, or --set {key}=...")
    if isinstance(value, dict):
        return {key: with_variables(part, where, (*path, key)) for key, part in value.items()}
    if isinstance(value, list):
        return [with_variables(part, where, (*path, str(number))) for number, part in enumerate(value)]
    return value


def parsed(text: str) -> Any:
    """Return a text as a value of TOML, or as it is if it is none."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text
