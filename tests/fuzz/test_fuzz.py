"""Damaged files of every kind end in an AuraError, or in what the good file says; `benchmarks/fuzz.py` does more."""

from __future__ import annotations

import pytest

from tests.fuzz.attack import attack
from tests.fuzz.subjects import SUBJECTS, Subject

pytest.importorskip("soundfile")
INPUTS = 100


@pytest.mark.slow
@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_a_damaged_file_is_refused_or_read_but_never_raises_hangs_or_lies(subject, tmp_path):
    outcomes, faults = attack(subject, tmp_path, INPUTS, seed=1)
    assert not faults, "\n".join(faults[:5])
    assert outcomes.total() == INPUTS
    assert outcomes["refused"] + outcomes["warned"]


def test_what_should_not_come_is_found(tmp_path):
    def make(folder):
        (folder / "a").write_bytes(b"0123456789" * 5)
        return [folder / "a"]

    def read(folder):
        return len((folder / "a").read_bytes().decode("ascii"))

    outcomes, faults = attack(Subject("text", make, read, exact=True), tmp_path, 100, seed=1)
    assert outcomes["UnicodeDecodeError"]
    assert outcomes["changed"]
    assert len(faults) == outcomes["UnicodeDecodeError"] + outcomes["changed"]
