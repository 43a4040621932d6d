"""The kinds of reader that a scenario may name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aura.sim.readers.delimited import DelimitedOptions, open_delimited
from aura.sim.readers.digits import DigitsOptions, open_digits
from aura.sim.readers.goemotions import GoEmotionsOptions, open_goemotions
from aura.sim.readers.idx import IdxOptions, open_idx
from aura.sim.readers.jsonl import JsonlOptions, open_jsonl
from aura.sim.readers.jsonlines_live import JsonLinesOptions, jsonlines_fields, open_jsonlines
from aura.sim.readers.npz import NpzOptions, open_npz
from aura.sim.readers.options import ReaderOptions
from aura.sim.readers.rows import Field, Reader, Source
from aura.sim.readers.wav import WavOptions, open_wav

__all__ = ["ReaderKind", "reader_kinds"]


@dataclass(frozen=True)
class ReaderKind:
    """One kind of reader.

    Parameters
    ----------
    name : str
        What a scenario writes.
    summary : str
        One sentence.
    options_model : type of ReaderOptions
        What it may be told.
    open : callable
        ``open(options, base)`` gives the reader; relative paths are relative to the folder `base`.
    live : bool
        Whether it opens a `Source`, whose rows come once and in their own time, rather than a `Reader`.
    intake : bool
        Live kinds: whether ``open(options, base, intake)`` takes an `aura.plugins.recording.Intake`, plays first what
        was read and not used in earlier sittings of the run, and keeps there what it reads.
    fields : callable, optional
        Live kinds: ``fields(options)`` gives the fields without opening anything, for a replay.

    Notes
    -----
    A source may have ``start()``, which opens its input and begins to read: a run calls it when nothing can refuse the
    run any more. What `open` itself takes from a writer is lost with a run that is refused.
    """

    name: str
    summary: str
    options_model: type[ReaderOptions]
    open: Callable[..., Reader | Source]
    live: bool = False
    fields: Callable[[Any], Mapping[str, Field]] | None = None
    intake: bool = False


def reader_kinds() -> dict[str, ReaderKind]:
    """Return the kinds of reader by name.

    Examples
    --------
    >>> list(reader_kinds())
    ['delimited', 'digits', 'goemotions', 'idx', 'jsonl', 'jsonlines', 'npz', 'wav']
    """
    kinds = (
        ReaderKind("delimited", "TSV, CSV and PSV files through a column map.", DelimitedOptions, open_delimited),
        ReaderKind("digits", "scikit-learn's handwritten digits, still or moving.", DigitsOptions, open_digits),
        ReaderKind("goemotions", "GoEmotions in its own layout.", GoEmotionsOptions, open_goemotions),
        ReaderKind("idx", "Images and labels in MNIST's idx format.", IdxOptions, open_idx),
        ReaderKind("jsonl", "Files of JSON objects, one a line.", JsonlOptions, open_jsonl),
        ReaderKind("jsonlines", "Live JSON objects, one a line, from standard input or a pipe.", JsonLinesOptions,
                   open_jsonlines, live=True, fields=jsonlines_fields, intake=True),
        ReaderKind("npz", "Arrays that numpy saved.", NpzOptions, open_npz),
        ReaderKind("wav", "Audio files in frames, or whole.", WavOptions, open_wav),
    )
    return {kind.name: kind for kind in kinds}
