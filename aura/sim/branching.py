"""What a branch plays otherwise than the run that it comes from: its seed and its streams, told or refused by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from aura.core.changes import changed
from aura.core.errors import CheckpointError, StreamError
from aura.core.notices import Notices
from aura.sim.runfolder import RunFolder
from aura.sim.scenario import Scenario, StreamModel
from aura.sim.streams.played import PlayedStream

__all__ = ["tell_branch"]

TIMED_BY = ("items", "period", "rate", "time", "time_unit", "spread_over", "follows")
"""Settings of a stream by which its state says when the next row comes: over that state they cannot be others."""
ORDERED_BY = ("shuffle", "curriculum")
"""Settings by which a pass is ordered, of which a state knows only how far it has come."""
_REORDERED = "; of a pass that had begun, some rows may come again and others not at all"


def tell_branch(scenario: Scenario, checkpoint: Path, streams: Mapping[str, object], notices: Notices) -> None:
    """Tell what seed and stream settings of a branch are not those of its origin, and what becomes of that.

    Parameters
    ----------
    scenario : Scenario
        Of the branch.
    checkpoint : Path
        Where it begins, in the folder of the run that it comes from; if that is gone, nothing is told.
    streams : mapping of str to Zone
        Its streams.
    notices : Notices

    Raises
    ------
    CheckpointError
        For another setting by which rows that are played from a file are timed.
    """
    folder = RunFolder(checkpoint.parent.parent)
    if not (folder.path / "scenario.toml").is_file():
        return
    origin = folder.written_scenario()
    played = [name for name, stream in streams.items() if isinstance(stream, PlayedStream)]
    if scenario.seed != origin.seed:
        notices.tell("the seed", f"is {scenario.seed}, was {origin.seed}: {_drawn(scenario, played)}; zones go on "
                                 "with the random streams of the checkpoint")
    for name, model in scenario.streams.items():
        for key, old, new in changed(origin.streams[name].model_dump(mode="json"), model.model_dump(mode="json")):
            setting = key.partition(".")[0]
            if name in played and setting in TIMED_BY:
                raise CheckpointError(
                    f"streams.{name}.{key}", expected=f"{old}, by which the state in the checkpoint times the rows",
                    got=new, hint="Leave it as it was, or begin a run anew: in a branch it cannot be changed.")
            order = _REORDERED if setting in ORDERED_BY else ""
            notices.tell(name, f"goes on with {key} = {new}, which was {old} in the run that it comes from{order}")


def other_rows(error: StreamError, scenario: Scenario, checkpoint: Path) -> StreamError:
    """Return the error of a stream that has other rows than its state, naming the settings that are others too."""
    origin = RunFolder(checkpoint.parent.parent)
    name = error.where
    if name not in scenario.streams or not (origin.path / "scenario.toml").is_file():
        return error
    old, new = (each.streams[name].model_dump(mode="json") for each in (origin.written_scenario(), scenario))
    others = [f"{key} = {now}, which was {before}" for key, before, now in changed(old, new)]
    if not others:
        return error
    return StreamError(name, expected=error.expected, got=f"{error.got}, with {'; '.join(others)}",
                       hint="Leave that as it was, or begin a run anew: a branch goes on with the rows of its origin.")


def _drawn(scenario: Scenario, played: Collection[str]) -> str:
    """Return what is drawn by the seed from now on."""
    drawn = [name for name, model in scenario.streams.items() if name in played and _draws(model)]
    return f"by it the order, split or change of the rows of {', '.join(drawn)} is drawn anew" if drawn \
        else "no stream draws anything by it"


def _draws(model: StreamModel) -> bool:
    return (model.shuffle or (model.hold_out > 0.0 and model.hold_out_from == "random" and model.hold_out_seed is None)
            or (model.change is not None and model.change.seed is None))
