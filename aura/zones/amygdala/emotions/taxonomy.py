"""A taxonomy of emotions as a file: what each means, how people say it, and which labels of a data set teach it."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from aura.core.blame import described
from aura.core.errors import ParameterError, nearest
from aura.core.params import validated

__all__ = ["GOEMOTIONS", "Emotion", "Taxonomy", "load_taxonomy"]

GOEMOTIONS = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire",
    "disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy",
    "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise", "neutral")
"""The labels of GoEmotions in the order of its files (Demszky et al. 2020, doi:10.18653/v1/2020.acl-main.372)."""

OWN = "emotions-40"
"""The taxonomy that comes with AURA."""

FEWEST = 2
"""Of emotions between which there is something to tell."""


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Emotion(_Options):
    """One emotion."""

    name: str = Field(description="As predictions and labels say it.")
    definition: str = Field(description="What it means, in one sentence.")
    seeds: tuple[str, ...] = Field(description="What people say who feel it.")
    goemotions: tuple[str, ...] = Field(
        default=(), description="The labels of GoEmotions that count as it; without any it rests on its prototype.")
    learning: bool = Field(default=False, description="Whether it accompanies learning something.")

    @field_validator("name", "definition", "seeds")
    @classmethod
    def _say_something(cls, texts: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if not texts or not all(text.strip() for text in ((texts,) if isinstance(texts, str) else texts)):
            raise ValueError("at least one text, and none that is blank")
        return texts

    @field_validator("goemotions")
    @classmethod
    def _known(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        for label in labels:
            if label not in GOEMOTIONS:
                raise ValueError(f"labels of GoEmotions, {label!r} is none. {nearest(label, GOEMOTIONS)}")
        return labels


class Taxonomy(_Options):
    """The emotions that a task tells apart, in the order of its classes.

    Examples
    --------
    >>> own = load_taxonomy()
    >>> len(own.names), own.translated(["nervousness", "joy"])
    (40, ('anxiety', 'joy'))
    """

    emotions: tuple[Emotion, ...] = Field(description="One table each, two at least.")

    @field_validator("emotions")
    @classmethod
    def _differ(cls, emotions: tuple[Emotion, ...]) -> tuple[Emotion, ...]:
        if len(emotions) < FEWEST:
            raise ValueError(f"{FEWEST} emotions or more")
        for what, texts in (("names", [one.name for one in emotions]),
                           ("seeds", [seed for one in emotions for seed in one.seeds]),
                           ("labels of GoEmotions", [label for one in emotions for label in one.goemotions])):
            twice = sorted(text for text, count in Counter(map(_folded, texts)).items() if count > 1)
            if twice:
                raise ValueError(f"{what} that differ, these stand twice: {', '.join(twice)}")
        return emotions

    @property
    def names(self) -> tuple[str, ...]:
        """The names in their order."""
        return tuple(one.name for one in self.emotions)

    @property
    def learning(self) -> tuple[str, ...]:
        """The names of those that accompany learning something."""
        return tuple(one.name for one in self.emotions if one.learning)

    @property
    def unlabelled(self) -> tuple[str, ...]:
        """The names of those that no label of GoEmotions teaches."""
        return tuple(one.name for one in self.emotions if not one.goemotions)

    @property
    def mapping(self) -> dict[str, str]:
        """The name for each label of GoEmotions that has one."""
        return {label: one.name for one in self.emotions for label in one.goemotions}

    def translated(self, labels: Iterable[str]) -> tuple[str, ...]:
        """Return the emotions that labels of GoEmotions say, each once; a label that counts as none is left out."""
        mapping = self.mapping
        return tuple(dict.fromkeys(mapping[label] for label in labels if label in mapping))


def load_taxonomy(source: str | Path = OWN) -> Taxonomy:
    """Return the taxonomy that comes with AURA, or one of a TOML file of the same form and any size.

    Parameters
    ----------
    source : str or Path
        ``"emotions-40"``, or the path of a file with a table ``[[emotions]]`` for each emotion.

    Raises
    ------
    ParameterError
        If the file cannot be read, or a key is unknown, missing or of a wrong value, or something that must differ
        stands twice.
    """
    if source == OWN:
        return _checked(files(__package__).joinpath("taxonomy.toml").read_text(encoding="utf-8"), OWN)
    path = Path(source).expanduser()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ParameterError(str(path), expected=f"{OWN!r} or a readable UTF-8 file", got=described(error)) from None
    return _checked(text, str(path))


def _checked(text: str, where: str) -> Taxonomy:
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParameterError(where, expected="valid TOML", got=described(error)) from None
    return validated(Taxonomy, table, where, ParameterError)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
