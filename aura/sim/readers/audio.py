"""Audio files in frames, or whole, through libsndfile (package soundfile): wav, and flac and ogg besides."""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field as Setting
from pydantic import field_validator, model_validator

from aura.core.errors import StreamError
from aura.core.time import TIME_PATTERN, S, Time, format_time, parse_time
from aura.plugins.streams import Field, Reader, checked_indices
from aura.sim.readers.bad import BadRows, BadValue
from aura.sim.readers.options import PathText, ReaderOptions, resolve_path
from aura.sim.readers.sound import BLOCK_SAMPLES, Beyond, SoundBlocks, SoundInfo, inspect_sound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura.plugins.streams import Value

__all__ = ["AudioOptions", "AudioReader", "open_audio"]

_OWN_FIELDS = frozenset({"audio", "file", "position"})


class AudioOptions(ReaderOptions):
    """Audio files, all of one sample rate; either `frame` or `whole` is given."""

    path: PathText = Setting(
        description="A file, a folder (its `*.wav`) or a pattern such as `recordings/7_*.wav`; files go in order of "
                    "their paths.")
    frame: str | None = Setting(
        None, json_schema_extra={"pattern": TIME_PATTERN},
        description='Length of a frame (`"25 ms"`). A tail shorter than a frame is left out; a file shorter than a '
                    "frame is one, padded with zeros.")
    hop: str | None = Setting(
        None, json_schema_extra={"pattern": TIME_PATTERN},
        description='Step from one frame to the next (`"10 ms"`); a frame if not told.')
    whole: str | None = Setting(
        None, json_schema_extra={"pattern": TIME_PATTERN},
        description='Each row is a whole file, cut or padded with zeros to this length (`"1 s"`).')
    labels: str | None = Setting(
        None,
        description="A regular expression found in the file's name, whose named groups become tags: "
                    "`(?P<digit>\\d)_(?P<speaker>\\w+)_`.")
    shuffle_files: Annotated[int, Setting(ge=0)] | None = Setting(
        None,
        description="A seed: the files go in an order drawn from it, for names that sort one class before the next. "
                    "The frames of a file stay in theirs.")
    beyond: Beyond = Setting(
        "refuse",
        description="What is done with a file whose float samples go beyond -1..1: it is bad; or all of it is "
                    "divided by its peak; or clipped. The latter two are told with the peak. (Lossy files are "
                    "decoded a little beyond at times, and clipped.)")
    channel: Literal["mix"] | Annotated[int, Setting(ge=0)] = Setting(
        "mix",
        description="The mean of the channels, or one of them.")
    sample_rate: Annotated[int, Setting(ge=1)] | None = Setting(
        None,
        description="The rate that files must have, in Hz; without it that of the first good file.")

    @field_validator("frame", "hop", "whole")
    @classmethod
    def _time(cls, text: str | None) -> str | None:
        if text is not None and parse_time(text) == 0:
            raise ValueError("expected a time above zero")
        return text

    @field_validator("labels")
    @classmethod
    def _pattern(cls, text: str | None) -> str | None:
        try:
            if text is not None and not _OWN_FIELDS.isdisjoint(re.compile(text).groupindex):
                raise ValueError("expected named groups other than 'audio', 'file' and 'position'")
        except re.error as error:
            raise ValueError(f"expected a regular expression: {error}") from error
        return text

    @model_validator(mode="after")
    def _one_way(self) -> AudioOptions:
        if (self.frame is None) == (self.whole is None) or (self.hop and not self.frame):
            raise ValueError("expected either frame (and hop), or whole")
        return self


def open_audio(options: AudioOptions, base: Path) -> AudioReader:
    """Index audio files as the fields ``audio`` (float32 in -1..1), ``file`` (its number) and the labels.

    Frames have a field ``position`` besides, their number within their file: 0 is where a recording begins.

    A file is bad if it is no audio file, is of a format of which it cannot be told whether a file is whole, is
    truncated (the sizes its header tells and those found are named) or damaged, holds no samples or NaN, or float
    samples beyond -1..1 (see `beyond`), has another sample rate, one at which a row takes more than `max_unpacked`
    bytes, or has a name that `labels` does not fit.

    Raises
    ------
    StreamError
        If there is no good file; or at the first bad one, if told to stop.
    """
    paths = _paths(resolve_path(options.path, base))
    if options.shuffle_files is not None:
        paths = [paths[i] for i in np.random.default_rng(options.shuffle_files).permutation(len(paths))]
    bad = BadRows(options.path, options.on_bad)
    rate, sounds, labels = options.sample_rate, [], []
    pattern = re.compile(options.labels) if options.labels is not None else None
    for path in paths:
        try:
            sound = inspect_sound(path, options.beyond)
            _check(sound, rate or sound.rate_hz, options)
            labels.append(_labels(path, pattern))
            rate = rate or sound.rate_hz
        except BadValue as fault:
            bad.value(path.name, fault)
        else:
            sounds.append(sound)
    skipped = bad.finish()
    if not sounds or rate is None:
        raise StreamError(options.path, expected="at least one audio file",
                          got=f"no rows ({skipped} bad files were skipped)")
    return AudioReader(options, rate, sounds, labels, skipped)


