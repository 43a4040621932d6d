"""The text encoder that learns: it reads a stream once, and moves by the gradients that come for what it has said."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from aura.core.lasting import Made, Stateful
from aura.zones.sensory.adamw import Gradient, Mover
from aura.zones.sensory.bert import parts_of
from aura.zones.sensory.minilm import LeanEncoder, load_bert
from aura.zones.sensory.plastic_bert import Pass, PlasticBert
from aura.zones.sensory.plastic_export import read_factors, read_weights, write_model
from aura.zones.sensory.waiting import Block, WaitingTexts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.zones.sensory.bert import Bert
    from aura.zones.sensory.compiled_bert import CompiledBert
    from aura.zones.sensory.plasticity import Plasticity, PlasticOptions

__all__ = ["PlasticEncoder"]


class PlasticEncoder(Stateful):
    """A BERT sentence encoder that learns online.

    Parameters
    ----------
    lean : LeanEncoder
        The frozen encoder: its tokeniser and weights are where this one starts.
    plasticity : {"low-rank", "full"}
        Which weights move.
    options : PlasticOptions
        How they do.
    rng : numpy.random.Generator
        Draws the low-rank factors and which tokens are left out.
    memory : int
        Items that wait for their gradients at most.

    Notes
    -----
    While the zone learns, texts that come at once go through torch's own arithmetic, and the graph waits with them. A
    gradient that finds the weights as they were uses the graph; one that comes after they have moved is carried back
    through the weights as they are by then, which takes a second forward pass of the items that it is of. A graph that
    has been let go, by a checkpoint or for want of room, is worked out again over the very same texts, so that no bit
    depends on it. While the zone does not learn, texts go through the arithmetic of the frozen encoder, with the
    weights as they stand, and each text's bits are its own.
    """

    lasting = ("_mover", "_waiting", "_threads", "_rethreaded", Made("_again", Block), "_unrehearsed", "rehearsal_due")

    def __init__(self, lean: LeanEncoder, plasticity: Plasticity, options: PlasticOptions, rng: np.random.Generator,
                 memory: int) -> None:
        self._lean, self._plasticity, self._options, self._rng = lean, plasticity, options, rng
        self.name, self.dimensions = lean.name, lean.dimensions
        self._network = PlasticBert(lean.tensors(), lean.settings, plasticity, options, rng,
                                    bfloat16=lean.precision == "bfloat16")
        self._mover = Mover(self._network, options)
        self._waiting = WaitingTexts(memory)
        self._again: Block | None = None
        """The texts that were read once more, as long as no weight has moved since."""
        self._unrehearsed = False
        """Whether texts have come since the last rehearsal."""
        self.rehearsal_due = False
        """Whether new texts have been learned from, so that earlier ones are to be read once more."""
        self._settled: Bert | CompiledBert | None = None
        self._threads, self._rethreaded = torch.get_num_threads(), 0

    @property
    def identity(self) -> str:
        """A digest of what decides the bits of an embedding; another as soon as the weights have moved."""
        named = f"{self._lean.identity} {self._plasticity} {self._mover.steps}"
        if self._mover.steps:
            named += hashlib.sha256(self._mover.values.tobytes()).hexdigest()
        return hashlib.sha256(named.encode()).hexdigest()

    # --- step -----------------------------------------------------------------------------------------------------

    def encode(self, texts: Sequence[str], ids: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """Return the embeddings, (text, dimensions); those of texts without a word are zeros.

        Parameters
        ----------
        texts : sequence of str
            Cleaned.
        ids : array of int64, (text,), optional
            Given where gradients may come for them.
        """
        tokens = self._lean.tokens(texts)
        embeddings = np.zeros((len(tokens), self.dimensions), np.float32)
        if ids is None:
            with_words = self._with_words(tokens)
            embeddings[with_words] = self._bert().embeddings([tokens[index] for index in with_words])
            return embeddings
        self._unrehearsed = True
        tokens = [self._thinned(text) for text in tokens]
        with_words = self._with_words(tokens)
        for places in parts_of([tokens[index] for index in with_words]):
            part = [with_words[place] for place in places]
            block = Block(ids[part], [tokens[index] for index in part])
            block.graph = self._network.forward(block.texts())
            embeddings[part] = block.graph.embeddings.detach().numpy()
            self._waiting.store(block)
        without = [index for index, text in enumerate(tokens) if len(text) <= self._lean.specials]
        if without:
            self._waiting.store(Block(ids[without], [()] * len(without)))
        return embeddings

    def _with_words(self, tokens: list[list[int]]) -> list[int]:
        return [index for index, text in enumerate(tokens) if len(text) > self._lean.specials]

    def _thinned(self, text: list[int]) -> list[int]:
        """Leave tokens out at random, but never all of them."""
        if not self._options.word_dropout or len(text) <= self._lean.specials:
            return text
        # Sentence encoders begin and end a text with one token of their own each.
        words = text[1:-1]
        stay = self._rng.random(len(words)) >= self._options.word_dropout
        if not stay.any():
            stay[self._rng.integers(len(words))] = True
        return [text[0], *(word for word, stays in zip(words, stay.tolist(), strict=True) if stays), text[-1]]

    def _bert(self) -> Bert | CompiledBert:
        if self._settled is None:
            self._settled = load_bert(self._network.tensors(), self._lean.settings, self._lean.precision)
        return self._settled

    def rehearse(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Read texts from which was learned once more; return their embeddings, (text, dimensions), and their ids."""
        self.rehearsal_due = False
        block = self._waiting.drawn(self._options.rehearse, self._rng)
        if not len(block.ids):
            return np.zeros((0, self.dimensions), np.float32), block.ids
        block.graph = self._network.forward(block.texts())
        self._again = block
        return block.graph.embeddings.detach().numpy(), block.ids

    # --- learn ----------------------------------------------------------------------------------------------------

    def learn(self, ids: NDArray[np.int64], gradients: NDArray[np.float32], rate: float) -> dict[str, float]:
        """Learn from the gradients of the loss of some items with respect to their embeddings.

        Parameters
        ----------
        ids : array of int64, (item,)
        gradients : array of float32, (item, dimensions)
        rate : float
            Factor on the rate; at 0 the items are let go and nothing is learned.

        Returns
        -------
        dict
            How many items were learned and how many gradients found nothing; rate and norm where weights have moved.
        """
        found = self._found(ids)
        here = sum(len(indices) for _, _, indices in found)
        scalars = {"plastic_items": float(here if rate > 0 else 0), "plastic_unmatched": float(len(ids) - here)}
        for block, rows, _ in found:
            block.taught[rows] = True
        # A copy: what is on the bus is not to be written to, and torch would.
        total, items = self._carried_back(found, torch.tensor(gradients)) if rate > 0 else (None, 0)
        if total is not None:
            steps = self._mover.steps
            scalars |= self._mover.learn(total, items, rate)
            if self._mover.steps > steps:
                self._waiting.outdate()
                self._again = self._settled = None
                if self._options.rehearse and self._unrehearsed:
                    self._unrehearsed, self.rehearsal_due = False, True
        return scalars

    def _found(self, ids: NDArray[np.int64]) -> list[tuple[Block, list[int], list[int]]]:
        """Return where items are, as `WaitingTexts.find` does; first among those read once more."""
        if self._again is None:
            return self._waiting.find(ids)
        places = {identity: row for row, identity in enumerate(self._again.ids.tolist())}
        here = [index for index, identity in enumerate(ids.tolist()) if identity in places]
        others = [index for index, identity in enumerate(ids.tolist()) if identity not in places]
        found = [(block, rows, [others[place] for place in which])
                 for block, rows, which in self._waiting.find(ids[others])]
        if here:
            found.append((self._again, [places[identity] for identity in ids[here].tolist()], here))
            self._again = None
        return found

    def _carried_back(self, found: list[tuple[Block, list[int], list[int]]],
                      gradients: torch.Tensor) -> tuple[Gradient | None, int]:
        """Return the gradient with respect to all that learns, and of how many items it is."""
        total: Gradient | None = None
        stale: list[tuple[list[int], int]] = []
        items = 0
        for block, rows, indices in found:
            if not len(block.tokens):
                continue
            items += len(rows)
            if block.fresh:
                seeds = torch.zeros(len(block.ids), self.dimensions).index_add_(
                    0, torch.tensor(rows), gradients[indices])
                total = self._added(total, block.graph or self._network.forward(block.texts()), seeds)
                block.fresh, block.graph = False, None
            else:
                texts = block.texts()
                stale += [(texts[row], index) for row, index in zip(rows, indices, strict=True)]
        stale.sort(key=lambda one: len(one[0]))
        for part in parts_of([text for text, _ in stale]):
            done = self._network.forward([stale[place][0] for place in part])
            total = self._added(total, done, gradients[[stale[place][1] for place in part]])
        return total, items

    def _added(self, total: Gradient | None, done: Pass, seeds: torch.Tensor) -> Gradient:
        tensors, rows = self._network.backward(done, seeds)
        gradient = Gradient(tensors, done.words, rows)
        if total is None:
            return gradient
        total.add(gradient)
        return total

    def after_load(self) -> None:
        self._settled = None
        if self._threads != torch.get_num_threads():
            self._threads = torch.get_num_threads()
            self._rethreaded += 1

    def notices(self) -> dict[str, int]:
        """Return what became of items and gradients that taught nothing."""
        return {"let {count} items go whose gradient never came": self._waiting.untaught,
                "found nothing that waited for {count} gradients: they came too late, or for items that it never "
                "saw": self._waiting.unmatched,
                "left {count} items unlearned whose gradient was too large for a float": self._mover.overflowed,
                "was resumed {count} times with another number of threads, from where its bits differ":
                    self._rethreaded}

    # --- export ---------------------------------------------------------------------------------------------------

    def weights(self) -> dict[str, torch.Tensor]:
        """Return the weights as they stand, under their published names."""
        return self._network.tensors()

    def export(self, folder: Path) -> list[Path]:
        """Write the encoder as the folder of a sentence-transformers model and return the files."""
        factors = {name: one.tensor for name, one in self._network.moving.items()}
        return write_model(folder, self._lean.folder, {**self._lean.tensors(), **self.weights()},
                           factors if self._plasticity == "low-rank" else {})

    def load_export(self, folder: Path) -> list[Path]:
        """Take over what was exported; learning goes on from it, with moments of its own.

        Raises
        ------
        StateError
            If a file is missing or does not fit.
        """
        tensors, path = (read_factors if self._plasticity == "low-rank" else read_weights)(folder)
        self._network.adopt(tensors, str(path))
        self._waiting.outdate()
        self._again = self._settled = None
        return [path]
