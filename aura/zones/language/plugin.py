"""Registers what language brings; reading this imports nothing that it computes with."""

from __future__ import annotations

from aura.plugins import hookimpl
from aura.plugins.commands import Command

__all__ = ["aura_commands"]


@hookimpl
def aura_commands() -> list[Command]:
    """Bring the command that makes tokenizers."""
    return [Command("tokenizer", "Make a tokenizer of texts: pieces, characters or bytes.",
                    "aura.zones.language.tokenizers.command:make_tokenizer")]
