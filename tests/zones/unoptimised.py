"""Programs that XLA compiles in half the time and optimises little, for tests of what is computed and not of how.

JAX's own tests are compiled so. Whole runs and the conformance checks of zones keep the optimised programs.
"""

from __future__ import annotations

from collections.abc import Iterator

import jax
import pytest

__all__ = ["UNOPTIMISED", "unoptimised"]

UNOPTIMISED = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
"""The same for a process that a test starts."""


@pytest.fixture(scope="module", autouse=True)
def unoptimised() -> Iterator[None]:
    """Optimise little in the module that imports this."""
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)
