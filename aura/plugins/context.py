"""The one object that observing hooks are handed: the run, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["RunContext"]


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a run is, as every observing hook sees it.

    Parameters
    ----------
    scenario : mapping
        The resolved scenario: every setting with its value, as ``scenario.toml`` in the run folder has it.
    brain : BrainView
        The brain that runs, to be read; a hook cannot change it.
    folder : Path
        The run folder.
    seed : int
        The seed from which every random stream derives.
    resumed : bool
        Whether the run goes on from a checkpoint.
    """

    scenario: Mapping[str, Any]
    brain: BrainView
    folder: Path
    seed: int
    resumed: bool = False
