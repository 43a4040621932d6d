"""The commands and their options; what they do is imported when one is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from aura.sim.cli.brought import Commands
from aura.sim.cli.completion import (
    executor_names,
    metric_names,
    point_names,
    scenario_names,
    stream_names,
    zone_names,
)

__all__ = ["app"]

app = typer.Typer(
    name="aura", help="AURA: a brain made of plugins that learns while it runs.", no_args_is_help=True, cls=Commands,
    epilog="Plugins bring more commands: `aura plugins commands`.", rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from aura import __version__

        typer.echo(f"aura {__version__}")
        raise typer.Exit


@app.callback()
def options(version: Annotated[bool, typer.Option("--version", is_eager=True, callback=_show_version,
                                                  help="Show the version and exit.")] = False) -> None:
    """AURA: a brain made of plugins that learns while it runs."""


ScenarioArgument = Annotated[str, typer.Argument(help="A scenario file, or the name of an embedded scenario.",
                                                 autocompletion=scenario_names)]
RunArgument = Annotated[Path, typer.Argument(help="The folder of a run.")]
Settings = Annotated[Optional[list[str]], typer.Option(  # noqa: UP045
    "--set", metavar="zone.param=value",
    help="Change a parameter of a zone, a stream or the scenario; `zone.param=` takes back what the file says; "
         "repeatable.")]
Seed = Annotated[Optional[int], typer.Option("--seed", help="Seed of every random stream.")]  # noqa: UP045
Until = Annotated[Optional[str], typer.Option("--until", metavar="TIME", help="Stop at this simulated time.")]  # noqa: UP045
Executor = Annotated[Optional[str], typer.Option(  # noqa: UP045
    "--executor", help="'serial', 'threads', 'processes', or one that a plugin brings; the same bits.",
    autocompletion=executor_names)]
Realtime = Annotated[Optional[float], typer.Option("--realtime", help="Pace by the clock; 1.0 is real time.")]  # noqa: UP045
Out = Annotated[Optional[Path], typer.Option("--out", help="Folder to write to.")]  # noqa: UP045
NoPlugin = Annotated[Optional[list[str]], typer.Option(  # noqa: UP045
    "--no-plugin", metavar="NAME", help="Block a plugin; repeatable.")]
Trace = Annotated[bool, typer.Option("--trace", help="Print every hook call.")]
NoCode = Annotated[bool, typer.Option("--no-code", help="Refuse to load code that the scenario names.")]
AcceptCode = Annotated[bool, typer.Option("--accept-code", help="Load the code though it changed since the run began.")]
Base = Annotated[Optional[Path], typer.Option(  # noqa: UP045
    "--base", metavar="FOLDER", help="The folder of the scenario's own files, if they were moved.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress line.")]
AsJson = Annotated[bool, typer.Option("--json", help="At the end print one JSON document, for programs.")]


@app.command()
def run(scenario: ScenarioArgument, settings: Settings = None, seed: Seed = None, until: Until = None,
        executor: Executor = None, realtime: Realtime = None, out: Out = None, no_plugin: NoPlugin = None,
        trace: Trace = False, quiet: Quiet = False, as_json: AsJson = False, no_code: NoCode = False) -> None:
    """Run a scenario and leave a run folder with a report."""
    from aura.sim.cli.running import Asked, run_scenario

    run_scenario(scenario, settings or [], Asked(no_plugin, trace, quiet, as_json, no_code), seed=seed, until=until,
                 executor=executor, realtime=realtime, out=out)


@app.command()
def resume(folder: RunArgument, until: Until = None, no_plugin: NoPlugin = None, trace: Trace = False,
           quiet: Quiet = False, as_json: AsJson = False,
           base: Base = None, no_code: NoCode = False, accept_code: AcceptCode = False) -> None:
    """Go on with a run that was stopped, bit for bit as if it had not been."""
    from aura.sim.cli.running import Asked, resume_run

    resume_run(folder, Asked(no_plugin, trace, quiet, as_json, no_code, accept_code, base), until=until)


@app.command()
def branch(folder: RunArgument, settings: Settings = None, until: Until = None, executor: Executor = None,
           at: Annotated[Optional[str], typer.Option("--at", metavar="TIME",  # noqa: UP045
                                                     help="The last checkpoint not after this time.")] = None,
           out: Out = None, no_plugin: NoPlugin = None, trace: Trace = False, quiet: Quiet = False,
           as_json: AsJson = False,
           base: Base = None, no_code: NoCode = False, accept_code: AcceptCode = False) -> None:
    """Start a new run from a checkpoint of another, with changed settings."""
    from aura.sim.cli.running import Asked, branch_run

    branch_run(folder, settings or [], Asked(no_plugin, trace, quiet, as_json, no_code, accept_code, base), at=at,
               until=until, executor=executor, out=out)


@app.command()
def replay(folder: RunArgument, executor: Executor = None, out: Out = None, no_plugin: NoPlugin = None,
           trace: Trace = False, quiet: Quiet = False, as_json: AsJson = False,
           base: Base = None, no_code: NoCode = False, accept_code: AcceptCode = False) -> None:
    """Run again what a run did, live input from its journal, and compare the recordings bit for bit."""
    from aura.sim.cli.running import Asked, replay_run

    replay_run(folder, Asked(no_plugin, trace, quiet, as_json, no_code, accept_code, base), executor=executor, out=out)


@app.command("warm-up")
def warm_up(scenario: Annotated[Optional[str], typer.Argument(  # noqa: UP045
                help="A scenario; without it all embedded ones whose data are here.",
                autocompletion=scenario_names)] = None,
            settings: Settings = None, no_plugin: NoPlugin = None, no_code: NoCode = False) -> None:
    """Compile ahead what a scenario's zones need, so that its runs begin at once."""
    from aura.sim.cli.running import Asked, warm_up_zones

    warm_up_zones(scenario, settings or [], Asked(no_plugin, no_code=no_code))


