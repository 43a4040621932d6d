"""What a run does when something breaks under it: how soon it ends, with how much memory, and what is left.

Run by hand: ``python benchmarks/faults.py``; about five minutes. A run with the text encoder, paced by the clock, is
broken in mid-run in each of the ways below. Printed for each: seconds from the fault to the end of the process, by the
wall clock and of the processor, the largest resident memory before and after the fault in MiB, the exit status, the
newest checkpoint that is left and whether `aura resume` finishes the run from it, and the last line that was said. The
full disk is a tmpfs of its own, which needs the right to mount one; without it that line is left out.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aura.core.checkpoint import checkpoint_time, list_checkpoints

ZONES = '''
import time
from pathlib import Path
import numpy as np
from aura import Manifest, Port, Zone, ZoneParams, hookimpl

class BombParams(ZoneParams):
    """When it raises, in ns."""
    at: int = 0
    always: bool = False

class Bomb(Zone):
    """Holds 2 MB and raises at an instant, or from then on."""
    def __init__(self, context):
        super().__init__(context)
        self.weights = np.zeros(250_000)
    def step(self, now, inputs):
        self.weights += 1
        if self.params.at and (now >= self.params.at if self.params.always else now == self.params.at):
            mark = Path("fault")
            if not mark.exists():
                mark.write_text(str(time.monotonic()))
            raise ValueError("it always does")
        return {"value": np.asarray(self.weights[0], "float32")}
    def state(self):
        return {"weights": self.weights}
    def load_state(self, state):
        self.weights = state["weights"]

@hookimpl
def aura_zones():
    return [Manifest("bomb", Bomb, "Raises.", params=BombParams, outputs=(Port("value"),), period="10 ms")]
'''

SCENARIO = '''
aura = 1
name = "faults"
realtime = 1.0
until = "40 s"
plugins = ["zones.py"]
pathways = ["rows.text -> sensory.text", "sensory.embedding -> amygdala.embedding",
            "rows.label -> amygdala.label_teacher"]
[streams.rows]
kind = "jsonl"
path = "rows.jsonl"
columns = {text = "text", label = {from = "label", type = "tags"}}
rate = "50 Hz"
repeat = 100
[zones.sensory]
[zones.amygdala]
params = {tasks = {label = {}}}
[zones.bomb]
[checkpoints]
every = "2 s"
[metrics.label]
kind = "classification"
truth = "rows.label"
prediction = "amygdala.label"
'''
RUN = (sys.executable, "-c", "from aura.sim.cli import main; main()", "run", "faults.toml", "--quiet", "--out")
FAULT_S = 5.0
"""When the fault comes: after so many seconds of the run's own time."""
LONGEST_S = 180


def main() -> None:
    """Break a run in every way and print what came of it."""
    print("| fault | end after s | CPU s | MiB before | after | status | newest checkpoint | resumed to | last line |")
    print("|---|---|---|---|---|---|---|---|---|")
    at = int(FAULT_S * 1e9)
    tell("zone that always raises", [f"bomb.at={at}", "bomb.always=true"])
    tell("zone that raises at every tick, restarted", [f"bomb.at={at}", "bomb.always=true", "bomb.on_error=restart",
                                                       "until=12 s"], resume=False)
    tell("zone that always raises, 9 s after the only checkpoint", [f"bomb.at={9 * 10**9}", "bomb.always=true",
                                                                     "checkpoints.every=0 s"])
    tell("SIGTERM", [], lambda process, out: process.send_signal(signal.SIGTERM))
    tell("SIGINT", [], lambda process, out: process.send_signal(signal.SIGINT))
    tell("SIGKILL", [], lambda process, out: process.kill())
    tell("folder removed", [], lambda process, out: shutil.rmtree(out))
    tell("folder moved", [], lambda process, out: out.rename(out.with_name("elsewhere")))
    tell("no file may grow (RLIMIT_FSIZE)", [], lambda process, out: resource.prlimit(
        process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY)))
    tell("disk full", [], lambda process, out: fill(out), mount_mib=40)
    tell("encoder missing", ["sensory.model='/nowhere/encoder'"], resume=False)


