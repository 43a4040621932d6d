from __future__ import annotations

import math

import numpy as np
import pytest

from aura import AuraError, Signal
from aura.core.signals import again
from aura.plugins.metrics.early_detection import EarlyDetection, EarlyDetectionOptions
from aura.plugins.metrics.early_scores import best_threshold, erde, interval, latency_f1, resampled, threshold_figures
from aura.plugins.metrics.turns import Courses
from tests.plugins.metrics.retelling import tell

TOPICS = {"truth": "talks.outcome", "group": "talks.conversation", "score": "temporal.chance"}


def metric(**more):
    return EarlyDetection("early", EarlyDetectionOptions(**{**TOPICS, "positive": ("buys",), **more}))


def conversations(count=80, seed=3):
    """Return the beliefs of conversations turn by turn, which get better the longer they last, and what they are."""
    rng = np.random.default_rng(seed)
    positive = rng.random(count) < 0.4
    beliefs = [1.0 / (1.0 + np.exp(-rng.normal((1 if there else -1) * np.arange(length) / 4.0, 1.0)))
               for there, length in zip(positive, rng.integers(1, 15, count), strict=True)]
    return beliefs, positive


def events(beliefs, positive, *, scores=("temporal.chance",), first=0, together=5):
    """Return the signals of conversations of which some are open at a time; the truth comes with the last turn."""
    made, item = [], first
    for begin in range(0, len(beliefs), together):
        group = range(begin, min(begin + together, len(beliefs)))
        for turn in range(max(len(beliefs[one]) for one in group)):
            now = [one for one in group if turn < len(beliefs[one])]
            ids = np.arange(item, item + len(now))
            item += len(now)
            ended = [place for place, one in enumerate(now) if turn + 1 == len(beliefs[one])]
            if ended:  # a stream tells it beside the turn, before a zone has said anything
                made.append(Signal("talks.outcome", 0, tuple("buys" if positive[now[place]] else "leaves"
                                                             for place in ended), ids[ended]))
            made.append(Signal("talks.conversation", 0, tuple(f"talk {one}" for one in now), ids))
            made += [Signal(score, 0, np.array([beliefs[one][turn] for one in now]), ids) for score in scores]
    return [("on_signal", signal) for signal in made]


def fed(watcher, beliefs, positive, **more):
    tell(watcher, events(beliefs, positive, **more))
    return watcher


def phase_of(watcher, name="run"):
    return watcher.results()["phases"][name]


def shown(watcher):
    """Return what the report shows of the first phase, folded."""
    from aura.plugins.metrics.results import Results

    return EarlyDetection.figures(Results(**watcher.results()), {})[-1]


def test_figures_after_so_many_turns_are_those_of_scikit_learn():
    from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score, roc_auc_score

    beliefs, positive = conversations()
    phase = phase_of(fed(metric(turns=(1, 3, 8)), beliefs, positive))
    last = np.array([one[-1] for one in beliefs])
    expected = {"auroc": roc_auc_score(positive, last), "average_precision": average_precision_score(positive, last),
                "accuracy": (positive == (last > 0.5)).mean(), "precision": precision_score(positive, last > 0.5),
                "recall": recall_score(positive, last > 0.5), "f1": f1_score(positive, last > 0.5)}
    assert (phase["items"], phase["positives"]) == (80, positive.sum())
    assert {name: phase["summary"][name] for name in expected} == pytest.approx(expected)
    assert phase["turns"] == [1, 3, 8, 14]
    assert phase["scores"][0]["by_turn"] == pytest.approx([
        roc_auc_score(positive, [one[min(turn, len(one)) - 1] for one in beliefs]) for turn in phase["turns"]])
    assert phase["scores"][0]["by_turn"][0] < phase["scores"][0]["by_turn"][-1]


