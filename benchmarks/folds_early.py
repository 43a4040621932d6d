"""What is believed of conversations, authors and speakers on each fold of a scenario's stream: ROC AUC with intervals.

    AURA_DATA=... python benchmarks/folds_early.py persuasion-dialogues [--folds 0,1,2,3,4] [--out FOLDER] [--after 5]

Runs folds as `folds.py` does, and of every metric of kind `early-detection` prints for what is held out: of each fold
the area under the ROC curve after the last turn; of all folds pooled that area, between which areas 95 % of 1,000
bootstrap resamples of users lie (`resample_by`, else of conversations, authors or speakers), average precision,
accuracy and F1 at the metric's threshold, the best F1 that any threshold has, and the area after so many turns.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from folds import fold_parser, ran

from aura.plugins.metrics.early_scores import best_threshold, interval, resampled, threshold_figures
from aura.plugins.metrics.roc import detection_figures
from aura.plugins.metrics.turns import Courses
from aura.plugins.recording import Recording
from aura.plugins.report.record import read_run
from aura.sim.scenario import load_scenario

RESAMPLES = 1000


def courses(folder: Path, metric: dict[str, Any]) -> Courses:
    """Return what a run believed turn by turn of whom it held out, by the settings of a metric of one score."""
    groups = [metric["group"]] if isinstance(metric["group"], str) else metric["group"]
    recording, found = Recording(folder), Courses(1, 10**9, 10**9)
    *_, classes = (signal.value for signal in recording.messages(metric["classes"]))  # they grow as they are met
    columns = [column for column, name in enumerate(classes) if name in metric["positive"]]
    for phase in read_run(folder).run.phases:
        if phase.learning:
            continue
        within = {"start": phase.start, "end": phase.end}
        names: dict[int, tuple[str, ...]] = {}
        users: dict[int, str] = {}
        for topic in groups:
            for signal in recording.messages(topic, **within):
                for identity, name in zip(signal.ids.tolist(), signal.value, strict=True):
                    names[identity] = (*names.get(identity, ()), name)
        for signal in recording.messages(metric["resample_by"], **within) if "resample_by" in metric else ():
            users.update(zip(signal.ids.tolist(), signal.value, strict=True))
        for signal in recording.messages(metric["score"], **within):
            for identity, row in zip(signal.ids.tolist(), signal.value, strict=True):
                if all(names[identity]):
                    found.add("\x1f".join(names[identity]), [float(row[columns].sum())], users.get(identity, ""))
        for signal in recording.messages(metric["truth"], **within):
            for identity, labels in zip(signal.ids.tolist(), signal.value, strict=True):
                if labels:
                    found.tell("\x1f".join(names[identity]), positive=not set(metric["positive"]).isdisjoint(labels))
    return found


def area(scores: np.ndarray, positive: np.ndarray) -> float:
    """Return the area under the ROC curve."""
    return float(detection_figures(scores[positive], scores[~positive])["auroc"])


def report(name: str, metric: dict[str, Any], folds: list[Courses], after: int) -> dict[str, Any]:
    """Print the figures of one metric, and return them."""
    positive = np.concatenate([one.positive for one in folds])
    last, early = (np.concatenate([one.after(0, turns) for one in folds]) for turns in (None, after))
    starts = np.cumsum([0, *(one.users.max() + 1 for one in folds)])
    users = np.concatenate([one.users + start for one, start in zip(folds, starts, strict=False)])
    low, high = interval(resampled(last[None], positive, users, 0.5, RESAMPLES)["auroc"][0])
    each = [area(one.after(0), one.positive) for one in folds]
    found = {"items": len(positive), "positives": int(positive.sum()), "folds": each, "mean": float(np.mean(each)),
             "auroc": area(last, positive), "interval": [low, high], f"auroc_after_{after}": area(early, positive),
             "average_precision": detection_figures(last[positive], last[~positive])["average_precision"],
             **threshold_figures(last, positive, metric.get("threshold", 0.5)),
             "best_f1": best_threshold(last, positive)[1]}
    print(f"{name:14} {found['items']:5} ({found['positives']})  AUROC {found['auroc']:.3f} ({low:.3f} to {high:.3f}), "
          f"folds {' '.join(f'{value:.3f}' for value in each)}, mean {found['mean']:.3f}; after {after} turns "
          f"{found[f'auroc_after_{after}']:.3f}; AP {found['average_precision']:.3f}, "
          f"accuracy {found['accuracy']:.3f}, F1 {found['f1']:.3f}, best F1 {found['best_f1']:.3f}", flush=True)
    return found


def main() -> None:
    """Run the folds and print a line for each metric."""
    parser = fold_parser(__doc__, "persuasion-dialogues")
    parser.add_argument("--after", type=int, default=5)
    args = parser.parse_args()
    metrics = {name: one for name, one in load_scenario(args.scenario, args.settings).metrics.items()
               if one["kind"] == "early-detection"}
    with tempfile.TemporaryDirectory() as spare:
        out = args.out or Path(spare)
        folders = [ran(args.scenario, args.stream, int(fold), out / f"fold-{fold}", args.settings)
                   for fold in args.folds.split(",")]
        summary = {name: report(name, one, [courses(folder, one) for folder in folders], args.after)
                   for name, one in metrics.items()}
        if args.out:
            (out / "folds_early.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
