"""The energy gate and misspelt modulators, at a zone that knows nothing of the gate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Port, Zone, load_brain
from aura.core.errors import WiringError


class Tired(Zone[Any]):
    """Says that there is no energy, and a learning rate whose name is misspelt."""

    manifest = Manifest("tired", "", period="1 ms",
                        outputs=(Port("energy_gate", role="modulator"), Port("lerning_rate", role="modulator")))

    def step(self, now: int, inputs: Any) -> dict[str, Any]:
        return {port.name: np.float32(0) for port in self.context.outputs}


def feelings(modulator: str) -> Brain:
    brain = load_brain("feelings")
    brain.add(Tired)
    brain.connect(f"tired.{modulator}", "amygdala.modulators")
    return brain


@pytest.mark.slow
def test_without_energy_the_amygdala_learns_no_item_and_all_are_counted() -> None:
    with feelings("energy_gate") as brain:
        items = brain.probe("diary.emotion")
        brain.run(until="1 s")
        shown = sum(len(signal.value) for signal in items.signals)
        (notice,) = [notice for notice in brain.all_notices() if notice.source == "amygdala"]
        assert notice.text == "left {count} items unlearned while energy_gate was below 0.1"
        assert shown - 2 <= notice.count <= shown  # the last are still on their way
        assert all(not row for block in [brain.read("amygdala.emotion")] for row in block)


def test_a_misspelt_modulator_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(WiringError, match=r"obeys: .*got 'lerning_rate'\. Try 'learning_rate'"):
        feelings("lerning_rate").build()
