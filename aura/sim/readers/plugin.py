"""Registers the built-in kinds of stream, as any plugin registers its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura.plugins import hookimpl

if TYPE_CHECKING:
    from aura.plugins.streams import ReaderKind


@hookimpl
def aura_streams() -> list[ReaderKind]:
    """Return the readers of files, arrays, sound and pipes."""
    from aura.sim.readers.kinds import reader_kinds

    return list(reader_kinds().values())
