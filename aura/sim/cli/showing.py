"""The commands that show what there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import typer

from aura.core.errors import AuraError, PluginError
from aura.core.paths import shown_path
from aura.plugins.manager import PluginManager
from aura.sim.cli.output import led_to_errors
from aura.sim.cli.tables import print_table

if TYPE_CHECKING:
    from aura.plugins.info import PluginInfo
    from aura.sim.cli.asked import Asked
    from aura.sim.scenario import PhaseModel

__all__ = ["describe_scenario", "show_data", "show_metrics", "show_plugins", "show_scenarios", "show_schema",
           "show_streams", "show_zones"]


def describe_scenario(source: str, settings: Sequence[str], asked: Asked) -> None:
    """Print the zones, pathways, phases and metrics of a scenario."""
    from aura.core.modulators import ENERGY_GATE
    from aura.core.ports import MODULATORS
    from aura.core.time import format_time
    from aura.sim.build import make_blueprint, settle_time
    from aura.sim.journal import NoInput
    from aura.sim.rehearsal import rehearse
    from aura.sim.scenario import load_scenario

    scenario = load_scenario(source, settings)
    sources = asked.sources(scenario)
    manager = asked.manager(scenario, sources)
    blueprint = make_blueprint(scenario, manager, journal=NoInput(), sources=sources)
    with scenario.written.naming():
        schedule = blueprint.schedule()
    rehearse(scenario, blueprint, manager)
    typer.echo(f"{scenario.name}: {scenario.summary}\n" if scenario.summary else f"{scenario.name}\n")
    typer.echo(schedule)
    for name, plan in blueprint.plans.items():
        typer.echo(f"\n{name} ({plan.manifest.name})")
        for side, ports in (("in ", plan.inputs), ("out", plan.outputs)):
            for port in ports.values():
                if port is not MODULATORS:
                    typer.echo(f"  {side} {port.name:<22} {port.describe():<28} {port.doc}")
        fed = {path.source_port: f"from {path.source}" for path in blueprint.pathways
               if path.target == name and path.target_port == MODULATORS.name}
        for modulator in plan.modulators.values():
            # Every zone has the energy gate, the streams too: it is told where something sets it.
            if modulator.name in fed or modulator is not ENERGY_GATE:
                origin = fed.get(modulator.name, f"= {modulator.default:g}")
                typer.echo(f"  mod {modulator.name:<22} {origin:<28} {modulator.summary}")
        for line in plan.manifest.details(plan.params) if plan.manifest.details else ():
            typer.echo(f"  {line}")
    typer.echo(f"\nafter a phase's last row the brain runs on for {format_time(settle_time(blueprint))}")
    for phase in scenario.phases:
        typer.echo(f"phase {phase.name}: {_described(phase)}")
    for name, metric in scenario.metrics.items():
        typer.echo(f"metric {name}: {metric.get('kind')}")


def _described(phase: PhaseModel) -> str:
    """Return what is played in a phase, in words."""
    rows = "held-out rows" if phase.split == "held_out" else "learning rows"
    stage = "" if phase.stage is None else f" of {phase.stage} stage" if phase.repeats else f" of stage {phase.stage}"
    after = f", after {phase.after}" if phase.after else ""
    return f"{rows}{stage}{after}, learning {'on' if phase.learn else 'off'}"


def show_schema(out: Path | None, blocked: Sequence[str]) -> None:
    """Print the JSON schema of scenario files, or write it to a file."""
    import json

    from aura.sim.schema import scenario_schema

    with led_to_errors(out is None):
        text = json.dumps(scenario_schema(PluginManager(blocked)), indent=1, ensure_ascii=False, allow_nan=False)
    if out is None:
        typer.echo(text)
        return
    try:
        out.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise AuraError(f"--out {shown_path(out)}", expected="a file that can be written",
                        got=f"{type(error).__name__}: {error.strerror}", hint="Choose another --out.") from None
    typer.echo(shown_path(out))


def show_scenarios() -> None:
    """Print the embedded scenarios."""
    from aura.sim.scenario import embedded_scenarios, load_scenario

    rows = [(name, load_scenario(name).summary) for name in embedded_scenarios()]
    print_table(("scenario", "what it does"), rows, empty="no scenario is embedded")


def show_zones(name: str | None, blocked: Sequence[str]) -> None:
    """Print the zones, or one with its ports and parameters."""
    from aura.plugins.listing import ZONE_COLUMNS, zone_rows, zone_text

    if _is_file(name):
        _show_file(name, "zone", "manifests", blocked, zone_text)
        return
    manager = PluginManager(blocked)
    if name is None:
        # Clock and ports would crowd a narrow terminal; they are shown zone by zone.
        columns, *rows = ((row[0], row[1], row[-1]) for row in (ZONE_COLUMNS, *zone_rows(manager)))
        print_table(columns, rows, empty="no plugin brings a zone; see `aura plugins`")
        typer.echo("\n`aura zones NAME` shows a zone's ports and parameters.")
    else:
        typer.echo(zone_text(manager.zone(name)))


def _is_file(name: str | None) -> TypeGuard[str]:
    """Return whether what a command is given names a plugin's file, and no part of a plugin."""
    return name is not None and (name.endswith(".py") or "/" in name)


