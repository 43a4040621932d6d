from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support
from sklearn.preprocessing import MultiLabelBinarizer

from aura import AuraError, Signal
from aura.core.classes import OTHER
from aura.core.signals import again
from aura.core.state import read_tree, trees_equal, write_tree
from aura.plugins.metrics.classification import Classification, ClassificationOptions

NAMES = [f"class {number}" for number in range(12)]


def metric(**more):
    options = {"truth": "posts.label", "prediction": "amygdala.label", "best": "amygdala.best", **more}
    return Classification("emotion", ClassificationOptions(**{k: v for k, v in options.items() if v is not None}))


def random_sets(rng, items, classes=NAMES, least=0):
    sizes = rng.integers(least, 4, size=items)
    return [tuple(rng.choice(classes, size=size, replace=False).tolist()) for size in sizes]


def random_items(items=2500, seed=0):
    rng = np.random.default_rng(seed)
    truth = random_sets(rng, items, least=1)
    predicted = [labels if rng.random() < 0.4 else other
            for labels, other in zip(truth, random_sets(rng, items, NAMES[:9]), strict=True)]
    best = [str(rng.choice(labels or NAMES)) for labels in predicted]
    return truth, predicted, best


def feed(watcher, truth, predicted, best=None, *, batch=32, start=0, lag=1):
    """Show truth and prediction as a stream does: the truth of a batch one tick before its prediction."""
    for first in range(0, len(truth), batch):
        part = slice(first, first + batch)
        ids = np.arange(start + first, start + first + len(truth[part]))
        now = (start + first) * 1_000_000
        watcher.on_signal(Signal("posts.label", now, tuple(truth[part]), ids))
        watcher.after_tick(now)
        watcher.on_signal(Signal("amygdala.label", now + lag, tuple(predicted[part]), ids))
        if best is not None:
            watcher.on_signal(Signal("amygdala.best", now + lag, tuple(best[part]), ids))
        watcher.after_tick(now + lag)


def plain(truth, predicted):
    """Return the arrays that scikit-learn would be given for all items at once."""
    names = sorted({label for labels in [*truth, *predicted] for label in labels}, key=lambda n: int(n.split()[1]))
    binarizer = MultiLabelBinarizer(classes=names)
    return names, binarizer.fit_transform(truth), binarizer.transform(predicted)


@pytest.mark.slow
def test_figures_are_those_of_scikit_learn_on_all_items_at_once():
    truth, predicted, best = random_items()
    watcher = metric()
    feed(watcher, truth, predicted, best)
    names, true, predicted = plain(truth, predicted)
    result = watcher.results()["phases"]["run"]
    assert result["items"] == len(truth)
    assert result["summary"]["accuracy"] == accuracy_score(true, predicted)
    assert result["summary"]["top1"] == np.mean([b in t for b, t in zip(best, truth, strict=True)])
    for average in ("macro", "micro", "weighted"):
        precision, recall, f1, _ = precision_recall_fscore_support(true, predicted, average=average, zero_division=0)
        got = [result["summary"][f"{average}_{part}"] for part in ("precision", "recall", "f1")]
        np.testing.assert_allclose(got, [precision, recall, f1], rtol=1e-14)
    by_class = np.array(precision_recall_fscore_support(true, predicted, average=None, zero_division=0)).T
    assert [row["label"] for row in result["per_class"]] == names
    np.testing.assert_array_equal([[row[k] for k in ("precision", "recall", "f1", "support")]
                                   for row in result["per_class"]], by_class)


@pytest.mark.slow
def test_confusion_takes_the_items_with_one_true_label():
    truth, predicted, best = random_items()
    watcher = metric()
    feed(watcher, truth, predicted, best)
    table = watcher.results()["phases"]["run"]["confusion"]
    single = [(t[0], b) for t, b in zip(truth, best, strict=True) if len(t) == 1]
    expected = confusion_matrix(*zip(*single, strict=True), labels=table["labels"])
    np.testing.assert_array_equal(table["matrix"], expected)


