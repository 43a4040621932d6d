"""The command ``aura``."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; bad input ends it with one line on standard error, and status 2."""
    from aura.sim.cli.app import app

    # Imported above and not here at the top: `aura --help` is to answer in under 0.3 s.
    try:
        app()
    except Exception as error:
        from aura.core.errors import AuraError

        if not isinstance(error, AuraError):
            raise
        print(f"aura: {error}", file=sys.stderr)
        raise SystemExit(2) from None
