"""Text as it comes, made fit for a tokeniser: cut, free of what no encoder can read, never anything but text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura.core.errors import SignalError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MAX_CHARACTERS", "clean_text", "clean_texts"]

# No number of characters is sure to hold 256 tokens: a run of blanks is no token, and BERT's word pieces turn a
# word of more than 100 characters into one. English needs about 1,200 characters for 256 tokens, words of the greatest
# length that is still split (100) need at most 254 * 101 if each were one token, which no vocabulary has: its longest
# entry is 18 characters. 16,384 characters therefore hold the first 256 tokens of every text whose tokens, blanks
# included, average 64 characters or fewer; tokenising that many takes about 10 ms, whatever the text's length.
MAX_CHARACTERS = 16_384

_UNREADABLE = "\N{REPLACEMENT CHARACTER}"


def clean_text(text: str) -> str:
    r"""Return the text cut to `MAX_CHARACTERS`, surrogate pairs joined, lone surrogates and NUL replaced by U+FFFD.

    The cut comes first, so the cost does not grow with the length of the text. BERT's own normaliser drops U+FFFD, so
    a replaced character is as if it had never been there.

    Parameters
    ----------
    text : str
        Any string, valid Unicode or not.

    Returns
    -------
    str
        A string that encodes as UTF-8.

    Examples
    --------
    >>> clean_text("so \ud83d\ude00 happy\x00")
    'so 😀 happy�'
    >>> clean_text("half \ud83d")
    'half �'
    """
    text = text[:MAX_CHARACTERS]
    if "\x00" in text:
        text = text.replace("\x00", _UNREADABLE)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        # UTF-16 is where surrogates belong: pairs become the character they stand for, what is left over is replaced.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def clean_texts(texts: Sequence[str], where: str = "sensory.text") -> list[str]:
    """Return all texts cleaned.

    Raises
    ------
    SignalError
        If one of them is no string, or the whole is one string where a sequence of strings is due.
    """
    if isinstance(texts, (str, bytes)):
        raise SignalError(where, expected="a sequence of texts", got=f"one {type(texts).__name__}",
                          hint="Put a single text in a tuple: (text,).")
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise SignalError(f"{where}: item {index}", expected="a text (str)", got=type(text).__name__,
                              hint="Decode bytes first, and leave out missing values or make them ''.")
    return list(map(clean_text, texts))
