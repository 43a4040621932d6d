"""What is done to a text before it is cut into tokens."""

from __future__ import annotations

import re
import unicodedata

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Cleaning"]

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Control characters but tab and line feed, and the marks that direct and join text without being seen."""
_LINE_END = re.compile("\r\n?|\u2028|\u2029|\x85")
_SPACES = re.compile(r"[^\S\n]+")
_LINE_SPACES = re.compile(r" \n")


class Cleaning(BaseModel):
    """What is left out of texts; by default nothing, so that a text comes back as it was.

    Examples
    --------
    >>> Cleaning(control=True, spaces=True, ascii_only=True).clean("caf\u00e9\x07  au  lait \u2603")
    'cafe au lait '
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    control: bool = Field(
        default=False,
        description="Leave out control characters and invisible marks; every end of a line becomes a line feed.")
    spaces: bool = Field(
        default=False,
        description="Make one space of spaces and tabs that follow each other, and none of those at the end of a line.")
    ascii_only: bool = Field(
        default=False,
        description="Write letters without their accents, and leave out every other character that is not ASCII.")

    def clean(self, text: str) -> str:
        """Return a text as these rules leave it; what is clean stays as it is."""
        if _SURROGATE.search(text):
            text = _SURROGATE.sub("\ufffd", text)
        if self.control:
            text = _CONTROL.sub("", _LINE_END.sub("\n", text))
        if self.ascii_only and not text.isascii():
            text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
        if self.spaces:
            text = _LINE_SPACES.sub("\n", _SPACES.sub(" ", text))
        return text
