"""One damaged input after the other, each within a bound of time and memory."""

from __future__ import annotations

import logging
import random
import resource
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from aura.core.errors import AuraError
from tests.fuzz.mutate import mutated
from tests.fuzz.subjects import Heard, Subject

__all__ = ["attack", "bounded_memory"]

INPUT_S = 5.0
"""Longest an input may take."""


class Hang(BaseException):
    """An input that took too long."""


def attack(subject: Subject, folder: Path, count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Read so many damaged inputs; return what came of them, and a line for each that should not have come."""
    files = {path: path.read_bytes() for path in subject.make(folder)}
    good, outcomes, faults = subject.read(folder), Counter[str](), []
    draw, heard = random.Random(f"{subject.name} {seed}"), Heard()
    with _listening(heard), _alarmed():
        for number in range(count):
            path = draw.choice(list(files))
            path.write_bytes(mutated(files[path], draw))
            heard.count = 0
            signal.setitimer(signal.ITIMER_REAL, INPUT_S)
            try:
                found = subject.read(folder)
                outcome = "warned" if heard.count else "changed" if subject.exact and found != good else "same"
            except AuraError:
                outcome = "refused"
            except Hang:
                outcome = "hang"
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                outcome = f"{type(error).__name__}: {str(error)[:200]}"
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            if outcome not in ("same", "warned", "refused"):
                faults.append(f"{subject.name}, seed {seed}, input {number}, {path.name}: {outcome}")
                outcome = outcome.split(":")[0]
            outcomes[outcome] += 1
            path.write_bytes(files[path])
    return outcomes, faults


@contextmanager
def _listening(heard: Heard) -> Iterator[None]:
    log = logging.getLogger("aura")
    before, log.propagate = log.propagate, False
    log.addHandler(heard)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.removeHandler(heard)
        log.propagate = before


@contextmanager
def _alarmed() -> Iterator[None]:
    def ring(number: int, frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, ring)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def bounded_memory(more_bytes: int) -> None:
    """Let this process take no more than so much memory beyond what it has; for a process of its own."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) if sys.platform == "linux" else 0
    if pages:
        bound = pages * resource.getpagesize() + more_bytes
        resource.setrlimit(resource.RLIMIT_AS, (bound, resource.getrlimit(resource.RLIMIT_AS)[1]))
