"""Random streams by name."""

from __future__ import annotations

import pytest

from aura.core.errors import AuraError
from aura.core.seeding import generator_for


def drawn(seed: int, name: str) -> list[int]:
    return generator_for(seed, name).integers(2**40, size=8).tolist()


def test_a_stream_depends_on_seed_and_name_alone() -> None:
    streams = {(seed, name): drawn(seed, name) for seed in (0, 1, 2**70) for name in ("a", "b", "ab", "é", "\ud800")}
    assert len({tuple(stream) for stream in streams.values()}) == 15
    assert all(drawn(*key) == stream for key, stream in streams.items())


def test_streams_are_the_same_in_every_version() -> None:
    assert drawn(1, "amygdala")[:2] == [455165563441, 935375358166]


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(AuraError, match="seed: expected an integer that is not negative, got -1"):
        generator_for(-1, "a")
