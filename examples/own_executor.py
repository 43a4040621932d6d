"""An executor in one plugin file: it computes the zones of a tick in an order drawn at random, and no bit changes."""

import random
import subprocess
import sys
import tempfile
from pathlib import Path

from aura import hookimpl
from aura.core.executor import ExecutorKind, SerialExecutor


class Shuffled(SerialExecutor):
    """Zones of one tick do not hear of each other before the next, so that they commute."""

    def compute(self, nodes, now):
        order = random.sample(range(len(nodes)), len(nodes))
        results = super().compute([nodes[place] for place in order], now)
        return [result for _, result in sorted(zip(order, results, strict=True), key=lambda pair: pair[0])]


@hookimpl
def aura_executors():
    return [ExecutorKind("shuffled", "The zones of a tick one after the other, in any order.", Shuffled)]


if __name__ == "__main__":
    from aura.plugins.recording import Recording, first_difference

    with tempfile.TemporaryDirectory() as folder:
        for executor in ("serial", "shuffled"):
            subprocess.run([sys.executable, "-m", "aura", "run", "feelings", "--until", "2 s", "--quiet",
                            "--set", f"plugins=[{__file__!r}]", "--executor", executor,
                            "--out", f"{folder}/{executor}"], check=True, stdout=subprocess.DEVNULL)
        serial, shuffled = (Recording(Path(folder, executor, "recording")) for executor in ("serial", "shuffled"))
        print(first_difference(serial, shuffled) or "identical")
