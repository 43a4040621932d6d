"""The commands that run a brain."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import typer

from aura.core.checkpoint import checkpoint_at, checkpoint_time, latest_checkpoint
from aura.core.errors import AuraError, CheckpointError, DataError
from aura.core.paths import shell_word, shown_path
from aura.core.time import Time, parse_time
from aura.sim.cli.asked import Asked
from aura.sim.cli.ending import print_document, say_end
from aura.sim.cli.output import led_to_errors
from aura.sim.hold import Hold
from aura.sim.recovery import kept
from aura.sim.runfolder import RunFolder, default_folder
from aura.sim.runner import Run, RunOptions
from aura.sim.scenario import Scenario, embedded_scenarios, load_scenario, read_scenario, with_settings
from aura.sim.tracebacks import FILE as TRACEBACKS

__all__ = ["Asked", "branch_run", "export_run", "replay_run", "resume_run", "run_scenario", "warm_up_zones"]

FAULTS = 3
"""Exit status of a run that came to its end, but in which something was switched off or lost."""


def run_scenario(source: str, settings: Sequence[str], asked: Asked, *, seed: int | None, until: str | None,
                 executor: str | None, realtime: float | None, out: Path | None) -> None:
    """Run a scenario into a new folder."""
    chosen = [f"{key}={value!r}" for key, value in (("seed", seed), ("executor", executor), ("realtime", realtime))
              if value is not None]
    scenario = load_scenario(source, [*settings, *chosen])
    folder = RunFolder(out or default_folder(scenario.name))
    run = _make_run(scenario, folder, asked, until=_time(until))
    with _ending(run, asked.as_json):
        run.start()
    _say_end(run, asked.as_json)


def resume_run(folder: Path, asked: Asked, *, until: str | None) -> None:
    """Go on with the run in a folder."""
    place = RunFolder(folder)
    scenario = place.scenario(asked.base)
    if place.read().get("status") == "finished":
        typer.echo(f"{shown_path(folder)} has finished; there is nothing to resume.", err=asked.as_json)
        if not place.report.exists():  # it was ended while the report was written
            with Hold(place.path):
                typer.echo(f"report: {shown_path(_write_report(place))}", err=asked.as_json)
        if asked.as_json:
            print_document(place)
        return
    run = _make_run(scenario, place, asked, place, until=_time(until))
    with _ending(run, asked.as_json):
        run.resume()
    _say_end(run, asked.as_json)


def branch_run(folder: Path, settings: Sequence[str], asked: Asked, *, at: str | None, until: str | None,
               executor: str | None, out: Path | None) -> None:
    """Start a new run from a checkpoint of another."""
    origin = RunFolder(folder)
    chosen = [f"executor={executor!r}"] if executor else []
    scenario = read_scenario(with_settings(origin.scenario(asked.base).dump(), [*settings, *chosen]), str(folder))
    grid = parse_time(scenario.resolution)
    checkpoint = latest_checkpoint(origin.checkpoints) if at is None \
        else checkpoint_at(origin.checkpoints, parse_time(at, "--at"), grid)
    place, end = RunFolder(out or default_folder(scenario.name)), _time(until)
    if end is not None and end < parse_time(checkpoint_time(checkpoint, grid)):
        raise CheckpointError("--until", expected=f"a time after the checkpoint, {checkpoint_time(checkpoint, grid)}",
                              got=f"{until}, which lies before it", hint="Choose an earlier checkpoint with --at.")
    run = _make_run(scenario, place, asked, origin, until=end)
    typer.echo(f"branching from {checkpoint_time(checkpoint, grid)} of {shown_path(folder)}", err=asked.as_json)
    with _ending(run, asked.as_json):
        run.branch(checkpoint)
    _say_end(run, asked.as_json)


def replay_run(folder: Path, asked: Asked, *, executor: str | None, out: Path | None) -> None:
    """Run again what a run did and compare; status 1 if any bit differs."""
    from aura.plugins.recording import Recording, first_difference

    origin = RunFolder(folder)
    recorded, known = origin.scenario(asked.base), origin.read()
    status = known.get("status", "running")
    if status == "running":
        raise CheckpointError(str(folder), expected="a run that is over", got="one that was killed or still goes on",
                              hint=f"If it was killed: aura resume {shell_word(folder)}")
    if not origin.recording.is_dir():
        raise CheckpointError(str(folder), expected="a run with a recording", got="none",
                              hint="Was the run started with [record] enabled?")
    settings = [f"executor={executor!r}"] if executor else []
    # Pacing changes no bit, and a replay has no live input to wait for.
    scenario = read_scenario(with_settings(recorded.dump(), [*settings, "realtime=0.0"]), str(folder))
    place = RunFolder(out or default_folder(f"{scenario.name}-replay"))
    # A run that failed is played to the last good tick that it has kept; its recording may tell of ticks after that.
    # One whose recorder was switched off has recorded only its beginning.
    parted = status == "failed" or any(n.get("fault") and n.get("source") == "recorder"
                                       for n in known.get("notices", ()))
    last = parse_time(kept(origin.checkpoints) or "0 s")
    until = {"finished": None, "failed": last}.get(status, known.get("now", 0))
    run = _make_run(scenario, place, asked, origin, until=until, replay_of=origin)
    with _ending(run, asked.as_json):
        run.start()
    # One that was told to stop has come only so far, which is no difference.
    parted = parted or (run.status == "stopped" and (until is None or run.now < until))
    difference = first_difference(Recording(origin.path), Recording(place.path), beginning=parted)
    if difference is not None:
        typer.echo(f"the replay differs: {difference}", err=asked.as_json)
        if asked.as_json:
            print_document(run.folder, replay_of=str(folder), difference=str(difference))
        raise typer.Exit(1)
    as_far = ", as far as both go" if parted else ""
    typer.echo(f"the replay is identical to {shown_path(folder)}, bit for bit{as_far}", err=asked.as_json)
    _say_end(run, asked.as_json, **({"replay_of": str(folder), "difference": None} if asked.as_json else {}))


def export_run(folder: Path, out: Path, asked: Asked) -> None:
    """Load the newest checkpoint and let every zone export what it has learned."""
    place = RunFolder(folder)
    with asked.brain(place.scenario(asked.base), place) as brain:
        brain.load(latest_checkpoint(place.checkpoints))
        try:
            written = brain.export(out)
        except OSError as error:
            raise AuraError(f"--out {out}", expected="a folder that can be written to",
                            got=f"{type(error).__name__}: {error.strerror}", hint="Choose another --out.") from None
    if not written:
        raise AuraError(str(folder), expected="at least one zone that exports", got="none",
                        hint="`aura describe` shows the zones of a scenario.")
    for path in written:
        typer.echo(shown_path(path))


def warm_up_zones(source: str | None, settings: Sequence[str], asked: Asked) -> None:
    """Let every zone of a scenario, or of all embedded ones, compile or load what its first ticks need."""
    for name in embedded_scenarios() if source is None else [source]:
        try:
            scenario = load_scenario(name, settings)
            brain = asked.brain(scenario)
        except DataError as error:
            if source is not None:
                raise
            typer.echo(f"{name}: left out, {error}")
            continue
        with brain:
            brain.build()
            for zone in scenario.zones:
                begin = time.perf_counter()
                brain.warm_up(zone)
                typer.echo(f"{name}.{zone}: {time.perf_counter() - begin:.1f} s")


def _make_run(scenario: Scenario, folder: RunFolder, asked: Asked, origin: RunFolder | None = None, *,
              until: Time | None, replay_of: RunFolder | None = None) -> Run:
    observers: list[Any] = []
    if not asked.quiet:
        from aura.plugins.progress import Progress

        observers.append(progress := Progress())
        progress.say_loading(scenario.name)
    sources = asked.sources(scenario, origin)
    with led_to_errors(asked.as_json):
        return Run(scenario, folder, asked.manager(scenario, sources),
                   RunOptions(until=until, observers=observers, replay_of=replay_of, sources=sources))


def _time(text: str | None) -> Time | None:
    return None if text is None else parse_time(text, "--until")


@contextmanager
def _ending(run: Run, as_json: bool) -> Iterator[None]:
    """End the run cleanly at the first Ctrl-C (or SIGTERM), and at once at the second."""
    def on_signal(number: int, frame: FrameType | None) -> None:
        for name, handler in previous.items():
            signal.signal(name, handler)
        when = "once the brain is built" if run.building else "after this tick"
        sys.stderr.write(f"\nstopping {when}; press Ctrl-C again to stop at once\n")
        run.interrupt()

    previous = {name: signal.signal(name, on_signal) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        with led_to_errors(as_json):
            yield
    except KeyboardInterrupt:
        typer.echo("stopped at once", err=True)
        _say_what_is_kept(run, as_json)
        raise typer.Exit(128 + signal.SIGINT) from None
    except Exception:
        _say_what_is_kept(run, as_json)
        raise
    finally:
        for name, handler in previous.items():
            signal.signal(name, handler)


def _say_what_is_kept(run: Run, as_json: bool) -> None:
    """Say what a run that failed has left, if it has played anything."""
    if run.status != "failed":
        return
    for line in run.trouble:
        typer.echo(line, err=True)
    tracebacks = run.folder.path / TRACEBACKS
    if tracebacks.is_file() and tracebacks.stat().st_size:
        typer.echo(f"tracebacks: {shown_path(tracebacks)}", err=True)
    place = RunFolder(run.moved) if run.moved else run.folder
    last = kept(place.checkpoints, parse_time(run.scenario.resolution))
    folder = shown_path(place.path)
    where = f"{folder}, where its folder was moved" if run.moved else folder
    state = f"its state at {last} is kept in {where}" if last else f"nothing of it is kept in {folder}"
    typer.echo(f"the run failed; {state}", err=True)
    if as_json and last and not run.moved:
        print_document(run.folder)


def _write_report(place: RunFolder) -> Path:
    from aura.plugins.report import write_report

    return write_report(place.path)


def _say_end(run: Run, as_json: bool, **more: Any) -> None:
    """Say what came of a run; status 3 if something was switched off or lost."""
    if as_json:
        print_document(run.folder, **more)
        faults = sum(notice["fault"] for notice in run.folder.read().get("notices", []))
    else:
        faults = say_end(run.folder)
    for line in run.trouble:
        typer.echo(f"fault: {line}", err=as_json)
    faults += len(run.trouble)
    if faults:
        raise typer.Exit(FAULTS)
