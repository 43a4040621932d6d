"""BERT's forward pass over packed texts, on torch: no padding, and each row's bits its own.

The frozen encoder computes with it in bfloat16, and in float32 where `aura.zones.sensory.compiled_bert` does not run.

    x   = LN(E_word[token] + E_position[i] + E_type[0])
    x  <- LN(x + W_o A(W_qkv x)),   A = softmax(q kᵀ / √d) v per text and head
    x  <- LN(x + W_2 GELU(W_1 x))                                   (Devlin et al. 2019, arXiv:1810.04805)
    out = mean of x over a text's tokens                            (Reimers & Gurevych 2019, arXiv:1908.10084)

All tokens of all texts stand in one matrix (token, hidden) for the linear layers. Texts of one length lie side by side,
so that attention runs on views of it, one call a length, and no text ever sees another's padding.

Batch invariance: a row of oneDNN's product has the same bits whatever the number of rows and threads, and attention
and the mean run on shapes that depend on the text's own length only. MKL's product has not below 12 rows, which is
why the fallback pads to `_ROWS_FALLBACK`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from aura.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

__all__ = ["Bert", "groups_of", "has_bfloat16", "has_onednn", "parts_of"]

# oneDNN compiles a kernel for each number of rows (0.5 ms each): numbers are rounded up, finely where a row counts.
_ROWS_SMALL, _ROWS_LARGE, _SMALL = 4, 16, 64
_ROWS_FALLBACK = 64

# A part is what one pass computes. The products run at their full rate from 200 rows on; more rows than this only take
# memory (2,048 x 1,536 float32 are 12 MB); tuned here.
_ROWS_PER_PART = 2048


class Linear(NamedTuple):
    """A linear layer: weight (out, in) or oneDNN's packed form of it, and bias (out,)."""

    weight: Tensor
    bias: Tensor


class Layer(NamedTuple):
    """One block: query, key and value in one product, its output, and the two products between the layer norms."""

    qkv: Linear
    output: Linear
    up: Linear
    down: Linear
    norm_1: tuple[Tensor, Tensor]
    norm_2: tuple[Tensor, Tensor]


def has_onednn() -> bool:
    """Return whether torch has oneDNN's linear layer with packed weights on this processor."""
    names = ("_linear_pointwise", "_reorder_linear_weight")
    return torch._C._has_mkldnn and all(hasattr(torch.ops.mkldnn, name) for name in names)


def has_bfloat16() -> bool:
    """Return whether this processor multiplies bfloat16 through oneDNN."""
    return has_onednn() and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


