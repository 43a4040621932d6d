"""Label sets become targets; what is no label set is refused."""

from __future__ import annotations

import pytest

from aura.core.errors import SignalError
from aura.zones.amygdala.labels import Vocabulary
from aura.zones.amygdala.params import TaskOptions


def vocabulary(**options: object) -> Vocabulary:
    return Vocabulary("emotion", TaskOptions(**options))


def test_classes_keep_the_order_in_which_they_were_met() -> None:
    words = vocabulary(classes=("neutral",))
    words.targets([("joy", "fear"), ("anger", "joy")], "t")
    assert words.names == ["neutral", "joy", "fear", "anger"]


def test_a_label_twice_counts_once_and_an_empty_set_is_all_negative() -> None:
    targets = vocabulary(classes=("joy", "fear")).targets([("joy", "joy"), ()], "t")
    assert targets.matrix.tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert targets.rows.tolist() == [0, 1]


def test_an_unknown_label_stops_a_closed_task_with_the_nearest_class() -> None:
    with pytest.raises(SignalError, match=r"amygdala\.emotion_teacher.*got 'jyo'.*'joy'"):
        vocabulary(classes=("joy", "fear"), open=False).targets([("jyo",)], "amygdala.emotion_teacher", 3)


def test_an_unknown_label_is_left_out_and_counted_where_that_is_asked_for() -> None:
    words = vocabulary(classes=("joy",), open=False, on_unknown="skip")
    targets = words.targets([("joy", "envy"), ("envy",)], "t")
    assert targets.matrix.tolist() == [[1.0], [0.0]]
    assert targets.unknown == 2
    assert words.names == ["joy"]


def test_a_single_label_task_refuses_several_and_passes_over_none() -> None:
    words = vocabulary(classes=("joy", "fear"), multi_label=False)
    targets = words.targets([(), ("fear", "fear")], "t")
    assert targets.rows.tolist() == [1]
    assert targets.matrix.tolist() == [[0.0, 1.0]]
    with pytest.raises(SignalError, match="2 labels: joy, fear"):
        words.targets([("joy", "fear")], "t")


def test_a_class_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="stand twice: joy"):
        TaskOptions(classes=("joy", "joy"))
