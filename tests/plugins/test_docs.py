"""The plugin guide names every hook and check as they are; `tests/test_documents.py` runs its examples."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from aura.plugins import specs
from aura.testing import CHECKS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", specs.__all__)
def test_every_hook_has_a_heading_with_its_exact_signature(name: str) -> None:
    arguments = ", ".join(inspect.signature(getattr(specs, name)).parameters)
    assert f"\n### {name}({arguments})\n" in GUIDE


def test_no_heading_names_a_hook_that_is_none() -> None:
    assert sorted(re.findall(r"^### (\w+)\(", GUIDE, re.MULTILINE)) == sorted(specs.__all__)


@pytest.mark.parametrize("name", specs.__all__)
def test_every_hook_says_when_it_fires_and_has_a_test(name: str) -> None:
    assert len(inspect.getdoc(getattr(specs, name)) or "") > 40
    assert f"def test_hook_{name}(" in (Path(__file__).parent / "test_hooks.py").read_text(encoding="utf-8")


def test_every_check_has_its_row() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", GUIDE.partition("## Conformance")[2], re.MULTILINE)
    assert rows == [check.__name__ for check in CHECKS]
