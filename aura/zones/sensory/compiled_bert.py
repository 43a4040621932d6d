"""BERT's encoder on compiled kernels: what the frozen encoder computes with in float32."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import torch
from llvmlite import binding

from aura.core.errors import DataError
from aura.zones.sensory.bert import parts_of
from aura.zones.sensory.bert_kernels import PARTS, Scratch, Sizes, embed
from aura.zones.sensory.tiles import ROWS, WIDTH, packed, padded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

__all__ = ["CompiledBert", "arithmetic"]

_VERSION = 1
"""Grows with every change of the kernels that could change a bit of an embedding."""


_ROWS_PER_PART = 512
"""Tokens that a thread takes at a time; with more, what lies between two products leaves its cache (tuned here)."""

_LINE = 16
"""float32 in a cache line, on which every part of the weights begins."""


class CompiledBert:
    """BERT's encoder with mean pooling, in float32, on as many threads as torch has.

    Threads share the texts out and meet only at the end; none waits for another in between.

    Parameters
    ----------
    tensors : dict of str to Tensor
        The weights under their published names.
    settings : dict
        What `aura.zones.sensory.weights.lean_settings` returns.

    Raises
    ------
    DataError
        If a tensor is missing.
    """

    def __init__(self, tensors: dict[str, Tensor], settings: dict[str, Any]) -> None:
        def array(name: str) -> NDArray[np.float32]:
            return tensors[name].detach().float().numpy()

        try:
            self._words = array("embeddings.word_embeddings.weight").copy()
            self._positions = (array("embeddings.position_embeddings.weight")
                               + array("embeddings.token_type_embeddings.weight")[0])
            self._norm = np.stack([array("embeddings.LayerNorm.weight"), array("embeddings.LayerNorm.bias")])
            layers = [_layer(array, f"encoder.layer.{index}.") for index in range(settings["layers"])]
            inner = len(array("encoder.layer.0.intermediate.dense.bias"))
        except KeyError as error:
            raise DataError("model.safetensors", expected=f"the tensor {error.args[0]}", got="none of that name",
                            hint="Is config.json of the same model?") from error
        self._sizes = Sizes(settings["hidden"], inner, settings["heads"], settings["layers"])
        self._epsilon, self._to_unit = np.float32(settings["epsilon"]), bool(settings["normalise"])
        self._weights, self._offsets = _in_one(layers)
        self._own = threading.local()
        self._pool: ThreadPoolExecutor | None = None
        self._pool_threads = 0
        self.embeddings([[0]])  # compiled, or found compiled, now and not at the first text

    def embeddings(self, texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the embeddings, (text, hidden), of texts given as token numbers, none of them empty."""
        out = np.empty((len(texts), self._sizes.hidden), np.float32)
        threads = torch.get_num_threads()
        parts = parts_of(texts, _ROWS_PER_PART, least=threads)

        def run(part: list[int]) -> None:
            out[part] = self._run([texts[index] for index in part])

        if threads == 1 or len(parts) == 1:
            for part in parts:
                run(part)
        else:
            list(self._threads(threads).map(run, parts))
        return out

    def _threads(self, count: int) -> ThreadPoolExecutor:
        if self._pool is None or self._pool_threads != count:
            self._pool, self._pool_threads = ThreadPoolExecutor(count, thread_name_prefix="sensory"), count
        return self._pool

    def _run(self, texts: list[Sequence[int]]) -> NDArray[np.float32]:
        lengths = [len(text) for text in texts]
        starts = np.zeros(len(texts) + 1, np.int64)
        np.cumsum(lengths, out=starts[1:])
        tokens = np.array([token for text in texts for token in text], np.int32)
        out = np.empty((len(texts), self._sizes.hidden), np.float32)
        embed(tokens, starts, self._words, self._positions, self._norm, self._weights, self._offsets, self._sizes,
              self._epsilon, self._to_unit, self._scratch(len(tokens), max(lengths)), out)
        return out

    def _scratch(self, rows: int, longest: int) -> Scratch:
        """Return this thread's scratch; it is kept, as the system takes its time to hand out fresh memory."""
        scratch: Scratch | None = getattr(self._own, "scratch", None)
        if scratch is None or len(scratch.x) < rows + ROWS or len(scratch.scores) < longest + ROWS:
            if scratch is not None:
                rows, longest = max(rows, len(scratch.x) - ROWS), max(longest, len(scratch.scores) - ROWS)
            scratch = self._own.scratch = _scratch(rows, longest, self._sizes)
        return scratch


def arithmetic() -> str:
    """Return what decides the bits of an embedding beside the model: the kernels, their compiler, the processor."""
    return f"kernels {_VERSION}, numba {numba.__version__}, {binding.get_host_cpu_name()}"


def _layer(array: Callable[[str], NDArray[np.float32]], prefix: str) -> list[NDArray[np.float32]]:
    """Return what a layer is made of, in the order of `PARTS`."""
    def linear(*names: str) -> list[NDArray[np.float32]]:
        bias = np.concatenate([array(f"{prefix}{name}.bias") for name in names])
        return [packed(np.concatenate([array(f"{prefix}{name}.weight") for name in names])),
                np.pad(bias, (0, padded(len(bias)) - len(bias)))]

    def norm(name: str) -> list[NDArray[np.float32]]:
        return [array(f"{prefix}{name}.LayerNorm.weight"), array(f"{prefix}{name}.LayerNorm.bias")]

    return [*linear(*(f"attention.self.{name}" for name in ("query", "key", "value"))),
            *linear("attention.output.dense"), *norm("attention.output"),
            *linear("intermediate.dense"), *linear("output.dense"), *norm("output")]


def _in_one(layers: list[list[NDArray[np.float32]]]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return all parts in one array, in the order in which they are read, and where each begins, (layer, part)."""
    sizes = np.array([[-(-part.size // _LINE) * _LINE for part in layer] for layer in layers], np.int64)
    offsets = (np.cumsum(sizes) - sizes.ravel()).reshape(len(layers), len(PARTS))
    raw = np.zeros(int(sizes.sum()) + _LINE, np.float32)
    weights = raw[(-raw.ctypes.data % (4 * _LINE)) // 4:]
    for layer, starts in zip(layers, offsets.tolist(), strict=True):
        for part, start in zip(layer, starts, strict=True):
            weights[start:start + part.size] = part.ravel()
    return weights, offsets


def _scratch(rows: int, longest: int, sizes: Sizes) -> Scratch:
    """Return scratch for so many rows, and for a text as long as the longest."""
    hidden, inner, size, across = sizes.hidden, sizes.inner, sizes.hidden // sizes.heads, padded(longest)
    shapes: list[tuple[int, ...]] = [(rows + ROWS, padded(width)) for width in (hidden, 3 * hidden, hidden, inner)]
    # In `mixed` a panel more than is written holds the share of each row.
    shapes += [(across * size,), (longest * padded(size),), (longest + ROWS, across),
               (longest + ROWS, padded(size) + WIDTH), (max(across, padded(size)),)]
    return Scratch(*(np.zeros(shape, np.float32) for shape in shapes))