def _file_manager(name: str, point: str, blocked: Sequence[str], *, trace: bool = False
                  ) -> tuple[PluginManager, PluginInfo]:
    """Return the plugins with that of a file, and what is known of it."""
    path = Path(name)
    if not path.is_file():
        raise PluginError(str(path), expected=f"the name of {point}, or a plugin's file", got="no such file")
    typer.echo(f"loads code that the command names: {shown_path(path)}", err=True)
    manager = PluginManager(blocked, [path], trace=trace)
    info = manager.infos()[-1]
    if info.error:
        raise PluginError(str(path), expected="a plugin's file that loads", got=info.error)
    return manager, info


def _show_file(name: str, point: str, what: str, blocked: Sequence[str], text: Callable[[Any], str]) -> None:
    """Print all that a plugin's file brings to an extension point."""
    manager, info = _file_manager(name, f"a {point}", blocked)
    brought = info.brings.get(point, ())
    if not brought:
        raise PluginError(name, expected=f"a hook aura_{point}s() that returns {what}", got="none")
    typer.echo("\n\n".join(text(manager.get(point, one)) for one in brought))


def show_streams(name: str | None, blocked: Sequence[str]) -> None:
    """Print the kinds of stream, or one with its options."""
    from aura.plugins.listing import stream_text
    from aura.sim.scenario import StreamModel

    if _is_file(name):
        _show_file(name, "stream", "kinds of stream", blocked, lambda kind: stream_text(kind, StreamModel))
        return
    manager = PluginManager(blocked)
    if name is None:
        _show_items("stream", manager)
        return
    typer.echo(stream_text(manager.stream(name), StreamModel))


def show_metrics(name: str | None, blocked: Sequence[str]) -> None:
    """Print the kinds of metric, or one with its options."""
    from aura.plugins.listing import metric_text

    if _is_file(name):
        _show_file(name, "metric", "kinds of metric", blocked, metric_text)
        return
    manager = PluginManager(blocked)
    if name is None:
        _show_items("metric", manager)
        typer.echo("\n`aura metrics NAME` shows a kind's options.")
    else:
        typer.echo(metric_text(manager.metric(name)))


def show_plugins(point: str | None, blocked: Sequence[str], *, trace: bool) -> None:
    """Print the plugins with versions, hooks and errors, that of a file, or what all bring to one extension point."""
    from aura.plugins.listing import PLUGIN_COLUMNS, plugin_rows

    if _is_file(point):
        _, info = _file_manager(point, "an extension point", blocked, trace=trace)
        print_table(PLUGIN_COLUMNS, plugin_rows([info]), empty="")
        return
    manager = PluginManager(blocked, trace=trace)
    if point is not None:
        _show_items(point if point in manager.points() else point.removesuffix("s"), manager)
        return
    print_table(PLUGIN_COLUMNS, plugin_rows(manager.infos()), empty="no plugin is installed")
    typer.echo(f"\n`aura plugins WHAT` lists what they bring: {', '.join(f'{name}s' for name in manager.points())}.")


def _show_items(point: str, manager: PluginManager) -> None:
    """Print what plugins bring to an extension point, each with its plugin and its summary."""
    rows = [(name, manager.owner(point, name), item.summary) for name, item in manager.all(point).items()]
    print_table((point, "plugin", "what it does"), rows, empty=f"no plugin brings a {point}; see `aura plugins`")


def show_data(name: str | None) -> None:
    """Print the data sets, or fetch one and print where it lies."""
    from aura.sim.data import dataset_path, present_folder
    from aura.sim.datasets import known_datasets

    if name is not None:
        typer.echo(shown_path(dataset_path(name)))
        return
    rows = [(one.name, "here" if present_folder(one) else "to fetch" if one.fetchable else "by hand", one.licence,
             one.address) for one in known_datasets().values()]
    print_table(("data set", "state", "licence", "address"), rows, empty="no data set is known")
    typer.echo("\nAURA_DATA names the folder in which data sets are looked for; `aura data NAME` fetches one.")
