"""A brain's checkpoint: taken of an engine, and laid back into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aura.core.blame import blaming, described
from aura.core.changes import params_of
from aura.core.checkpoint import checkpoint_of, read_checkpoint, write_checkpoint
from aura.core.engine import Engine
from aura.core.errors import AuraError, CheckpointError, WiringError, nearest
from aura.core.failures import RESTARTS
from aura.core.held import within
from aura.core.snapshot import BUS, bus_tree, kinds_of, load_bus, require_same_brain, require_same_params

__all__ = ["load", "load_zones", "save"]


def save(engine: Engine, folder: Path, *, keep: int, extra: Mapping[str, Any], restarts: bool) -> Path:
    """Write a checkpoint below `folder` and return its own folder; see `Brain.save`."""
    loop, plans = engine.loop, engine.network.plans
    loop.settle()
    trees = {node.name: node.handle.tree() for node in engine.nodes.values()}
    trees[BUS] = bus_tree(loop)
    trees.update({f"observer.{name}": tree for name, tree in engine.observers.states().items()})
    if engine.failures.kept and not restarts:
        trees[RESTARTS] = dict(engine.failures.kept)
    manifest = {"loop_now": loop.now, "resolution": engine.network.resolution, "seed": engine.network.seed,
                "zones": kinds_of(plans), "params": {name: params_of(plan) for name, plan in plans.items()},
                "learning": engine.learning, "injected": engine.injector.count, "notices": engine.notices.state(),
                "extra": dict(extra)}
    path = write_checkpoint(folder, engine.now, manifest, trees, keep=keep)
    if restarts:
        engine.failures.keep(engine.nodes.values(), trees)
    return path


def load(engine: Engine, folder: Path) -> dict[str, Any]:
    """Take over a checkpoint and return its `extra`; see `Brain.load`."""
    folder = checkpoint_of(folder)
    manifest, trees = read_checkpoint(folder)
    require_same_brain(manifest, engine.network.plans, engine.network.resolution, str(folder))
    require_same_params(manifest, trees, engine.network.plans)
    engine.loop.settle()
    try:
        _lay_back(engine, manifest, trees)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # Half of the brain is another's by now, so it must not go on.
        engine.failed = error if isinstance(error, AuraError) else CheckpointError(
            str(folder), expected="a checkpoint of this brain", got=described(error),
            hint="Were zones, ports or pathways changed since it was written?")
        raise engine.failed from error
    engine.reached, engine.injector.count, engine.failed = manifest["time"], manifest["injected"], None
    engine.let_learn(manifest["learning"])
    engine.notices.load_state(manifest["notices"])
    engine.failures.keep(engine.nodes.values(), trees.get(RESTARTS, trees))
    engine.observers.call("on_load", engine.reached)
    return dict(manifest["extra"])


def load_zones(engine: Engine, folder: Path, names: Sequence[str]) -> None:
    """Take over the states of some zones alone; see `Brain.load_zones`."""
    folder = checkpoint_of(folder)
    manifest, trees = read_checkpoint(folder)
    for name in names:
        if name not in engine.network.plans:
            raise WiringError("brain.load_zones", expected="zones of this brain", got=repr(name),
                              hint=nearest(name, engine.network.plans))
    plans = {name: engine.network.plans[name] for name in names}
    zones = {name: kind for name, kind in manifest["zones"].items() if name in plans}
    require_same_brain({**manifest, "zones": zones}, plans, engine.network.resolution, str(folder))
    require_same_params(manifest, trees, plans)
    engine.loop.settle()
    try:
        for name in names:
            engine.nodes[name].handle.load_tree(trees[name])
    except AuraError as error:
        engine.failed = error  # some may be another's by now
        raise


def _lay_back(engine: Engine, manifest: Mapping[str, Any], trees: Mapping[str, Any]) -> None:
    for node in engine.nodes.values():
        node.handle.load_tree(trees[node.name])
    load_bus(engine.loop, manifest["loop_now"], trees[BUS], manifest["time"])
    for observer in engine.observers.all:
        if observer.due:
            observer.due = 0
        tree = trees.get(f"observer.{observer.name}")
        if tree is not None:
            where = f"observer {observer.name!r}"
            with blaming(where, "a load_state() that takes the state that was saved", CheckpointError,
                         type(observer).__module__), within(where, observer):
                observer.load_state(tree)
