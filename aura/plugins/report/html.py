"""HTML of cells, tables and drawings. Whatever comes from data is escaped here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from aura.plugins.words import count, figure

__all__ = ["bar", "cell", "drawing", "table", "text"]

CLASS_NUM = ' class="num"'


def text(value: object) -> str:
    """Return a value as escaped text that UTF-8 can hold: a folder's name may be of other bytes."""
    return escape(str(value).encode("utf-8", "backslashreplace").decode())


def cell(content: str, *, sort: float | None = None, kind: str = "") -> str:
    """Return a table cell of content that is HTML already, with the value that it is sorted by."""
    key = "" if sort is None or not math.isfinite(sort) else f' data-sort="{sort!r}"'
    name = f' class="{kind}"' if kind else ""
    return f"<td{name}{key}>{content}</td>"


def bar(value: float | None, digits: int = 3, most: float = 1.0) -> str:
    """Return a cell with a figure and a bar as long as its share of `most`."""
    share = 0.0 if value is None or not math.isfinite(value) or most <= 0 else min(max(value / most, 0.0), 1.0)
    shown = figure(value, digits) if digits else count(value)
    return cell(f'<span class="bar"><i style="width:{share * 100:.1f}%"></i></span><span class="of">{shown}</span>',
                sort=value, kind="num")


def table(heads: Sequence[tuple[str, bool]], rows: Iterable[str], *, caption: str, sortable: bool = False) -> str:
    """Return a table. `heads` are the names of the columns and whether their cells are numbers; `rows` are the cells
    of each row as HTML.
    """
    kind = ' class="sortable"' if sortable else ""
    cells = "".join(f'<th scope="col"{CLASS_NUM if number else ""}>{text(head)}</th>' for head, number in heads)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (f'<div class="scroll"><table{kind}><caption>{text(caption)}</caption><thead><tr>{cells}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>")


def drawing(svg: str, caption: str) -> str:
    """Return a figure with its caption."""
    below = f"<figcaption>{text(caption)}</figcaption>" if caption else ""
    return f'<figure><div class="scroll">{svg}</div>{below}</figure>'
