"""One text from stream to published emotion, and many texts in bulk, encoder included.

Run by hand: ``python benchmarks/reading.py``. Texts are those of GoEmotions' dev split where AURA_DATA has them, else
those of the embedded corpus. The embedding cache is off.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from aura import Brain
from aura.core.errors import DataError
from aura.core.time import format_time
from aura.plugins.manager import PluginManager
from aura.sim.build import build_brain
from aura.sim.scenario import Scenario, load_scenario

WARM_UP, ALONE = 50, 1000
BULK = 5426


def scenario_with(items: int, limit: int, **more: Any) -> Scenario:
    """Return the reading brain of the embedded scenarios, one pass over `limit` texts, `items` a tick."""
    settings = [f"sensory.params.cache={str(more.pop('cache', False)).lower()}", f"limit={limit}"]
    try:
        from aura.sim.data import dataset_path

        dataset_path("goemotions", "dev.tsv")
        name, stream = "goemotions", "posts"
        settings = [settings[0], f"posts.limit={limit}", f"posts.items={items}", "posts.path='data:goemotions/dev.tsv'"]
    except DataError:
        name, stream = "feelings", "diary"
        settings = [settings[0], f"diary.items={items}", "diary.repeat=20", "diary.hold_out=0.0"]
    scenario = load_scenario(name, settings)
    streams = {stream: scenario.streams[stream].model_copy(update={"held_out": None})}
    return scenario.model_copy(update={"streams": streams, "profile": False, **more})


def reading_brain(items: int, limit: int) -> Brain:
    """Return that brain, playing."""
    return build_brain(scenario_with(items, limit), PluginManager(), autoplay=True)


def answered(brain: Brain) -> int:
    """Return when the last emotion was published, -1 before the first."""
    latest = brain.latest("amygdala.emotion")
    return -1 if latest is None else latest.time


def alone() -> None:
    """Print how long one text takes from its stream's tick to its published emotion."""
    with reading_brain(1, WARM_UP + ALONE) as brain:
        spans = []
        while brain.next_time is not None and len(spans) < WARM_UP + ALONE:
            began = time.perf_counter()
            before = answered(brain)
            while brain.next_time is not None and answered(brain) == before:
                brain.step()
            spans.append((time.perf_counter() - began) * 1e3)
            while brain.next_time is not None and brain.next_time % 10_000_000:
                brain.step()  # the label, told after the prediction, is not part of the answer's time
    spans = sorted(spans[WARM_UP:])
    print(f"one text alone, {len(spans)} texts: median {statistics.median(spans):.2f} ms, "
          f"99th percentile {spans[int(len(spans) * 0.99)]:.2f} ms, worst {spans[-1]:.2f} ms")


def bulk() -> None:
    """Print the texts a second through the whole brain, learning on, 32 items a tick."""
    with reading_brain(32, BULK) as brain:
        texts = 0
        brain.run(until="50 ms")
        probe = brain.probe("amygdala.emotion_best", keep=1_000_000)
        began = time.perf_counter()
        brain.run()
        span = time.perf_counter() - began
        texts = sum(len(value) for value in probe.values)
        print(f"32 items a tick: {texts} texts in {span:.1f} s, {texts / span:.0f} texts/s "
              f"(brain at {format_time(brain.now)})")


if __name__ == "__main__":
    alone()
    bulk()
