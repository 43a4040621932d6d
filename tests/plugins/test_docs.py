"""Every hook says when it fires, and the guides name the hooks that register and the checks as they are."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from aura.plugins import specs
from aura.plugins.manager import PluginManager
from aura.testing import CHECKS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SPECS = {**{point.hook: getattr(point.spec(), point.hook) for point in PluginManager().points().values()},
         **{name: getattr(specs, name) for name in specs.__all__}}


def rows(page: str, heading: str) -> list[str]:
    """Return the names in the first column of the table under a heading."""
    part = (DOCS / page).read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)


def test_every_hook_that_registers_has_its_row() -> None:
    registering = {name for name in SPECS if not re.match("aura_(before|after|on)_", name)}
    assert set(rows("plugins.md", "What a plugin may bring")) == registering


@pytest.mark.parametrize("name", SPECS)
def test_every_hook_says_when_it_fires_and_has_a_test(name: str) -> None:
    assert len(inspect.getdoc(SPECS[name]) or "") > 40
    assert f"def test_hook_{name}(" in (Path(__file__).parent / "test_hooks.py").read_text(encoding="utf-8")


def test_every_check_has_its_row() -> None:
    assert rows("own-zone.md", "Conformance") == [check.__name__ for check in CHECKS]
