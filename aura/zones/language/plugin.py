"""Registers what language brings; reading this imports nothing that it computes with."""

from __future__ import annotations

from aura.core.modulators import LEARNING_DRIVE, LEARNING_RATE
from aura.core.ports import Port
from aura.core.zone import Manifest
from aura.plugins import hookimpl
from aura.plugins.commands import Command
from aura.plugins.streams import ReaderKind
from aura.zones.language.params import LanguageParams
from aura.zones.language.reading.instructions import KIND as INSTRUCTIONS
from aura.zones.language.reading.texts import KIND as TEXTS

__all__ = ["MANIFEST", "aura_commands", "aura_streams", "aura_zones"]

MANIFEST = Manifest(
    "language", "aura.zones.language.zone:Language",
    "Reads windows of tokens, predicts each from those before it, and learns from them at once; its units spike.",
    params=LanguageParams,
    inputs=(
        Port("tokens", dtype="int32", shape=("item", "token"),
             doc="A window of each lane: tokens, each but the last answered by the next one."),
        Port("begins", dtype="bool", shape=("item", "token"), required=False,
             doc="Where a document begins; without it, where the number of lanes changes."),
        Port("mask", dtype="bool", shape=("item", "answer"), required=False,
             doc="Which answers count, one fewer than tokens; without it, all.")),
    outputs=(
        Port("surprise", shape=("item", "answer"), unit="nat", items_from="tokens",
             doc="Of each answer, before it was learned; 0 of one that does not count."),
        Port("loss", unit="nat", doc="The mean of those that count."),
        Port("firing", shape=("layer",), range=(0.0, 1.0), doc="Share of each layer's sites that fired.")),
    modulators=(LEARNING_RATE, LEARNING_DRIVE), wake_on=("tokens",),
    changeable=("unroll", "across_documents", *(f"learning.{name}" for name in (
        "learning_rate", "matrix_rate", "hash_rate", "weight_decay", "clip", "accumulate", "rate_penalty",
        "schedule.*")), *(f"core.{name}" for name in ("surrogate", "burst", "rope_length", "chunk", "precision"))))


@hookimpl
def aura_commands() -> list[Command]:
    """Bring the command that makes tokenizers."""
    return [Command("tokenizer", "Make a tokenizer of texts: pieces, characters or bytes.",
                    "aura.zones.language.tokenizers.command:make_tokenizer")]


@hookimpl
def aura_streams() -> list[ReaderKind]:
    """Bring the streams of tokens."""
    return [TEXTS, INSTRUCTIONS]


@hookimpl
def aura_zones() -> list[Manifest]:
    """Bring the zone."""
    return [MANIFEST]
