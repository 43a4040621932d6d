"""What becomes of a value from outside that comes to an input at the same instant as another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from aura.core.ports import Port

if TYPE_CHECKING:
    from aura.core.node import Target

__all__ = ["INJECTED", "Delivery", "meet"]

INJECTED = "inject"
"""The topic of what comes from outside; no zone can have it, as topics have a dot."""

Delivery: TypeAlias = "tuple[Target, Any, Any]"
"""Where a signal goes, its value and its ids."""

_OVER_PATHWAY = "took what was injected at {port} instead of what a pathway brought at the same instant"
_OVER_INJECTED = "took the last of what was injected at {port} for one instant"


def meet(signals: Sequence[Delivery], injected: Sequence[Delivery], tell: Callable[[str, str], None]) -> list[Delivery]:
    """Return what is delivered at an instant: the signals, and after them what was injected, so that nothing is lost.

    Where both come to one input, their items are joined: first those of the pathway, then those injected, in the order
    in which they were. Where there are no items to join, what was injected last stands, and `tell(zone, sentence)` says
    so.
    """
    came: dict[tuple[int, str], Delivery] = {}
    for delivery in signals:
        node, name, _, _, _ = delivery[0]
        if node.member.inputs[name].fan_in == "one":
            came[node.index, name] = delivery
    delivered = list(signals)
    laid: dict[tuple[int, str], Delivery] = {}
    for target, value, ids in injected:
        node, name, _, _, _ = target
        port, key = node.member.inputs[name], (node.index, name)
        if port.keep == "all":
            delivered.append((target, value, ids))
            continue
        earlier = laid.get(key) or came.get(key)
        joined = earlier and _joined(port, earlier, (target, value, ids))
        if earlier and not joined:
            text = _OVER_INJECTED if key in laid else _OVER_PATHWAY
            tell(node.name, text.format(port=name))
        laid[key] = joined or (target, value, ids)
    return delivered + list(laid.values())


def _joined(port: Port, first: Delivery, second: Delivery) -> Delivery | None:
    """Return the items of both at the place of the second, or None where they cannot be joined."""
    (_, value, ids), (target, more, more_ids) = first, second
    if not port.has_items or ids is None or more_ids is None:
        return None
    if isinstance(value, tuple):
        both: Any = (*value, *more)
    elif value.shape[1:] == more.shape[1:]:
        both = np.concatenate((value, more))
        both.setflags(write=False)
    else:
        return None
    both_ids = np.concatenate((ids, more_ids))
    both_ids.setflags(write=False)
    return target, both, both_ids
