"""The command ``aura``."""

from __future__ import annotations

import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; bad input ends it with one line on standard error, and status 2."""
    # Zones multiply small matrices, for which a second thread of the numerical library costs more than it brings
    # (measured: 1 ms for a block of 32 items on one thread, 1 to 23 on two beside other work). Read when numpy loads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Imported here and not at the top: `aura --help` is to answer in under 0.3 s.
    from aura.sim.cli.app import app

    try:
        app()
    except Exception as error:
        from aura.core.errors import AuraError

        if not isinstance(error, AuraError):
            raise
        print("aura:", " ".join(str(error).splitlines()), file=sys.stderr)
        raise SystemExit(2) from None
