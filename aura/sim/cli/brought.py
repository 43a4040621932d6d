"""Commands that plugins bring, found when what was typed is none of AURA's own."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

__all__ = ["Commands"]


class Commands(TyperGroup):
    """AURA's own commands, and behind them those of plugins, which are loaded only if one is asked for."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of that name, or None."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        from aura.plugins.manager import PluginManager

        brought = PluginManager().all("command").get(cmd_name)
        if brought is None:
            return None
        alone = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
        alone.command(brought.name, help=brought.summary)(brought.function())
        return typer.main.get_command(alone)
