"""A plugin can show a run while it goes: its observer follows the run, and reads the figures of the metrics."""

from __future__ import annotations

import json

PAGE = """
import json
from aura import Observer, hookimpl
from aura.plugins.following import Follower, Headlined


class Page(Observer):
    name, topics = "page", ()

    def __init__(self, path):
        self.path, self.player, self.brain = path, None, None

    def follow(self, player):
        self.player = player

    def on_start(self, brain):
        self.brain = brain

    def after_tick(self, now):
        figures = {one.name: dict(one.headline()) for one in self.brain.observers if isinstance(one, Headlined)}
        self.path.write_text(json.dumps([now, dict(self.player.items), self.player.remaining, figures]))


@hookimpl
def aura_observers(run):
    page = Page(run.folder / "page.json")
    assert isinstance(page, Follower)
    return [page]
"""


def test_an_observer_that_a_plugin_brings_follows_the_run_and_reads_the_figures_of_its_metrics(sim, aura):
    (sim.folder / "page.py").write_text(PAGE, encoding="utf-8")
    sim.scenario(sim.text.replace("plugins = [", 'plugins = ["page.py", ', 1), "shown.toml")
    assert aura("run", "shown.toml", "--out", "one", "--quiet", "--until", "200 ms").status == 0
    now, items, remaining, figures = json.loads((sim.folder / "one/page.json").read_text())
    assert now <= 199_000_000
    assert items["diary"] > 0
    assert remaining > 0
    assert 0 <= figures["guess"]["accuracy"] <= 1
