"""What is found in an SWC file besides points: faults, which are told all at once, and remarks, which are counted."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from aura.core.errors import DataError

__all__ = ["Faults", "MorphologyWarning", "Remarks", "warn"]

MOST_NAMED = 20
"""Faults or lines that are named; of more it is said how many there are."""


class MorphologyWarning(UserWarning):
    """Something in a file of a neuron was read otherwise than it stands there."""


class Faults:
    """Why a file cannot be read, line by line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._found: list[tuple[int, str, str, str]] = []

    def add(self, line: int, expected: str, got: str, hint: str = "") -> None:
        """Note a fault."""
        self._found.append((line, expected, got, hint))

    def __bool__(self) -> bool:
        return bool(self._found)

    def check(self) -> None:
        """Raise a `DataError` that names every fault there is, if there is any."""
        found = sorted(self._found, key=lambda fault: fault[0])
        if not found:
            return
        if len(found) == 1:
            line, expected, got, hint = found[0]
            raise DataError(f"{self.path}:{line}", expected=expected, got=got, hint=hint)
        named = "; ".join(f"line {line}: expected {expected}, got {got}" for line, expected, got, _ in
                          found[:MOST_NAMED])
        more = f"; and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        raise DataError(str(self.path), expected="an SWC file without faults", got=f"{len(found)}: {named}{more}",
                        hint=next((hint for _, _, _, hint in found if hint), ""))


class Remarks:
    """What was read otherwise than it stands in the file, with the lines where."""

    def __init__(self) -> None:
        self._lines: dict[str, list[int]] = defaultdict(list)

    def add(self, text: str, lines: Iterable[int]) -> None:
        """Note what was done with some lines."""
        if lines := list(lines):
            self._lines[text] += lines

    def counted(self, path: Path) -> Mapping[str, int]:
        """Return a sentence and a count for each, as `aura.core.zone.Zone.notices` has them."""
        return {f"read {path.name}: {text} ({_lines(lines)})": len(lines) for text, lines in self._lines.items()}


def warn(notices: Mapping[str, int], stacklevel: int) -> None:
    """Give each notice as a `MorphologyWarning`."""
    for text, count in notices.items():
        warnings.warn(text.replace("{count}", f"{count:,}"), MorphologyWarning, stacklevel=stacklevel + 1)


def _lines(lines: list[int]) -> str:
    named = sorted(lines)
    if len(named) == 1:
        return f"line {named[0]}"
    if len(named) <= MOST_NAMED:
        return f"{{count}}: lines {', '.join(map(str, named[:-1]))} and {named[-1]}"
    return f"{{count}}: lines {', '.join(map(str, named[:MOST_NAMED]))} and {len(named) - MOST_NAMED} more"
