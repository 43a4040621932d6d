"""What is known of one plugin: what it brings, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["PluginInfo"]


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plugin as ``aura plugins`` lists it.

    Parameters
    ----------
    name : str
        Its name, as ``--no-plugin`` takes it.
    distribution, version : str
        What it is installed by; empty for a local file.
    origin : str
        The module or file that it is loaded from.
    hooks : tuple of str
        The hooks that it implements and that are called.
    brings : mapping of str to tuple of str
        The names that it brings to each extension point, such as ``{"zone": ("amygdala",)}``.
    blocked : bool
        Whether it was blocked, and so not even imported.
    problems : tuple of str
        What is wrong with it, a sentence each.
    """

    name: str
    distribution: str
    version: str
    origin: str
    hooks: tuple[str, ...] = ()
    brings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    blocked: bool = False
    problems: tuple[str, ...] = ()

    @property
    def error(self) -> str:
        """All problems as one text, empty for a plugin without any."""
        return "; ".join(self.problems)
