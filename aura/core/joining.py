"""Inputs at which the items of several pathways meet, and what tells these items apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from aura.core.errors import WiringError
from aura.core.pathway import Pathway
from aura.core.plan import Plan
from aura.core.ports import Port
from aura.core.signals import FIRST_IDS, MOST_SOURCES

__all__ = ["check_joint", "first_ids", "joined_inputs", "joins", "label_sources", "sources_of", "together"]


def joins(port: Port) -> bool:
    """Return whether an input takes several pathways by joining their items, in the order in which they come.

    What comes between two ticks of the zone is joined too, so it must be read once and not be held.
    """
    return port.has_items and port.fan_in == "one" and port.keep != "hold" and port.role != "modulator"


def together(value: Any, ids: Any, more: Any, more_ids: Any) -> tuple[Any, Any]:
    """Return the values and ids of two signals as one, the first of which came first."""
    if isinstance(value, tuple):
        both: Any = (*value, *more)
    else:
        both = np.concatenate((value, more))
        both.setflags(write=False)
    both_ids = np.concatenate((ids, more_ids))
    both_ids.setflags(write=False)
    return both, both_ids


def joined_inputs(plans: Mapping[str, Plan], paths: Iterable[Pathway]) -> dict[tuple[str, str], list[Pathway]]:
    """Return the inputs that join the items of several pathways, each with these."""
    into: dict[tuple[str, str], list[Pathway]] = {}
    for path in paths:
        if joins(plans[path.target].inputs[path.target_port]):
            into.setdefault((path.target, path.target_port), []).append(path)
    return {end: found for end, found in into.items() if len(found) > 1}


def sources_of(plans: Mapping[str, Plan], paths: Iterable[Pathway], zone: str, *,
               any_role: bool = False) -> list[str]:
    """Return the zones from which the items come that a zone speaks of, in the order of `plans`: itself if from none.

    These are the zones upstream of it, along pathways that carry items, that no such pathway leads to; pathways into
    inputs of the role ``signal`` alone, or of `any_role`.
    """
    before: dict[str, set[str]] = {}
    for path in paths:
        port = plans[path.target].inputs[path.target_port]
        if port.has_items and (any_role or port.role == "signal"):
            before.setdefault(path.target, set()).add(path.source)
    seen, left = {zone}, [zone]
    while left:
        for other in before.get(left.pop(), ()):
            if other not in seen:
                seen.add(other)
                left.append(other)
    return [name for name in plans if name in seen and name not in before]


def check_joint(plans: Mapping[str, Plan], paths: list[Pathway]) -> None:
    """Refuse pathways whose items cannot be joined at an input.

    Raises
    ------
    WiringError
        If two of them bring items of the same source, which would come twice; or items of lengths that are known only
        when they come.
    """
    for (zone, port), several in joined_inputs(plans, paths).items():
        known: dict[str, Pathway] = {}
        for path in several:
            for source in sources_of(plans, paths, path.source):
                if source in known:
                    raise WiringError(
                        str(path), expected=f"one pathway into {zone}.{port} for the items of {source}",
                        got=f"a second beside {known[source]}",
                        hint="Pathways are joined at an input where each brings other items, as those of two streams; "
                             "to take two signals of the same items, declare the input with fan_in='many'.")
                known[source] = path
            given = plans[path.source].outputs[path.source_port]
            if not all(isinstance(axis, int) for axis in given.shape[1:]):
                raise WiringError(str(path), expected=f"items of a fixed shape, to be joined at {zone}.{port}",
                                  got=given.describe())


def first_ids(plans: Mapping[str, Plan], paths: list[Pathway]) -> dict[str, int]:
    """Return what each of the sources whose items meet at an input counts them from; the first of them from 0.

    Raises
    ------
    WiringError
        If there are more of them than ids can tell apart.
    """
    meeting = {source for several in joined_inputs(plans, paths).values() for path in several
               for source in sources_of(plans, paths, path.source)}
    if len(meeting) > MOST_SOURCES:
        raise WiringError("pathways", expected=f"at most {MOST_SOURCES} sources of items that are joined",
                          got=str(len(meeting)))
    return {name: number * FIRST_IDS for number, name in enumerate(name for name in plans if name in meeting)}


def label_sources(plans: Mapping[str, Plan], paths: list[Pathway],
                  numbered: Mapping[str, int]) -> dict[str, dict[str, frozenset[int]]]:
    """Return for each zone and input of labels from which sources the items come that may be labelled there.

    Parameters
    ----------
    numbered : mapping of str to int
        What `first_ids` returned. Inputs that a source without such a number reaches are left out, for the ids of its
        items tell it from no other.
    """
    found: dict[str, dict[str, set[str]]] = {}
    for path in paths:
        port = plans[path.target].inputs[path.target_port]
        if port.role == "label" and port.has_items:
            whose = found.setdefault(path.target, {}).setdefault(path.target_port, set())
            whose.update(sources_of(plans, paths, path.source, any_role=True) or [""])  # a ring, entered from nowhere
    return {zone: {port: frozenset(numbered[source] // FIRST_IDS for source in whose) for port, whose in ports.items()
                   if whose <= numbered.keys()} for zone, ports in found.items()}
