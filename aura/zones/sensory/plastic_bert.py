"""BERT's forward pass with a way back: the same packed texts as in `bert`, in arithmetic that autograd knows.

All tokens of all texts stand in one matrix for the linear layers and the norms, and texts of one length lie side by
side for attention, so nothing is padded. The equations are those of `aura.zones.sensory.bert`. With low rank each
linear layer that is named adds

    y = W x + b + α/r B A x                                          (Hu et al. 2021, arXiv:2106.09685)

with A drawn at random and B zero at first, and A and B alone move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from aura.core.errors import DataError, StateError
from aura.zones.sensory.bert import groups_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from aura.zones.sensory.plasticity import LinearName, Plasticity, PlasticOptions

__all__ = ["Moving", "Pass", "PlasticBert"]

WORDS = "embeddings.word_embeddings.weight"

_PARTS: dict[str, tuple[str, ...]] = {
    "qkv": ("attention.self.query", "attention.self.key", "attention.self.value"),
    "output": ("attention.output.dense",), "up": ("intermediate.dense",), "down": ("output.dense",)}
"""Products of a block, and what they are made of; query, key and value are one product."""
_PRODUCT_OF: dict[LinearName, tuple[str, int]] = {
    "query": ("qkv", 0), "key": ("qkv", 1), "value": ("qkv", 2), "output": ("output", 0), "up": ("up", 0),
    "down": ("down", 0)}
_NORMS = ("attention.output.LayerNorm", "output.LayerNorm")


class Moving(NamedTuple):
    """A tensor that learns: its depth (0 the embeddings, then the layers), and whether it is a matrix that decays."""

    tensor: Tensor
    depth: int
    decays: bool


class Pass(NamedTuple):
    """What a forward pass has left: the embeddings with their graph, and the words that occur in it."""

    embeddings: Tensor
    words: Tensor
    rows: Tensor


class PlasticBert:
    """BERT's encoder with mean pooling, some of whose tensors learn.

    Parameters
    ----------
    tensors : dict of str to Tensor
        The weights under their published names.
    settings : dict
        What `aura.zones.sensory.weights.lean_settings` returns.
    plasticity : {"low-rank", "full"}
        Which tensors learn.
    options : PlasticOptions
        Layers, targets, rank.
    rng : numpy.random.Generator
        Draws the low-rank factors.
    bfloat16 : bool
        Whether products are multiplied in bfloat16.

    Attributes
    ----------
    moving : dict of str to Moving
        What learns, by name, the word embeddings aside. Their tensors may be put in place by others of the same shape.
    words : Tensor
        The word embeddings, (token, hidden).
    words_learn : bool
        Whether they learn too.
    """

    def __init__(self, tensors: dict[str, Tensor], settings: dict[str, Any], plasticity: Plasticity,
                 options: PlasticOptions, rng: np.random.Generator, *, bfloat16: bool = False) -> None:
        self._heads, self._hidden = settings["heads"], settings["hidden"]
        self._epsilon, self._normalise = settings["epsilon"], settings["normalise"]
        self.layers, self._bfloat16 = settings["layers"], bfloat16
        self._low_rank, self._scale, self._options = plasticity == "low-rank", options.alpha / options.rank, options
        try:
            self._fixed = self._fused(tensors)
        except KeyError as error:
            raise DataError("model.safetensors", expected=f"the tensor {error.args[0]}", got="none of that name",
                            hint="Is config.json of the same model?") from error
        self.words = self._fixed.pop(WORDS)
        self._types = len(tensors["embeddings.token_type_embeddings.weight"])
        lowest = self.layers - min(options.layers or self.layers, self.layers)
        self.moving = self._factors(rng, lowest) if self._low_rank else self._whole(lowest)
        self.words_learn = not self._low_rank and lowest == 0 and options.words == "sparse"

    def _fused(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the tensors by short names, query, key and value as one."""
        found = {WORDS: tensors[WORDS].clone(),
                 "positions": (tensors["embeddings.position_embeddings.weight"]
                               + tensors["embeddings.token_type_embeddings.weight"][0])}
        for kind in ("weight", "bias"):
            found[f"norm.{kind}"] = tensors[f"embeddings.LayerNorm.{kind}"].clone()
            for layer in range(self.layers):
                prefix = f"encoder.layer.{layer}."
                for product, names in _PARTS.items():
                    found[f"{layer}.{product}.{kind}"] = torch.cat(
                        [tensors[f"{prefix}{name}.{kind}"] for name in names])
                for place, name in enumerate(_NORMS):
                    found[f"{layer}.norm_{place}.{kind}"] = tensors[f"{prefix}{name}.{kind}"].clone()
        return found

    def _whole(self, lowest: int) -> dict[str, Moving]:
        """Return all tensors of the layers that learn; the embeddings' too where all layers do."""
        found = {}
        for name, tensor in self._fixed.items():
            depth = int(name.split(".")[0]) + 1 if name[0].isdigit() else 0
            if depth > lowest or lowest == 0:
                decays = name.endswith("weight") and "norm" not in name
                found[name] = Moving(tensor, depth, decays)
        return found

    def _factors(self, rng: np.random.Generator, lowest: int) -> dict[str, Moving]:
        found, rank = {}, self._options.rank
        for layer in range(lowest, self.layers):
            for target in self._options.targets:
                product, _ = _PRODUCT_OF[target]
                outputs, inputs = self._fixed[f"{layer}.{product}.weight"].shape
                outputs //= len(_PARTS[product])
                bound = inputs ** -0.5
                drawn = rng.uniform(-bound, bound, (rank, inputs)).astype(np.float32)
                found[f"{layer}.{target}.A"] = Moving(torch.from_numpy(drawn), layer + 1, True)
                found[f"{layer}.{target}.B"] = Moving(torch.zeros(outputs, rank), layer + 1, True)
        return found

    # --- forward --------------------------------------------------------------------------------------------------

    def forward(self, texts: Sequence[Sequence[int]]) -> Pass:
        """Return the embeddings (text, hidden) of texts given as token numbers, shortest first, with their graph."""
        lengths = [len(text) for text in texts]
        groups = groups_of(lengths)
        tokens = torch.tensor([token for text in texts for token in text])
        places = torch.tensor([place for length in lengths for place in range(length)])
        words, which = torch.unique(tokens, return_inverse=True)
        rows = self.words[words]
        if self.words_learn:
            rows.requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16):
            x = F.embedding(which, rows) + F.embedding(places, self._tensor("positions"))
            x = self._norm(x, "norm")
            for layer in range(self.layers):
                attended = self._attend(self._product(x, layer, "qkv"), groups)
                x = self._norm(self._product(attended, layer, "output") + x, f"{layer}.norm_0")
                inner = F.gelu(self._product(x, layer, "up"))
                x = self._norm(self._product(inner, layer, "down") + x, f"{layer}.norm_1")
            means = torch.cat([x[start:start + count * length].view(count, length, self._hidden).sum(1) / length
                               for start, count, length in groups])
        return Pass(F.normalize(means) if self._normalise else means, words, rows)

    def backward(self, done: Pass, seeds: Tensor) -> tuple[list[Tensor], Tensor | None]:
        """Return the gradients of all that is in `moving`, and of the words' rows where these learn.

        Parameters
        ----------
        done : Pass
            Its graph is used up.
        seeds : Tensor, shape (text, hidden)
            The gradients with respect to its embeddings.
        """
        wanted = [one.tensor for one in self.moving.values()] + [done.rows] * self.words_learn
        found = list(torch.autograd.grad(done.embeddings, wanted, seeds))
        return (found[:-1], found[-1]) if self.words_learn else (found, None)

    def _tensor(self, name: str) -> Tensor:
        moving = self.moving.get(name)
        return self._fixed[name] if moving is None else moving.tensor

    def _product(self, x: Tensor, layer: int, product: str) -> Tensor:
        name = f"{layer}.{product}"
        y = F.linear(x, self._tensor(f"{name}.weight"), self._tensor(f"{name}.bias"))
        return y + self._added(x, layer, product) if self._low_rank else y

    def _added(self, x: Tensor, layer: int, product: str) -> Tensor | float:
        parts = [f"{layer}.{target}" for target, (of, _) in _PRODUCT_OF.items() if of == product]
        if not any(f"{name}.A" in self.moving for name in parts):
            return 0.0
        width = self._fixed[f"{layer}.{product}.weight"].shape[0] // len(parts)
        return torch.cat([
            self._scale * F.linear(F.linear(x, self.moving[f"{name}.A"].tensor), self.moving[f"{name}.B"].tensor)
            if f"{name}.A" in self.moving else x.new_zeros(len(x), width) for name in parts], 1)

    def _attend(self, qkv: Tensor, groups: list[tuple[int, int, int]]) -> Tensor:
        size = self._hidden // self._heads
        parts = []
        for start, count, length in groups:
            view = qkv[start:start + count * length].view(count, length, 3, self._heads, size)
            query, key, value = view.permute(2, 0, 3, 1, 4).unbind(0)
            # Written out: at these lengths torch's fused attention takes twice as long, forth and back.
            weights = torch.matmul(query * size ** -0.5, key.transpose(-1, -2)).softmax(-1)
            parts.append(torch.matmul(weights, value).transpose(1, 2).reshape(count * length, self._hidden))
        return torch.cat(parts) if len(parts) > 1 else parts[0]

    def _norm(self, x: Tensor, name: str) -> Tensor:
        return F.layer_norm(x, (self._hidden,), self._tensor(f"{name}.weight"), self._tensor(f"{name}.bias"),
                            self._epsilon)

    # --- the weights as they stand --------------------------------------------------------------------------------

    def tensors(self) -> dict[str, Tensor]:
        """Return all weights under their published names, as they stand; low-rank parts are added in."""
        found = {WORDS: self.words, "embeddings.position_embeddings.weight": self._tensor("positions").detach(),
                 "embeddings.token_type_embeddings.weight": torch.zeros(self._types, self._hidden)}
        for kind in ("weight", "bias"):
            found[f"embeddings.LayerNorm.{kind}"] = self._tensor(f"norm.{kind}").detach()
            for layer in range(self.layers):
                prefix = f"encoder.layer.{layer}."
                for place, name in enumerate(_NORMS):
                    found[f"{prefix}{name}.{kind}"] = self._tensor(f"{layer}.norm_{place}.{kind}").detach()
                for product, names in _PARTS.items():
                    parts = self._tensor(f"{layer}.{product}.{kind}").detach().chunk(len(names))
                    found.update((f"{prefix}{name}.{kind}", part) for name, part in zip(names, parts, strict=True))
        for target, (product, place) in _PRODUCT_OF.items():
            for layer in range(self.layers if self._low_rank else 0):
                if f"{layer}.{target}.A" in self.moving:
                    name = f"encoder.layer.{layer}.{_PARTS[product][place]}.weight"
                    left, right = (self.moving[f"{layer}.{target}.{factor}"].tensor.detach() for factor in "BA")
                    found[name] = found[name] + self._scale * (left @ right)
        return found

    @torch.no_grad()
    def adopt(self, tensors: dict[str, Tensor], where: str) -> None:
        """Take over what learns from weights under their published names, or low-rank factors by theirs.

        Raises
        ------
        StateError
            If one is missing or has another shape, or where one that does not learn is another; nothing is changed
            then.
        """
        try:
            found = dict(tensors) if self._low_rank else self._fused(tensors)
        except (KeyError, RuntimeError, IndexError) as error:
            raise StateError(where, expected="the weights of this model", got=f"others ({error})") from error
        words = found.pop(WORDS, self.words)
        held = {**({} if self._low_rank else self._fixed), **{name: one.tensor for name, one in self.moving.items()}}
        if set(found) != set(held) or words.shape != self.words.shape or any(
                found[name].shape != tensor.shape for name, tensor in held.items()):
            raise StateError(where, expected="weights of these names and shapes", got="others",
                             hint="Was it exported with other parameters?")
        if not all(torch.equal(found[name], tensor) for name, tensor in held.items() if name not in self.moving) or (
                not self.words_learn and not torch.equal(words, self.words)):
            raise StateError(where, expected="the weights of this model where they do not learn", got="others")
        for name, one in self.moving.items():
            one.tensor.copy_(found[name])
        if self.words_learn:
            self.words.copy_(words)
