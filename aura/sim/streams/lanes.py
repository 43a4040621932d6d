"""Streams whose rows go on from one another in lanes, as the windows of a text do: they keep their order."""

from __future__ import annotations

from dataclasses import replace

from aura.core.errors import StreamError
from aura.plugins.streams import Reader
from aura.sim.streams.playing import Playing

__all__ = ["in_lanes"]

_REFUSED = ("shuffle", "curriculum", "change", "time", "stratify", "folds", "limit", "held_out_limit", "conversations",
            "hold_out_by", "hold_out_seed")
"""What would take rows out of their order, or leave some out."""


def in_lanes(name: str, reader: Reader, held_out: Reader | None,
             playing: Playing) -> tuple[Reader, Reader | None, Playing]:
    """Return readers and playing of a stream; those of a reader in lanes so that each tick plays a row of every lane.

    What is held out of a reader in lanes is the last part of what it reads, and not the end of each lane.

    Parameters
    ----------
    name : str
        What errors call the stream.
    reader, held_out : Reader
    playing : Playing

    Raises
    ------
    StreamError
        If the scenario says another number of items, or what would take rows out of their order.
    """
    if not reader.lanes:
        return reader, held_out, playing
    where = f"streams.{name}"
    for key in _REFUSED:
        if getattr(playing, key):
            raise StreamError(f"{where}.{key.replace('held_out_', 'held_out.')}", got=key,
                              expected="no such setting for rows that go on from one another")
    if playing.hold_out_from != "end":
        raise StreamError(f"{where}.hold_out_from", got=repr(playing.hold_out_from),
                          expected="'end', for rows that go on from one another")
    if playing.items not in (1, reader.lanes):  # 1 is what stands in the scenario of a run where nothing was said
        raise StreamError(f"{where}.items", expected=f"one item a lane, {reader.lanes}", got=str(playing.items),
                          hint="Leave it out.")
    if held_out is not None and held_out.lanes != reader.lanes:
        raise StreamError(f"{where}.held_out", expected=f"as many lanes as the stream has, {reader.lanes}",
                          got=str(held_out.lanes))
    if playing.hold_out:
        parts = reader.parted(playing.hold_out)
        if parts is None:
            raise StreamError(f"{where}.hold_out", expected="rows of which a part can be held out", got=reader.name)
        reader, held_out = parts
    return reader, held_out, replace(playing, items=reader.lanes, hold_out=0.0)