def test_of_an_author_within_a_conversation_the_own_turns_count_and_every_name_must_be_known():
    watcher = metric(group=["talks.conversation", "talks.author"], turns=(1,))
    ids = np.arange(8)
    talks, authors = ("a", "a", "a", "b", "b", "b", "", "c"), ("x", "y", "x", "x", "y", "x", "x", "")
    beliefs = np.array([0.2, 0.3, 0.9, 0.3, 0.8, 0.1, 0.5, 0.5])
    roles = tuple("buys" if (talk, author) in {("a", "x"), ("b", "y")} else "leaves"
                  for talk, author in zip(talks, authors, strict=True))
    tell(watcher, [("on_signal", Signal(topic, 0, value, ids)) for topic, value in (
        ("talks.outcome", roles), ("temporal.chance", beliefs), ("talks.author", authors),
        ("talks.conversation", talks))])
    phase = phase_of(watcher)
    assert (phase["items"], phase["positives"], phase["unlabelled"]) == (4, 2, 0)
    assert phase["summary"]["auroc"] == phase["summary"]["accuracy"] == 1.0
    assert phase["turns"] == [1, 2]
    assert phase["scores"][0]["by_turn"] == [0.5, 1.0]


def test_the_best_threshold_is_the_best_of_all():
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(0)
    positive = rng.random(60) < 0.3
    scores = np.round(rng.normal(size=60) + positive, 1)
    threshold, most = best_threshold(scores, positive)
    assert most == pytest.approx(max(f1_score(positive, scores > at) for at in np.append(scores - 0.05, scores)))
    assert threshold_figures(scores, positive, threshold)["f1"] == pytest.approx(most)


def test_early_risk_is_what_its_authors_define():
    positive = np.array([True, True, True, False, False])
    first = np.array([1, 9, 0, 3, 0])
    costs = [1.0 - 1.0 / (1.0 + math.exp(1 - 5)), 1.0 - 1.0 / (1.0 + math.exp(9 - 5)), 1.0, 3 / 5, 0.0]
    assert erde(first, positive, 5) == pytest.approx(np.mean(costs))
    assert erde(np.array([10**6, 1, 0, 0, 0]), positive, 5) == pytest.approx((1.0 + costs[0] + 1.0) / 5)


def test_a_find_after_the_median_number_of_turns_is_worth_half():
    positive, lengths = np.array([True, False, False]), np.array([9, 9, 9])
    assert latency_f1(np.array([1, 0, 0]), positive, lengths) == pytest.approx(1.0)
    assert latency_f1(np.array([9, 0, 0]), positive, lengths) == pytest.approx(0.5)
    assert latency_f1(np.array([0, 1, 0]), positive, lengths) == 0.0
    assert latency_f1(np.array([1, 0, 2]), positive, lengths) == pytest.approx(2 / 3)
    assert latency_f1(np.array([1]), np.array([True]), np.array([1])) == pytest.approx(1.0)


def test_figures_of_resamples_are_those_of_scikit_learn_row_by_row():
    from sklearn.metrics import accuracy_score, average_precision_score, f1_score, roc_auc_score

    rng = np.random.default_rng(5)
    positive = rng.random(40) < 0.4
    scores = np.round(rng.random((2, 40)) * 0.6 + 0.4 * positive, 1)
    drawn = resampled(scores, positive, np.arange(40), 0.55, 30, seed=9)
    weights = np.random.default_rng(9).multinomial(40, np.full(40, 1 / 40), 30)
    for number, counts in enumerate(weights):
        for which, values in enumerate(scores):
            assert {name: values[which, number] for name, values in drawn.items()} == pytest.approx({
                "auroc": roc_auc_score(positive, values, sample_weight=counts),
                "average_precision": average_precision_score(positive, values, sample_weight=counts),
                "accuracy": accuracy_score(positive, values > 0.55, sample_weight=counts),
                "f1": f1_score(positive, values > 0.55, sample_weight=counts)})


def test_a_user_with_many_conversations_alike_makes_the_interval_wider():
    rng = np.random.default_rng(1)
    users = np.arange(120) // 10
    positive = (rng.random(12) < 0.4)[users]  # what a user is, and what is said of one, is alike in all conversations
    scores = (rng.normal(size=12)[users] + 0.5 * positive)[None]
    by_user = interval(resampled(scores, positive, users, 0.5, 1000)["auroc"])
    by_row = interval(resampled(scores, positive, np.arange(120), 0.5, 1000)["auroc"])
    assert by_user[1] - by_user[0] > 1.2 * (by_row[1] - by_row[0])


