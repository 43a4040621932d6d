"""Plain tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

import typer

__all__ = ["print_figures", "print_table"]


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> None:
    """Print rows under their columns; long last cells wrap, everything can be copied and searched."""
    if not rows:
        typer.echo(empty)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    Console(soft_wrap=False, highlight=False).print(table)


def print_figures(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, words: int) -> bool:
    """Print rows of which all cells but the first `words` are numbers, and return True; False if they do not fit."""
    heads = [*columns[:words], *(column.replace(" ", "\n") for column in columns[words:])]
    widths = [max(len(line) for row in (heads, *rows) for line in row[place].split("\n"))
              for place in range(len(heads))]
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if sum(widths) + 2 * len(widths) > console.width:
        return False
    typer.echo(title)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for place, head in enumerate(heads):
        table.add_column(head, no_wrap=True, justify="left" if place < words else "right", vertical="bottom")
    for row in rows:
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    console.print(table)
    return True
