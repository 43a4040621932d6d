"""Whether the order of turns matters: a scenario of conversations as they were, and with the turns of each shuffled.

    AURA_DATA=... python benchmarks/turn_order.py [FOLDER] [--scenario persuasion] [--folds 5] [--seeds 1 2]
        [--turns act reply role] [--outcomes donated:yes] [--conversation talk.conversation]

Plays the scenario once for each fold and seed, in order and shuffled (`shuffle_turns`, while learning and held out),
into FOLDER, by default one that is removed at the end; what is there already is not played again. Printed are, of the
held-out conversations of all folds, accuracy and macro F1 of tasks of turns, the area under the ROC curve of outcomes
by the belief after the last turn (the mean over folds), and by how much order is better, with the interval of 95 %
over resampled conversations (2,000, each with its runs of all seeds).
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from folds import ran

from aura.plugins.metrics.roc import detection_figures
from aura.plugins.recording import Recording

RESAMPLES = 2000
ARMS = ("in order", "shuffled")


def play(folder: Path, scenario: str, stream: str, fold: int, seed: int, *, shuffled: bool) -> Path:
    """Play one run unless it is there, and return its folder."""
    return ran(scenario, stream, fold, folder / f"{scenario}-{fold}-{seed}-{'shuffled' if shuffled else 'ordered'}", [
        f"seed={seed}", f"streams.{stream}.conversations.shuffle_turns={str(shuffled).lower()}"])


def held_out(run: Path, topics: list[str]) -> dict[str, dict[int, object]]:
    """Return what topics said of each held-out item, by its id."""
    recording = Recording(run)
    start = max(one.time for one in recording.messages("phase") if not one.value["learning"])
    said: dict[str, dict[int, object]] = {topic: {} for topic in topics}
    names: dict[str, list[str]] = {}
    for one in recording.messages([*topics, *(f"{topic.rpartition('_')[0]}_classes" for topic in topics)]):
        if one.topic.endswith("_classes"):
            names[one.topic] = list(one.value)
        elif one.time >= start and one.ids is not None:
            value = one.value
            if one.topic.endswith("_probability"):
                classes = names[f"{one.topic.rpartition('_')[0]}_classes"]
                value = [dict(zip(classes, row, strict=True)) for row in one.value.tolist()]
            said[one.topic].update(zip(one.ids.tolist(), value, strict=True))
    return said


def macro_f1(confusion: np.ndarray) -> np.ndarray:
    """Return macro F1 over the classes that there are, of confusions (..., truth, answer); the last answer is none."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    there, told = confusion.sum(-1), confusion.sum(-2)[..., :-1]
    f1 = 2.0 * hits / np.maximum(there + told, 1e-9)
    return (f1 * (there > 0)).sum(-1) / (there > 0).sum(-1)


def weights(count: int) -> np.ndarray:
    """Return how often each conversation counts in each resample, first each once, (1 + resamples, count)."""
    rng = np.random.default_rng(0)
    return np.vstack([np.ones(count), rng.multinomial(count, np.full(count, 1.0 / count), RESAMPLES)])


def show(what: str, ordered: np.ndarray, shuffled: np.ndarray) -> None:
    """Print both figures and the difference with its interval; the first of each is that of all conversations."""
    difference = ordered - shuffled
    low, high = np.percentile(difference[1:], [2.5, 97.5])
    print(f"{what:28} {ordered[0]:.3f} in order, {shuffled[0]:.3f} shuffled: {difference[0]:+.3f} "
          f"({low:+.3f} to {high:+.3f})", flush=True)


def turns(task: str, runs: dict[tuple[int, int, str], Path], conversation: str) -> None:
    """Print what order is worth to a task of turns."""
    stream, zone = conversation.partition(".")[0], "temporal"
    topics = [f"{stream}.{task}", f"{zone}.{task}_best", conversation]
    told = {key: held_out(run, topics) for key, run in runs.items()}
    labels = sorted({label for said in told.values() for truth in said[topics[0]].values() for label in truth})
    place = {label: number for number, label in enumerate(labels)}
    tables: dict[str, dict[tuple[int, str], np.ndarray]] = {arm: defaultdict(
        lambda: np.zeros((len(labels), len(labels) + 1))) for arm in ARMS}
    for (fold, _, arm), said in told.items():
        for identity, truth in said[topics[0]].items():
            for label in truth:
                best = said[topics[1]].get(identity)
                tables[arm][fold, said[conversation][identity]][place[label], place.get(best, len(labels))] += 1
    keys = sorted(set(tables[ARMS[0]]) | set(tables[ARMS[1]]))
    drawn = weights(len(keys))
    whole = {arm: np.tensordot(drawn, np.stack([tables[arm][key] for key in keys]), 1) for arm in ARMS}
    items = {arm: drawn @ np.array([tables[arm][key].sum() for key in keys]) for arm in ARMS}
    show(f"{task}, accuracy", *(np.trace(whole[arm], axis1=1, axis2=2) / items[arm] for arm in ARMS))
    show(f"{task}, macro F1", *(macro_f1(whole[arm]) for arm in ARMS))


def outcome(task: str, positive: str, runs: dict[tuple[int, int, str], Path], conversation: str) -> None:
    """Print what order is worth to what is believed of a conversation after its last turn."""
    stream = conversation.partition(".")[0]
    topics = [f"{stream}.{task}", f"temporal.{task}_probability", conversation]
    scores: dict[tuple[int, int, str], dict[str, float]] = {}
    truths: dict[int, dict[str, bool]] = defaultdict(dict)
    for key, run in runs.items():
        said = held_out(run, topics)
        for identity, truth in said[topics[0]].items():
            truths[key[0]][said[conversation][identity]] = positive in truth
        scores[key] = {said[conversation][identity]: chances.get(positive, 0.0)
                       for identity, chances in said[topics[1]].items()}  # the last that is said of each
    areas = {arm: np.zeros(RESAMPLES + 1) for arm in ARMS}
    for fold, truth in truths.items():
        names = sorted(truth)
        positives = np.array([truth[name] for name in names])
        drawn = weights(len(names)).astype(int)
        seeds = sorted({seed for number, seed, _ in scores if number == fold})
        for arm in ARMS:
            for seed in seeds:
                values = np.array([scores[fold, seed, arm][name] for name in names])
                for resample, counts in enumerate(drawn):
                    rows = np.repeat(np.arange(len(names)), counts)
                    there = positives[rows]
                    areas[arm][resample] += detection_figures(values[rows][there], values[rows][~there]).get(
                        "auroc", 0.5) / len(seeds) / len(truths)
    show(f"{task}, AUROC", *(areas[arm] for arm in ARMS))


def main() -> None:
    """Play what is not there, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="where runs are kept; what is there is not played again")
    parser.add_argument("--scenario", default="persuasion")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--turns", nargs="*", default=["act", "reply", "role"])
    parser.add_argument("--outcomes", nargs="*", default=["donated:yes"])
    parser.add_argument("--conversation", default="talk.conversation")
    args = parser.parse_args()
    stream = args.conversation.partition(".")[0]
    with tempfile.TemporaryDirectory() as spare:
        folder = args.folder or Path(spare)
        runs = {(fold, seed, arm): play(folder, args.scenario, stream, fold, seed, shuffled=arm == "shuffled")
                for seed in args.seeds for fold in range(args.folds) for arm in ARMS}
        for task in args.turns:
            turns(task, runs, args.conversation)
        for pair in args.outcomes:
            outcome(*pair.split(":"), runs, args.conversation)


if __name__ == "__main__":
    main()
