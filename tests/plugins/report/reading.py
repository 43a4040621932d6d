"""A report as those who read it see it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from aura.plugins.report import write_report

__all__ = ["ROW", "read"]

ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)


def read(folder: Path) -> tuple[str, str]:
    """Write the report of a run's folder; return the page and, apart, what a reader sees of it."""
    html = write_report(folder).read_text(encoding="utf-8")
    words: list[str] = []

    class Words(HTMLParser):
        def handle_data(self, data: str) -> None:
            words.append(data)

    Words().feed(re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL))
    return html, " ".join(" ".join(words).split())
