"""Notices are counted, told in the order in which they came, and last over save and load."""

import pytest

from aura.core.brain import Brain
from aura.core.notices import Notice, Notices
from aura.core.observer import Observer
from aura.core.zone import Manifest, Zone


def test_notices_are_printed_line_by_line():
    notices = Notices()
    assert str(notices) == "<no notices>"
    notices.tell("touch", "raised and was built anew", 3)
    notices.tell("diary", "is late")
    assert repr(notices) == "touch raised and was built anew (3 times)\ndiary is late"


class Careful(Zone):
    """Counts what it leaves out."""

    manifest = Manifest("careful", "", period="1 ms")

    def __init__(self, context):
        super().__init__(context)
        self.left = 0

    def step(self, now, inputs):
        self.left += 1

    def state(self):
        return {"left": self.left}

    def load_state(self, state):
        self.left = state["left"]

    def notices(self):
        return {"left out {count} things": self.left, "never did this": 0}


class Speechless(Careful):
    """Cannot say what it left out."""

    def notices(self):
        raise KeyError("lost")


class Fails(Observer):
    """Raises at the first tick."""

    name = "fails"

    def after_tick(self, now):
        raise ValueError("no")


def test_the_same_notice_is_counted_and_a_fault_is_another():
    notices = Notices()
    notices.tell("a", "did it")
    notices.tell("b", "did it")
    notices.tell("a", "did it", 2)
    notices.tell("a", "did it", fault=True)
    assert list(notices) == [Notice("a", "did it", 3), Notice("b", "did it"), Notice("a", "did it", fault=True)]
    again = Notices()
    again.load_state(notices.state())
    assert list(again) == list(notices)


def test_an_observer_that_is_switched_off_is_a_fault():
    brain = Brain()
    brain.add(Careful)
    brain.observe(Fails())
    brain.run(until="3 ms")
    fault = "raised in after_tick and was switched off: ValueError: no"
    assert brain.all_notices() == [Notice("fails", fault, fault=True), Notice("careful", "left out {count} things", 3)]


def test_notices_last_over_save_and_load(tmp_path):
    brain = Brain()
    brain.add(Careful)
    brain.observe(Fails())
    brain.run(until="3 ms")
    saved = brain.save(tmp_path)
    again = Brain()
    again.add(Careful)
    again.load(saved)
    assert again.all_notices() == brain.all_notices()


def test_a_zone_that_cannot_say_what_it_left_out_keeps_no_other_from_telling():
    brain = Brain()
    brain.add(Speechless)
    brain.add(Careful, "other")
    brain.run(until="1 ms")
    first, second = brain.all_notices()
    assert first.fault
    assert "KeyError: 'lost'" in str(first)
    assert str(second) == "other left out 1 thing"


@pytest.mark.parametrize("count, text", [(1, "a fell"), (1234, "a fell (1,234 times)")])
def test_a_count_above_one_is_shown(count, text):
    assert str(Notice("a", "fell", count)) == text