def test_the_interval_is_that_of_the_users_where_they_are_told():
    beliefs, positive = conversations(60)
    watcher = metric(resample_by="talks.author")
    for name, signal in events(beliefs, positive):
        if signal.topic == "talks.conversation":  # ten conversations of each of six users, one of nobody
            users = tuple(f"user {int(talk.split()[1]) % 6}" if talk != "talk 7" else "" for talk in signal.value)
            tell(watcher, [(name, Signal("talks.author", 0, users, signal.ids))])
        tell(watcher, [(name, signal)])
    assert phase_of(watcher)["users"] == 7
    part = watcher.parts["run"]
    drawn = resampled(np.stack([part.after(0)]), part.positive, part.users, 0.5, 1000)
    assert phase_of(watcher)["summary"]["auroc_low"] == interval(drawn["auroc"][0])[0]
    other = metric(resample_by="talks.author")
    other.load_state(watcher.state())
    assert other.results() == watcher.results()


def test_a_decision_once_made_stays_though_the_belief_falls_again():
    beliefs = [np.array([0.2, 0.9, 0.1]), np.array([0.1, 0.2])]
    summary = phase_of(fed(metric(), beliefs, [True, False]))["summary"]
    assert summary["f1"] == 0.0
    assert summary["latency_f1"] > 0.5


def test_several_beliefs_are_compared_and_the_first_is_that_of_the_phase():
    beliefs, positive = conversations(80)
    scores = ("temporal.mean", "temporal.same", "temporal.not", "temporal.chance")
    watcher = metric(score=scores, names=("mean", "same", "not", "chance"))
    rng = np.random.default_rng(0)
    for name, signal in events(beliefs, positive, scores=scores):
        value = {"temporal.not": lambda signal=signal: 1.0 - signal.value,
                 "temporal.chance": lambda signal=signal: rng.random(len(signal.value))}.get(signal.topic)
        tell(watcher, [(name, signal if value is None else Signal(signal.topic, 0, value(), signal.ids))])
    phase = phase_of(watcher)
    assert [one["name"] for one in phase["scores"]] == ["mean", "same", "not", "chance"]
    mean, same, worse, _ = phase["scores"]
    assert mean["summary"] == same["summary"]
    assert same["more_than_first"] == (0.0, 0.0)
    assert worse["summary"]["auroc"] == pytest.approx(1.0 - mean["summary"]["auroc"])
    assert worse["more_than_first"][1] < 0.0
    assert phase["summary"]["auroc"] == mean["summary"]["auroc"]
    (told,) = [figure.text for figure in shown(watcher).figures if figure.figure == "text"]
    assert told.startswith("By the area under the ROC curve not, chance are worse than mean;")


def test_intervals_that_are_to_hold_together_are_wider():
    values = np.arange(1001.0)
    assert interval(values) == (25.0, 975.0)
    assert interval(values, together=5) == (5.0, 995.0)


def test_the_report_says_so_where_no_score_differs():
    from aura.plugins.metrics.results import Results

    scores = ("temporal.mean", "temporal.same")
    watcher = metric(score=scores)
    tell(watcher, events(*conversations(), scores=scores))
    (told,) = [figure.text for figure in shown(watcher).figures if figure.figure == "text"]
    assert told.startswith("By the area under the ROC curve none differs from mean")
    whole = EarlyDetection.figures(Results(**watcher.results()), {})
    (cards,) = [figure for figure in whole if figure.figure == "cards"]
    assert {card.beside for card in cards.cards} == {"of the first score, mean"}


def test_names_are_as_many_as_scores():
    for names in (("one",), ("one", "one")):
        with pytest.raises(ValueError, match="names: expected 2, a different one"):
            metric(score=("temporal.mean", "temporal.same"), names=names)


def test_of_several_classes_the_chance_of_those_to_be_found_counts():
    beliefs, positive = conversations(30)
    whole = phase_of(fed(metric(), beliefs, positive))
    watcher = metric(classes="temporal.names", positive=("buys", "asks"))
    tell(watcher, [("on_signal", Signal("temporal.names", 0, ("leaves", "asks", "buys"), None))])
    for name, signal in events(beliefs, positive):
        if signal.topic == "temporal.chance":
            half = signal.value / 2.0
            published = Signal(signal.topic, 0, np.stack([1.0 - signal.value, half, half], axis=1), signal.ids)
        else:
            published = signal
        tell(watcher, [(name, published)])
    assert phase_of(watcher)["summary"] == pytest.approx(whole["summary"])