@app.command()
def report(folder: RunArgument) -> None:
    """Write the report of a run again."""
    from aura.core.paths import shown_path
    from aura.plugins.report import write_report

    typer.echo(shown_path(write_report(folder)))


@app.command()
def export(folder: RunArgument, out: Annotated[Path, typer.Option("--out", help="Folder to write to.")],
           no_plugin: NoPlugin = None,
           base: Base = None, no_code: NoCode = False, accept_code: AcceptCode = False) -> None:
    """Write what the zones of a run have learned, for use by other programs."""
    from aura.sim.cli.running import Asked, export_run

    export_run(folder, out, Asked(no_plugin, no_code=no_code, accept_code=accept_code, base=base))


@app.command()
def describe(scenario: ScenarioArgument, settings: Settings = None, no_plugin: NoPlugin = None,
             no_code: NoCode = False) -> None:
    """Show the graph and the schedule of a scenario without running it."""
    from aura.sim.cli.asked import Asked
    from aura.sim.cli.showing import describe_scenario

    describe_scenario(scenario, settings or [], Asked(no_plugin, no_code=no_code))


@app.command()
def scenarios() -> None:
    """List the embedded scenarios."""
    from aura.sim.cli.showing import show_scenarios

    show_scenarios()


@app.command()
def schema(out: Annotated[Optional[Path], typer.Option("--out", metavar="FILE", help="Write it to a file.")] = None,  # noqa: UP045
           no_plugin: NoPlugin = None) -> None:
    """Print a JSON schema of scenario files, by which editors complete and check them."""
    from aura.sim.cli.showing import show_schema

    show_schema(out, no_plugin or [])


@app.command()
def zones(name: Annotated[Optional[str], typer.Argument(  # noqa: UP045
              metavar="[NAME|FILE.py]", help="Show one zone with its ports and parameters, or all zones of a file.",
              autocompletion=zone_names)] = None,
          no_plugin: NoPlugin = None) -> None:
    """List the zones that can be used, or show one."""
    from aura.sim.cli.showing import show_zones

    show_zones(name, no_plugin or [])


@app.command()
def streams(name: Annotated[Optional[str], typer.Argument(  # noqa: UP045
                metavar="[NAME|FILE.py]", help="Show one kind with its options, or all kinds of a file.",
                autocompletion=stream_names)] = None,
            no_plugin: NoPlugin = None) -> None:
    """List the kinds of sensory stream, or show one."""
    from aura.sim.cli.showing import show_streams

    show_streams(name, no_plugin or [])


@app.command()
def metrics(name: Annotated[Optional[str], typer.Argument(  # noqa: UP045
                metavar="[NAME|FILE.py]", help="Show one kind with its options, or all kinds of a file.",
                autocompletion=metric_names)] = None,
            no_plugin: NoPlugin = None) -> None:
    """List the kinds of metric, or show one."""
    from aura.sim.cli.showing import show_metrics

    show_metrics(name, no_plugin or [])


@app.command()
def plugins(what: Annotated[Optional[str], typer.Argument(  # noqa: UP045
        metavar="[WHAT|FILE.py]", autocompletion=point_names,
        help="List what they bring to one extension point (zones, executors, ...), or what a file brings.")] = None,
        no_plugin: NoPlugin = None, trace: Trace = False) -> None:
    """List the plugins with versions, hooks and errors, or what they bring."""
    from aura.sim.cli.showing import show_plugins

    show_plugins(what, no_plugin or [], trace=trace)


@app.command()
def data(name: Annotated[Optional[str], typer.Argument(help="Show where one data set lies, fetching it.")] = None  # noqa: UP045
         ) -> None:
    """List the data sets, or fetch one."""
    from aura.sim.cli.showing import show_data

    show_data(name)


@app.command()
def doctor() -> None:
    """Say what is installed, which accelerators there are, and what is missing."""
    from aura.sim.cli.doctor import show_doctor

    show_doctor()


@app.command("new-zone")
def new_zone(name: Annotated[str, typer.Argument(help="Name of the zone: an identifier.")],
             out: Annotated[Path, typer.Option("--out", help="Folder to write the package into.")] = Path()) -> None:
    """Write a zone package that is ready to be installed and passes its own tests."""
    from aura.core.errors import PluginError
    from aura.core.paths import shell_word, shown_path
    from aura.plugins.manager import PluginManager
    from aura.sim.template import write_zone_package

    if name in (manager := PluginManager()).zones():
        raise PluginError(f"new-zone {name}", expected="a name that no zone has yet",
                          got=f"that of the zone which the plugin {manager.owner('zone', name)!r} brings")
    path = write_zone_package(name, out)
    word = shell_word(path)
    typer.echo(f"{shown_path(path)}\n\nNext:\n  pip install -e {word}\n  aura zones {name}\n  pytest {word}")