@pytest.mark.slow
def test_figures_do_not_depend_on_the_size_of_the_batches_or_on_the_lag():
    truth, predicted, best = random_items(700)
    one, other = metric(), metric()
    feed(one, truth, predicted, best, batch=1)
    feed(other, truth, predicted, best, batch=700, lag=10**9)
    assert one.results() == other.results()


@pytest.mark.slow
def test_rolling_rows_look_back_on_the_window_only():
    truth, predicted, best = random_items(1000)
    watcher = metric(window=300, every=250)
    feed(watcher, truth, predicted, best)
    rows = watcher.take_rows()
    assert [row["items"] for row in rows] == [250, 500, 750, 1000]
    _, true, predicted = plain(truth[700:], predicted[700:])
    f1 = precision_recall_fscore_support(true, predicted, average="macro", zero_division=0)[2]
    assert rows[-1]["values"]["macro_f1"] == pytest.approx(f1, rel=1e-14)
    assert rows[-1]["values"]["accuracy"] == accuracy_score(true, predicted)
    assert watcher.headline()["macro_f1"] == rows[-1]["values"]["macro_f1"]
    assert watcher.take_rows() == []


@pytest.mark.slow
def test_items_without_a_true_label_are_left_out_and_counted():
    truth, predicted, best = random_items(900)
    bare = [() if number % 3 == 0 else labels for number, labels in enumerate(truth)]
    kept = [number for number in range(900) if number % 3]
    watcher, other = metric(by=("posts.kind",)), metric(by=("posts.kind",))
    for one, chosen, sets in ((watcher, range(900), bare), (other, kept, truth)):
        ids = np.array(chosen)
        one.on_signal(Signal("posts.kind", 0, tuple(str(k % 2) for k in chosen), ids))
        one.on_signal(Signal("posts.label", 0, tuple(sets[k] for k in chosen), ids))
        one.on_signal(Signal("amygdala.label", 1, tuple(predicted[k] for k in chosen), ids))
        one.on_signal(Signal("amygdala.best", 1, tuple(best[k] for k in chosen), ids))
        one.after_tick(1)
    result, expected = watcher.results()["phases"]["run"], other.results()["phases"]["run"]
    assert (result["items"], result["unlabelled"], expected["unlabelled"]) == (600, 300, 0)
    assert {**result, "unlabelled": 0} == expected


def test_an_empty_text_is_no_label_and_no_class():
    watcher = metric(best=None)
    feed(watcher, ["a", "b", "", ""], ["a", "a", "", "b"])
    result = watcher.results()["phases"]["run"]
    assert (result["items"], result["unlabelled"], result["summary"]["accuracy"]) == (2, 2, 0.5)
    assert [row["label"] for row in result["per_class"]] == ["a", "b"]


def test_a_phase_of_unlabelled_items_has_no_figures():
    watcher = metric(best=None)
    feed(watcher, [(), ()], [("a",), ("b",)])
    result = watcher.results()["phases"]["run"]
    assert (result["items"], result["unlabelled"], result["summary"], result["per_class"]) == (0, 2, {}, [])


@pytest.mark.slow
def test_labels_that_come_once_are_never_a_hit_however_many_there_are():
    labels = [f"class {number}" for number in range(3000)]
    watcher = metric(best=None, max_classes=1000)
    feed(watcher, [(label,) for label in labels], [(label,) for label in labels[1:] + labels[:1]])
    result = watcher.results()
    summary = result["phases"]["run"]["summary"]
    assert {name: summary[name] for name in ("accuracy", "top1", "micro_f1", "macro_f1", "weighted_f1")} == {
        "accuracy": 0.0, "top1": 0.0, "micro_f1": 0.0, "macro_f1": 0.0, "weighted_f1": 0.0}
    assert (result["beyond"], result["told_apart"]) == (2001, 999)


@pytest.mark.slow
@pytest.mark.parametrize("scores", [False, True])
def test_accuracy_top1_and_micro_f1_are_exact_beyond_the_bound_of_classes(scores):
    truth, predicted, best = random_items()
    bounded, whole = metric(max_classes=5), metric()
    if scores:
        best = [labels[0] if labels else "class 0" for labels in predicted]
    feed(bounded, truth, predicted, best)
    feed(whole, truth, predicted, best)
    (a, b) = (one.results()["phases"]["run"]["summary"] for one in (bounded, whole))
    for name in ("accuracy", "top1", "micro_f1", "micro_precision", "micro_recall"):
        assert a[name] == pytest.approx(b[name], abs=1e-14)
    assert bounded.results()["beyond"] == len(NAMES) - 4
    assert "beyond" not in whole.results()


