"""How long the command takes to answer: minimum and median of ten starts each.

The bar is ``aura --help`` under 0.3 s. Run it by hand on a machine that does nothing else:
``python benchmarks/start.py``.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

STARTS = 10
HELP_BAR_S = 0.3
COMMANDS = ("--help", "zones", "plugins", "describe feelings")


def seconds(command: list[str]) -> float:
    """Return how long a command takes, from its start to its end."""
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    return time.perf_counter() - began


def main() -> None:
    """Print a line for each command, and one for Python alone beside them."""
    installed = Path(sys.executable).with_name("aura")
    aura = [str(installed)] if installed.exists() else [sys.executable, "-m", "aura"]
    commands = {"python -c pass": [sys.executable, "-c", "pass"]}
    commands |= {f"aura {words}": [*aura, *words.split()] for words in COMMANDS}
    print(f"{'command':<24}{'minimum':>10}{'median':>10}   of {STARTS} starts")
    for name, command in commands.items():
        seconds(command)  # the first one reads files that the others find in memory
        took = [seconds(command) for _ in range(STARTS)]
        bar = f"   bar: {HELP_BAR_S} s" if name == "aura --help" else ""
        print(f"{name:<24}{min(took):>8.3f} s{statistics.median(took):>8.3f} s{bar}")


if __name__ == "__main__":
    main()
