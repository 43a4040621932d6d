"""The layers of a sequence classifier: attention that sees no later turn, convolutions that do not either, blocks."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Attention", "CausalConvolution", "Dropout", "EncoderLayer", "ResidualBlock", "linear", "positions"]

LONGEST_WAVE = 10_000.0
"""Of the positions, over 2 pi: that of Vaswani et al., 2017, section 3.5."""


def linear(inputs: int, outputs: int, generator: torch.Generator | None) -> nn.Linear:
    """Return a linear layer with Xavier's uniform weights and biases of 0; torch's own stream is left alone.

    References
    ----------
    X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010,
    equation 16.
    """
    layer = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")  # nothing is drawn
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def positions(length: int, width: int) -> Tensor:
    r"""Return sinusoidal positions (length, width): sines in the even columns, cosines in the odd ones.

    Notes
    -----
    :math:`\sin(p / 10000^{2i/d})` and the cosine of the same, for position p and pair i of d / 2.

    References
    ----------
    A. Vaswani et al., Attention is all you need, NeurIPS 2017, arXiv:1706.03762, section 3.5.

    Examples
    --------
    >>> positions(2, 4).round(decimals=2).tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.8399999737739563, 0.5400000214576721, 0.009999999776482582, 1.0]]
    """
    slowness = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(LONGEST_WAVE) / width))
    angles = torch.arange(length, dtype=torch.float32)[:, None] * slowness
    return torch.stack([angles.sin(), angles.cos()], 2).flatten(1)


class Dropout(nn.Module):
    """Leaves out numbers at random while it trains, and makes the others larger by as much.

    Parameters
    ----------
    share : float
        How many are left out.
    generator : torch.Generator, optional
        Where chance comes from; torch's own stream without.
    """

    def __init__(self, share: float, generator: torch.Generator | None) -> None:
        super().__init__()
        self.share, self.generator = share, generator

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.share:
            return x
        kept = 1.0 - self.share
        return x * (torch.rand(x.shape, generator=self.generator) < kept).to(x.dtype).div_(kept)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "generator": None}  # a copy or a file of the layer draws from torch's own stream


class Attention(nn.Module):
    """Several heads of attention from each turn to itself and those before it.

    References
    ----------
    A. Vaswani et al., 2017, arXiv:1706.03762, section 3.2.
    """

    def __init__(self, width: int, heads: int, dropout: float, generator: torch.Generator | None) -> None:
        super().__init__()
        self._heads = heads
        # The three maps are one matrix, and drawn as one, as torch's own attention does.
        self.joint, self.out = linear(width, 3 * width, generator), linear(width, width, generator)
        self.dropout = Dropout(dropout, generator)

    def forward(self, x: Tensor, later: Tensor) -> tuple[Tensor, Tensor]:
        """Return what each turn gathers (b, t, width), and the weights (b, heads, t, t); `later` (t, t) is left out."""
        batch, length, width = x.shape
        parts = self.joint(x).view(batch, length, 3, self._heads, width // self._heads).permute(2, 0, 3, 1, 4)
        query, key, value = parts.unbind(0)
        scores = (query * (width // self._heads) ** -0.5) @ key.transpose(2, 3)
        weights = scores.masked_fill(later, -math.inf).softmax(3)
        gathered = (self.dropout(weights) @ value).transpose(1, 2).reshape(batch, length, width)
        return self.out(gathered), weights


class EncoderLayer(nn.Module):
    """Attention and two linear layers, each normalised before and added to what came in.

    References
    ----------
    R. Xiong et al., On layer normalization in the transformer architecture, ICML 2020, arXiv:2002.04745 (that the norm
    stands before: it learns without a warm-up).
    """

    def __init__(self, width: int, heads: int, inner: int, dropout: float, generator: torch.Generator | None) -> None:
        super().__init__()
        self.attention = Attention(width, heads, dropout, generator)
        self.before_attention, self.before_inner = nn.LayerNorm(width), nn.LayerNorm(width)
        self.widen, self.narrow = linear(width, inner, generator), linear(inner, width, generator)
        self.dropout = Dropout(dropout, generator)

    def forward(self, x: Tensor, later: Tensor) -> tuple[Tensor, Tensor]:
        gathered, weights = self.attention(self.before_attention(x), later)
        x = x + self.dropout(gathered)
        return x + self.dropout(self.narrow(F.relu(self.widen(self.before_inner(x))))), weights


class CausalConvolution(nn.Module):
    """A one-dimensional convolution over each turn and those before it, with He's normal weights, and a ReLU.

    References
    ----------
    K. He et al., Delving deep into rectifiers, ICCV 2015, arXiv:1502.01852, section 2.2.
    """

    def __init__(self, width: int, filters: int, kernel: int, generator: torch.Generator | None) -> None:
        super().__init__()
        self._before = kernel - 1
        self.convolution = nn.Conv1d(width, filters, kernel, device="meta").to_empty(device="cpu")
        nn.init.kaiming_normal_(self.convolution.weight, nonlinearity="relu", generator=generator)
        if self.convolution.bias is not None:  # it is there by default
            nn.init.zeros_(self.convolution.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, t, filters) for (b, t, width)."""
        found: Tensor = self.convolution(F.pad(x.transpose(1, 2), (self._before, 0)))
        return F.relu(found).transpose(1, 2)


class ResidualBlock(nn.Module):
    """Two linear layers with a ReLU between them, added to what came in, and normalised.

    What comes in goes through a linear layer of its own where the widths differ.

    References
    ----------
    K. He et al., Deep residual learning for image recognition, CVPR 2016, arXiv:1512.03385, section 3.2.
    """

    def __init__(self, inputs: int, outputs: int, dropout: float, generator: torch.Generator | None) -> None:
        super().__init__()
        self.first, self.second = linear(inputs, outputs, generator), linear(outputs, outputs, generator)
        self.past = linear(inputs, outputs, generator) if inputs != outputs else nn.Identity()
        self.norm, self.dropout = nn.LayerNorm(outputs), Dropout(dropout, generator)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.dropout(F.relu(self.first(x)))
        found: Tensor = self.norm(self.past(x) + self.dropout(self.second(inner)))
        return found
