"""What the peers share: how they are timed, and the one JSON line that each of them prints."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import time
from collections.abc import Callable
from typing import Any

__all__ = ["answer", "limit_xla", "options", "repeated", "timed", "version"]


def options(description: str | None, size: str, sizes: int) -> argparse.ArgumentParser:
    """Return the parser of the options that every peer takes; `size` names its count of cells or neurons."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(f"--{size}", type=int, default=sizes)
    parser.add_argument("--precision", choices=("float32", "float64"), default="float64")
    parser.add_argument("--repeats", type=int, default=3)
    return parser


def version(package: str) -> str:
    """Return the version of an installed package."""
    return importlib.metadata.version(package)


def timed(call: Callable[[], object]) -> float:
    """Return how many seconds a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def repeated(call: Callable[[], object], repeats: int, before: Callable[[], object] = lambda: None) -> list[float]:
    """Return the seconds of each of some calls; what runs before each is not timed."""
    taken = []
    for _ in range(repeats):
        before()
        taken.append(timed(call))
    return taken


def limit_xla(threads: int) -> None:
    """Let jax, not yet imported, compute on the CPU with so many threads: XLA takes as many as NPROC says."""
    os.environ |= {"JAX_PLATFORMS": "cpu", "NPROC": str(threads)}


def answer(peer: str, parser: argparse.ArgumentParser,
           simulate: Callable[[argparse.Namespace], dict[str, Any]]) -> None:
    """Simulate what the command line asks for and print the outcome; a package that is not there is no failure."""
    request = parser.parse_args()
    entry: dict[str, Any] = {"peer": peer, **vars(request)}
    try:
        entry |= simulate(request)
    except ModuleNotFoundError as error:
        entry["skipped"] = f"not installed: {error.name}"
    print("\n" + json.dumps(entry), flush=True)
