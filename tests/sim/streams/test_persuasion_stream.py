"""The dialogues of PersuasionForGood as a stream: the settings of the page, on the data itself."""

from __future__ import annotations

import os
import re
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from aura import Brain
from aura.plugins.manager import PluginManager
from aura.sim.build import _open_stream
from aura.sim.scenario import read_scenario
from aura.sim.sources import Sources

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not os.environ.get("AURA_DATA"), reason="AURA_DATA is not set")]

PAGE = (Path(__file__).parents[3] / "docs" / "streams.md").read_text(encoding="utf-8")
BLOCKS = {re.findall(r"streams\.(\w+)\]", block)[0]: tomllib.loads(block)
          for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)}


@pytest.fixture
def streamed(tmp_path):
    """Return a stream of the page, with other settings, in a brain."""
    def stream(name, **settings):
        table = BLOCKS[name]["streams"][name] | settings
        scenario = read_scenario({"aura": 1, "name": "x", "base": str(tmp_path), "streams": {name: table}})
        model = scenario.streams[name]
        brain = Brain(seed=1)
        brain.add(_open_stream(name, PluginManager().stream(model.kind), model, scenario, None, False,
                               Sources(scenario.folder)), name)
        return brain

    return stream


def test_five_folds_hold_nearly_every_dialogue_out_once_and_no_author_is_on_both_sides(streamed):
    # What decides who is where: to read all columns of 20,000 rows takes three times as long, five times over.
    talk = BLOCKS["talk"]["streams"]["talk"]
    columns = {name: talk["columns"][name] for name in ("conversation", "turn", "author", "donated")}
    conversations = {key: talk["conversations"][key] for key in ("by", "turn", "author", "labels")}
    held_out: list[str] = []
    for fold in range(5):
        stream = streamed("talk", fold=fold, columns=columns, conversations=conversations)["talk"]
        sides = {split: reader.rows(rows) for split, (reader, rows) in stream._splits.items()}
        assert not set(sides["learn"]["author"]) & set(sides["held_out"]["author"])
        dialogues = set(sides["held_out"]["conversation"])
        assert 150 <= len(dialogues) <= 160
        assert len(dialogues | set(sides["learn"]["conversation"])) >= 789 - 15
        held_out += dialogues
    assert len(held_out) == len(set(held_out)) >= 765


def test_each_dialogue_tells_its_donation_once_and_the_traits_of_both_authors(streamed):
    brain = streamed("talk", folds=None, stratify=None, leave_out_ties=False)
    donated, trait, turns = (brain.probe(f"talk.{port}", keep=20_000) for port in ("donated", "open", "conversation"))
    brain["talk"].play("learn", 0)
    brain.wake("talk")
    brain.run()
    assert Counter(label for signal in donated.signals for label, in signal.value) == {"yes": 436, "no": 353}
    assert len(turns.signals) == 16_249
    assert sum(len(signal.ids) for signal in trait.signals) == 2 * 789 - 7


def test_sentences_have_the_acts_of_who_says_them(streamed):
    reader = streamed("sentences")["sentences"].reader
    rows = reader.rows(np.arange(len(reader)))
    acts = Counter((role[0], act[0] if act else None) for role, act in zip(rows["role"], rows["act"], strict=True))
    assert acts["persuadee", None] == 3566
    assert acts["persuader", "logical-appeal"] == 322
    assert sum(count for (role, act), count in acts.items() if act == "none") == 4448 - 322 - 243
