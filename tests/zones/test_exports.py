"""What zones export comes back to people who name a folder by a text, and damage is refused by a sentence."""

from __future__ import annotations

import random
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from aura.core.errors import AuraError
from aura.testing import Subject
from aura.testing.play import NAME, make_brain, span_of

from .amygdala.test_conformance import PARAMS as AMYGDALA
from .control.test_conformance import PARAMS as CONTROL
from .experts.test_conformance import PARAMS as EXPERTS
from .experts.test_conformance import one_label
from .router.test_router_conformance import PARAMS as ROUTER

MUTATIONS = 25


def subjects() -> dict[str, Subject]:
    from aura.zones.amygdala.plugin import MANIFEST as amygdala
    from aura.zones.control.plugin import MANIFEST as control
    from aura.zones.experts.plugin import MANIFEST as experts
    from aura.zones.router.plugin import MANIFEST as router

    return {"amygdala": Subject(amygdala, AMYGDALA["rls"]), "router": Subject(router, ROUTER["two"]),
            "experts": Subject(experts, EXPERTS["growing"], {"teacher": one_label}),
            "control": Subject(control, CONTROL["plain"])}


SLOW = ("router", "experts")  # they compile kernels


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in (
    "amygdala", "control", *SLOW)])
def exported(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Subject, Path]:
    """A zone that has learned, and the folder of what it exported."""
    subject = subjects()[request.param]
    with make_brain(subject)[0] as brain:
        brain.run(until=span_of(subject))
        assert brain[NAME].export(str(tmp_path / "heads"))
    return subject, tmp_path / "heads"


def digests(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return the bytes with a bit flipped, a byte replaced, cut short, doubled in part, or with noise behind them."""
    place, out = rng.randrange(max(1, min(len(data), rng.choice((16, 128, 10**6))))), bytearray(data)
    match rng.randrange(5):
        case 0:
            out[place] ^= 1 << rng.randrange(8)
        case 1:
            out[place] = rng.randrange(256)
        case 2:
            del out[place:]
        case 3:
            out[place:place] = out[:place]
        case _:
            out += rng.randbytes(1 + rng.randrange(20))
    return bytes(out)


@pytest.mark.slow
def test_a_damaged_file_is_refused_or_changes_nothing(exported: tuple[Subject, Path], tmp_path: Path) -> None:
    subject, folder = exported
    whole, rng = digests(folder), random.Random(f"{subject.manifest.name} 5")
    for name, data in whole.items():
        for _ in range(MUTATIONS):
            (folder / name).write_bytes(mutated(data, rng))
            with make_brain(subject)[0] as brain:
                shutil.rmtree(tmp_path / "again", ignore_errors=True)
                with suppress(AuraError):
                    brain[NAME].load_export(str(folder))
                    brain[NAME].export(str(tmp_path / "again"))
                    assert digests(tmp_path / "again") == whole, f"{name} was changed without notice"
        (folder / name).write_bytes(data)


@pytest.mark.slow
def test_arrays_of_other_programs_without_digests_raise_nothing_but_errors_of_ours(tmp_path: Path) -> None:
    subject, rng = subjects()["amygdala"], random.Random(6)
    with make_brain(subject)[0] as brain:
        brain.run(until=span_of(subject))
        brain[NAME].export(tmp_path)
    (tmp_path / "emotion_classifier.sha256").unlink()
    for name, data in digests(tmp_path).items():
        for _ in range(4 * MUTATIONS):
            (tmp_path / name).write_bytes(mutated(data, rng))
            with make_brain(subject)[0] as brain, suppress(AuraError):
                brain[NAME].load_export(tmp_path)
        (tmp_path / name).write_bytes(data)
