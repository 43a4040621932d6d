"""`SequenceClassifier`: what turns say of a conversation, after each of them and by those before it alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from aura.core.errors import ParameterError
from aura.zones.temporal.layers import CausalConvolution, Dropout, EncoderLayer, ResidualBlock, linear, positions

__all__ = ["SequenceClassifier", "SequenceEncoder"]


class SequenceEncoder(nn.Module):
    r"""Represents a sequence of turns, after each of them.

    Parameters
    ----------
    features : int
        Numbers of a turn, best of a variance of about 1.
    hidden : int
        Width of the transformer and of what is returned; even, and a multiple of `heads`.
    layers, heads : int
        Of the transformer.
    filters : int
        Of each convolution.
    kernels : sequence of int
        The turns that each convolution sees at once.
    blocks : int
        Residual blocks.
    dropout : float
        Share of numbers that is left out while it trains.
    speakers : int
        How many speakers are told apart; 0 where turns come without.
    generator : torch.Generator, optional
        Where the first weights and what is left out come from; torch's own stream without.

    Notes
    -----
    A projection and sinusoidal positions; the transformer; convolutions, of which the largest answer up to a turn
    counts, whatever the length; these side by side with the turn itself; residual blocks. Nothing that is said of a
    turn depends on a later one: attention leaves those out, convolutions reach back only, and the largest answer is
    taken of what has come. So a sequence may be filled up behind its end with anything finite, and one pass tells all
    that its turns say, each at its own time.
    """

    def __init__(self, features: int = 256, *, hidden: int = 256, layers: int = 2, heads: int = 8, filters: int = 128,
                 kernels: Sequence[int] = (3, 5, 7), blocks: int = 2, dropout: float = 0.3, speakers: int = 0,
                 generator: torch.Generator | None = None) -> None:
        super().__init__()
        least = {"features": features, "hidden": hidden, "layers": layers, "heads": heads, "filters": filters,
                 "blocks": blocks, **{f"kernels[{place}]": kernel for place, kernel in enumerate(kernels)}}
        for name, value in least.items():
            if value < 1:
                raise ParameterError(f"SequenceEncoder.{name}", expected="1 or more", got=str(value))
        if hidden % 2 or hidden % heads:
            raise ParameterError("SequenceEncoder.hidden", expected=f"an even multiple of the {heads} heads",
                                 got=str(hidden))
        if not 0 <= dropout < 1:
            raise ParameterError("SequenceEncoder.dropout", expected="from 0 to below 1", got=str(dropout))
        self.features, self.hidden = features, hidden
        self.project = linear(features, hidden, generator)
        self.speakers = nn.Parameter(torch.zeros(speakers, hidden)) if speakers else None
        self.layers = nn.ModuleList(
            EncoderLayer(hidden, heads, 2 * hidden, dropout, generator) for _ in range(layers))
        self.norm = nn.LayerNorm(hidden)
        self.convolutions = nn.ModuleList(CausalConvolution(hidden, filters, kernel, generator) for kernel in kernels)
        widths = [hidden + filters * len(kernels), *[hidden] * blocks]
        self.blocks = nn.ModuleList(ResidualBlock(one, other, dropout, generator)
                                    for one, other in pairwise(widths))
        self.dropout = Dropout(dropout, generator)

    def forward(self, sequences: Tensor, which: Tensor, places: Tensor, speakers: Tensor | None = None) -> Tensor:
        """Return what has been said after some turns, (n, hidden).

        Parameters
        ----------
        sequences : tensor (b, t, features)
            Turns in their order, filled up behind the last.
        which, places : tensor of int (n,)
            Which sequence, and after which of its turns, from 0.
        speakers : tensor of int (b, t), optional
            Whose turn each is, from 0; where speakers are told apart.
        """
        return self.attended(sequences, which, places, speakers)[0]

    def attended(self, sequences: Tensor, which: Tensor, places: Tensor,
                 speakers: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the same, and what those turns attended to, (n, t): the mean over layers and heads."""
        _, length, _ = sequences.shape
        x = self.project(sequences) + positions(length, self.hidden).to(sequences.device)
        if self.speakers is not None and speakers is not None:
            x = x + self.speakers[speakers]
        x = self.dropout(x)
        turns = torch.arange(length, device=sequences.device)
        later = turns[None] > turns[:, None]
        paid = []
        for layer in self.layers:
            x, weights = layer(x, later)
            paid.append(weights.detach()[which, :, places].mean(1))
        x = self.norm(x)
        past = (turns[None] > places[:, None])[:, :, None]
        # No answer is below 0, so that what is left out never counts.
        pooled = [convolve(x)[which].masked_fill(past, 0.0).max(1).values for convolve in self.convolutions]
        found = self.dropout(torch.cat([x[which, places], *pooled], 1))
        for block in self.blocks:
            found = block(found)
        return found, torch.stack(paid).mean(0)


