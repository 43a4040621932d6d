"""The command ``aura``."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

__all__ = ["main"]


def main() -> None:
    """Run the command line; bad input ends it with one line on standard error, and status 2."""
    # Zones multiply small matrices, for which a second thread of the numerical library costs more than it brings
    # (measured: 1 ms for a block of 32 items on one thread, 1 to 23 on two beside other work). Read when numpy loads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Imported here and not at the top: `aura --help` is to answer in under 0.3 s.
    from aura.sim.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a folder's name may be of bytes that are no text
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except Exception as error:
        from aura.core.errors import AuraError

        if isinstance(error, OSError):  # a disk, a right, a name too long: no fault of the program
            said = f"{error.filename or 'the system'}: expected to be let, got {type(error).__name__}: {error.strerror}"
        elif isinstance(error, AuraError):
            said = str(error)
        else:
            raise
        print("aura:", " ".join(said.splitlines()), file=sys.stderr)
        raise SystemExit(2) from None
