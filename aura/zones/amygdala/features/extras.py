"""Three plain figures of a text: its length, whether it exclaims, whether it has a word that sets a tone."""

from __future__ import annotations

import re
from collections.abc import Collection

__all__ = ["EXTRAS", "LONGEST", "MOST_CHARACTERS", "TONE_KEYWORDS", "Extras", "words"]

EXTRAS = 3
"""How many there are."""

MOST_CHARACTERS = 16_384
"""What is looked at of a text, so that the cost does not grow with its length."""

LONGEST = 1_000
"""Characters from which on a text counts as of this length: to a linear readout, one of 100,000 would be a thousand
times what it knows, and outweigh all others."""

TONE_KEYWORDS = ("please", "thanks", "thank", "sorry", "sadly", "unfortunately", "honestly", "seriously", "wow", "damn",
                 "lol", "haha")
"""English words that say how something is meant more than what; chosen here."""

_WORD = re.compile(r"\w+(?:'\w+)?")
_EXCLAMATION = re.compile("[!\N{FULLWIDTH EXCLAMATION MARK}\N{INVERTED EXCLAMATION MARK}]")


def words(text: str) -> list[str]:
    """Return the words of what is looked at of a text, without regard to case.

    Examples
    --------
    >>> words("Don't PANIC, \\x00 42!")
    ["don't", 'panic', '42']
    """
    return _WORD.findall(text[:MOST_CHARACTERS].replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").casefold())


class Extras:
    """Finds the figures of texts.

    Parameters
    ----------
    keywords : collection of str
        The words that set a tone.

    Examples
    --------
    >>> Extras(TONE_KEYWORDS).of("Thanks, that helped!"), Extras(()).of("")
    ((0.2, 1.0, 1.0), (0.0, 0.0, 0.0))
    """

    def __init__(self, keywords: Collection[str] = TONE_KEYWORDS) -> None:
        self._keywords = frozenset(word.casefold() for word in keywords)

    def of(self, text: str) -> tuple[float, float, float]:
        """Return the length in hundreds of characters (10 at most), and whether there is an exclamation mark and a
        keyword of tone, as 1 or 0.
        """
        return (min(len(text), LONGEST) / 100.0, float(_EXCLAMATION.search(text, 0, MOST_CHARACTERS) is not None),
                float(not self._keywords.isdisjoint(words(text))))
