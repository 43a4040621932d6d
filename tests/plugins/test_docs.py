"""The plugin guide names every hook and check as they are; `tests/test_documents.py` runs its examples."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from aura.plugins import specs
from aura.plugins.manager import PluginManager
from aura.testing import CHECKS

ROOT = Path(__file__).parents[2]
SPECS = {**{point.hook: getattr(point.spec(), point.hook) for point in PluginManager().points().values()},
         **{name: getattr(specs, name) for name in specs.__all__}}
GUIDE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SPECS)
def test_every_hook_has_a_heading_with_its_exact_signature(name: str) -> None:
    arguments = ", ".join(inspect.signature(SPECS[name]).parameters)
    assert f"\n### {name}({arguments})\n" in GUIDE


def test_no_heading_names_a_hook_that_is_none() -> None:
    assert sorted(re.findall(r"^### (\w+)\(", GUIDE, re.MULTILINE)) == sorted(SPECS)


@pytest.mark.parametrize("name", SPECS)
def test_every_hook_says_when_it_fires_and_has_a_test(name: str) -> None:
    assert len(inspect.getdoc(SPECS[name]) or "") > 40
    assert f"def test_hook_{name}(" in (Path(__file__).parent / "test_hooks.py").read_text(encoding="utf-8")


def test_every_check_has_its_row() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", GUIDE.partition("## Conformance")[2], re.MULTILINE)
    assert rows == [check.__name__ for check in CHECKS]
