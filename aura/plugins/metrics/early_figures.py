"""What the metric ``early-detection`` shows of one phase: scores turn by turn, after the last, and how early."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aura.plugins.figures import Column, Figure, Line, Lines, Table, Text
from aura.plugins.metrics.results import PhaseResults
from aura.plugins.words import named, share

__all__ = ["turn_by_turn"]

_RANKED = ("auroc", "average_precision")
_DECIDED = ("accuracy", "precision", "recall", "f1", "best_f1", "best_threshold")


def turn_by_turn(name: str, phase: PhaseResults) -> Iterator[Figure]:
    """Return the area by the number of turns, and tables of how well and how early each score finds."""
    scores, turns = phase.more.get("scores") or [], phase.more.get("turns") or []
    if not scores:
        return
    yield Lines(
        lines=tuple(Line(name=one["name"], x=tuple(map(float, turns)), y=tuple(one["by_turn"])) for one in scores),
        x="turns seen", y="AUROC", alt=f"Area under the ROC curve by the number of turns seen, phase {name}.",
        caption=f"{phase.more['positives']:,} of {phase.items or 0:,} are to be found "
                f"({share(phase.more['positives'], phase.items or 0)}). " + _how_long(turns, phase.more["going_on"]))
    if "intervals" not in scores[0]:  # a run of before they were kept
        return
    users = phase.more.get("users")
    yield _after_the_last(scores, _RANKED, users)
    if len(scores) > 1:
        yield Text(text=_which_differ(scores), kind="plain")
    yield _after_the_last(scores, _DECIDED, users)
    early = [key for key in scores[0]["summary"] if key.startswith(("latency", "erde"))]
    yield Table(columns=(Column(name="score"), *(Column(name=named(key), kind="bar") for key in early)),
                rows=tuple((one["name"], *(one["summary"][key] for key in early)) for one in scores),
                caption="How early. Of the latency-weighted F1 more is better; ERDE is an error, of which less is "
                        "better, and a find costs one half after so many turns.")


def _how_long(turns: Sequence[int], going_on: Sequence[float]) -> str:
    """Return in words how many have so many turns."""
    fewer = [f"{turn} or more: {share(part, 1.0)}" for turn, part in zip(turns, going_on, strict=True) if part < 1.0]
    return f"Of one with fewer turns its last counts; turns have {', '.join(fewer)}." if fewer else ""


def _after_the_last(scores: Sequence[Mapping[str, Any]], keys: Sequence[str], users: int | None) -> Table:
    """Return some figures of each score after the last turn, with the intervals of what is resampled."""
    first, several = scores[0], len(scores) > 1
    columns, rows = [Column(name="score")], [[one["name"]] for one in scores]
    for key in keys:
        columns.append(Column(name="at threshold" if key == "best_threshold" else named(key), kind="figure"))
        if key in first["intervals"]:
            columns.append(Column(name="95 %"))
        if several and key == "auroc":
            columns.append(Column(name=f"more than {first['name']}"))
        for row, one in zip(rows, scores, strict=True):
            row.append(one["summary"][key])
            if key in one["intervals"]:
                row.append(_span(one["intervals"][key]))
            if several and key == "auroc":
                row.append(None if one is first else _span(one["more_than_first"], sign=True))
    more = (f" The differences from {first['name']} are so wide that all of them hold together with 95 %."
            if several and keys == _RANKED else "")
    what = "how well each score ranks" if keys == _RANKED else "decisions at the threshold"
    if keys != _RANKED:
        more = " The best F1 is that of the threshold which suits these very conversations best."
    return Table(columns=tuple(columns), rows=tuple(map(tuple, rows)), caption=(
        f"After the last turn: {what}, and between which figures 95 % of resampled "
        + (f"users lie, {users:,} of them." if users else "conversations lie.") + more))


def _which_differ(scores: Sequence[Mapping[str, Any]]) -> str:
    """Return in a sentence which scores differ from the first by more than chance explains."""
    first = scores[0]["name"]
    apart = {"better": [one["name"] for one in scores[1:] if one["more_than_first"][0] > 0],
             "worse": [one["name"] for one in scores[1:] if one["more_than_first"][1] < 0]}
    told = [f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} {how} than {first}"
            for how, names in apart.items() if names]
    if not told:
        return f"By the area under the ROC curve none differs from {first}: each interval of the difference holds 0."
    rest = len(scores) - 1 - sum(map(len, apart.values()))
    return (f"By the area under the ROC curve {'; '.join(told)}"
            + ("; of the others the interval of the difference holds 0." if rest else "."))


def _span(ends: Sequence[float], *, sign: bool = False) -> str:
    low, high = (f"{end:+.3f}" if sign else f"{end:.3f}" for end in ends)
    return f"{low}\u00a0to\u00a0{high}"  # on one line
