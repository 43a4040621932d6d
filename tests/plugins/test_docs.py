"""The plugin guide names every hook and check as they are, and its examples run."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aura.plugins import specs
from aura.plugins.manager import PluginManager
from aura.testing import CHECKS, check_zone

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
ONE_FILE, CONFORMANCE, FROM_PYTHON = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


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


def test_the_plugin_in_one_file_works_and_conforms(tmp_path: Path, site: Any) -> None:
    path = tmp_path / "echo.py"
    path.write_text(ONE_FILE, encoding="utf-8")
    manager = PluginManager(files=[path])
    assert (manager.infos()[-1].zones, manager.infos()[-1].error) == (("echo",), "")
    check_zone(manager.zone("echo"), module="aura")


@pytest.mark.slow
def test_the_other_examples_run_beside_it(tmp_path: Path) -> None:
    (tmp_path / "echo.py").write_text(ONE_FILE, encoding="utf-8")
    (tmp_path / "test_echo.py").write_text(CONFORMANCE, encoding="utf-8")
    (tmp_path / "show.py").write_text(FROM_PYTHON, encoding="utf-8")
    for command in (["show.py"], ["-m", "pytest", "-q", "-p", "no:nengo", "test_echo.py"]):
        done = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert ("Says how long each text is." in done.stdout) is (command == ["show.py"])
