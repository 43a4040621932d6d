"""Finds the class of a kind of expert by its name, among those that plugins bring, or by ``package.module:Class``."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from aura.core.errors import ParameterError, nearest
from aura.zones.experts.kinds.expert import Expert, ExpertKind
from aura.zones.experts.kinds.options import (
    AnalyticOptions,
    Conv1dOptions,
    Conv2dOptions,
    EpisodicOptions,
    MlpOptions,
)

__all__ = ["KINDS", "expert_kind"]

_PACKAGE = "aura.zones.experts.kinds"
KINDS = {kind.name: kind for kind in (
    ExpertKind("analytic", "Fixed random features and recursive least squares.",
               f"{_PACKAGE}.analytic:AnalyticExpert", AnalyticOptions),
    ExpertKind("conv1d", "Convolutions along one axis.", f"{_PACKAGE}.conv1d:Conv1dExpert", Conv1dOptions),
    ExpertKind("conv2d", "Convolutions over pictures.", f"{_PACKAGE}.conv2d:Conv2dExpert", Conv2dOptions),
    ExpertKind("episodic", "The nearest of what it was taught.", f"{_PACKAGE}.episodic:EpisodicExpert",
               EpisodicOptions),
    ExpertKind("mlp", "A perceptron over all numbers of a stimulus.", f"{_PACKAGE}.mlp:MlpExpert", MlpOptions))}
"""Those of this package."""


def expert_kind(name: str, kinds: Mapping[str, ExpertKind] = KINDS, named: Collection[str] = ()) -> type[Expert]:
    """Return the class of a kind; only that one is imported.

    Parameters
    ----------
    name : str
        A name of `kinds`, or ``"package.module:Class"`` if it is one of `named`.
    kinds : mapping of str to ExpertKind
        What plugins bring.
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
    if ":" in name and name in named:
        return ExpertKind(name, "", name).load()
    if ":" in name and name not in kinds:
        raise ParameterError(f"experts.kinds: {name!r}", got=repr(name),
                             expected="a kind of expert that is registered, or named by the zone's parameters",
                             hint="Files of experts import no module: name it in `kinds` if you trust it.")
    if name not in kinds:
        raise ParameterError(f"experts.kinds: {name!r}", expected="a kind of expert that a plugin brings",
                             got=repr(name), hint=nearest(name, kinds))
    return kinds[name].load()
