"""Labels that come long after their stimulus still teach; what is lost all the same is counted in a notice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura import Brain, stream
from aura.core.errors import WiringError

ROWS, ITEMS = 3200, 8
LATE = "300 ms"  # at 8 rows a millisecond 2,400 rows: more than any memory that is not told


def rows() -> list[dict[str, Any]]:
    rng = np.random.default_rng(2)
    which = rng.integers(2, size=ROWS)
    data = rng.normal(size=(ROWS, 6)).astype(np.float32) + 3 * which[:, None].astype(np.float32)
    return [{"row": row, "label": (f"class {c}",)} for row, c in zip(data, which.tolist(), strict=True)]


def brain(kind: str, *, endless: bool = False, **params: Any) -> tuple[Brain, str]:
    """Return a brain whose zone of this kind is told LATE, and the topic of its answer."""
    from aura.zones.amygdala.plugin import MANIFEST as amygdala
    from aura.zones.experts.plugin import MANIFEST as experts

    one = Brain(seed=1)
    one.add(stream(rows(), items=ITEMS, period="1 ms", endless=endless), "source")
    if kind == "amygdala":
        one.add(amygdala, "zone", params={"tasks": {"class": {"kind": "choice"}}, **params})
        ports = ("embedding", "class_teacher", "class")
    else:
        one.add(experts, "zone", params={"kinds": ["analytic"], "growth": False,
                                         "options": {"analytic": {"width": 30}}, **params})
        ports = ("stimulus", "teacher", "label")
    one.connect("source.row", f"zone.{ports[0]}")
    one.connect("source.label", f"zone.{ports[1]}", LATE)
    return one, f"zone.{ports[2]}"


def notices_of(one: Brain) -> list[str]:
    return [str(notice) for notice in one.all_notices()]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["amygdala", "experts"])
def test_the_memory_follows_from_delay_rate_and_items(kind: str) -> None:
    one, topic = brain(kind)
    with one:
        one.run(until="705 ms")
        labels = [row["label"] for row in rows()][-ITEMS:]
        assert sum(set(given) == set(label) for given, label in zip(one.read(topic), labels, strict=True)) >= ITEMS - 1
        assert notices_of(one) == []


@pytest.mark.parametrize("kind", ["amygdala", "experts"])
def test_a_memory_that_cannot_be_enough_is_refused_when_the_brain_is_built(kind: str) -> None:
    one, _ = brain(kind, memory=2391)
    with pytest.raises(WiringError, match=r"zone\.memory: expected at least 2,400, as so many items come until the "
                                          r"first of them is told, got 2,391\. Leave it out"):
        one.build()
    brain(kind, memory=2400)[0].build()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["amygdala", "experts"])
def test_where_nobody_knows_how_many_come_what_was_lost_is_told(kind: str) -> None:
    one, _ = brain(kind, endless=True, memory=100)
    with one:
        one.run(until="701 ms")
        [notice] = notices_of(one)
        assert notice.startswith("zone found nothing that waited for 3,")
        assert "labels: they came too late" in notice


def watched(pending: int | None) -> tuple[Brain, Any]:
    """Return a brain whose zone answers LATE, and a metric that waits for it."""
    from aura.plugins.metrics.classification import Classification, ClassificationOptions
    from aura.zones.amygdala.plugin import MANIFEST as amygdala

    one = Brain(seed=1)
    one.add(stream(rows(), items=ITEMS, period="1 ms"), "source")
    one.add(amygdala, "zone", latency=LATE, params={"tasks": {"class": {}}})
    one.connect("source.row", "zone.embedding")
    one.connect("source.label", "zone.class_teacher")
    return one, Classification("right", ClassificationOptions(truth="source.label", prediction="zone.class",
                                                              pending=pending))


@pytest.mark.slow
def test_a_metric_waits_as_long_as_the_slowest_of_its_topics_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aura.plugins.metrics.metric.PENDING", 10)
    one, metric = watched(None)
    with one:
        one.observe(metric)
        one.run(until="800 ms")
        assert metric.results()["unmatched"] == {"truth": 0, "prediction": 0}
        assert metric.results()["phases"]["run"]["items"] == ROWS
        assert notices_of(one) == []


def test_a_metric_that_cannot_wait_so_long_is_refused() -> None:
    one, metric = watched(100)
    with pytest.raises(WiringError, match=r"metrics\.right\.pending: expected at least 2,416, as so many .* got 100"):
        metric.make_room(one)


@pytest.mark.slow
def test_what_a_metric_let_go_is_told() -> None:
    one, metric = watched(3000)
    with one:
        one.observe(metric)
        one.build()
        metric._matchers[0][0].capacity = 100
        one.run(until="800 ms")
        [notice] = notices_of(one)
        assert notice.startswith("metric right let 6,")
        assert notice.endswith("items go before all was said of them, as too many waited (pending)")
