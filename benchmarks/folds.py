"""A scenario on each fold of its stream: the scores of each, their mean, and intervals over resampled users.

    AURA_DATA=... python benchmarks/folds.py persuasion [--stream talk] [--user author] [--folds 0,1,2,3,4]
        [--out FOLDER] [--at-once 1] [--resamples 1000] [--set zone.param=value ...]

Each fold is a run of its own (``--set streams.talk.fold=k``) in ``FOLDER/fold-k``; one that has finished there is not
run again. Of every metric of kind `classification` the accuracy and the macro F1 on what is held out are printed: of
each fold, their mean, and of all folds pooled the interval that holds 95 % of 1,000 draws of users with replacement
(percentile bootstrap, seed 1), the user of an item being what the stream's field `--user` says.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aura.plugins.recording import Recording
from aura.plugins.report.record import read_run
from aura.sim.scenario import load_scenario

SHARE = 95.0
"""Of the draws that lie in an interval, in percent."""


@dataclass(frozen=True)
class Said:
    """What was true of the items that were held out, what was said, and of whom each is."""

    truth: np.ndarray
    best: np.ndarray
    users: np.ndarray


def ran(scenario: str, stream: str, fold: int, folder: Path, settings: list[str]) -> Path:
    """Run a fold, if that is not done, and return its folder."""
    if not (folder / "run.json").exists() or read_run(folder).run.status != "finished":
        chosen = [part for one in (*settings, f"streams.{stream}.fold={fold}") for part in ("--set", one)]
        subprocess.run([sys.executable, "-m", "aura", "run", scenario, "--quiet", "--out", str(folder), *chosen],
                       check=True, stdout=subprocess.DEVNULL)
    return folder


def held_out(folder: Path, topics: dict[str, str]) -> Said:
    """Return what a run recorded of the items of its phases without learning: one class each, by id."""
    found: dict[str, dict[int, Any]] = {name: {} for name in topics}
    for phase in read_run(folder).run.phases:
        if phase.learning:
            continue
        for name, topic in topics.items():
            for signal in Recording(folder).messages(topic, start=phase.start, end=phase.end):
                assert signal.ids is not None  # streams and predictions carry items
                found[name].update(zip(signal.ids.tolist(), signal.value, strict=True))
    # An item without a truth is of another task.
    ids = [identity for identity in found["best"] if found["truth"].get(identity)]
    tags = [found["truth"][identity] for identity in ids]
    return Said(np.array([tag if isinstance(tag, str) else tag[0] for tag in tags]),
                np.array([found["best"][identity] for identity in ids]),
                np.array([str(found["users"].get(identity, "")) for identity in ids]))


def scores(truth: np.ndarray, best: np.ndarray) -> tuple[float, float]:
    """Return accuracy and macro F1, the mean over the classes that are true of an item or said of one.

    Examples
    --------
    >>> scores(np.array(["a", "a", "b", "c"]), np.array(["a", "b", "b", "b"]))
    (0.5, 0.38888888888888884)
    """
    classes = np.unique(np.concatenate([truth, best]))
    both = [(truth == name, best == name) for name in classes]
    f1 = [2 * float((true & said).sum()) / float(true.sum() + said.sum()) for true, said in both]
    return float((truth == best).mean()), float(np.mean(f1))


def intervals(said: Said, resamples: int) -> list[tuple[float, float]]:
    """Return the interval of accuracy and of macro F1 over users drawn with replacement."""
    rng = np.random.default_rng(1)
    _, which = np.unique(said.users, return_inverse=True)
    rows = [np.flatnonzero(which == user) for user in range(which.max() + 1)]
    drawn = []
    for _ in range(resamples):
        chosen = np.concatenate([rows[user] for user in rng.integers(len(rows), size=len(rows))])
        drawn.append(scores(said.truth[chosen], said.best[chosen]))
    edges = (50 - SHARE / 2, 50 + SHARE / 2)
    return [(float(low), float(high)) for low, high in np.percentile(np.array(drawn), edges, axis=0).T]


def report(metric: str, folds: dict[int, Said], resamples: int) -> dict[str, Any]:
    """Print the scores of one metric, and return them."""
    each = {fold: scores(said.truth, said.best) for fold, said in folds.items()}
    pooled = Said(*(np.concatenate([getattr(said, name) for said in folds.values()])
                    for name in ("truth", "best", "users")))
    found: dict[str, Any] = {"items": len(pooled.truth), "users": len(np.unique(pooled.users))}
    for place, name in enumerate(("accuracy", "macro_f1")):
        values = [one[place] for one in each.values()]
        low, high = intervals(pooled, resamples)[place]
        found[name] = {"mean": float(np.mean(values)), "pooled": scores(pooled.truth, pooled.best)[place],
                       "interval": [low, high], "folds": {str(fold): one[place] for fold, one in each.items()}}
        print(f"{metric:12} {name:9} mean {np.mean(values):.3f}  pooled {found[name]['pooled']:.3f} "
              f"({low:.3f} to {high:.3f})  folds {' '.join(f'{value:.3f}' for value in values)}", flush=True)
    return found


def fold_parser(description: str | None, scenario: str) -> argparse.ArgumentParser:
    """Return the parser of what says which folds of which scenario are run, and where."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="?", default=scenario)
    parser.add_argument("--stream", default="talk")
    parser.add_argument("--folds", default="0,1,2,3,4")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    return parser


def main() -> None:
    """Run the folds and print a line for each score."""
    parser = fold_parser(__doc__, "persuasion")
    parser.add_argument("--user", default="author")
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--resamples", type=int, default=1000)
    args = parser.parse_args()
    folds = [int(fold) for fold in args.folds.split(",")]
    metrics = {name: one for name, one in load_scenario(args.scenario, args.settings).metrics.items()
               if one["kind"] == "classification" and "best" in one}
    with tempfile.TemporaryDirectory() as spare:
        out = args.out or Path(spare)
        with ThreadPoolExecutor(args.at_once) as pool:
            folders = list(pool.map(
                lambda fold: ran(args.scenario, args.stream, fold, out / f"fold-{fold}", args.settings), folds))
        summary = {}
        for name, one in metrics.items():
            topics = {"truth": one["truth"], "best": one["best"], "users": f"{args.stream}.{args.user}"}
            summary[name] = report(name, {fold: held_out(folder, topics)
                                          for fold, folder in zip(folds, folders, strict=True)}, args.resamples)
        if args.out:
            (out / "folds.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
