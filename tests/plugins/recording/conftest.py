"""What the tests of recordings share."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from aura import Brain

SMALL_BRAIN = Path(__file__).with_name("small_brain.py")


def end_as_if_killed(brain: Brain, folder: Path) -> None:
    """Close a brain, and leave the files in `folder` as a kill would have left them."""
    before = {path: path.read_bytes() for path in folder.iterdir()}
    brain.close()
    for path, content in before.items():
        path.write_bytes(content)


@pytest.fixture(scope="session")
def kill() -> Callable[[Brain, Path], None]:
    """The function that ends a brain as a kill would."""
    return end_as_if_killed


@pytest.fixture(scope="session")
def small_brain_file() -> Path:
    """The script that builds the small brain."""
    return SMALL_BRAIN


@pytest.fixture(scope="session")
def make_brain() -> Callable[..., Brain]:
    """The function that builds the small brain."""
    spec = importlib.util.spec_from_file_location("small_brain", SMALL_BRAIN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.make_brain
