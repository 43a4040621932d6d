"""The hippocampus: routes each stimulus to a few experts, learns online which of them know it, and grows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.classes import ClassIndex, LabelSets
from aura.core.errors import ParameterError, SignalError
from aura.core.flow import room
from aura.core.pending import PENDING_ITEMS, UNMATCHED, PendingItems, received
from aura.core.signals import Items
from aura.core.time import Time, format_time
from aura.core.zone import Zone
from aura.zones.common.gradients import PublishesGradient
from aura.zones.experts.answers import Answers, joined
from aura.zones.experts.committee import mixed
from aura.zones.experts.kinds.lookup import KINDS
from aura.zones.experts.mixture import Mixture, kind_of
from aura.zones.experts.params import ExpertsParams
from aura.zones.experts.plugin import MANIFEST

if TYPE_CHECKING:

    from numpy.typing import NDArray

    from aura.core.signals import Inputs
    from aura.core.zone import ZoneContext
    from aura.zones.experts.growth.structure import Structure

__all__ = ["Experts"]


class Experts(PublishesGradient, Zone[ExpertsParams]):
    """Predicts the class of stimuli by a growing mixture of experts, and learns when the teacher names them.

    Notes
    -----
    `step` routes the stimuli, asks the chosen experts, and keeps stimuli, routing and answers until the teacher speaks.
    `learn` gives credit by what was answered then: only the experts that were asked learn. Growth is decided in
    `learn` too, from the next tick on.

    What the modulators do, the manifest says.

    The gradient with respect to the stimuli is found by the parameters before learning and published by the next step,
    for which the zone wakes one resolution later.
    """

    manifest = MANIFEST
    lasting = ("_seed", "_shape", "_classes", "_announced", "_pending", "_skipped", "_loss", "_lessons", "_mixture")

    def __init__(self, context: ZoneContext[ExpertsParams]) -> None:
        super().__init__(context)
        self._kinds = context.parts.get("expert", KINDS)
        # A mistake shows now, not when one is born.
        options = [kind_of(kind, self.params, context.name, self._kinds)[1]
                   for kind in dict.fromkeys(self.params.kinds)]
        if self.params.devices > 1 and not any(hasattr(one, "devices") for one in options):
            raise ParameterError(f"{context.name}.devices", expected="1 where no kind of expert shares its rows out",
                                 got=f"{self.params.devices} with {', '.join(self.params.kinds)}",
                                 hint="Convolutions do (conv1d, conv2d); leave devices out.")
        self._seed = int(self.rng.integers(2**62))
        self._classes = ClassIndex(self.params.classes, open=self.params.open, on_unknown=self.params.on_unknown)
        self._pending = PendingItems(room(self.params.memory, [context.waits.get("teacher")], PENDING_ITEMS,
                                          f"{context.name}.memory"),
                                     sources=[context.sources.get("teacher")])
        self._shape: tuple[int, ...] | None = None
        self._mixture: Mixture | None = None
        self._announced = False
        self._skipped = self._unmatched = 0
        self._loss: float | None = None
        self._lessons = 0.0

    # --- what can be looked at, and asked for ---------------------------------------------------------------------

    @property
    def structure(self) -> Structure:
        """The experts there are, with their descent; empty before the first stimulus."""
        from aura.zones.experts.growth.structure import Structure

        return Structure() if self._mixture is None else self._mixture.population.structure

    @property
    def mixture(self) -> Mixture:
        """The experts and their gate.

        Raises
        ------
        SignalError
            Before the first stimulus.
        """
        if self._mixture is None:
            raise SignalError(f"{self.context.name}.stimulus", expected="a stimulus first, which tells its shape",
                              got="none yet", hint="Run the brain for a tick.")
        return self._mixture

    # --- the tick -------------------------------------------------------------------------------------------------

    def step(self, now: Time, inputs: Inputs) -> dict[str, Any]:
        """Return what the mixture makes of the stimuli, and what the last learning left to say."""
        out: dict[str, Any] = {}
        rows = inputs["stimulus"]
        if rows is not None and len(rows):
            out.update(self._answer(now, rows, inputs))
        if self._mixture is not None and self._mixture.population.has_news:
            out["growth"] = self._mixture.population.news()
        if self._loss is not None:
            out["loss"] = np.array(self._loss, np.float32)
            self._loss = None
        return out | self.waiting("stimulus_gradient")

    def _answer(self, now: Time, rows: NDArray[np.float32], inputs: Inputs) -> dict[str, Any]:
        mixture = self._mixture or self._open(rows.shape[1:], now)
        if rows.shape[1:] != self._shape:
            raise SignalError(f"{self.context.name}.stimulus at {format_time(now)}", got=str(rows.shape[1:]),
                              expected=f"stimuli of shape {self._shape}, as at first",
                              hint="One mixture reads one stream.")
        bias, ids = inputs["gate_bias"], inputs.ids.get("stimulus")
        if bias is not None:
            self._require_same_items(now, ids, inputs.ids.get("gate_bias"))
        answers, full, asked = mixture.answer(rows, len(self._classes), bias=bias, leaning=inputs["routing_bias"],
                                              temperature=inputs.modulators["gate_temperature"])
        if ids is not None:
            self._pending.store(ids, answers._asdict())
        probability = mixed(answers.answers, answers.weights)
        utilisation, accuracy = mixture.standing()
        out = {
            "label": self._labels(probability, asked), "probability": probability, "expert": mixture.names(answers),
            "routing": full, "gate_entropy": np.array(np.add.reduce(answers.entropy) / len(rows), np.float32),
            "utilisation": utilisation, "routed_accuracy": accuracy,
            "activity": np.array(asked / len(rows) + self._lessons, np.float32),
            "skipped": np.array(self._skipped, np.int64),
        }
        self._lessons = 0.0
        if not self._announced:
            self._announced = True
            out["classes"] = tuple(self._classes.names)
        return out

    def _require_same_items(self, now: Time, ids: NDArray[np.int64] | None, others: NDArray[np.int64] | None) -> None:
        if ids is not others and (ids is None or others is None or not np.array_equal(ids, others)):
            raise SignalError(f"{self.context.name}.gate_bias at {format_time(now)}", got="one of other items",
                              expected="a bias of the same items as the stimuli",
                              hint="Let both come from one router, over pathways of one delay.")

    def _labels(self, probability: NDArray[np.float32], asked: int) -> tuple[tuple[str, ...], ...]:
        names = self._classes.names
        if not names or not asked:
            return ((),) * len(probability)
        return tuple((names[place],) for place in probability.argmax(axis=1).tolist())

    def learn(self, now: Time, inputs: Inputs) -> dict[str, float]:
        """Learn from the labels that have come; return what became of them."""
        batch = received(inputs, "teacher", self.context.name, now)
        if batch is None:
            return {}
        ids, labels = batch
        rate = inputs.modulators["learning_rate"] * inputs.modulators["learning_drive"]
        groups = self._pending.take_blocks(ids)
        found = sum(len(places) for places, _ in groups)
        scalars = {"unmatched": float(len(ids) - found)}
        if groups and rate > 0.0:
            scalars.update(self._study(now, groups, ids, labels, rate, f"{self.context.name}.teacher", inputs))
        scalars["skipped"] = float(self._skipped)
        return scalars

    def _study(self, now: Time, groups: list[tuple[NDArray[np.intp], dict[str, Any]]], ids: NDArray[np.int64],
               labels: LabelSets, rate: float, where: str, inputs: Inputs) -> dict[str, float]:
        places = groups[0][0] if len(groups) == 1 else np.concatenate([group for group, _ in groups])
        known = len(self._classes)
        truth = self._classes.one_each([labels[place] for place in places.tolist()], where, now,
                                      hint="A mixture of experts tells classes apart that exclude each other.")
        self._announced = self._announced and len(self._classes) == known
        if not len(truth.rows):
            return {"items": 0.0, "unknown": float(truth.unknown)}
        answers = joined([Answers(**answers) for _, answers in groups], len(self._classes))
        if len(truth.rows) < len(places):
            answers = answers.take(truth.rows)
        modulators = inputs.modulators
        outcome = self.mixture.learn(
            now, answers, truth.places, len(self._classes), rate=rate,
            momentum=modulators.get("merit_momentum"), alpha=modulators["distillation_alpha"],
            drive=modulators["growth_drive"], want_gradient=self.params.publish_gradient)
        self._skipped += outcome.skipped
        self._loss = float(np.add.reduce(outcome.credit.losses)) / len(truth.rows)
        self._lessons += outcome.lessons
        if outcome.gradient is not None:
            self._gradient = Items(outcome.gradient, ids[places[truth.rows]])
        right = int(np.count_nonzero(outcome.credit.correct))
        return {"items": float(len(truth.rows)), "unknown": float(truth.unknown), "loss": self._loss,
                "accuracy": right / len(truth.rows), "experts": float(outcome.active)}

    def _open(self, shape: tuple[int, ...], now: Time) -> Mixture:
        """Set up what depends on the shape of a stimulus."""
        self._shape = tuple(shape)
        self._mixture = Mixture(self.context.name, self.params, self._shape, max(1, len(self._classes)), self._seed,
                                self._kinds)
        self._mixture.begin(now)
        return self._mixture

    # --- growth by request ----------------------------------------------------------------------------------------

    def grow(self, teacher: str | None = None) -> str:
        """Add an expert, as a clone of the teacher or with parameters of its own, and return its name."""
        return self.mixture.grow(teacher)

    def prune(self, name: str) -> None:
        """Prune an expert; it is kept, and may be revived."""
        self.mixture.change("prune", name)

    def revive(self, name: str) -> None:
        """Revive an expert that was pruned."""
        self.mixture.change("revive", name)

    def freeze(self, name: str) -> None:
        """Let an expert predict and no longer learn."""
        self.mixture.change("freeze", name)

    def thaw(self, name: str) -> None:
        """Let a frozen expert learn again."""
        self.mixture.change("thaw", name)

    def before_load(self, state: dict[str, Any]) -> None:
        self.close()
        self._mixture = None
        if state["shape"] is not None:
            self._mixture = Mixture(self.context.name, self.params, state["shape"],
                                    max(1, len(state["classes"]["names"])), state["seed"], self._kinds)

    # --- before and after -----------------------------------------------------------------------------------------

    def notices(self) -> dict[str, int]:
        """Return how many items were left unlearned, and how many labels taught nothing."""
        return {"left {count} items unlearned, as no expert that was asked may learn": self._skipped,
                UNMATCHED: self._pending.unmatched}

    def warm_up(self) -> None:
        """Compile the kernels by a tick of another mixture like this one, if the shape of a stimulus is known."""
        shape = tuple(length for length in self.params.stimulus if isinstance(length, int))
        if len(shape) < len(self.params.stimulus):
            return
        other = Mixture(self.context.name, self.params, shape, 2, 0, self._kinds)
        other.begin(0)
        rows = np.zeros((2, *shape), np.float32)
        rows.flags.writeable = False  # as on the bus
        answers, _, _ = other.answer(rows, 2, bias=None, leaning=None, temperature=1.0)
        other.learn(0, answers, np.array([0, 1]), 2, rate=1.0, momentum=None, alpha=1.0, drive=1.0,
                    want_gradient=self.params.publish_gradient)
        other.close()

    def export(self, folder: str | Path) -> list[Path]:
        """Write each expert, the growth log and the gate into a folder of the zone's name; none before a stimulus."""
        if self._mixture is None:
            return []
        from aura.zones.experts.export import write_export

        return write_export(Path(folder) / self.context.name, self._mixture, self._shape or (), self._classes.names)

    def load_export(self, folder: str | Path) -> list[Path]:
        """Take over exported experts, with their gate and their log; each is read when it is first asked.

        Raises
        ------
        StateError
            If the gate or the log is missing or damaged.
        """
        from aura.zones.experts.export import open_export

        found = open_export(Path(folder) / self.context.name, self.context.name, self.params, self._seed,
                            self._kinds)
        self.close()
        self._shape, self._mixture = found.shape, found.mixture
        self._classes.replace(found.classes)
        self._announced = False
        self._pending.clear()
        return found.files

    def close(self) -> None:
        """Let the files of experts that are not in memory go."""
        if self._mixture is not None:
            self._mixture.close()
