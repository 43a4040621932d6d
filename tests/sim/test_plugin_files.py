"""A file that a scenario names as a plugin is meant to work: what is wrong with it ends the command at its start."""

from __future__ import annotations

import pytest

from aura.core.errors import PluginError
from aura.sim.notebook import load_brain

GOOD = """from aura import Manifest, Zone, hookimpl
class Quiet(Zone):
    def step(self, now, inputs): return None
@hookimpl
def aura_zones(): return [Manifest("quiet", Quiet, "Says nothing.", period="10 ms")]
"""


@pytest.fixture
def named(tmp_path, monkeypatch):
    """Write a scenario that names the file mine.py, and the file if there is any text for it."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        if text is not None:
            (tmp_path / "mine.py").write_text(text, encoding="utf-8")
        (tmp_path / "mine.toml").write_text('aura = 1\nname = "mine"\nuntil = "1 s"\nplugins = ["mine.py"]\n'
                                            "[zones.quiet]\n", encoding="utf-8")

    return write


@pytest.mark.parametrize(("text", "message"), [
    (None, "mine.py': expected a Python file, got none there"),
    ("import nothing_of_that_name\n", "ModuleNotFoundError: No module named 'nothing_of_that_name', at "),
    ("import nothing_of_that_name\n", "mine.py:1 in <module>: import nothing_of_that_name"),
    ("def f(:\n", "SyntaxError: invalid syntax, at "),
    ("def f(:\n", "mine.py:1: def f(:"),
    ("import json\njson.loads('{')\n", "mine.py:2 in <module>: json.loads('{')"),
    (GOOD.replace("aura_zones", "aura_zonse"), "aura_zones"),
    (GOOD.replace("return [Manifest", "raise RuntimeError('no'); return [Manifest"), "mine.py:5 in aura_zones: "),
    (GOOD.replace('"quiet"', '"amygdala"'), "amygdala"),
    ("import sys\nsys.exit(0)\n", "SystemExit: 0, at "),
])
@pytest.mark.parametrize("words", [("run", "--out", "out"), ("describe",)], ids=lambda words: words[0])
def test_a_file_with_a_mistake_ends_the_command_with_the_line(named, aura, tmp_path, text, message, words):
    named(text)
    answer = aura(words[0], "mine.toml", *words[1:])
    assert answer.status == 2
    assert message in answer.err
    assert len(answer.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_notebook_is_told_too(named):
    named("1 / 0\n")
    with pytest.raises(PluginError, match=r"ZeroDivisionError: division by zero, at .*mine\.py:1 in <module>: 1 / 0"):
        load_brain("mine.toml")


def test_a_file_that_is_blocked_may_be_broken(named, aura):
    named("1 / 0\n")
    assert "Plugin 'mine' is blocked and may bring it" in aura("describe", "mine.toml", "--no-plugin", "mine").err


@pytest.mark.parametrize(("where", "line"), [
    ("step", "def step(self, now, inputs): raise KeyError('gone')"),
    ("learn", "def learn(self, now, inputs): raise KeyError('gone')"),
    ("next_wake", "def next_wake(self, now): raise KeyError('gone')"),
    ("state", "def state(self): raise KeyError('gone')"),
    ("__init__", "def __init__(self, context): raise KeyError('gone')"),
])
def test_a_zone_that_raises_is_told_with_its_line_wherever_it_does(named, aura, where, line):
    named(GOOD.replace("    def step", f"    {line}\n    def step" if where != "step" else f"    {line}\n    def _"))
    answer = aura("run", "mine.toml", "--out", "out", "--quiet")
    assert answer.status == 2
    message = answer.err.splitlines()[-1]
    assert message.startswith("aura: quiet")
    assert "KeyError: 'gone'" in message
    assert f"mine.py:3 in {where}: {line}" in message
    assert "Traceback" not in answer.err


def test_the_line_is_that_of_the_users_code_and_not_of_a_library_that_it_calls(named, aura):
    named(GOOD.replace("return None", "import numpy as np; return np.linalg.inv(np.zeros((2, 2)))"))
    answer = aura("run", "mine.toml", "--out", "out", "--quiet")
    assert "LinAlgError: Singular matrix" in answer.err
    assert "mine.py:3 in step: def step(self, now, inputs): import numpy as np; return np.linalg.inv" in answer.err
