"""What a run was computed with, as far as it decides bits."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from aura.core.brain import Brain

__all__ = ["changes", "environment", "tell_changes"]

PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "jax", "jaxlib", "flax", "optax", "torch", "faiss-cpu",
            "scikit-learn", "librosa")
"""Whose arithmetic zones and metrics use."""

_CPU_INFO = Path("/proc/cpuinfo")


@cache
def environment() -> dict[str, str]:
    """Return name to version or description: Python, system, processor, BLAS and the packages of `PACKAGES`.

    Nothing is imported for it but numpy, which a brain has loaded by then.
    """
    found = {"python": platform.python_version(),
             "system": " ".join((platform.system(), platform.machine(), *platform.libc_ver())).strip(),
             "processor": _processor(), "vector instructions": _vector_instructions(), "blas": _blas()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return {name: text for name, text in found.items() if text}


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return what differs, ``"numpy 2.4.6, was 2.4.5"``, of what both know.

    Examples
    --------
    >>> changes({"numpy": "2.4.5", "scipy": "1.16.0"}, {"numpy": "2.4.6", "scipy": "1.16.0", "jax": "0.9.0"})
    ['numpy 2.4.6, was 2.4.5']
    """
    return [f"{name} {now[name]}, was {known}" for name, known in before.items()
            if name in now and now[name] != known]


def tell_changes(brain: Brain, known: Mapping[str, str]) -> None:
    """Tell as notices what is not as it was where the run began that is resumed or replayed."""
    for change in changes(known, environment()):
        brain.tell("the environment", f"is another: {change}; bits may differ (docs/determinism.md)")


def _processor() -> str:
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _vector_instructions() -> str:
    """Return those that numpy found, of which it chooses its loops."""
    try:
        from numpy._core._multiarray_umath import __cpu_features__ as features
    except ImportError:  # of another version: numpy promises nothing here
        return ""
    return " ".join(sorted(name for name, there in features.items() if there))


def _blas() -> str:
    """Return the BLAS of numpy, with the kind of core that it has chosen its kernels for."""
    from threadpoolctl import threadpool_info

    kinds = {f"{pool['internal_api']} {pool.get('version')} for {pool.get('architecture', 'any core')}"
             for pool in threadpool_info() if pool["user_api"] == "blas" and "numpy" in pool["filepath"]}
    return ", ".join(sorted(kinds))
