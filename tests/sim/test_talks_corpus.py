"""The embedded `talks` corpus keeps what its page promises of it."""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import pytest

from aura.plugins.manager import PluginManager
from aura.sim.build import build_brain
from aura.sim.scenario import read_scenario

PAGE = Path(__file__).parents[2] / "docs" / "corpus.md"
ACTS = {"greet", "ask", "tell", "offer", "object", "accept", "decline", "thank"}


class Turn(NamedTuple):
    """One turn of the corpus."""

    conversation: str
    turn: int
    author: str
    role: str
    act: str
    outcome: str
    text: str


def lines(name: str) -> list[list[str]]:
    """Return the cells of each line of a shipped file, split by hand so that no reader can hide a fault of it."""
    data = files("aura.sim").joinpath("scenarios", name).read_bytes().decode("utf-8")
    assert data.endswith("\n")
    return [line.split("\t") for line in data.removesuffix("\n").split("\n")]


@pytest.fixture(scope="module")
def turns() -> list[Turn]:
    header, *rows = lines("talks.tsv")
    assert header == list(Turn._fields)
    return [Turn(row[0], int(row[1]), *row[2:]) for row in rows]


@pytest.fixture(scope="module")
def talks(turns: list[Turn]) -> dict[str, list[Turn]]:
    found: dict[str, list[Turn]] = defaultdict(list)
    for turn in turns:
        found[turn.conversation].append(turn)
    return found


@pytest.fixture(scope="module")
def manners() -> dict[str, str]:
    header, *rows = lines("talks-authors.tsv")
    assert header == ["author", "manner"]
    return dict(rows)


def test_conversations_are_numbered_and_so_are_their_6_to_12_turns(turns, talks):
    assert list(talks) == [f"t{number:02d}" for number in range(1, 64)]
    assert [turn.conversation for turn in turns] == sorted(turn.conversation for turn in turns)
    for talk in talks.values():
        assert [turn.turn for turn in talk] == list(range(1, len(talk) + 1))
        assert 6 <= len(talk) <= 12


def test_a_helper_and_an_asker_speak_in_each_conversation(talks):
    for talk in talks.values():
        assert {turn.role for turn in talk} == {"helper", "asker"}
        assert len({(turn.author, turn.role) for turn in talk}) == 2


def test_authors_talk_within_nine_circles_of_three_so_that_they_can_be_held_out(talks, manners):
    circles = {author: (number - 1) // 3 for number, author in enumerate(sorted(manners), 1)}
    assert len(manners) == 27
    assert {len({circles[turn.author] for turn in talk}) for talk in talks.values()} == {1}
    assert Counter(circles[talk[0].author] for talk in talks.values()) == dict.fromkeys(range(9), 7)


def test_every_author_is_seen_with_both_outcomes_which_are_of_like_number(talks):
    outcomes = defaultdict(set)
    for talk in talks.values():
        assert len({turn.outcome for turn in talk}) == 1
        for turn in talk:
            outcomes[turn.author].add(turn.outcome)
    assert set(map(frozenset, outcomes.values())) == {frozenset({"agreed", "not agreed"})}
    assert Counter(talk[0].outcome for talk in talks.values()) == {"agreed": 32, "not agreed": 31}


def test_the_outcome_follows_from_one_of_the_last_two_turns(talks):
    for talk in talks.values():
        answers = [(len(talk) - turn.turn, turn.act) for turn in talk if turn.act in ("accept", "decline")]
        assert [act for _, act in answers] == ["accept" if talk[0].outcome == "agreed" else "decline"]
        assert answers[0][0] <= 1


def test_every_act_is_seen_at_least_thirty_times(turns):
    counts = Counter(turn.act for turn in turns)
    assert set(counts) == ACTS
    assert min(counts.values()) >= 30


def test_chatty_authors_say_more_in_a_turn_than_terse_ones(turns, manners):
    words = defaultdict(list)
    for turn in turns:
        words[turn.author].append(len(turn.text.split()))
    means = {author: sum(counts) / len(counts) for author, counts in words.items()}
    assert max(mean for author, mean in means.items() if manners[author] == "terse") < 5
    assert min(mean for author, mean in means.items() if manners[author] == "chatty") > 15
    assert Counter(manners.values()) == {"terse": 13, "chatty": 14}


def test_texts_are_unique_and_plain(turns):
    assert [text for text, count in Counter(turn.text for turn in turns).items() if count > 1] == []
    assert [turn.text for turn in turns if not re.fullmatch(r"[A-Z][^\x00-\x1f\x7f\"\\|]*[.?!]", turn.text)] == []
    assert [turn.text for turn in turns if turn.text != " ".join(turn.text.split())] == []


def test_the_settings_of_the_page_play_it_and_hold_out_authors_of_their_own(turns, talks):
    block = next(block for block in re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
                 if "talks.tsv" in block)
    folder = str(files("aura.sim").joinpath("scenarios"))
    seen = []
    for fold in range(3):
        table = tomllib.loads(block)
        table["streams"]["talk"] |= {"folds": 3, "fold": fold}
        scenario = read_scenario({"aura": 1, "name": "x", "base": folder, **table})
        with build_brain(scenario, PluginManager(), autoplay=True) as brain:
            author, outcome, manner = (brain.probe(f"talk.{port}") for port in ("author", "outcome", "manner"))
            brain.run()
            learned = {name for signal in author.signals for name in signal.value}
            assert (len(outcome.signals), len(manner.signals)) == (42, 84)
        seen += [turn.author for turn in turns if turn.author not in learned]
    assert Counter(seen) == Counter(turn.author for turn in turns)