def test_the_confusion_matrix_leaves_out_true_classes_that_are_not_told_apart():
    watcher = metric(max_classes=3)
    truth, best = ["a", "b", "c", "d", "a"], ["a", "a", "d", "d", "c"]
    feed(watcher, [(t,) for t in truth], [(b,) for b in best], best)
    assert watcher.results()["phases"]["run"]["confusion"] == {
        "labels": [OTHER, "a", "b"], "matrix": [[0, 0, 0], [1, 1, 0], [0, 1, 0]]}


@pytest.mark.slow
def test_rows_that_were_learned_before_are_told_apart_and_only_first_sights_are_prequential():
    truth, predicted, best = random_items(300)
    watcher, first, later = metric(every=50), metric(), metric()
    for one in (watcher, first, later):
        one.on_phase("learn", True, 0)
    feed(watcher, truth, predicted, best)
    feed(watcher, truth, truth, best, start=int(again(np.int64(300))))
    watcher.on_phase("trial", False, 10**12)
    feed(watcher, truth[:10], truth[:10], best[:10], start=int(again(np.int64(900))))
    feed(first, truth, predicted, best)
    feed(later, truth, truth, best)
    phases = watcher.results()["phases"]
    assert {name: (one["how"], one["learning"], one["items"]) for name, one in phases.items()} == {
        "learn": ("prequential", True, 300), "learn, seen before": ("seen before", True, 300),
        "trial, seen before": ("seen before", False, 10)}
    assert phases["learn"] == first.results()["phases"]["learn"]
    assert phases["learn, seen before"]["summary"] == later.results()["phases"]["learn"]["summary"]
    rows = watcher.take_rows()
    assert {row["phase"] for row in rows} == {"learn", "learn, seen before"}
    assert [row["values"]["accuracy"] for row in rows if row["phase"] != "learn"] == [1.0] * 6
    assert list(watcher.headline()) == ["top1 (seen before)", "macro_f1 (seen before)", "exact_match (seen before)"]
    assert watcher.headline_of() == "last 1,000"


@pytest.mark.parametrize(("predicted", "best", "one"), [
    ([("a",), ("b",), ()], None, True), ([("a",), ("b",), ("a", "b")], None, False),
    ([("a",), ("b",), ()], ["a", "b", "a"], False), ([("a",), ("b",), ("a",)], ["a", "b", "a"], True),
    ([("a",), ("b",), ("a",)], ["a", "b", "b"], False)])
def test_it_says_whether_items_have_one_label_each(predicted, best, one):
    watcher = metric(best="amygdala.best" if best else None)
    feed(watcher, [("a",), ("b",), ("c",)], predicted, best)
    assert watcher.results()["phases"]["run"]["one_label"] == one


