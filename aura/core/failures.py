"""What becomes of a brain whose zone has raised."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aura.core.blame import message_of, place_of
from aura.core.errors import AuraError
from aura.core.handle import ZoneHandle
from aura.core.loop import EventLoop
from aura.core.node import Node
from aura.core.notices import Notices

__all__ = ["RESTARTS", "FailurePolicy"]

_log = logging.getLogger("aura.brain")

RESTARTS = "brain.restarts"
"""The name of the tree that holds what restarting zones go back to; no zone can have it, for it is no identifier."""


class FailurePolicy:
    """Applies each zone's own policy: ``stop``, ``silence`` or ``restart``.

    Parameters
    ----------
    place : function
        Returns the zone of a node, newly built.
    notices : Notices
        Where it is told, and counted, that a zone was silenced or restarted; the log has each kind of failure once.
    """

    def __init__(self, place: Callable[[Node], ZoneHandle], notices: Notices) -> None:
        self._place, self._notices = place, notices
        self._kept: dict[str, dict[str, Any]] = {}
        self._logged: set[tuple[str, str]] = set()

    def keep(self, nodes: Iterable[Node], trees: Mapping[str, Any] | None = None) -> None:
        """Remember the states that zones which restart go back to: those in `trees`, or the present ones."""
        for node in nodes:
            if node.plan.on_error == "restart":
                self._kept[node.name] = copy.deepcopy(trees[node.name] if trees else node.handle.tree())

    @property
    def kept(self) -> Mapping[str, Any]:
        """What zones that restart go back to, by name."""
        return self._kept

    def apply(self, loop: EventLoop, node: Node, error: AuraError) -> None:
        """Silence the zone, build it anew from its last checkpoint, or raise the error."""
        if node.plan.on_error == "silence":
            self._tell(node, error, "was silenced")
            loop.silence(node)
        elif node.plan.on_error == "restart":
            self._tell(node, error, "was restarted from its last checkpoint")
            loop.settle(node)  # what the broken zone still does in the background, it does before it goes
            learns = node.handle.learns
            node.handle.close()
            node.put(self._place(node))
            node.handle.let_learn(learns)
            node.handle.load_tree(copy.deepcopy(self._kept[node.name]))
        else:
            raise error
        _let_go(error)

    def _tell(self, node: Node, error: AuraError, what: str) -> None:
        cause = error if error.__cause__ is None else error.__cause__
        # Without the message, in which time and values differ: one that fails at every tick is one thing that is told.
        place = place_of(cause, node.handle.home).partition(": ")[0]
        text = f"raised {type(cause).__name__}{f' at {place}' if place else ''} and {what}"
        self._notices.tell(node.name, text, fault=True)
        if (node.name, text) not in self._logged:
            self._logged.add((node.name, text))
            _log.error("zone %r %s and the brain goes on: %s", node.name, what, message_of(error))


def _let_go(error: BaseException | None) -> None:
    """Take the tracebacks from an error: they hold the broken zone, with all of its arrays, until Python tidies up."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