class Bert:
    """BERT's encoder with mean pooling.

    Parameters
    ----------
    tensors : dict of str to Tensor
        The weights under their published names (``encoder.layer.0.attention.self.query.weight``).
    settings : dict
        What `aura.zones.sensory.weights.lean_settings` returns.
    bfloat16 : bool
        Whether the linear layers multiply in bfloat16; everything else stays float32.

    Raises
    ------
    DataError
        If a tensor is missing.
    """

    def __init__(self, tensors: dict[str, Tensor], settings: dict[str, Any], *, bfloat16: bool = False) -> None:
        self._heads, self._hidden = settings["heads"], settings["hidden"]
        self._epsilon, self._normalise = settings["epsilon"], settings["normalise"]
        self._onednn, self._dtype = has_onednn(), torch.bfloat16 if bfloat16 else torch.float32
        try:
            self._words = tensors["embeddings.word_embeddings.weight"].clone()
            self._positions = (tensors["embeddings.position_embeddings.weight"]
                               + tensors["embeddings.token_type_embeddings.weight"][0])
            self._norm = _norm(tensors, "embeddings.LayerNorm")
            self._layers = [self._layer(tensors, f"encoder.layer.{index}.") for index in range(settings["layers"])]
        except KeyError as error:
            raise DataError("model.safetensors", expected=f"the tensor {error.args[0]}", got="none of that name",
                            hint="Is config.json of the same model?") from error

    def _layer(self, tensors: dict[str, Tensor], prefix: str) -> Layer:
        def linear(*names: str) -> Linear:
            weight = torch.cat([tensors[f"{prefix}{name}.weight"] for name in names]).to(self._dtype)
            bias = torch.cat([tensors[f"{prefix}{name}.bias"] for name in names]).to(self._dtype)
            return Linear(torch.ops.mkldnn._reorder_linear_weight(weight, None) if self._onednn else weight, bias)

        return Layer(linear(*(f"attention.self.{name}" for name in ("query", "key", "value"))),
                     linear("attention.output.dense"), linear("intermediate.dense"), linear("output.dense"),
                     _norm(tensors, f"{prefix}attention.output.LayerNorm"), _norm(tensors, f"{prefix}output.LayerNorm"))

    def embeddings(self, texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the embeddings, (text, hidden), of texts given as token numbers, none of them empty."""
        out = np.empty((len(texts), self._hidden), np.float32)
        for part in parts_of(texts):
            out[part] = self._forward([texts[index] for index in part]).numpy()
        return out

    @torch.inference_mode()
    def _forward(self, texts: Sequence[Sequence[int]]) -> Tensor:
        """Return the embeddings, shape (text, hidden), of texts given as token numbers, shortest first."""
        lengths = [len(text) for text in texts]
        rows, padded = sum(lengths), self._rounded(sum(lengths))
        padding = [0] * (padded - rows)
        tokens = torch.tensor([token for text in texts for token in text] + padding)
        places = torch.tensor([place for length in lengths for place in range(length)] + padding)
        groups = groups_of(lengths)
        x = self._layer_norm(F.embedding(tokens, self._words).add_(F.embedding(places, self._positions)), self._norm)
        for layer in self._layers:
            attended = self._attend(self._linear(x, layer.qkv), groups, padded)
            x = self._layer_norm(self._linear(attended, layer.output).add_(x), layer.norm_1)
            inner = F.gelu(self._linear(x, layer.up))
            x = self._layer_norm(self._linear(inner, layer.down).add_(x), layer.norm_2)
        means = torch.cat([x[start:start + count * length].view(count, length, self._hidden).sum(1) / length
                           for start, count, length in groups])
        return F.normalize(means) if self._normalise else means

    def _rounded(self, rows: int) -> int:
        multiple = (_ROWS_SMALL if rows <= _SMALL else _ROWS_LARGE) if self._onednn else _ROWS_FALLBACK
        return -(-rows // multiple) * multiple

    def _linear(self, x: Tensor, linear: Linear) -> Tensor:
        x = x.to(self._dtype)
        if self._onednn:
            # oneDNN's own GELU is four times slower than torch's (measured: 2.1 against 0.5 ms on 304 rows).
            y: Tensor = torch.ops.mkldnn._linear_pointwise(x, linear.weight, linear.bias, "none", [], "")
        else:
            y = F.linear(x, linear.weight, linear.bias)
        return y.float()

    def _attend(self, qkv: Tensor, groups: list[tuple[int, int, int]], padded: int) -> Tensor:
        parts = []
        for start, count, length in groups:
            view = qkv[start:start + count * length].view(count, length, 3, self._heads, self._hidden // self._heads)
            query, key, value = view.permute(2, 0, 3, 1, 4).unbind(0)
            attended = F.scaled_dot_product_attention(query, key, value)
            parts.append(attended.transpose(1, 2).reshape(count * length, self._hidden))
        rows = sum(len(part) for part in parts)
        if padded > rows:
            parts.append(qkv.new_zeros(padded - rows, self._hidden))
        return torch.cat(parts) if len(parts) > 1 else parts[0]

    def _layer_norm(self, x: Tensor, norm: tuple[Tensor, Tensor]) -> Tensor:
        return F.layer_norm(x, (self._hidden,), *norm, self._epsilon)


def _norm(tensors: dict[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    return tensors[f"{name}.weight"].clone(), tensors[f"{name}.bias"].clone()


def groups_of(lengths: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return (first row, texts, tokens a text) of each run of equal lengths."""
    groups: list[tuple[int, int, int]] = []
    start = 0
    for length in lengths:
        if groups and groups[-1][2] == length:
            first, count, _ = groups[-1]
            groups[-1] = (first, count + 1, length)
        else:
            groups.append((start, 1, length))
        start += length
    return groups


def parts_of(texts: Sequence[Sequence[int]], rows: int = _ROWS_PER_PART, *, least: int = 1) -> list[list[int]]:
    """Deal texts, by their places, into parts of about equal work, each of about so many tokens at most.

    Parameters
    ----------
    least : int
        Parts, if there are as many texts.

    Returns
    -------
    list of list of int
        In each the shortest text comes first.
    """
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    count = max(least, -(-sum(map(len, texts)) // rows))
    return [part for part in (order[first::count] for first in range(count)) if part]
