"""Random streams: one for each zone, by name, so that adding a zone changes no other."""

from __future__ import annotations

import hashlib

import numpy as np

from aura.core.errors import AuraError

__all__ = ["generator_for"]


def generator_for(seed: int, name: str) -> np.random.Generator:
    """Return the generator of the zone `name` in a brain with `seed`.

    The name enters the spawn key through SHA-256, so the stream depends on nothing but seed and name.

    Examples
    --------
    >>> a, b = generator_for(1, "x").integers(1000), generator_for(1, "x").integers(1000)
    >>> bool(a == b)
    True
    """
    if seed < 0:
        raise AuraError("seed", expected="an integer that is not negative", got=repr(seed))
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    key = np.frombuffer(digest[:16], dtype="<u4").tolist()
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
