"""From nodes and pathways to the event loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aura.core.errors import AuraError
from aura.core.executor import Executor
from aura.core.loop import EventLoop
from aura.core.node import Node
from aura.core.observer import Observers
from aura.core.pathway import Pathway
from aura.core.time import Time

__all__ = ["make_loop"]


def make_loop(nodes: Sequence[Node], pathways: Sequence[Pathway], executor: Executor, observers: Observers,
              on_failure: Callable[[EventLoop, Node, AuraError], None], resolution: Time) -> EventLoop:
    """Wire the nodes and set their first alarms."""
    by_name = {node.name: node for node in nodes}
    for path in pathways:
        output = by_name[path.source].outputs[path.source_port]
        target = by_name[path.target].target(path.target_port, output.topic)
        output.targets.append((path.delay or resolution, target))
    loop = EventLoop(nodes, executor, observers, on_failure, resolution)
    loop.set_clocks(0)
    for node in nodes:
        loop.arm(node, -1)
    return loop
