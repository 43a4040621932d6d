"""The mixture: gate, experts, credit and growth joined; it knows arrays, and nothing of the bus."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aura.core.errors import ParameterError, StateError
from aura.core.params import validated
from aura.zones.experts.answers import Answers
from aura.zones.experts.committee import Shares, ask, share_out, teach, weights_by_expert
from aura.zones.experts.credit import LEAST_PROBABILITY, Credit, assess
from aura.zones.experts.distillation import soft_targets_of, trial_of
from aura.zones.experts.gate.gate import Gate
from aura.zones.experts.gate.merit import MeritBoard
from aura.zones.experts.growth.board import Board
from aura.zones.experts.growth.planner import GrowthPlanner
from aura.zones.experts.kinds.expert import ExpertOptions, Lesson
from aura.zones.experts.kinds.lookup import KINDS, expert_kind
from aura.zones.experts.population import Population
from aura.zones.experts.store import ExpertStore
from aura.zones.experts.teaching import one_hot, plan_lessons

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from aura.core.time import Time
    from aura.zones.experts.growth.log import Action, Reason, Start
    from aura.zones.experts.kinds.expert import Expert, ExpertKind
    from aura.zones.experts.params import ExpertsParams
    from aura.zones.experts.teaching import Lessons

__all__ = ["Mixture", "Outcome", "kind_of"]

BOARD_ITEMS = 1000.0
"""Items over which the running share of the gate and the accuracy of each expert are taken (chosen here)."""



class Outcome(NamedTuple):
    """What came of a block of lessons."""

    credit: Credit
    gradient: NDArray[np.float32] | None
    """Of each item's loss with respect to the item, (n, *shape)."""
    skipped: int
    """Items that no expert could learn from."""
    lessons: float
    """Lessons per item."""
    active: int
    """Experts that may be asked."""


def kind_of(kind: str, params: ExpertsParams, name: str,
            kinds: Mapping[str, ExpertKind] = KINDS) -> tuple[type[Expert], ExpertOptions]:
    """Return the class of a kind of expert, and its options as the parameters of a zone of that name have them.

    Raises
    ------
    ParameterError
        If there is no such kind, or its options are wrong.
    """
    built = expert_kind(kind, kinds, params.kinds)
    options = dict(params.options.get(kind, {}))
    if params.devices > 1 and "devices" in built.Options.model_fields:
        options["devices"] = params.devices
    return built, validated(built.Options, options, f"{name}.options.{kind}", ParameterError)


