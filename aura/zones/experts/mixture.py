"""The mixture: gate, experts, credit and growth joined; it knows arrays, and nothing of the bus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aura.core.errors import ParameterError, StateError
from aura.core.params import validated
from aura.zones.experts.committee import ask, shares, teach
from aura.zones.experts.credit import LEAST_PROBABILITY, Credit, assess
from aura.zones.experts.gate.gate import Gate
from aura.zones.experts.gate.merit import MeritBoard
from aura.zones.experts.growth.board import Board
from aura.zones.experts.growth.planner import GrowthPlanner
from aura.zones.experts.kinds.expert import Lesson
from aura.zones.experts.kinds.registry import expert_kind
from aura.zones.experts.lineage import Lineage
from aura.zones.experts.memory import Answers
from aura.zones.experts.store import ExpertStore
from aura.zones.experts.teaching import one_hot, plan_lessons, teacher_share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from aura.core.time import Time
    from aura.zones.experts.committee import Share
    from aura.zones.experts.gate.routing import Routing
    from aura.zones.experts.growth.log import Action, Reason, Start
    from aura.zones.experts.kinds.expert import Expert, Rows
    from aura.zones.experts.params import ExpertsParams
    from aura.zones.experts.teaching import Lessons

__all__ = ["Mixture", "Outcome"]

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
    """

    def __init__(self, name: str, params: ExpertsParams, shape: tuple[int, ...], classes: int, seed: int) -> None:
        self._name, self._params, self._shape, self._classes = name, params, shape, classes
        self.gate = Gate(params.gate, int(np.prod(shape)), seed, name)
        growth, gate = params.growth, params.gate
        self.board = Board(BOARD_ITEMS, BOARD_ITEMS if growth is None else growth.surprise_items, name)
        self.merit = None if params.merit is None else MeritBoard(params.merit)
        self.planner = None if growth is None else GrowthPlanner(
            growth, max_experts=params.max_experts, k=gate.k, shared=gate.shared, where=name)
        self.lineage = Lineage(name, params, ExpertStore(params.store, name, shape=shape), self._make,
                               seed)
        self.items = 0
        """Items learned from."""
        self._now: Time = 0

    def _make(self, kind: str, seed: int) -> Expert:
        built = expert_kind(kind)
        options = dict(self._params.options.get(kind, {}))
        if self._params.devices > 1 and "devices" in built.Options.model_fields:
            options["devices"] = self._params.devices
        checked = validated(built.Options, options, f"{self._name}.options.{kind}", ParameterError)
        return built(self._shape, self._classes, checked, seed)

    def begin(self, now: Time) -> None:
        """Bear the first experts."""
        count = self._params.initial
        if self._params.growth is not None:
            count = max(count, self._params.growth.schedule[0])
        for _ in range(count):
            self._bear(now, "schedule", "seed", ())
        for name in self._params.frozen:
            self.lineage.change("freeze", name, now, 0)

    # --- answering ------------------------------------------------------------------------------------------------

    def answer(self, rows: NDArray[np.float32], classes: int, *, bias: NDArray[np.float32] | None,
               leaning: NDArray[np.float32] | None, temperature: float) -> tuple[Answers, NDArray[np.float32]]:
        """Route rows (n, *shape) and ask the chosen experts.

        Returns
        -------
        answers : Answers
        routing : ndarray, shape (n, E), float32
            What each expert weighs.
        """
        features = self.gate.sense(rows.reshape(len(rows), -1))
        heat = self._params.gate.temperature * temperature
        while True:
            active = self.lineage.active
            routing = self.gate.route(features, bias, self._offsets(leaning, active), heat, active,
                                      self.lineage.structure.groups, self._params.gate.shared)
            parts = shares(routing.chosen)
            experts = self._fetch(parts)
            if experts is not None:
                break
        answers = ask(experts, parts, rows, routing.chosen, classes)
        waiting = Answers(rows, features, routing.chosen, routing.weights, answers, routing.entropy, heat)
        return waiting, self._dense(routing)

    def _offsets(self, leaning: NDArray[np.float32] | None, active: NDArray[np.bool_]) -> NDArray[np.float32]:
        offsets = np.zeros(len(active), np.float32) if self.merit is None else self.merit.bias(active)
        if leaning is not None:
            shown = min(len(leaning), len(offsets))
            offsets[:shown] += leaning[:shown]
        growth = self._params.growth
        if growth is not None and growth.bootstrap:
            for index, unit in enumerate(self.lineage.structure.units):
                left = 1.0 - (self.items - unit.since) / growth.bootstrap
                if unit.since and left > 0.0:  # those that were there from the start need no help
                    offsets[index] += growth.bootstrap_bias * left
        return offsets

    def _fetch(self, parts: list[Share]) -> dict[int, Expert] | None:
        """Return the experts that are asked; None if the file of one turned out to be damaged, which masks it."""
        indices, names = [part.expert for part in parts], self.lineage.structure.names
        found = self.lineage.store.get_many([names[index] for index in indices])
        experts = {index: expert for index, expert in zip(indices, found, strict=True) if expert is not None}
        for index, expert in experts.items():
            if expert.classes < self._classes:  # whoever is not asked takes them when it is
                expert.add_classes(self._classes - expert.classes)
                self.lineage.store.touched(names[index])
        return experts if len(experts) == len(parts) else None

    def _dense(self, routing: Routing) -> NDArray[np.float32]:
        dense = np.zeros((len(routing.chosen), len(self.lineage)), np.float32)
        rows, slots = np.nonzero(routing.chosen >= 0)
        dense[rows, routing.chosen[rows, slots]] = routing.weights[rows, slots]
        return dense

    def names(self, answers: Answers) -> tuple[str, ...]:
        """Return the expert whose answer weighed most, for each item; "" where none was asked."""
        units = self.lineage.structure.units
        best = answers.chosen[np.arange(len(answers.chosen)), answers.weights.argmax(axis=1)]
        return tuple(units[index].name if index >= 0 else "" for index in best.tolist())

    # --- learning -------------------------------------------------------------------------------------------------

    def learn(self, now: Time, answers: Answers, places: NDArray[np.intp], classes: int, *, rate: float,
              momentum: float | None, alpha: float, drive: float, want_gradient: bool) -> Outcome:
        """Give credit for the answers, let the experts that were asked learn, and grow.

        Parameters
        ----------
        now : int
            The instant, in nanoseconds.
        answers : Answers
            What was foretold of n items.
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
        self._now = now
        self._classes = max(self._classes, classes)
        active = self.lineage.active
        credit = assess(answers.answers, answers.weights, places)
        chosen, weights = answers.chosen, answers.weights
        utilities = np.log(np.maximum(credit.truth, np.float32(LEAST_PROBABILITY)))
        self.items += len(places)
        expected = self.board.update(chosen, weights, -utilities, credit.losses, credit.correct)
        if self.merit is not None:
            self.merit.credit(chosen, weights, credit.truth, momentum, active)
        self.gate.adapt(answers.rows.reshape(len(places), -1))
        self.gate.learn(answers.features, chosen, weights, credit.responsibilities, utilities, rate,
                        answers.temperature, active)
        truth = one_hot(places, classes)
        lessons = plan_lessons(answers, credit, truth, rate, self._params.learning, ~self.lineage.structure.frozen,
                               self._tutor(classes, alpha))
        gradient = self._teach(lessons, answers, credit, truth, want_gradient)
        if self.planner is not None:
            self.planner.observe(answers.entropy, credit.losses, expected)
            self._grow(answers, places, classes, drive)
        taught = sum(len(part.rows) for part in lessons.parts)
        return Outcome(credit, gradient, lessons.skipped, taught / len(places), int(self.lineage.active.sum()))

    def _teach(self, lessons: Lessons, answers: Answers, credit: Credit, truth: NDArray[np.float32],
               want_gradient: bool) -> NDArray[np.float32] | None:
        """Let the experts learn; return the gradient of each item's loss with respect to it.

        Those that are frozen do not learn, but their part of the gradient counts: a lesson of weight 0 gives it.
        """
        parts, given = list(lessons.parts), list(lessons.lessons)
        if want_gradient:
            taught = {part.expert for part in parts}
            for part in shares(answers.chosen):
                if part.expert not in taught:
                    nothing = np.zeros(len(part.rows), np.float32)
                    parts.append(part)
                    given.append(Lesson(answers.rows[part.rows], truth[part.rows], nothing, nothing, 1.0))
        experts = self._fetch(parts)
        if experts is None:  # a file was damaged since the experts were asked
            return None
        units, store = self.lineage.structure.units, self.lineage.store
        slopes = teach(experts, [(part.expert, lesson) for part, lesson in zip(parts, given, strict=True)],
                       want_gradient=want_gradient)
        for part in lessons.parts:
            store.touched(units[part.expert].name)
            self.board.learned(part.expert, len(part.rows))
        if not want_gradient:
            return None
        gradient = np.zeros(answers.rows.shape, np.float32)
        for part, slope in zip(parts, slopes, strict=True):
            if slope is not None:
                share = credit.responsibilities[part.rows, part.slots]
                gradient[part.rows] += share.reshape(-1, *(1,) * len(self._shape)) * slope
        return gradient

    def _tutor(self, classes: int, alpha: float) -> Callable[[int, Rows], tuple[float, Rows] | None]:
        """Return who answers for the teachers of an expert in its bootstrap."""
        growth, units = self._params.growth, self.lineage.structure.units

        def tutor(index: int, rows: Rows) -> tuple[float, Rows] | None:
            unit = units[index]
            if unit.start not in ("distil", "committee"):
                return None
            share = teacher_share(growth, self.items - unit.since, alpha)
            if share == 0.0:
                return None
            told = np.zeros((len(rows), classes), np.float32)
            teachers = [teacher for teacher in map(self.lineage.store.get, unit.parents) if teacher is not None]
            for teacher in teachers:
                answer = teacher.predict(rows)[:, :classes]
                told[:, :answer.shape[1]] += answer / np.float32(len(teachers))
            return (share, told) if teachers else None

        return tutor

    # --- growth ---------------------------------------------------------------------------------------------------

    def _grow(self, answers: Answers, places: NDArray[np.intp], classes: int, drive: float) -> None:
        """Make the changes that the planner has decided on."""
        if self.planner is None:
            return

        def trial(name: str) -> float:
            expert = self.lineage.store.get(name)
            if expert is None:
                return np.inf
            answer = expert.predict(answers.rows)
            known = np.pad(answer, ((0, 0), (0, max(0, classes - answer.shape[1]))))
            given = known[np.arange(len(places)), places]
            return float(-np.log(np.maximum(given, np.float32(LEAST_PROBABILITY))).mean())

        for plan in self.planner.decide(self.lineage.structure, self.board, self.items, drive=drive, trial=trial):
            if plan.action == "grow":
                self._bear(self._now, plan.reason, plan.start, plan.teachers)
            elif plan.expert is not None:
                self.change(plan.action, plan.expert, plan.reason)

    def _bear(self, now: Time, reason: Reason, start: Start, teachers: Sequence[str] = ()) -> str:
        unit = self.lineage.bear(now, self.items, reason, start, teachers)
        before = self.lineage.active[:-1]
        self.gate.grow(self.lineage.structure.index(unit.parents[0]) if unit.parents else None, before)
        self.board.grow()
        if self.merit is not None:
            self.merit.grow(before)
        return unit.name

    def grow(self, teacher: str | None = None) -> str:
        """Add an expert by request, a clone of the teacher or of its own seed, and return its name."""
        return self._bear(self._now, "request", "seed" if teacher is None else "clone",
                          () if teacher is None else (teacher,))

    def change(self, action: Action, name: str, reason: Reason = "request") -> None:
        """Put an expert away, take it up again, freeze or thaw it."""
        self.lineage.change(action, name, self._now, self.items, reason)

    # --- state ----------------------------------------------------------------------------------------------------

    def _parts(self) -> dict[str, Any]:
        parts = {"gate": self.gate, "board": self.board, "merit": self.merit, "planner": self.planner}
        return {name: part for name, part in parts.items() if part is not None}

    def state(self) -> dict[str, Any]:
        """Return experts, gate, boards and growth."""
        return {"items": self.items, "now": self._now, "lineage": self.lineage.state(),
                **{name: part.state() for name, part in self._parts().items()}}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned.

        Raises
        ------
        StateError
            If it is of a mixture with other parts.
        """
        self.load_heads(state)
        self.lineage.load_state(state["lineage"])

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
        self.items, self._now = int(state["items"]), int(state["now"])

    def close(self) -> None:
        """Let the files of experts that are not in memory go."""
        self.lineage.store.close()
