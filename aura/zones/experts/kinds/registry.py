"""Finds kinds of experts by name: entry points of installed distributions, or ``package.module:Class``."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from importlib import import_module
from importlib.metadata import distributions

from aura.core.blame import blamed
from aura.core.errors import ParameterError, nearest
from aura.zones.experts.kinds.expert import Expert

__all__ = ["BUILT_IN", "GROUP", "expert_kind", "kind_names"]

GROUP = "aura.experts"
"""The entry point group that kinds of experts register in."""
BUILT_IN = {
    name: f"aura.zones.experts.kinds.{module}:{cls}" for name, module, cls in (
        ("analytic", "analytic", "AnalyticExpert"), ("conv1d", "conv1d", "Conv1dExpert"),
        ("conv2d", "conv2d", "Conv2dExpert"), ("episodic", "episodic", "EpisodicExpert"),
        ("mlp", "mlp", "MlpExpert"))}
"""Kinds of this package; known also where it runs from its source and is not installed."""


def kind_names() -> list[str]:
    """Return the names of all kinds, sorted; none is imported."""
    return sorted(_targets())


def expert_kind(name: str, named: Collection[str] = ()) -> type[Expert]:
    """Return the class of a kind; only that one is imported.

    Parameters
    ----------
    name : str
        A name that is registered, or ``"package.module:Class"`` if it is one of `named`.
    named : collection of str
        What the zone's parameters call for. A name that comes out of a file of data imports nothing else.

    Raises
    ------
    ParameterError
        If no such kind is known, it cannot be imported, or it is no kind of expert.

    Examples
    --------
    >>> expert_kind("mlp").__name__
    'MlpExpert'
    """
    targets = _targets()
    target = name if ":" in name and name in named else targets.get(name)
    if target is None and ":" in name:
        raise ParameterError(f"experts.kinds: {name!r}", got=repr(name),
                             expected="a kind of expert that is registered, or named by the zone's parameters",
                             hint="Files of experts import no module: name it in `kinds` if you trust it.")
    if target is None:
        raise ParameterError(f"experts.kinds: {name!r}", expected="a kind of expert that is installed", got=repr(name),
                             hint=nearest(name, targets))
    found = _imported(name, target)
    if not (isinstance(found, type) and issubclass(found, Expert)):
        raise ParameterError(f"experts.kinds: {name!r}", expected=f"a class derived from {Expert.__name__} at {target}",
                             got=repr(found))
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing or not hasattr(found, "kind"):
        raise ParameterError(f"experts.kinds: {name!r}", expected="a class with `kind` and all methods of an expert",
                             got=f"none of {', '.join(missing)}" if missing else "no `kind`")
    return found


def _targets() -> dict[str, str]:
    """Return where each kind is; of two of one name this package's own counts, then the first by its target."""
    points = []
    for distribution in distributions():
        # A distribution with damaged metadata must not hide the kinds of the others.
        with suppress(Exception):
            if GROUP in (distribution.read_text("entry_points.txt") or ""):
                points += [(point.name, point.value) for point in distribution.entry_points.select(group=GROUP)]
    found: dict[str, str] = {}
    for name, target in sorted(points):
        found.setdefault(name, target)
    return {**found, **BUILT_IN}


def _imported(name: str, target: str) -> object:
    module, _, attribute = target.partition(":")
    try:
        found: object = import_module(module.strip())
        for part in attribute.split("[")[0].strip().split("."):
            found = getattr(found, part)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise ParameterError(f"experts.kinds: {name!r}", expected=f"a class that can be imported from {target}",
                             got=blamed(error), hint="Write 'package.module:Class'.") from error
    return found
