"""Whatever takes a file or a folder takes it as a text, too."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from aura import Brain, Zone
from aura.core import checkpoint, state
from aura.plugins import discovery, manager, recording, report
from aura.plugins.recording import scan, segments
from aura.sim import notebook, runfolder, runner, scenario
from aura.zones.common import heads
from aura.zones.experts import expert_file

PLACES = (checkpoint, state, discovery, manager, recording, report, scan, segments, notebook, runfolder, runner,
          scenario, heads, expert_file)
MADE_BY_AURA = {"head_array", "sync_path", "read_origin", "segment_path",
                "open_segment", "read_bytes", "write_bytes"}  # what only AURA itself calls


def functions() -> list[Any]:
    found: dict[str, Any] = {"Brain.save": Brain.save, "Brain.load": Brain.load, "Zone.export": Zone.export,
                             "Zone.load_export": Zone.load_export, "Brain.export": Brain.export}
    for module in PLACES:
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isclass(thing):
                found |= {f"{name}.{key}": method for key, method in vars(thing).items()
                          if inspect.isfunction(method) and (key == "__init__" or not key.startswith("_"))}
            elif inspect.isfunction(thing) and name not in MADE_BY_AURA:
                found[name] = thing
    return [pytest.param(function, id=name) for name, function in sorted(found.items())]


@pytest.mark.parametrize("function", functions())
def test_a_path_may_be_a_text(function: Any) -> None:
    for name, parameter in inspect.signature(function).parameters.items():
        annotation = str(parameter.annotation)
        if "Path" in annotation:
            assert "str" in annotation, f"{name}: {annotation}"


def test_checkpoints_are_found_and_read_by_texts(tmp_path: Path) -> None:
    brain = Brain()
    brain.save(str(tmp_path))
    [found] = checkpoint.list_checkpoints(str(tmp_path))
    assert checkpoint.latest_checkpoint(str(tmp_path)) == found
    assert checkpoint.read_checkpoint(str(found))[0]["time"] == 0
    assert brain.load(str(found)) == {}
