"""The way of a row through the code: how many files it passes, how many calls, and how often from one file to another.

    python benchmarks/walk.py [SCENARIO ...]

Counts AURA's own functions by `sys.setprofile` in the ticks of a whole run, recorder, metrics and checkpoints included.
Prints a table in Markdown, by tick and by row.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import aura
from aura.core.loop import EventLoop
from aura.sim.plugins import scenario_plugins
from aura.sim.runfolder import RunFolder
from aura.sim.runner import Run
from aura.sim.scenario import load_scenario
from aura.sim.sources import Sources

HOME = str(Path(aura.__file__).parent)


class Walk:
    """Counts calls of AURA's functions, and changes of file from one to the next."""

    def __init__(self) -> None:
        self.ticks, self.calls, self.changes, self.files = 0, 0, 0, Counter[str]()
        self._last = ""

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(HOME):
            self.calls += 1
            self.files[file] += 1
            if file != self._last:
                self.changes += 1
                self._last = file

    def around(self, run: Any) -> Any:
        """Return the loop's `run`, counted."""

        def counted(loop: EventLoop, *how: Any) -> int:
            sys.setprofile(self)
            try:
                ticks: int = run(loop, *how)
            finally:
                sys.setprofile(None)
            self.ticks += ticks
            return ticks

        return counted


def walked(name: str) -> tuple[int, Walk]:
    """Return how many rows an embedded scenario has played, and what was counted."""
    scenario, walk, plain = load_scenario(name), Walk(), EventLoop.run
    with TemporaryDirectory() as place:
        folder = RunFolder(Path(place) / "run")
        EventLoop.run = walk.around(plain)  # type: ignore[method-assign]
        try:
            Run(scenario, folder, scenario_plugins(scenario, Sources(scenario.folder))).start()
        finally:
            EventLoop.run = plain  # type: ignore[method-assign]
        return sum(folder.read()["items"].values()), walk


def main() -> None:
    """Walk each scenario in turn."""
    print("| scenario | files | calls a tick | a row | changes of file a tick | a row |\n|---|---|---|---|---|---|")
    for name in sys.argv[1:] or ("feelings", "digits"):
        rows, walk = walked(name)
        print(f"| {name} | {len(walk.files)} | {walk.calls / walk.ticks:.0f} | {walk.calls / rows:.0f} | "
              f"{walk.changes / walk.ticks:.0f} | {walk.changes / rows:.0f} |", flush=True)


if __name__ == "__main__":
    main()