def test_a_row_is_written_every_so_much_time():
    truth, predicted, best = random_items(100)
    watcher = metric(every="20 ms")
    feed(watcher, truth, predicted, best, batch=1)
    times = [row["time"] // 1_000_000 for row in watcher.take_rows()]
    assert times == [20, 40, 60, 80]


def test_phases_are_counted_apart_and_named_by_what_they_measure():
    truth, predicted, best = random_items(300)
    watcher = metric(every=1000)
    watcher.on_phase("learn", True, 0)
    feed(watcher, truth[:200], predicted[:200], best[:200])
    watcher.on_phase("heldout", False, 10**12)
    feed(watcher, truth[200:], predicted[200:], best[200:], start=200)
    phases = watcher.results()["phases"]
    assert {name: (phase["how"], phase["items"]) for name, phase in phases.items()} == {
        "learn": ("prequential", 200), "heldout": ("held-out", 100)}
    _, true, predicted = plain(truth[200:], predicted[200:])
    assert phases["heldout"]["summary"]["accuracy"] == accuracy_score(true, predicted)
    assert [(row["phase"], row["items"]) for row in watcher.take_rows()] == [("learn", 200)]


def test_an_item_counts_for_the_phase_in_which_it_was_predicted():
    watcher = metric(best=None)
    watcher.on_phase("learn", True, 0)
    watcher.on_signal(Signal("amygdala.label", 0, (("joy",),), np.array([5])))
    watcher.on_phase("heldout", False, 1)
    watcher.on_signal(Signal("posts.label", 2, (("joy",),), np.array([5])))
    watcher.after_tick(2)
    assert list(watcher.results()["phases"]) == ["learn"]


@pytest.mark.slow
def test_classes_may_appear_at_any_time():
    watcher = metric(best=None)
    feed(watcher, [("class 0",)] * 1500, [("class 0",)] * 1500)
    feed(watcher, [("class 1",)] * 500, [("class 0", "class 2")] * 500, start=1500)
    rows = {row["label"]: row for row in watcher.results()["phases"]["run"]["per_class"]}
    assert (rows["class 0"]["precision"], rows["class 0"]["recall"]) == (0.75, 1.0)
    assert (rows["class 1"]["support"], rows["class 1"]["recall"]) == (500, 0.0)
    assert (rows["class 2"]["support"], rows["class 2"]["predicted"]) == (0, 500)


def test_classes_beyond_the_bound_are_counted_as_one():
    watcher = metric(best=None, max_classes=3)
    labels = [(f"class {number}",) for number in range(50)]
    feed(watcher, labels, labels)
    rows = {row["label"]: row["support"] for row in watcher.results()["phases"]["run"]["per_class"]}
    assert rows == {"class 0": 1, "class 1": 1, OTHER: 48}


def test_the_best_label_may_be_told_by_scores():
    watcher = metric(best=None, scores="amygdala.score", classes="amygdala.name")
    ids = np.array([1, 2])
    watcher.on_signal(Signal("posts.label", 0, (("joy",), ("fear",)), ids))
    # The names come last within the tick, and must count all the same.
    watcher.on_signal(Signal("amygdala.label", 1, ((), ()), ids))
    watcher.on_signal(Signal("amygdala.score", 1, np.array([[0.1, 0.9], [0.2, 0.3]]), ids))
    watcher.on_signal(Signal("amygdala.name", 1, ("fear", "joy")))
    watcher.after_tick(1)
    assert watcher.results()["phases"]["run"]["summary"]["top1"] == 0.5


@pytest.mark.parametrize("best", ["amygdala.best", None], ids=["a topic of best labels", "the predicted label"])
def test_an_item_without_an_answer_is_a_miss_and_stands_in_the_confusion_matrix(best):
    watcher = metric(best=best, window=60, every=60)
    answered = [number % 3 == 0 for number in range(60)]
    answers = ["joy" if there else "" for there in answered]
    feed(watcher, [("joy",) if number % 2 else ("fear",) for number in range(60)],
         [(label,) if label else () for label in answers], answers if best else None)
    result = watcher.results()["phases"]["run"]
    assert (result["summary"]["top1"], result["summary"]["accuracy"]) == (10 / 60, 10 / 60)
    assert result["confusion"] == {"labels": ["fear", "joy", "(no answer)"],
                                   "matrix": [[0, 10, 20], [0, 10, 20], [0, 0, 0]]}
    assert watcher.headline()["accuracy"] == 10 / 60
    assert len(result["examples"]) > 0
    assert all(example["right"] == (example["best"] == example["truth"][0]) for example in result["examples"])


def test_a_best_label_that_is_not_told_is_a_miss_whatever_was_said():
    watcher = metric()
    feed(watcher, [("joy",), ("fear",)], [("joy", "fear"), ("fear",)], ["", "fear"])
    assert watcher.results()["phases"]["run"]["summary"]["top1"] == 0.5


def test_where_several_labels_are_said_and_none_is_told_to_be_the_best_there_is_no_top1():
    watcher = metric(best=None)
    feed(watcher, [("joy",), ("fear",)], [("joy", "fear"), ("fear",)])
    result = watcher.results()["phases"]["run"]
    assert "top1" not in result["summary"]
    assert result["confusion"] == {"labels": ["fear"], "matrix": [[1]]}


def test_text_and_integers_are_labels_too():
    watcher = metric(best=None)
    ids = np.arange(3)
    watcher.on_signal(Signal("posts.label", 0, np.array([7, 1, 7]), ids))
    watcher.on_signal(Signal("amygdala.label", 0, ("7", "7", "7"), ids))
    watcher.after_tick(0)
    assert watcher.results()["phases"]["run"]["confusion"] == {"labels": ["1", "7"], "matrix": [[0, 1], [0, 2]]}


def test_what_never_meets_is_counted_and_memory_stays_bounded():
    watcher = metric(best=None, pending=10)
    ids = np.arange(1000)
    watcher.on_signal(Signal("posts.label", 0, (("joy",),) * 1000, ids))
    watcher.on_signal(Signal("amygdala.label", 0, (("joy",),) * 5, ids[-5:]))
    watcher.after_tick(0)
    result = watcher.results()
    assert result["unmatched"] == {"truth": 995, "prediction": 0}
    assert (result["waiting"], result["phases"]["run"]["items"]) == (5, 5)


@pytest.mark.slow
def test_a_resumed_metric_gives_the_same_rows_figures_and_state(tmp_path):
    truth, predicted, best = random_items(2000)

    def play(watcher, first, last):
        for item in range(first, last):
            if item == 1500:
                watcher.on_phase("heldout", False, item)
            true = truth[item:item + 1] if item % 17 else [()]
            # A third of the rows was learned before; their ids are counted on, far from the others.
            start = item if item % 3 else int(again(np.int64(item)))
            feed(watcher, true, predicted[item:item + 1], best[item:item + 1], start=start)

    whole, before = (metric(every=90, window=400, max_classes=7) for _ in range(2))
    play(whole, 0, 2000)
    expected, rows, begun = whole.state(), whole.take_rows(), 0
    for stop in (1, 33, 700, 1001, 1999):
        play(before, begun, stop)
        begun = stop
        write_tree(tmp_path / "state.safetensors", before.state(), "emotion")
        after = metric(every=90, window=400, max_classes=7)
        after.load_state(read_tree(tmp_path / "state.safetensors", "emotion"))
        play(after, stop, 2000)
        assert trees_equal(after.state(), expected), stop
        assert after.results() == whole.results(), stop
        assert after.headline() == whole.headline(), stop
        assert after.take_rows() == rows, stop


def test_saving_between_truth_and_prediction_loses_nothing(tmp_path):
    watcher, resumed = metric(), metric()
    ids = np.array([3])
    watcher.on_signal(Signal("posts.label", 0, (("joy",),), ids))
    watcher.on_signal(Signal("amygdala.label", 1, (("joy",),), ids))
    write_tree(tmp_path / "state.safetensors", watcher.state(), "emotion")
    resumed.load_state(read_tree(tmp_path / "state.safetensors", "emotion"))
    resumed.on_signal(Signal("amygdala.best", 1, ("joy",), ids))
    resumed.after_tick(1)
    assert resumed.results()["phases"]["run"]["summary"]["top1"] == 1.0


def test_it_scores_a_running_brain(make_brain):
    brain, watcher = make_brain(), metric(every=50)
    brain.observe(watcher)
    topics = [brain.probe("posts.label"), brain.probe("amygdala.label")]
    brain.run(until="400 ms")
    truth, predicted = ([labels for value in probe.values for labels in value] for probe in topics)
    assert watcher.results()["phases"]["run"]["summary"]["accuracy"] == np.mean(
        [set(t) == set(s) for t, s in zip(truth, predicted, strict=True)])


@pytest.mark.parametrize(("option", "value", "message"), [
    ("truth", "posts.labels", "Try 'posts.label'"), ("prediction", "amygdala.value", "tags or text"),
    ("best", "posts.level", "tags or text")])
def test_a_topic_that_cannot_be_scored_is_refused(make_brain, option, value, message):
    with pytest.raises(AuraError, match=message) as raised:
        metric(**{option: value}).check(make_brain())
    assert f"metrics.emotion.{option}" in str(raised.value)