class Mixture:
    """A growing mixture of experts.

    Parameters
    ----------
    name : str
        The zone's, for errors.
    params : ExpertsParams
    shape : tuple of int
        Of one stimulus.
    classes : int
        Classes that a new expert has, at the moment.
    seed : int
        Of everything random in it: gate, experts.
    kinds : mapping of str to ExpertKind
        The kinds of expert that there are.
    """

    def __init__(self, name: str, params: ExpertsParams, shape: tuple[int, ...], classes: int, seed: int,
                 kinds: Mapping[str, ExpertKind] = KINDS) -> None:
        self._name, self._params, self._shape, self._classes, self._kinds = name, params, shape, classes, kinds
        self.gate = Gate(params.gate, int(np.prod(shape)), seed, name)
        growth, gate = params.growth, params.gate
        self.board = Board(BOARD_ITEMS, BOARD_ITEMS if growth is None else growth.surprise_items, name)
        self.merit = None if params.merit is None else MeritBoard(params.merit)
        self.planner = None if growth is None else GrowthPlanner(
            growth, max_experts=params.max_experts, k=gate.k, shared=gate.shared, where=name)
        store = ExpertStore(params.store, name, shape=shape,
                            kinds=partial(expert_kind, kinds=kinds, named=params.kinds))
        self.population = Population(name, params, store, self._make, seed)
        self.items = 0
        """Items learned from."""
        self._now: Time = 0
        # Kept until credit is given or the experts change.
        self._merits: NDArray[np.float32] | None = None
        self._standing: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def _make(self, kind: str, seed: int) -> Expert:
        built, options = kind_of(kind, self._params, self._name, self._kinds)
        return built(self._shape, self._classes, options, seed)

    def begin(self, now: Time) -> None:
        """Bear the first experts."""
        count = self._params.initial
        if self._params.growth is not None:
            count = max(count, self._params.growth.schedule[0])
        for _ in range(count):
            self._bear(now, "schedule", "seed", ())
        for name in self._params.frozen:
            self.population.change("freeze", name, now, 0)

    # --- answering ------------------------------------------------------------------------------------------------

    def answer(self, rows: NDArray[np.float32], classes: int, *, bias: NDArray[np.float32] | None,
               leaning: NDArray[np.float32] | None,
               temperature: float) -> tuple[Answers, NDArray[np.float32], int]:
        """Route rows (n, *shape) and ask the chosen experts.

        Returns
        -------
        answers : Answers
        routing : ndarray, shape (n, E), float32
            What each expert weighs.
        asked : int
            Answers that were given.
        """
        projections = self.gate.project(rows.reshape(len(rows), -1))
        features = self.gate.sense_projections(projections)
        heat = self._params.gate.temperature * temperature
        while True:
            active = self.population.active
            routing = self.gate.route(features, bias, self._offsets(leaning, active), heat, active,
                                      self.population.structure.groups, self._params.gate.shared)
            shares = share_out(routing.chosen)
            experts = self._fetch(shares.experts)
            if experts is not None:
                break
        answers = ask(experts, shares, rows, routing.chosen.shape[1], classes)
        waiting = Answers(rows, projections, features, routing.chosen, routing.weights, answers, routing.entropy, heat)
        return waiting, weights_by_expert(routing.chosen, routing.weights, len(active)), len(shares.rows)

    def standing(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the running share of the gate and the accuracy of each expert, (E,); the same until it learns."""
        if self._standing is None:
            self._standing = self.board.utilisation.astype(np.float32), self.board.accuracy.astype(np.float32)
        return self._standing

    def _offsets(self, leaning: NDArray[np.float32] | None, active: NDArray[np.bool_]) -> NDArray[np.float32]:
        if self._merits is None:
            self._merits = np.zeros(len(active), np.float32) if self.merit is None else self.merit.bias(active)
        offsets = self._merits.copy()
        if leaning is not None:
            shown = min(len(leaning), len(offsets))
            offsets[:shown] += leaning[:shown]
        growth = self._params.growth
        if growth is not None and self.items < self.population.newest + growth.bootstrap:
            for index, unit in enumerate(self.population.structure.units):
                left = 1.0 - (self.items - unit.since) / growth.bootstrap
                if unit.since and left > 0.0:  # those that were there from the start need no help
                    offsets[index] += growth.bootstrap_bias * left
        return offsets

    def _fetch(self, indices: tuple[int, ...]) -> dict[int, Expert] | None:
        """Return the experts that are asked; None if the file of one turned out to be damaged, which masks it."""
        names, experts = self.population.structure.names, {}
        for index, expert in zip(indices, self.population.store.get_many([names[index] for index in indices]),
                                 strict=True):
            if expert is None:
                self._merits = None
                return None
            if expert.classes < self._classes:  # whoever is not asked takes them when it is
                expert.add_classes(self._classes - expert.classes)
                self.population.store.touched(names[index])
            experts[index] = expert
        return experts

    def names(self, answers: Answers) -> tuple[str, ...]:
        """Return the expert whose answer weighed most, for each item; "" where none was asked."""
        names = (*self.population.structure.names, "")  # -1 is the last: none
        if not answers.chosen.shape[1]:
            return ("",) * len(answers.chosen)
        best = answers.weights.argmax(axis=1).tolist()
        return tuple(names[row[slot]] for row, slot in zip(answers.chosen.tolist(), best, strict=True))

    # --- learning -------------------------------------------------------------------------------------------------

    def learn(self, now: Time, answers: Answers, places: NDArray[np.intp], classes: int, *, rate: float,
              momentum: float | None, alpha: float, drive: float, want_gradient: bool) -> Outcome:
        """Give credit for the answers, let the experts that were asked learn, and grow.

        Parameters
        ----------
        now : int
            The instant, in nanoseconds.
        answers : Answers
            What was predicted of n items.
        places : ndarray, shape (n,)
            Their true classes.
        classes : int
            How many are known.
        rate : float
            Scales all learning; above 0.
        momentum : float, optional
            Of the merit board, in place of its own.
        alpha : float
            Multiplies the share of the teacher in a bootstrap.
        drive : float
            Of growth.
        want_gradient : bool
        """
        self._now, self._merits, self._standing = now, None, None
        self._classes = max(self._classes, classes)
        active = self.population.active
        credit = assess(answers.answers, answers.weights, places)
        chosen, weights = answers.chosen, answers.weights
        utilities = np.log(np.maximum(credit.truth, np.float32(LEAST_PROBABILITY)))
        self.items += len(places)
        expected = self.board.update(chosen, weights, -utilities, credit.losses, credit.correct)
        if self.merit is not None:
            self.merit.credit(chosen, weights, credit.truth, momentum, active)
        self.gate.adapt_projections(answers.projections)
        self.gate.learn(answers.features, chosen, weights, credit.responsibilities, utilities, rate,
                        answers.temperature, active)
        truth = one_hot(places, classes)
        shares = share_out(chosen)
        lessons = plan_lessons(answers, credit, truth, rate, self._params.learning, shares,
                               ~self.population.structure.frozen,
                               soft_targets_of(self.population, self._params.growth, self.items, classes, alpha))
        gradient = self._teach(lessons, shares, answers, credit, truth, want_gradient)
        self._grow(answers, credit, expected, places, classes, drive)
        return Outcome(credit, gradient, lessons.skipped, len(lessons.shares.rows) / len(places),
                       int(np.count_nonzero(self.population.active)))

    def _teach(self, lessons: Lessons, shares: Shares, answers: Answers, credit: Credit, truth: NDArray[np.float32],
               want_gradient: bool) -> NDArray[np.float32] | None:
        """Let the experts learn; return the gradient of each item's loss with respect to it.

        Those that are frozen do not learn, but their part of the gradient counts: a lesson of weight 0 gives it.
        """
        given = dict(zip(lessons.shares.experts, lessons.lessons, strict=True))
        if want_gradient:
            for index, part in shares.parts():
                if index not in given:
                    mine = shares.rows[part]
                    nothing = np.zeros(len(mine), np.float32)
                    given[index] = Lesson(answers.rows[mine], truth[mine], nothing, nothing, 1.0)
        experts = self._fetch(tuple(given))
        if experts is None:  # a file was damaged since the experts were asked
            return None
        slopes = dict(zip(given, teach(experts, list(given.items()), want_gradient=want_gradient), strict=True))
        names = self.population.structure.names
        for index, part in lessons.shares.parts():
            self.population.store.touched(names[index])
            self.board.learned(index, part.stop - part.start)
        if not want_gradient:
            return None
        gradient = np.zeros(answers.rows.shape, np.float32)
        for index, part in shares.parts():
            slope = slopes[index]
            if slope is not None:
                share = credit.responsibilities[shares.rows[part], shares.slots[part]]
                gradient[shares.rows[part]] += share.reshape(-1, *(1,) * len(self._shape)) * slope
        return gradient

    # --- growth ---------------------------------------------------------------------------------------------------

    def _grow(self, answers: Answers, credit: Credit, expected: NDArray[np.float64], places: NDArray[np.intp],
              classes: int, drive: float) -> None:
        """Let the planner see how it went, and make the changes that it decides on."""
        if self.planner is None:
            return
        self.planner.observe(answers.entropy, credit.losses, expected)
        trial = trial_of(self.population, answers.rows, places, classes)
        for plan in self.planner.decide(self.population.structure, self.board, self.items, drive=drive, trial=trial):
            if plan.action == "grow":
                self._bear(self._now, plan.reason, plan.start, plan.teachers)
            elif plan.expert is not None:
                self.change(plan.action, plan.expert, plan.reason)

    def _bear(self, now: Time, reason: Reason, start: Start, teachers: Sequence[str] = ()) -> str:
        unit = self.population.bear(now, self.items, reason, start, teachers)
        before, self._merits, self._standing = self.population.active[:-1], None, None
        self.gate.grow(self.population.structure.index(unit.parents[0]) if unit.parents else None, before)
        self.board.grow()
        if self.merit is not None:
            self.merit.grow(before)
        return unit.name

    def grow(self, teacher: str | None = None) -> str:
        """Add an expert by request, a clone of the teacher or of its own seed, and return its name."""
        return self._bear(self._now, "request", "seed" if teacher is None else "clone",
                          () if teacher is None else (teacher,))

    def change(self, action: Action, name: str, reason: Reason = "request") -> None:
        """Prune, revive, freeze or thaw an expert."""
        self._merits = None
        self.population.change(action, name, self._now, self.items, reason)

    # --- state ----------------------------------------------------------------------------------------------------

    def _parts(self) -> dict[str, Any]:
        parts = {"gate": self.gate, "board": self.board, "merit": self.merit, "planner": self.planner}
        return {name: part for name, part in parts.items() if part is not None}

    def state(self) -> dict[str, Any]:
        """Return experts, gate, boards and growth."""
        return {**self.heads(), "population": self.population.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned.

        Raises
        ------
        StateError
            If it is of a mixture with other parts.
        """
        self.load_heads(state)
        self.population.load_state(state["population"])

    def heads(self) -> dict[str, Any]:
        """Return all but the experts and their log."""
        return {"items": self.items, "now": self._now, **{name: part.state() for name, part in self._parts().items()}}

    def load_heads(self, state: dict[str, Any]) -> None:
        """Take over what `heads` returned."""
        for name, part in self._parts().items():
            if name not in state:
                raise StateError(f"{self._name}.{name}", expected="its state", got="none",
                                 hint="Was it saved with other parameters?")
            part.load_state(state[name])
        self.items, self._now, self._standing = int(state["items"]), int(state["now"]), None
        self._merits = None

    def close(self) -> None:
        """Let the files of experts that are not in memory go."""
        self.population.store.close()
