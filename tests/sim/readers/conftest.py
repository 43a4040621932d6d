"""What the tests of readers share: opening one by its kind, and real data where there is some."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from aura.sim.readers import reader_kinds


@pytest.fixture
def opened(tmp_path):
    """Open a reader by kind and options, relative to the test's own folder."""

    def open_reader(kind: str, **options: Any) -> Any:
        found = reader_kinds()[kind]
        return found.open(found.options_model.model_validate(options), tmp_path)

    return open_reader


@pytest.fixture
def real_data():
    """The folder of real data sets, or skip."""
    root = os.environ.get("AURA_DATA")
    if not root:
        pytest.skip("AURA_DATA is not set")
    return Path(root)
