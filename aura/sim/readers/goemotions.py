"""GoEmotions in its own layout: text, comma-separated label ids and a Reddit id that tells the time order.

References
----------
Demszky et al. (2020), GoEmotions: A Dataset of Fine-Grained Emotions. https://doi.org/10.18653/v1/2020.acl-main.372
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field as Setting
from pydantic import ValidationInfo, model_validator

from aura.core.errors import StreamError, nearest
from aura.core.json_text import parse_json
from aura.core.paths import paths_of
from aura.plugins.streams import Field, Table
from aura.sim.readers.bad import BadRows, BadValue
from aura.sim.readers.cells import shown
from aura.sim.readers.files import checked_file, escaped_byte, read_text, text_lines
from aura.sim.readers.options import PathText, ReaderOptions, resolve_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["GoEmotionsOptions", "open_goemotions"]

_COLUMNS = 3
_NEUTRAL = "neutral"


class GoEmotionsOptions(ReaderOptions):
    """A split of GoEmotions; ``emotions.txt`` and the mappings stand beside it."""

    path: PathText = Setting(
        "data:goemotions/train.tsv",
        description="The split, such as train.tsv or dev.tsv; emotions.txt and the mappings stand beside it.")
    order: Literal["file", "time"] = Setting(
        "file",
        description="As in the file, or by Reddit id (base 36), which grows with time; equal ids keep the file's "
                    "order.")
    mapping: Literal["full", "ekman", "sentiment"] = Setting(
        "full",
        description="The 28 labels; or Ekman's six, or three sentiments, and in both cases `neutral`.")
    drop_texts_in: PathText | None = Setting(
        None,
        description="Another split: rows whose text stands there too are left out (43 dev texts stand in train).")

    rename: dict[str, str] = Setting(
        default_factory=dict,
        description='Other names for labels, such as `{ nervousness = "anxiety" }`; labels of one name are one.')

    @model_validator(mode="after")
    def _companions(self, info: ValidationInfo) -> GoEmotionsOptions:
        """Note what is read beside the split, as `PathText` notes the split."""
        paths, folder = paths_of(info), self.path.rpartition("/")[0]
        for file in ("emotions.txt", *(() if self.mapping == "full" else (f"{self.mapping}_mapping.json",))):
            if paths is not None:
                paths.input(f"{folder}/{file}" if folder else file)
        return self


def open_goemotions(options: GoEmotionsOptions, base: Path) -> Table:
    """Read a split as the fields ``text``, ``label`` (tags) and ``reddit_id``.

    `Table.dropped` tells how many rows `drop_texts_in` left out. A row is bad if it has not three columns, if a byte
    does not decode, if a label is no id of ``emotions.txt``, or if the Reddit id is no number in base 36.

    Raises
    ------
    StreamError
        If a file is missing, damaged or without rows; or at the first bad row, if told to stop.
    """
    path = checked_file(resolve_path(options.path, base))
    emotions = read_text(_beside(path, "emotions.txt", options)).split()
    named: list[tuple[str, ...]] = [(name,) for name in emotions]
    classes: Sequence[str] = emotions
    if options.mapping != "full":
        named, classes = _mapped(_beside(path, f"{options.mapping}_mapping.json", options), emotions)
    for label in options.rename:
        if label not in classes:
            raise StreamError(f"{path.name}.rename", expected="labels", got=repr(label), hint=nearest(label, classes))
    classes = [options.rename.get(label, label) for label in classes]
    named = [tuple(options.rename.get(label, label) for label in labels) for labels in named]
    elsewhere: set[str] = set()
    if options.drop_texts_in is not None:
        other = checked_file(resolve_path(options.drop_texts_in, base))
        elsewhere = {text for text, _, _ in _records(other, named, BadRows(other.name, "skip"), options)}
    bad = BadRows(path.name, options.on_bad)
    every = list(_records(path, named, bad, options))
    records = [record for record in every if record[0] not in elsewhere]
    if options.order == "time":
        records.sort(key=lambda record: int(record[2], 36))
    fields = {
        "text": Field("text", doc="the comment"),
        "label": Field("tags", doc="the emotions that it was given", classes=tuple(dict.fromkeys(classes))),
        "reddit_id": Field("text", doc="base 36, growing with time"),
    }
    columns = {port: [record[i] for record in records] for i, port in enumerate(fields)}
    return Table(path.name, fields, columns, skipped=bad.finish(), dropped=len(every) - len(records))


def _beside(path: Path, file: str, options: GoEmotionsOptions) -> Path:
    # A downloaded split needs its companions, which the data set's own path brings too.
    if options.path.startswith("data:"):
        return resolve_path(f"{options.path.rpartition('/')[0] or options.path}/{file}", path.parent)
    return checked_file(path.with_name(file))


def _mapped(path: Path, emotions: Sequence[str]) -> tuple[list[tuple[str, ...]], list[str]]:
    try:
        groups = parse_json(read_text(path))
        classes = [*groups, _NEUTRAL]
        named = [tuple(group for group in groups if emotion in groups[group]) for emotion in emotions]
    except (ValueError, TypeError, AttributeError) as error:
        raise StreamError(path.name, expected="a JSON object of label lists", got=str(error)) from error
    named = [(_NEUTRAL,) if emotion == _NEUTRAL else found for emotion, found in zip(emotions, named, strict=True)]
    for emotion, found in zip(emotions, named, strict=True):
        if not found:
            raise StreamError(path.name, expected=f"a class for {emotion!r}", got="none")
    return named, classes


def _records(
    path: Path, named: Sequence[tuple[str, ...]], bad: BadRows, options: GoEmotionsOptions
) -> Iterator[tuple[str, tuple[str, ...], str]]:
    lines = text_lines(path, "utf-8", newline="\n", max_unpacked=options.max_unpacked)
    for number, line in enumerate(lines, start=1):
        bare = line.removesuffix("\n").removesuffix("\r")
        if not bare:
            continue
        try:
            yield _record(bare, named)
        except BadValue as fault:
            bad.value(f"line {number}", fault)


def _record(line: str, named: Sequence[tuple[str, ...]]) -> tuple[str, tuple[str, ...], str]:
    if (found := escaped_byte(line, "utf-8")) is not None:
        raise BadValue("text in utf-8", found)
    cells = line.split("\t")
    if len(cells) != _COLUMNS:
        raise BadValue(f"{_COLUMNS} columns", str(len(cells)))
    text, ids, reddit_id = cells
    labels: dict[str, None] = {}
    for label in ids.split(","):
        if not (label.isascii() and label.isdecimal() and len(label) < 10 and int(label) < len(named)):
            raise BadValue(f"label ids from 0 to {len(named) - 1}", shown(label), port="label")
        labels.update(dict.fromkeys(named[int(label)]))
    if not (reddit_id.isascii() and reddit_id.isalnum() and len(reddit_id) < 64):
        raise BadValue("a Reddit id in base 36", shown(reddit_id), port="reddit_id")
    return text, tuple(labels), reddit_id
