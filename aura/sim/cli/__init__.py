"""The command ``aura``."""

from __future__ import annotations

import sys

__all__ = ["main"]

_INTERRUPTED = 130
"""What a shell expects of a program that Ctrl-C has ended: 128 and the number of the signal."""


def main() -> None:
    """Run the command line; bad input ends it with one line on standard error and status 2, Ctrl-C with status 130."""
    try:
        _main()
    except KeyboardInterrupt:  # also while the command line itself is imported
        _say_interrupted()
        raise SystemExit(_INTERRUPTED) from None
    except SystemExit as ended:  # typer makes one of a Ctrl-C, and says nothing
        if isinstance(getattr(ended.__context__, "__cause__", None), KeyboardInterrupt):
            _say_interrupted()
        raise


def _say_interrupted() -> None:
    print("aura: interrupted", file=sys.stderr)


def _main() -> None:
    # Imported here and not at the top: `aura --help` is to answer in under 0.3 s.
    from aura.sim.cli.app import app
    from aura.sim.cli.output import keep_output_open

    keep_output_open()
    try:
        app(prog_name="aura")  # also where it was begun as `python -m aura`, which a shell cannot complete
    except Exception as error:
        from aura.core.blame import message_of
        from aura.core.errors import AuraError

        if isinstance(error, OSError):  # a disk, a right, a name too long: no fault of the program
            text = f"{error.filename or 'the system'}: expected to be let, got {type(error).__name__}: {error.strerror}"
        elif isinstance(error, AuraError):
            text = message_of(error)
        else:
            raise
        print("aura:", " ".join(text.splitlines()), file=sys.stderr)
        raise SystemExit(2) from None
