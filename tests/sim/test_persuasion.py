"""`persuasion-plastic`: the encoder learns from every sentence, and from earlier ones once more."""

from __future__ import annotations

import os

import pytest

from aura.sim.notebook import load_brain


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("AURA_DATA"), reason="AURA_DATA is not set")
def test_every_sentence_is_learned_when_it_comes_and_earlier_ones_between() -> None:
    with load_brain("persuasion-plastic", "talk.items=4", "sensory.plastic.rehearse=6") as brain:
        brain.run(until="60 ms")
        mover = brain["sensory"].state()["plastic"]["mover"]
        # Of 4 that have come all are read again, of 8 and of 12 six.
        assert (mover["items"], mover["steps"]) == (3 * 4 + 4 + 6 + 6, 6)
        assert not [notice for notice in brain.all_notices() if "gradient" in str(notice)]