def test_conversations_without_a_truth_or_of_one_side_are_counted_and_not_judged():
    beliefs, positive = conversations(10)
    some = [one for one in events(beliefs, positive) if one[1].topic != "talks.outcome"]
    watcher = metric()
    tell(watcher, some)
    phase = phase_of(watcher)
    assert (phase["items"], phase["unlabelled"], phase["summary"]) == (0, 10, {})
    phase = phase_of(fed(metric(), beliefs, [True] * 10))
    assert (phase["items"], phase["positives"], phase["summary"]) == (10, 10, {})


def test_a_truth_that_comes_later_than_all_turns_is_known():
    beliefs, positive = conversations(20)
    history = events(beliefs, positive)
    late = [one for one in history if one[1].topic == "talks.outcome"]
    watcher = metric()
    tell(watcher, [one for one in history if one not in late] + late)
    assert watcher.results() == fed(metric(), beliefs, positive).results()


def test_the_oldest_go_beyond_the_bound_and_are_counted_and_of_long_ones_the_last_belief_stays():
    beliefs, positive = conversations(50)
    phase = phase_of(fed(metric(max_groups=20, max_turns=2), beliefs, positive))
    assert (phase["items"], phase["gone"]) == (20, 30)
    courses = Courses(1, 10, 2)
    for belief in (0.1, 0.2, 0.3, 0.9):
        courses.add("a", [belief])
    courses.tell("a", positive=True)
    assert courses.lengths.tolist() == [4]
    assert [courses.after(0, turn)[0] for turn in (1, 2, 3, 4)] == [0.1, 0.2, 0.2, 0.9]
    assert courses.first_above(0, 0.5).tolist() == [4]


def test_rows_that_were_learned_before_stand_apart():
    beliefs, positive = conversations(20)
    watcher = metric()
    watcher.on_phase("learn", True, 0)
    fed(watcher, beliefs, positive)
    fed(watcher, beliefs, positive, first=int(again(np.int64(0))))
    phases = watcher.results()["phases"]
    assert set(phases) == {"learn", "learn, seen before"}
    assert phases["learn"]["summary"] == phases["learn, seen before"]["summary"]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_resumed_metric_is_equal_to_the_bit(tmp_path, share):
    from aura.core.state import read_tree, write_tree

    history = events(*conversations(40))
    before, after, stop = metric(), metric(), int(share * len(history))
    tell(before, history[:stop])
    write_tree(tmp_path / "state.safetensors", before.state(), "metric")
    after.load_state(read_tree(tmp_path / "state.safetensors", "metric"))
    assert after.results() == before.results()
    tell(after, history[stop:])
    assert after.results() == fed(metric(), *conversations(40)).results()


def test_it_is_drawn_turn_by_turn():
    from aura.plugins.metrics.results import Results

    watcher = fed(metric(), *conversations())
    fold = shown(watcher)
    assert EarlyDetection.figures(Results(**watcher.results()), {})[-1] == fold
    assert [figure.figure for figure in fold.figures] == ["lines", "table", "table", "table"]
    row = {column.name: cell for table in fold.figures[1:]
           for column, cell in zip(table.columns, table.rows[0], strict=True)}
    summary = phase_of(watcher)["summary"]
    assert (row["AUROC"], row["at threshold"]) == (summary["auroc"], summary["best_threshold"])


@pytest.mark.parametrize("options", [{"positive": ()}, {"turns": ()}, {"threshold": math.nan}, {"group": "talks"}])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        metric(**options)


def test_a_score_of_several_classes_needs_their_names(make_brain):
    watcher = EarlyDetection("early", EarlyDetectionOptions(
        truth="posts.label", group="amygdala.best", score="amygdala.score", positive=("joy",)))
    with pytest.raises(AuraError, match=r"metrics.early.classes: expected the topic that names"):
        watcher.check(make_brain())
