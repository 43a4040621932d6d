"""The zone under test, and how it is to be fed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from aura.core.zone import Manifest, Zone

__all__ = ["ConformanceError", "MakeValue", "Subject"]

MakeValue: TypeAlias = "Callable[[np.random.Generator, int], Any]"
"""Makes one value for a port: from a generator and the number of items."""


class ConformanceError(AssertionError):
    """A zone that does not keep to the zone contract; the message says in what."""


@dataclass(frozen=True)
class Subject:
    """A zone under test.

    Parameters
    ----------
    zone : Manifest or subclass of Zone
        What is tested.
    params : mapping
        Its parameters.
    inputs : mapping of str to function
        Port to ``(rng, items) -> value``, for ports that random values of their declared type and range do not suit.
    axes : mapping of str to int
        The length of a named axis; 5 for one that is not given.
    ticks : int
        How many stimuli each run plays.
    items : int
        The most items in one stimulus.
    settings : mapping
        Further keywords of `Brain.add`: period, wake_on, latency.
    module : str
        The module that the manifest is read from; found by itself where it is an attribute of one.
    """

    zone: Manifest | type[Zone[Any]]
    params: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, MakeValue] = field(default_factory=dict)
    axes: Mapping[str, int] = field(default_factory=dict)
    ticks: int = 16
    items: int = 3
    settings: Mapping[str, Any] = field(default_factory=dict)
    module: str = ""

    @property
    def manifest(self) -> Manifest:
        """The manifest of the zone."""
        return self.zone if isinstance(self.zone, Manifest) else self.zone.manifest

    def load(self) -> type[Zone[Any]]:
        """Return the class of the zone, imported."""
        return self.manifest.load() if isinstance(self.zone, Manifest) else self.zone

    def failure(self, message: str) -> ConformanceError:
        """Return the error that says what is wrong with this zone."""
        return ConformanceError(f"zone {self.manifest.name!r}: {message}")