def tell(name: str, settings: list[str], fault: Callable[[subprocess.Popen[str], Path], Any] | None = None, *,
         resume: bool = True, mount_mib: int = 0) -> None:
    """Break one run and print its line."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        words = ("joy", "grief", "calm", "anger")
        (place / "rows.jsonl").write_text("".join(
            json.dumps({"text": f"{word} {number}", "label": [word]}) + "\n"
            for number in range(50) for word in words), encoding="utf-8")
        (place / "zones.py").write_text(ZONES, encoding="utf-8")
        (place / "faults.toml").write_text(SCENARIO, encoding="utf-8")
        (place / "disk").mkdir()
        try:
            with disk(place / "disk", mount_mib):
                print("|", name, "|", " | ".join(broken(place, settings, fault, resume)), "|", flush=True)
        except PermissionError:
            print("|", name, "| left out: no right to mount a tmpfs | | | | | | | |", flush=True)


def broken(place: Path, settings: list[str], fault: Callable[[subprocess.Popen[str], Path], Any] | None,
           resume: bool) -> Iterator[str]:
    """Give the cells of one line."""
    out = place / "disk/run"
    chosen = [word for setting in settings for word in ("--set", setting)]
    process = subprocess.Popen([*RUN, str(out), *chosen], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True)
    began: float | None = None
    broke: float | None = None
    memory: list[tuple[float, float]] = []
    worked: list[tuple[float, float]] = []
    limit = time.monotonic() + LONGEST_S
    while process.poll() is None and time.monotonic() < limit:
        now = time.monotonic()
        memory.append((now, resident_mib(process.pid)))
        worked.append((now, processor_s(process.pid)))
        if began is None and list_checkpoints(out / "checkpoints"):
            began = now
        if fault is not None and broke is None and began is not None and now - began > FAULT_S:
            broke = time.monotonic()
            fault(process, out)
        time.sleep(0.02)
    ended = time.monotonic()
    process.kill()
    lines = process.communicate()[0].strip().splitlines()
    if (place / "fault").exists():
        broke = float((place / "fault").read_text())
    broke = broke or memory[0][0]
    before = max((mib for at, mib in memory if at <= broke), default=0.0)
    after = max((mib for at, mib in memory if at > broke), default=0.0)
    yield f"{ended - broke:.1f}"
    used = [spent for _, spent in worked if spent]
    yield f"{max(used) - max((spent for at, spent in worked if at <= broke), default=0.0):.1f}"
    yield f"{before:.0f}"
    yield f"{after:.0f}"
    yield str(process.returncode)
    left = next((found for found in (out, out.with_name("elsewhere")) if found.is_dir()), out)
    kept = list_checkpoints(left / "checkpoints")
    yield checkpoint_time(kept[-1], 1_000_000) if kept else "none"
    yield resumed(left, place) if resume and kept else "-"
    yield f"`{lines[-1] if lines else ''}`"


def resumed(out: Path, place: Path) -> str:
    """Return how far `aura resume` comes with the zone mended and room on the disk."""
    for filling in out.parent.glob("filling"):
        filling.unlink()
    saved = out / "scenario.toml"
    text = saved.read_text(encoding="utf-8").replace("always = true", "always = false").replace("realtime = 1.0",
                                                                                                "realtime = 0.0")
    saved.write_text(text, encoding="utf-8")
    (place / "zones.py").write_text(ZONES.replace("if self.params.at", "if False and self.params.at"), encoding="utf-8")
    done = subprocess.run([*RUN[:3], "resume", str(out), "--quiet"], cwd=place, capture_output=True, text=True,
                          timeout=LONGEST_S, check=False)
    lines = [line for line in done.stdout.splitlines() if " at " in line]
    return f"{lines[0].partition(':')[0]}" if lines and not done.returncode else f"status {done.returncode}"


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process, 0 once it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def processor_s(pid: int) -> float:
    """Return the processor time of a process in user and system mode, 0 once it has ended."""
    try:
        spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return 0.0
    return sum(map(int, spent)) / os.sysconf("SC_CLK_TCK")


def fill(out: Path) -> None:
    """Write to the disk that a run is on until there is no room."""
    with (out.parent / "filling").open("wb", buffering=0) as file:
        block = bytes(65_536)
        try:
            while file.write(block):
                pass
        except OSError:
            pass


@contextmanager
def disk(folder: Path, mib: int) -> Iterator[None]:
    """Make a folder a small disk of its own, if `mib` is not 0."""
    if not mib:
        yield
        return
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "none", str(folder)], capture_output=True,
                          check=False)
    if done.returncode:
        raise PermissionError
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=False)


if __name__ == "__main__":
    main()
