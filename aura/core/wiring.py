"""The checks that a brain passes before its first tick."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from aura.core.errors import WiringError, nearest
from aura.core.joining import check_joint, joins
from aura.core.pathway import Pathway
from aura.core.plan import Plan
from aura.core.ports import MODULATORS, TEXTUAL, Port, misfit
from aura.core.routes import stimulus_arrival
from aura.core.time import Time, format_time

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["check_wiring", "draw_graph"]


def check_wiring(plans: Mapping[str, Plan], pathways: Iterable[Pathway], resolution: Time) -> list[Pathway]:
    """Check a brain's wiring and return its pathways with every delay settled.

    A pathway without a delay takes one resolution; one that carries labels takes as long as the stimulus plus one
    resolution, so that its zone has predicted before it is told.

    Raises
    ------
    WiringError
        For an unknown zone or port, a type, shape or unit that does not fit, a second writer, a required port left
        unfed, a delay off the resolution, or a label that would arrive no later than its stimulus.
    """
    paths = [path for written in pathways for path in _spelled_out(plans, written)]
    for path in paths:
        _check_ends(plans, path)
    _check_writers(plans, paths)
    check_joint(plans, paths)
    _check_clocks(plans, resolution)
    _check_items(plans)
    settled = []
    for path in paths:
        if path.delay is not None:
            _on_grid(path.delay, resolution, f"{path}: delay", least=resolution)
        settled.append(path)
    plain = [replace(p, delay=p.delay or resolution) for p in settled if not _is_label(plans, p)]
    labels = [_settle_label(plans, plain, p, resolution) for p in settled if _is_label(plans, p)]
    order = {(p.source, p.source_port, p.target, p.target_port): p for p in plain + labels}
    return [order[p.source, p.source_port, p.target, p.target_port] for p in settled]


def draw_graph(plans: Mapping[str, Plan], paths: Iterable[Pathway]) -> nx.MultiDiGraph:
    """Return the brain as a networkx graph: zones with kind and clock, pathways with ports and delay."""
    import networkx as nx

    graph = nx.MultiDiGraph()
    for plan in plans.values():
        graph.add_node(plan.name, kind=plan.kind, period=plan.period, wake_on=plan.wake_on,
                       latency=plan.latency)
    for path in paths:
        graph.add_edge(path.source, path.target, source_port=path.source_port, target_port=path.target_port,
                       delay=path.delay, label=f"{path.source_port} ({format_time(path.delay or 0)})")
    return graph


def _spelled_out(plans: Mapping[str, Plan], path: Pathway) -> list[Pathway]:
    """Return a pathway from ``zone.*`` to modulators as one from each output that the target obeys."""
    if path.source_port != "*":
        return [path]
    _check_zones(plans, path)
    target = plans[path.target]
    if target.inputs.get(path.target_port) is not MODULATORS:
        raise WiringError(str(path), expected="the input 'modulators', which takes several outputs by their names",
                          got=repr(path.target_port), hint="Name the output.")
    outputs = plans[path.source].outputs
    found = [replace(path, source_port=name) for name, port in outputs.items()
             if name in target.modulators and port.shape == ()]
    if not found:
        raise WiringError(str(path), expected=f"a number among {', '.join(target.modulators)}, which {path.target} "
                          "obeys", got=f"{path.source} with {', '.join(outputs) or 'no output'}")
    return found


def _check_zones(plans: Mapping[str, Plan], path: Pathway) -> None:
    for zone in (path.source, path.target):
        if zone not in plans:
            raise WiringError(str(path), expected="a zone of this brain", got=repr(zone), hint=nearest(zone, plans))


def _check_ends(plans: Mapping[str, Plan], path: Pathway) -> None:
    _check_zones(plans, path)
    source, target = plans[path.source], plans[path.target]
    if path.source_port not in source.outputs:
        raise WiringError(str(path), expected=f"an output of {path.source}", got=repr(path.source_port),
                          hint=nearest(path.source_port, source.outputs))
    if path.target_port not in target.inputs:
        raise WiringError(str(path), expected=f"an input of {path.target}", got=repr(path.target_port),
                          hint=nearest(path.target_port, target.inputs))
    given, wanted = source.outputs[path.source_port], target.inputs[path.target_port]
    if given.role == "label" and wanted.role != "label":
        raise WiringError(str(path), expected="an input that takes labels, read only when the zone learns",
                          got=f"the input {wanted.name!r} of role {wanted.role!r}",
                          hint="No zone may see the label of what it has yet to predict: "
                               "declare the input with role='label'.")
    if wanted is MODULATORS:
        if path.source_port not in target.modulators:
            raise WiringError(str(path), expected=f"a modulator that {path.target} obeys: "
                              f"{', '.join(target.modulators)}", got=repr(path.source_port),
                              hint=nearest(path.source_port, target.modulators))
        if given.shape == () and given.dtype not in TEXTUAL and not given.dtype.startswith("complex"):
            return
    reason = misfit(given, wanted)
    if reason:
        raise WiringError(str(path), expected=f"{wanted.describe()}, as {path.target} declares",
                          got=f"{given.describe()}: {reason}", hint=_item_hint(given, wanted))


def _item_hint(given: Port, wanted: Port) -> str:
    """Return what to try where one end counts items and the other does not."""
    if given.has_items and not wanted.has_items:
        return (f"One signal of {given.name!r} may carry several items, as when a stream plays several rows in a tick: "
                f"declare the input with shape={('item', *given.shape[1:])}, and outputs that answer item by item with "
                f"items_from={wanted.name!r}.")
    if wanted.has_items and not given.has_items:
        return (f"{wanted.name!r} takes items: declare the output with shape={('item', *given.shape)} and return "
                "aura.Items(value, ids), or items_from=... for those of an input.")
    return ""


def _check_writers(plans: Mapping[str, Plan], paths: list[Pathway]) -> None:
    writers: dict[tuple[str, str, str], Pathway] = {}
    fed: set[tuple[str, str]] = set()
    seen: dict[tuple[str, str, str, str], Pathway] = {}
    for path in paths:
        ends = (path.source, path.source_port, path.target, path.target_port)
        wanted = plans[path.target].inputs[path.target_port]
        # A zone reads its modulators by the names of the outputs, so each name has one writer.
        standard = wanted is MODULATORS
        place = (path.target, path.target_port, path.source_port if standard else "")
        if ends in seen or (place in writers and (standard or (wanted.fan_in == "one" and not joins(wanted)))):
            raise WiringError(str(path), expected=f"one pathway into {'.'.join(filter(None, place))}",
                              got=f"a second beside {seen.get(ends, writers[place])}",
                              hint="The same pathway stands twice: leave one of them out." if ends in seen
                              else "Name the modulators differently." if standard
                              else "Declare the input with fan_in='many' to take several.")
        seen[ends] = path
        fed.add((path.target, path.target_port))
        writers[place] = path
    for plan in plans.values():
        for port in plan.inputs.values():
            if port.required and (plan.name, port.name) not in fed:
                raise WiringError(f"{plan.name}.{port.name}", expected="a pathway into this required input",
                                  got="none", hint=f"It takes {port.describe()}.")


def _check_clocks(plans: Mapping[str, Plan], resolution: Time) -> None:
    for plan in plans.values():
        for port in plan.wake_on:
            if port not in plan.inputs:
                raise WiringError(f"{plan.name}.wake_on", expected="inputs of the zone", got=repr(port),
                                  hint=nearest(port, plan.inputs))
        if plan.period:
            _on_grid(plan.period, resolution, f"{plan.name}.period", least=resolution)
        _on_grid(plan.latency, resolution, f"{plan.name}.latency", least=0)
        if not (plan.period or plan.wake_on or plan.self_clocked):
            raise WiringError(plan.name, expected="a period or a wake_on, so that the zone ever wakes", got="neither",
                              hint="A manifest whose class has a next_wake says so: self_clocked=True."
                              if isinstance(plan.manifest.factory, str) and plan.manifest.factory else "")


def _check_items(plans: Mapping[str, Plan]) -> None:
    for plan in plans.values():
        carriers = [name for name, port in plan.inputs.items()
                    if port.has_items and port.keep != "all" and port.fan_in == "one"]
        for port in plan.outputs.values():
            if port.items_from is not None and port.items_from not in carriers:
                raise WiringError(f"{plan.name}.{port.name}.items_from", expected="an input that brings one value "
                                  "with items", got=repr(port.items_from), hint=nearest(port.items_from, carriers))


def _on_grid(time: Time, resolution: Time, where: str, least: Time) -> None:
    if time < least or time % resolution:
        raise WiringError(where, expected=f"a whole multiple of the resolution, {format_time(resolution)}, "
                                          f"not below {format_time(least)}", got=format_time(time))


def _is_label(plans: Mapping[str, Plan], path: Pathway) -> bool:
    return "label" in (plans[path.source].outputs[path.source_port].role,
                       plans[path.target].inputs[path.target_port].role)


def _settle_label(plans: Mapping[str, Plan], plain: list[Pathway], path: Pathway, resolution: Time) -> Pathway:
    arrival = stimulus_arrival(plans, plain, path.source, path.target, resolution)
    if arrival is None:  # the stimulus comes from elsewhere, it may be from the farthest zone
        others = [stimulus_arrival(plans, plain, name, path.target, resolution) for name in plans
                  if name != path.target]
        arrival = max((found for found in others if found is not None), default=0)
    if path.delay is None:
        return replace(path, delay=arrival + resolution)
    if path.delay <= arrival:
        raise WiringError(f"{path}: delay", expected=f"more than {format_time(arrival)}, when the stimulus has arrived",
                          got=format_time(path.delay),
                          hint="A zone predicts first and is told second; leave the delay out to have it settled.")
    return path
