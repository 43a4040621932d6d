"""The kinds of reader that a scenario may name."""

from __future__ import annotations

from dataclasses import replace

from aura.core.contract import deprecated
from aura.plugins.streams import ReaderKind
from aura.sim.readers.audio import AudioOptions, open_audio
from aura.sim.readers.delimited import DelimitedOptions, open_delimited
from aura.sim.readers.digits import DigitsOptions, open_digits
from aura.sim.readers.goemotions import GoEmotionsOptions, open_goemotions
from aura.sim.readers.idx import IdxOptions, open_idx
from aura.sim.readers.jsonl import JsonlOptions, open_jsonl
from aura.sim.readers.jsonlines_live import JsonLinesOptions, jsonlines_fields, open_jsonlines
from aura.sim.readers.npz import NpzOptions, open_npz

__all__ = ["reader_kinds"]


def reader_kinds() -> dict[str, ReaderKind]:
    """Return the kinds of reader by name.

    Examples
    --------
    >>> list(reader_kinds())
    ['audio', 'delimited', 'digits', 'goemotions', 'idx', 'jsonl', 'jsonlines', 'npz', 'wav']
    """
    audio = ReaderKind("audio", "Audio files (wav, flac, ogg, ...) in frames, or whole.", AudioOptions, open_audio)
    kinds = (
        audio,
        ReaderKind("delimited", "TSV, CSV and PSV files through a column map.", DelimitedOptions, open_delimited),
        ReaderKind("digits", "scikit-learn's handwritten digits, still or moving.", DigitsOptions, open_digits),
        ReaderKind("goemotions", "GoEmotions in its own layout.", GoEmotionsOptions, open_goemotions),
        ReaderKind("idx", "Images and labels in MNIST's idx format.", IdxOptions, open_idx),
        ReaderKind("jsonl", "Files of JSON objects, one a line.", JsonlOptions, open_jsonl),
        ReaderKind("jsonlines", "Live JSON objects, one a line, from standard input or a pipe.", JsonLinesOptions,
                   open_jsonlines, live=True, fields=jsonlines_fields, intake=True),
        ReaderKind("npz", "Arrays that numpy saved.", NpzOptions, open_npz),
        replace(audio, name="wav", summary="The former name of `audio`.",
                deprecated=deprecated("the stream kind 'wav'", "'audio'", "0.3")),
    )
    return {kind.name: kind for kind in kinds}
