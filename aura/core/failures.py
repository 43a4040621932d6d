"""What becomes of a brain whose zone has raised."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from aura.core.builder import Plan, make_zone
from aura.core.errors import AuraError
from aura.core.loop import EventLoop
from aura.core.node import Node
from aura.core.snapshot import load_zone, zone_tree
from aura.core.time import Time

__all__ = ["FailurePolicy"]

_log = logging.getLogger("aura.brain")


class FailurePolicy:
    """Applies each zone's own policy: ``stop``, ``silence`` or ``restart``."""

    def __init__(self, plans: Mapping[str, Plan], seed: int, resolution: Time) -> None:
        self._plans, self._seed, self._resolution = plans, seed, resolution
        self._kept: dict[str, dict[str, Any]] = {}

    def keep(self, nodes: Iterable[Node], trees: Mapping[str, Any] | None = None) -> None:
        """Remember the states that zones which restart go back to: those in `trees`, or the present ones."""
        for node in nodes:
            if node.on_error == "restart":
                self._kept[node.name] = copy.deepcopy(trees[node.name] if trees else zone_tree(node))

    def apply(self, loop: EventLoop, node: Node, error: AuraError) -> None:
        """Silence the zone, build it anew from its last checkpoint, or raise the error."""
        if node.on_error == "silence":
            _log.error("%s; the zone is silenced, the brain goes on", error)
            loop.silence(node)
        elif node.on_error == "restart":
            _log.error("%s; the zone restarts from its last checkpoint", error)
            loop.settle(node)  # what the broken zone still does in the background, it does before it goes
            node.zone.close()
            node.replace_zone(make_zone(self._plans[node.name], self._seed, self._resolution))
            load_zone(node, copy.deepcopy(self._kept[node.name]))
        else:
            raise error
