"""From a run folder to its report."""

from __future__ import annotations

from pathlib import Path

from aura.core.errors import unwritable
from aura.core.symlinks import refuse_links

__all__ = ["write_report"]


def write_report(folder: str | Path) -> Path:
    """Write ``report.html`` into a run folder and return its path.

    The page is a pure function of what lies in the folder: the same files give the same bytes.

    Parameters
    ----------
    folder : Path
        A run folder, with at least run.json in it.

    Raises
    ------
    AuraError
        If the folder is no run folder, cannot be written to, or holds links, through which nothing is written.
    """
    from aura.plugins.report.page import page
    from aura.plugins.report.record import read_run

    refuse_links(Path(folder))
    record = read_run(Path(folder))
    target = Path(folder) / "report.html"
    aside = target.with_suffix(".html.partial")
    text = page(record)
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise unwritable(target, error) from error
    return target
