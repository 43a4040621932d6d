"""Items as they were judged: what was shown, what it was, what was said, and how sure that was."""

from __future__ import annotations

from collections.abc import Sequence

from aura.plugins.report.record import Example, PhaseResult, Stimulus
from aura.plugins.report.words import bar, cell, table, text

__all__ = ["examples_tables"]


def examples_tables(phase: PhaseResult) -> str:
    """Return the examples of a phase: mistakes, the most confident first, and some that were right."""
    wrong, right = ([one for one in phase.examples if one.right == which] for which in (False, True))
    sure = any(one.sure is not None for one in phase.examples)
    return (_table(wrong, sure, "Mistakes, the most confident first." if sure else "The last mistakes.")
            + _table(right, sure, "Right ones, drawn at random."))


def _table(examples: Sequence[Example], sure: bool, caption: str) -> str:
    if not examples:
        return ""
    seen = any(one.stimulus is not None for one in examples)
    kind = "picture" if any(one.stimulus is not None and one.stimulus.png for one in examples) else "stimulus"
    rows = [(cell(_drawn(one.stimulus), kind=kind) if seen else "") + cell(text(", ".join(one.truth)))
            + cell(_said(one)) + (bar(one.sure) if sure else "") for one in examples]
    heads = (*(("what was shown",) if seen else ()), "truth", "said", *(("how sure",) if sure else ()))
    return table(heads, rows, caption=caption, label=2 + seen)


def _drawn(stimulus: Stimulus | None) -> str:
    if stimulus is None:
        return "–"
    if stimulus.png is None:
        return text(stimulus.text or "")
    return (f'<img src="data:image/png;base64,{stimulus.png}" width="{stimulus.width}" height="{stimulus.height}" '
            'alt="The stimulus, as a picture.">')


def _said(example: Example) -> str:
    said = ", ".join(example.said)
    if example.best is not None and example.said != (example.best,):
        return f"{text(said) or 'nothing'} <small>(best: {text(example.best)})</small>"
    return text(said) or "nothing"
