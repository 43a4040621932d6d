"""Registers what language brings; reading this imports nothing that it computes with."""

from __future__ import annotations

from aura.plugins import hookimpl
from aura.plugins.commands import Command
from aura.plugins.streams import ReaderKind
from aura.zones.language.reading.instructions import KIND as INSTRUCTIONS
from aura.zones.language.reading.texts import KIND as TEXTS

__all__ = ["aura_commands", "aura_streams"]


@hookimpl
def aura_commands() -> list[Command]:
    """Bring the command that makes tokenizers."""
    return [Command("tokenizer", "Make a tokenizer of texts: pieces, characters or bytes.",
                    "aura.zones.language.tokenizers.command:make_tokenizer")]


@hookimpl
def aura_streams() -> list[ReaderKind]:
    """Bring the streams of tokens."""
    return [TEXTS, INSTRUCTIONS]
