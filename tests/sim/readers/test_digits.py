"""scikit-learn's digits as a stream."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.datasets import load_digits


def test_still_digits_are_those_of_scikit_learn_with_their_labels(opened):
    reader, known = opened("digits"), load_digits()
    rows = reader.rows([3, 0, 1796])
    assert len(reader) == 1797
    np.testing.assert_array_equal(rows["image"], (known.images[[3, 0, 1796]] / 16).astype(np.float32))
    assert rows["label"] == tuple((str(known.target[row]),) for row in (3, 0, 1796))
    assert rows["position"].tolist() == [0, 0, 0]


def test_a_moving_digit_shifts_by_one_pixel_a_frame_through_the_middle(opened):
    reader, known = opened("digits", frames=6), load_digits()
    rows = reader.rows(np.arange(6, 12))
    picture = (known.images[1] / 16).astype(np.float32)
    np.testing.assert_array_equal(rows["image"][3], picture)
    np.testing.assert_array_equal(rows["image"][4][:, 1:], picture[:, :-1])
    assert not rows["image"][4][:, 0].any()
    np.testing.assert_array_equal(rows["image"][0][:, :-3], picture[:, 3:])
    assert rows["position"].tolist() == list(range(6))
    assert set(rows["label"]) == {("1",)}


@pytest.mark.parametrize("frames", [0, 16])
def test_frames_that_would_show_nothing_are_refused(opened, frames):
    with pytest.raises(ValidationError, match="frames"):
        opened("digits", frames=frames)