class SequenceClassifier(nn.Module):
    """Scores classes by a sequence of turns: a `SequenceEncoder` and a linear layer.

    Parameters
    ----------
    outputs : int
        Classes, or numbers.
    features : int
        Numbers of a turn.
    **options
        Those of `SequenceEncoder`.

    Examples
    --------
    >>> chance = torch.Generator().manual_seed(1)
    >>> classifier = SequenceClassifier(3, 8, hidden=16, heads=2, generator=chance).eval()
    >>> turns = torch.randn(2, 5, 8, generator=chance)
    >>> whole = classifier(turns, torch.tensor([5, 2]))
    >>> after_each = classifier.beliefs(turns)
    >>> whole.shape, after_each.shape, bool(torch.allclose(whole[1], after_each[1, 1], atol=1e-6))
    (torch.Size([2, 3]), torch.Size([2, 5, 3]), True)
    """

    def __init__(self, outputs: int, features: int = 256, *, hidden: int = 256, layers: int = 2, heads: int = 8,
                 filters: int = 128, kernels: Sequence[int] = (3, 5, 7), blocks: int = 2, dropout: float = 0.3,
                 speakers: int = 0, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.encoder = SequenceEncoder(
            features, hidden=hidden, layers=layers, heads=heads, filters=filters, kernels=kernels, blocks=blocks,
            dropout=dropout, speakers=speakers, generator=generator)
        self.final = linear(hidden, outputs, generator)

    def forward(self, sequences: Tensor, lengths: Tensor | None = None, speakers: Tensor | None = None) -> Tensor:
        """Return the scores after the last turn of each sequence, (b, outputs).

        Parameters
        ----------
        sequences : tensor (b, t, features)
            Turns in their order, filled up behind the last with anything finite.
        lengths : tensor of int (b,), optional
            The turns of each, 1 or more; all t by default.
        speakers : tensor of int (b, t), optional
            Whose turn each is, from 0; where speakers are told apart.

        Raises
        ------
        ParameterError
            If there is no turn, they have another number of features, or a length is none from 1 to t.
        """
        lengths = self._checked(sequences, lengths)
        found: Tensor = self.final(self.encoder(sequences, torch.arange(len(sequences)), lengths - 1, speakers))
        return found

    def beliefs(self, sequences: Tensor, speakers: Tensor | None = None) -> Tensor:
        """Return the scores after each turn, by it and those before it, (b, t, outputs)."""
        self._checked(sequences, None)
        count, length, _ = sequences.shape
        which = torch.arange(count).repeat_interleave(length)
        found: Tensor = self.final(self.encoder(sequences, which, torch.arange(length).repeat(count), speakers))
        return found.view(count, length, -1)

    def _checked(self, sequences: Tensor, lengths: Tensor | None) -> Tensor:
        features = self.encoder.features
        if sequences.ndim != 3 or sequences.shape[2] != features or not sequences.shape[1]:
            raise ParameterError("SequenceClassifier.sequences", got=f"shape {tuple(sequences.shape)}",
                                 expected=f"shape (sequences, turns, {features}), of one turn or more")
        if lengths is None:
            return torch.full((len(sequences),), sequences.shape[1])
        if lengths.shape != sequences.shape[:1] or bool(((lengths < 1) | (lengths > sequences.shape[1])).any()):
            raise ParameterError("SequenceClassifier.lengths", got=str(lengths.tolist()),
                                 expected=f"{len(sequences)} numbers from 1 to {sequences.shape[1]}")
        return lengths
