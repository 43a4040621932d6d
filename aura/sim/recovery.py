"""What a run that fails leaves: the state of its last good tick, where that can still be reached and saved."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from aura.core.blame import message_of
from aura.core.brain import Brain
from aura.core.checkpoint import checkpoint_time, latest_checkpoint
from aura.core.errors import CheckpointError
from aura.core.time import Time
from aura.plugins.checkpoints import Checkpoints
from aura.sim.phases import PhasePlayer

__all__ = ["LONGEST_S", "keep_last_good"]

LONGEST_S = 5.0
"""How long the way from the newest checkpoint to the last good tick is played again, in seconds of the wall clock."""


def keep_last_good(brain: Brain, player: PhasePlayer, checkpoints: Checkpoints, failed_at: Time, error: BaseException,
                   load: Callable[[Path], object], clock: Callable[[], float] = time.monotonic) -> str:
    """Leave a checkpoint of the last good tick, or of one on the way to it, and return why there is none, if so.

    A tick that broke off has left the brain half changed. So the brain is taken back to its newest checkpoint and
    plays again, by the same determinism, up to before that tick: for at most `LONGEST_S`, or until it is interrupted.
    Where it has come by then is saved. Whatever fails in this ends it, and the newest checkpoint stands.

    Parameters
    ----------
    brain, player, checkpoints
        Those of the run.
    failed_at : int
        The tick that broke off.
    error : BaseException
        Why. After a checkpoint that could not be written none is tried.
    load : function
        Takes the run back to a checkpoint.
    clock : function, seconds
        The wall clock.
    """
    if isinstance(error, CheckpointError):
        return ""  # it is said already
    try:
        if brain.broken:
            load(latest_checkpoint(checkpoints.folder))
            player.until = failed_at
            ends = clock() + LONGEST_S

            def watch(now: Time) -> None:
                if clock() >= ends:
                    player.interrupt()

            brain.pace = watch
            player.play()
        checkpoints.save()
    except KeyboardInterrupt:
        raise
    except BaseException as failure:
        return message_of(failure)
    return ""


def kept(folder: Path, grid: Time = 1) -> str:
    """Return the instant of the newest checkpoint that can be read, or nothing if there is none."""
    try:
        return checkpoint_time(latest_checkpoint(folder), grid)
    except CheckpointError:
        return ""
