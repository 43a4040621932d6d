"""What an emotion engine says of a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

__all__ = ["Affect", "Analysis", "Explanation", "Shares"]


class Affect(NamedTuple):
    """Pleasure, arousal and dominance, each from 0 to 1."""

    pleasure: float
    arousal: float
    dominance: float


class Shares(dict[str, float]):
    """Numbers by name that nobody changes any more; they go where a dict does, through pickle and JSON too."""

    def _refuse(self, *given: object, **named: object) -> NoReturn:
        raise TypeError("what an engine has said cannot be changed")

    __setitem__: Any = _refuse
    __delitem__: Any = _refuse
    __ior__: Any = _refuse
    clear: Any = _refuse
    pop: Any = _refuse
    popitem: Any = _refuse
    setdefault: Any = _refuse
    update: Any = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return Shares, (dict(self),)


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was said of one text.

    Parameters
    ----------
    id : int
        By which the engine can be taught of this text later.
    user : str
        Whom it is from; empty for nobody in particular.
    primary : str
        The likeliest emotion.
    confidence : float, optional
        The probability that it is right, as the run learned it; None where the run does not tell.
    probabilities : mapping of str to float
        Of every emotion, in the order of the classes.
    pad : Affect, optional
        None where the run learned no such thing.
    readiness, readiness_uncertainty : float, optional
        How ready to learn the user is expected to be, and the standard deviation of that; None where the run follows no
        users.
    intervention : str, optional
        What is chosen for the user; None where the run has nothing to choose from.
    intervention_scores : mapping of str to float
        The effectiveness that is expected of each intervention.
    out_of_scope : float, optional
        How far the text is from all that was learned, from 0 to 1; None where the run does not tell.
    took_ms : float
        From the call to the answer, in ms of the wall clock, waiting for other callers included.
    """

    id: int
    user: str
    primary: str
    confidence: float | None
    probabilities: Mapping[str, float]
    pad: Affect | None
    readiness: float | None
    readiness_uncertainty: float | None
    intervention: str | None
    intervention_scores: Mapping[str, float]
    out_of_scope: float | None
    took_ms: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """What lies behind that which an engine would say of a text; what the run's learner does not have is empty.

    Parameters
    ----------
    tasks : mapping of str to mapping of str to float, or list of float
        Of each task the probabilities of its classes by name, or its numbers.
    experts : mapping of str to mapping
        The same of each expert, or of each part that a task is blended from, by name.
    routing : mapping of str to float
        The share of each expert.
    attention : tuple of (str, float)
        The words of the text in their order, and how much each weighs in the routing; they add up to 1.
    """

    tasks: Mapping[str, Any]
    experts: Mapping[str, Mapping[str, Any]]
    routing: Mapping[str, float]
    attention: tuple[tuple[str, float], ...]
