"""The temporal lobe: after every turn it says what it believes of the turn, its conversation and its author."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError
from aura.core.pending import PENDING_ITEMS, UNMATCHED, PendingItems, received
from aura.core.signals import Inputs, Items, seen_before
from aura.core.time import Time, format_time
from aura.core.zone import Zone, ZoneContext
from aura.zones.common.gradients import PublishesGradient
from aura.zones.temporal.conversations import Conversations, Place, Turn
from aura.zones.temporal.export import read_export, write_export
from aura.zones.temporal.lessons import TaughtTurns, batches, side_by_side, taught_by
from aura.zones.temporal.model import Model
from aura.zones.temporal.params import TemporalParams
from aura.zones.temporal.plateau import Plateau
from aura.zones.temporal.plugin import MANIFEST
from aura.zones.temporal.profiles import whom_of
from aura.zones.temporal.rehearsal import KeptTruths
from aura.zones.temporal.tasks import LEAST_SCORE, Task, task_of

__all__ = ["Temporal"]

Ids = NDArray[np.int64]
EVICTED_CONVERSATIONS = "forgot {count} conversations, as more came than it follows (conversations)"
EVICTED_AUTHORS = "forgot {count} authors, or speakers, as more came than it follows (authors)"
RESTARTED = "began {count} conversations anew, as a turn had the number of a first one, as if two had one name"
UNORDERED = "took {count} turns out of order, when they came"
UNNAMED = "took {count} turns as a conversation each, as nobody said which they are of"
BESIDE = ("conversation", "author", "turn")


class Temporal(PublishesGradient, Zone[TemporalParams]):
    """Follows conversations turn by turn, and learns when teachers tell the truth of turns, conversations or authors.

    Notes
    -----
    `step` appends the turns that have come to their conversations and says what is believed after each, by it and those
    before it alone; `learn` reads the teachers only. All turns of one tick are one batch. A turn is taught each task
    once; what is told of one that is not kept is counted as unmatched.

    What a turn belongs to is kept whether the zone learns or not; weights, thresholds and what is known of classes
    change in `learn` alone. The modulators ``learning_rate`` and ``learning_drive`` multiply the step.
    """

    manifest = MANIFEST
    lasting = ("_features", "_beside", "_conversations", "_tasks", "_model", "_plateau", "_kept",
               "_unmatched", "_unnamed")

    def __init__(self, context: ZoneContext[TemporalParams]) -> None:
        super().__init__(context)
        params = self.params
        self._features: int | None = None
        """Length of an embedding."""
        self._tasks: dict[str, Task] = {}
        self._model: Model | None = None
        self._beside = {port: PendingItems(params.memory or PENDING_ITEMS) for port in BESIDE}
        self._conversations = Conversations(params.window, params.conversations, params.speakers, list(params.tasks),
                                            LEAST_SCORE, params.kept)
        self._plateau = None if params.plateau is None else Plateau(params.plateau)
        self._kept = KeptTruths(params.rehearse)
        self._unmatched = self._unnamed = 0

    # --- the tick -------------------------------------------------------------------------------------------------

    def step(self, now: Time, inputs: Inputs) -> dict[str, Any]:
        """Return what is believed after the turns that have come, and the gradient that the last learning left."""
        out: dict[str, Any] = {}
        for port, waiting in self._beside.items():
            batch = received(inputs, port, self.context.name, now, what=f"{port}s")
            if batch is not None:
                waiting.store(batch[0], batch[1].tolist() if isinstance(batch[1], np.ndarray) else list(batch[1]))
        rows = inputs["embedding"]
        if rows is not None:
            ids = inputs.ids.get("embedding")
            if ids is None:
                raise SignalError(f"{self.context.name}.embedding at {format_time(now)}", got="embeddings without",
                                  expected="embeddings with the ids of their items",
                                  hint="The output that brings them must carry items_from, or return Items(...).")
            self._require_width(now, rows.shape[1])
            out.update(self._followed(ids, rows))
        return out | self.waiting("embedding_gradient")

    def _followed(self, ids: Ids, rows: NDArray[np.float32]) -> dict[str, Any]:
        """Take in turns, and return what is believed after each."""
        assert self._model is not None  # it is there from the first embedding on
        places = [self._taken(identity, row) for identity, row in zip(ids.tolist(), rows, strict=True)]
        out: dict[str, Any] = {}
        if not self.learns:
            for task in self._tasks.values():
                task.settle()
        opinions = {name: np.zeros((0, task.readout.parameters.values.shape[1])) for name, task in self._tasks.items()}
        paid: NDArray[Any] = np.zeros((0, 0), np.float32)
        sequences = None
        if places:
            sequences = side_by_side(places, self.params.window)
            opinions, paid = self._model.scores(sequences, {name: task.readout for name, task in self._tasks.items()})
        beliefs = {}
        for name, task in self._tasks.items():
            beliefs[name] = task.believe([whom_of(place, task.options.of) for place in places], opinions[name])
            out.update(task.answer(beliefs[name]))
        for row, place in enumerate(places):
            self._conversations.note(place, {name: belief[row] for name, belief in beliefs.items()})
        if self.params.publish_attention:
            ends = [] if sequences is None else (sequences.places + 1).tolist()
            out["attended"] = tuple(tuple(_ago(back) for back in range(end - 1, -1, -1)) for end in ends)
            out["attention"] = np.ascontiguousarray(np.minimum(paid, 1.0))
        for conversation in {id(place.conversation): place.conversation for place in places}.values():
            self._conversations.shorten(conversation)
        for key in self._conversations.trim():
            self._forget(key)
        return out

    def _taken(self, identity: int, row: NDArray[np.float32]) -> Place:
        """Append a turn to its conversation."""
        conversation, author, number = (self._beside[port].pop(identity) for port in BESIDE)
        self._unnamed += not conversation
        place, ended = self._conversations.add(Turn(identity, conversation or "", author or "", number), row)
        if ended is not None:
            self._forget(ended)
        return place

    def _forget(self, conversation: str) -> None:
        """Let go of what was believed of a conversation that is no longer kept, and of its speakers."""
        for task in self._tasks.values():
            if task.profiles is not None:
                task.profiles.forget(conversation)

    def learn(self, now: Time, inputs: Inputs) -> dict[str, float]:
        """Learn from the truths that have come; return the loss of each task taught, and what became of the labels."""
        modulators = inputs.modulators
        rate = modulators["learning_rate"] * modulators["learning_drive"]
        scalars: dict[str, float] = {}
        turns: dict[str, TaughtTurns] = {}
        for bit, name in enumerate(self.params.tasks):
            where = f"{self.context.name}.{name}_teacher"
            batch = received(inputs, f"{name}_teacher", self.context.name, now)
            if batch is None:
                continue
            ids, truths = batch
            found = [(place, which) for which, identity in enumerate(ids.tolist())
                     if (place := self._conversations.find(identity)) is not None]
            self._unmatched += len(ids) - len(found)
            scalars[f"{name}_unmatched"] = float(len(ids) - len(found))
            if self._model is None:
                continue
            turns[name], more = self._taught(self._tasks[name], bit, found, ids, truths, where, now, rate)
            scalars |= {f"{name}_items": float(len(turns[name].places)), **more}
        again = self._rehearsed(now, inputs) if self.params.rehearse and self._model is not None else {}
        if any(one.places for one in turns.values()):
            scalars |= self._learned(turns, rate)
            self._kept.keep(turns)
        if again and rate > 0:
            scalars |= {f"rehearsed_{key}": value for key, value in self._learned(again, rate, again=True).items()}
        return scalars

    def _rehearsed(self, now: Time, inputs: Inputs) -> dict[str, TaughtTurns]:
        """Take over what turns that came before are read as by now; return what was told of them."""
        batch = received(inputs, "rehearsed", self.context.name, now, what="embeddings")
        if batch is None:
            return {}
        self._require_width(now, batch[1].shape[1])
        outputs = {name: task.readout.parameters.values.shape[1] for name, task in self._tasks.items()}
        return self._kept.refreshed(*batch, self._conversations, outputs)

    def _taught(self, task: Task, bit: int, found: Sequence[tuple[Place, int]], ids: Ids, truths: Any, where: str,
               now: Time, rate: float) -> tuple[TaughtTurns, Mapping[str, float]]:
        """Return the turns that are taught, with their targets, and what to log."""
        which = [index for _, index in found]
        first = ~seen_before(ids[which])
        truths = truths[which] if isinstance(truths, np.ndarray) else [truths[index] for index in which]
        used, targets, more = task.read(truths, where, now)
        turns = TaughtTurns([], [])
        for row, index in enumerate(used.tolist()):
            place = found[index][0]
            whom = whom_of(place, task.options.of)
            if task.profiles is not None and task.aggregator.learns and whom is not None and first[index]:
                opinions = task.profiles.get(whom, targets.shape[1])
                if opinions is not None:
                    task.aggregator.learn(opinions, targets[row], rate)
            for taught in taught_by(place, task.options.of, task.options.teaches):
                waiting = taught.conversation.waiting
                if waiting[taught.at] >> bit & 1:
                    waiting[taught.at] ^= 1 << bit
                    turns.places.append(taught)
                    turns.targets.append(targets[row])
        return turns, more

    def _learned(self, turns: Mapping[str, TaughtTurns], rate: float, *, again: bool = False) -> dict[str, float]:
        """Let the network learn, a bounded batch at a time; return what to log. What is learned again judges nothing.
        """
        assert self._model is not None  # it is there from the first embedding on
        readouts = {name: task.readout for name, task in self._tasks.items()}
        if self._plateau is not None:
            rate *= self._plateau.factor
        losses: dict[str, tuple[float, int]] = {}
        gradients: list[tuple[list[int], NDArray[Any]]] = []
        scalars: dict[str, float] = {}
        score, items = 0.0, 0
        for part in batches(turns, self.params.window, self.params.network.batch):
            found, gradient, more = self._model.learn(part.sequences, part.lessons, readouts, rate,
                                                      want_gradient=self.params.publish_gradient, again=again)
            scalars |= more
            if gradient is not None:
                gradients.append((part.ids, gradient))
            ids = np.array(part.ids, np.int64)
            for name, lesson in part.lessons.items():
                before, count = losses.get(name, (0.0, 0))
                new = len(lesson.used)
                losses[name] = (before * count + found[name] * new) / (count + new), count + new
                if rate > 0 and not again:
                    task, beliefs = self._tasks[name], part.beliefs(name, lesson.targets.shape[1], LEAST_SCORE)
                    score += float(task.losses(beliefs, lesson.targets).sum())
                    items += new
                    first = ~seen_before(ids[lesson.used])  # of rows learned before, it would be too sure
                    task.judge(beliefs[first], lesson.targets[first])
        if self._plateau is not None and rate > 0 and items:
            self._plateau.add(score / items, items)
            scalars["rate_factor"] = self._plateau.factor
        if gradients:
            if self._gradient is not None:  # of what else was learned in this tick
                gradients.append((self._gradient.ids.tolist(), np.asarray(self._gradient.value)))
            self._gradient = Items(np.concatenate([rows for _, rows in gradients]).astype(np.float32),
                                   np.array([identity for ids, _ in gradients for identity in ids], np.int64))
        return scalars | {f"{name}_loss": loss for name, (loss, _) in losses.items()}

    # --- what depends on the length of an embedding -----------------------------------------------------------------

    def _require_width(self, now: Time, features: int) -> None:
        if self._features is None:
            self._open(features)
        elif features != self._features:
            raise SignalError(f"{self.context.name}.embedding at {format_time(now)}",
                              expected=f"{self._features} features, as at first", got=str(features),
                              hint="One temporal lobe reads one encoder.")

    def _open(self, features: int) -> None:
        self._features = features
        width = Model.width(self.params, features)
        self._tasks = {name: task_of(name, options, self.params, width) for name, options in self.params.tasks.items()}
        self._model = Model(self.params, features, self.rng)

    def _open_undrawn(self, features: int) -> None:
        """Open to take over weights: the first ones are not used, and what they drew counts as not drawn."""
        stream = self.rng.bit_generator.state
        self._open(features)
        self.rng.bit_generator.state = stream

    def before_load(self, state: dict[str, Any]) -> None:
        self._features, self._tasks, self._model = None, {}, None
        if state["features"] is not None:
            self._open_undrawn(state["features"])

    def notices(self) -> dict[str, int]:
        """Return what taught nothing, what was forgotten, and what came as it should not."""
        conversations = self._conversations
        authors = max((task.profiles.evicted for task in self._tasks.values()
                       if task.profiles is not None and task.options.of != "conversation"), default=0)
        return {UNMATCHED: self._unmatched, EVICTED_CONVERSATIONS: conversations.evicted, EVICTED_AUTHORS: authors,
                RESTARTED: conversations.restarted, UNORDERED: conversations.unordered, UNNAMED: self._unnamed}

    # --- export ---------------------------------------------------------------------------------------------------

    def export(self, folder: str | Path) -> list[Path]:
        """Write the network and what the tasks have learned, and return the files; none before the first embedding."""
        return [] if self._model is None else write_export(Path(folder), self._model, self._tasks)

    def load_export(self, folder: str | Path) -> list[Path]:
        """Take over what was exported; learning goes on from it, and conversations that are going on stay.

        Raises
        ------
        StateError
            If a file is missing or does not fit.
        """
        found = read_export(Path(folder), self.params, self._features)
        if self._features is None:
            self._open_undrawn(found.features)
        assert self._model is not None  # it has just been made
        found.adopted(self._model, self._tasks)
        return found.files


def _ago(turns: int) -> str:
    return "now" if turns == 0 else f"{turns} before"