class AudioReader(Reader):
    """Frames of indexed audio files, read from disk when they are asked for."""

    def __init__(
        self, options: AudioOptions, rate_hz: int, sounds: Sequence[SoundInfo], labels: Sequence[dict[str, str | None]],
        skipped: int,
    ) -> None:
        self.name, self.rate_hz, self.skipped = options.path, rate_hz, skipped
        self.files = tuple(sound.path for sound in sounds)
        length = options.frame or options.whole or ""
        self._samples = _samples(length, rate_hz, options.path)
        self._hop = _samples(options.hop or length, rate_hz, options.path)
        # A whole file is one block, and not read twice in a pass.
        self._sounds = (SoundBlocks(sounds, options.channel, block=self._samples, kept=0) if options.whole else
                        SoundBlocks(sounds, options.channel, block=max(BLOCK_SAMPLES, self._samples)))
        lengths = np.array([sound.samples for sound in sounds], dtype=np.int64)
        per_file = np.ones_like(lengths) if options.whole else 1 + np.maximum(0, lengths - self._samples) // self._hop
        self._ends = np.cumsum(per_file)
        self._begins = self._ends - per_file
        groups = re.compile(options.labels).groupindex if options.labels else ()
        self._tags = {group: [(found[group],) if found[group] else () for found in labels] for group in groups}
        self.fields = {
            "audio": Field("float32", (self._samples,), "", f"{length} at {rate_hz} Hz, from -1 to 1"),
            "file": Field("int64", (), "", "number of the file, from 0"),
        }
        if options.frame:
            self.fields["position"] = Field("int64", (), "", "number of the frame within its file, from 0")
        for group, tags in self._tags.items():
            classes = tuple(sorted({tag for found in tags for tag in found if tag is not None}))
            self.fields[group] = Field("tags", doc="from the file's name", classes=classes)

    def __len__(self) -> int:
        """Return the number of frames, or of whole files."""
        return int(self._ends[-1])

    def rows(self, indices: Sequence[int] | np.ndarray) -> dict[str, Value]:
        """Return the rows at these indices, in this order."""
        chosen = checked_indices(indices, len(self))
        files = np.searchsorted(self._ends, chosen, side="right").astype(np.int64, copy=False)
        position = chosen - self._begins[files]
        audio = np.zeros((len(chosen), self._samples), dtype=np.float32)
        for row, file, place in zip(audio, files.tolist(), position.tolist(), strict=True):
            self._sounds.read(file, place * self._hop, row)
        values: dict[str, Value] = {"audio": audio, "file": files}
        if "position" in self.fields:
            values["position"] = position
        for group, tags in self._tags.items():
            values[group] = tuple([tags[file] for file in files.tolist()])
        return values


def _samples(length: str, rate_hz: int, name: str) -> int:
    time: Time = parse_time(length)
    samples = (rate_hz * time + S // 2) // S
    if samples < 1 or samples > rate_hz * 3600:
        raise StreamError(name, expected=f"from one sample ({format_time(S // rate_hz)}) to an hour", got=repr(length))
    return samples


def _paths(path: Path) -> list[Path]:
    try:
        if path.is_dir():
            # Hidden ones are other programs', such as the ``._a.wav`` that macOS puts beside a file.
            paths = [p for p in path.iterdir()
                     if p.suffix.lower() == ".wav" and not p.name.startswith(".") and not p.is_dir()]
        elif path.is_file() or not glob.has_magic(str(path)):
            paths = [path]
        else:
            found = map(Path, glob.glob(_pattern(path), recursive=True))
            paths = [p for p in found if not p.is_dir()]
    except (OSError, ValueError, re.error) as error:
        raise StreamError(repr(str(path)), expected="a file, folder or pattern", got=str(error)) from error
    if not paths:
        raise StreamError(str(path), expected="at least one audio file", got="no rows: no file fits")
    return sorted(paths, key=lambda p: p.as_posix())


def _pattern(path: Path) -> str:
    """Return a pattern in which the folders that are there stand for themselves, whatever brackets they have."""
    place, rest = Path(path.anchor), list(path.parts[1 if path.anchor else 0:])
    while rest and (place / rest[0]).exists():
        place /= rest.pop(0)
    return str(Path(glob.escape(str(place)), *rest))


def _check(sound: SoundInfo, rate_hz: int, options: AudioOptions) -> None:
    if sound.rate_hz != rate_hz:
        raise BadValue(f"a sample rate of {rate_hz} Hz", f"{sound.rate_hz} Hz")
    length = options.frame or options.whole or ""
    row_bytes = rate_hz * parse_time(length) // S * np.dtype(np.float32).itemsize
    if row_bytes > options.max_unpacked:
        raise BadValue(f"rows of at most {options.max_unpacked} bytes",
                       f"{length} at {rate_hz} Hz, which is {row_bytes}", "If that is meant, set max_unpacked.")
    if options.channel != "mix" and options.channel >= sound.channels:
        raise BadValue(f"a channel {options.channel}", f"{sound.channels} channels")


def _labels(path: Path, pattern: re.Pattern[str] | None) -> dict[str, str | None]:
    if pattern is None:
        return {}
    match = pattern.search(path.name)
    if match is None:
        raise BadValue(f"a name that fits {pattern.pattern!r}", repr(path.name))
    return dict(match.groupdict())
