"""What an export says of the forty emotions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aura.core.errors import StateError
from aura.zones.amygdala.emotions.export import Readouts, read_readouts, write_readouts

NAMES = ("joy", "fear")


def written(folder: Path) -> Path:
    weights, counts = np.zeros((4, 2)), np.zeros(2)
    write_readouts(folder, "emotion", NAMES, Readouts(weights, weights, counts, counts))
    (folder / "emotion_emotions.sha256").unlink()  # whoever changed a file did not write digests
    return folder / "emotion_emotions_labels.json"


@pytest.mark.parametrize("content", ["[" * 100_000, "{", '["joy"]', "7"])
def test_damaged_or_other_names_are_refused_by_their_file(tmp_path: Path, content: str) -> None:
    labels = written(tmp_path)
    labels.write_text(content)
    with pytest.raises(StateError, match=r"emotion_emotions_labels\.json: expected the emotions joy, fear"):
        read_readouts(tmp_path, "emotion", NAMES, 3)


@pytest.mark.parametrize("name", ["labelled", "trained"])
def test_less_than_no_data_is_refused(tmp_path: Path, name: str) -> None:
    written(tmp_path)
    path = tmp_path / f"emotion_emotions_{name}.npy"
    np.save(path, np.load(path) - 1e6)
    with pytest.raises(StateError, match=rf"_{name}\.npy: expected how much data there were"):
        read_readouts(tmp_path, "emotion", NAMES, 3)


def test_what_was_written_is_read_and_no_part_of_a_file_is_left(tmp_path: Path) -> None:
    written(tmp_path)
    found, files = read_readouts(tmp_path, "emotion", NAMES, 3)
    assert found.prototypes.shape == (4, 2)
    assert sorted(tmp_path.iterdir()) == sorted(files)
