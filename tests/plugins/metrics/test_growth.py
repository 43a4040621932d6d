"""The metric ``growth``: events from JSON lines."""

from __future__ import annotations

import json
import logging

import pytest

from aura import AuraError, Signal
from aura.plugins.metrics.growth import Growth, GrowthOptions
from tests.plugins.mixture import BIRTHS, make_brain

BIRTH = {"time": 5, "items": 1, "action": "grow", "expert": "expert_0", "kind": "mlp", "parents": [], "start": "seed",
         "reason": "schedule", "seed": 3, "group": 0}


def metric(**more):
    return Growth("tree", GrowthOptions(**{"events": "m.growth", **more}))


def say(watcher, *events, now=5):
    watcher.on_signal(Signal("m.growth", now, tuple(e if isinstance(e, str) else json.dumps(e) for e in events)))
    watcher.after_tick(now)


def event(action, expert="expert_0", **more):
    return {"time": 9, "items": 2, "action": action, "expert": expert, **more}


def test_events_are_kept_in_their_order_with_all_that_they_tell():
    watcher = metric()
    say(watcher, BIRTH, event("grow", "expert_1", parents=["expert_0"], later="unknown"))
    say(watcher, event("freeze"))
    found = watcher.results()
    assert found["events"][0] == BIRTH
    assert found["events"][1] == {**BIRTH, **event("grow", "expert_1", parents=["expert_0"]), "kind": "", "start": "",
                                  "reason": "", "seed": None}
    assert [one["action"] for one in found["events"]] == ["grow", "grow", "freeze"]


def test_each_phase_counts_its_events_and_a_row_tells_how_many_take_part():
    watcher = metric()
    watcher.on_phase("learn", True, 0)
    say(watcher, BIRTH, event("grow", "expert_1"), now=5)
    say(watcher, event("prune"), now=9)
    watcher.on_phase("held-out", False, 10)
    say(watcher, event("revive"), event("freeze"), now=12)
    phases = watcher.results()["phases"]
    assert phases["learn"]["summary"] == {"grow": 2.0, "prune": 1.0}
    assert phases["held-out"]["summary"] == {"freeze": 1.0, "revive": 1.0}
    assert [(row["time"], row["items"], row["values"]) for row in watcher.take_rows()] == [
        (5, 2, {"active": 2.0}), (9, 1, {"active": 1.0}), (12, 2, {"active": 2.0})]
    assert watcher.headline() == {"active": 2.0}
    assert watcher.results()["all"] == 2


def test_events_beyond_the_bound_are_counted_only():
    watcher = metric(max_events=3)
    for number in range(5):
        say(watcher, event("grow", f"expert_{number}"))
    found = watcher.results()
    assert (len(found["events"]), found["left_out"], found["all"]) == (3, 2, 5)


@pytest.mark.parametrize("line", ["no json", "[]", "{}", json.dumps({**BIRTH, "action": "explode"}),
                                  json.dumps({**BIRTH, "time": -1}), json.dumps({**BIRTH, "expert": ""}),
                                  json.dumps({**BIRTH, "parents": "expert_0"}), "x" * 500])
def test_a_bad_line_names_the_topic_and_nothing_of_its_signal_is_kept(line):
    watcher = metric()
    with pytest.raises(AuraError, match=r"metrics\.tree\.events: expected lines of JSON from m\.growth") as raised:
        say(watcher, BIRTH, line)
    assert len(str(raised.value)) < 400
    assert watcher.results()["events"] == []


def test_a_brain_goes_on_without_a_metric_that_was_told_rubbish(caplog):
    brain, watcher = make_brain(), metric(events="mixture.names")
    brain.observe(watcher)
    with caplog.at_level(logging.WARNING):
        brain.run(until="500 ms")
    assert brain.now >= 490_000_000
    assert "expected lines of JSON from mixture.names" in caplog.text


def test_it_tells_what_a_brain_has_said():
    brain, watcher = make_brain(), metric(events="mixture.growth")
    brain.observe(watcher)
    brain.run(until="2 s")
    births = [one for one in watcher.results()["events"] if one["action"] == "grow"]
    assert [(one["items"], tuple(one["parents"])) for one in births] == [
        (tick * 8, parents) for tick, parents in BIRTHS.items()]


@pytest.mark.parametrize(("topic", "message"), [
    ("mixture.grow", "Try 'mixture.growth'"), ("mixture.expert", "text without items"), ("digits.image", "of text")])
def test_a_topic_that_does_not_fit_is_refused(topic, message):
    with pytest.raises(AuraError, match=message):
        metric(events=topic).check(make_brain())
