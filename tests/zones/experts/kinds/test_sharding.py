"""The rows of a call over several devices, in a process that has four."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from aura.core.errors import ParameterError
from aura.zones.experts.kinds.conv1d import Conv1dExpert, Conv1dOptions
from tests.zones.unoptimised import UNOPTIMISED

PROGRAM = '''
import jax
import numpy as np
from aura.zones.experts.kinds.expert import Lesson
from aura.zones.experts.kinds.lookup import expert_kind

assert len(jax.devices()) == 4
rng = np.random.default_rng(0)
# Each number of rows is compiled by itself, which takes most of the time; fewer rows than devices come to one kind.
for name, shape, counts, options in (
        ("conv1d", (6,), (1, 6, 6), {"channels": (3,), "kernel": (3,), "hidden": ()}),
        ("conv2d", (6, 6), (6, 6, 6), {"channels": (3,), "kernel": (3,), "hidden": ()})):
    kind = expert_kind(name)
    one, four = (kind(shape, 3, kind.Options(**options, devices=devices, anchor_every=2, learning_rate=0.01,
                                             momentum=0.5), 1) for devices in (1, 4))
    for count in counts:
        rows = rng.standard_normal((count, *shape)).astype(np.float32)
        targets = np.eye(3, dtype=np.float32)[rng.integers(3, size=count)]
        lesson = Lesson(rows, targets, np.ones(count, np.float32), np.full(count, 0.5, np.float32), 1.0)
        slopes = [expert.learn(lesson, want_gradient=True) for expert in (one, four)]
        np.testing.assert_allclose(*slopes, atol=1e-6)
        np.testing.assert_allclose(one.predict(rows), four.predict(rows), atol=1e-6)
    assert len(four._parameters[0].sharding.device_set) == 4
    answer = four.program.predict((four._parameters,), (np.zeros((8, *shape), np.float32),), (four.program.mask(3),))
    compiled = four.program._compiled_predict.lower(
        (four._parameters,), (np.zeros((8, *shape), np.float32),), (four.program.mask(3),)).compile().as_text()
    assert "num_partitions=4" in compiled
    back = kind(shape, 3, one.options, 7)
    back.load_state(four.state())
    np.testing.assert_allclose(back.predict(rows), four.predict(rows), atol=1e-6)
print("the same")
'''


@pytest.mark.slow
def test_four_devices_learn_the_same_as_one() -> None:
    flags = "--xla_force_host_platform_device_count=4"
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300, check=False,
                          env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", **UNOPTIMISED})
    assert done.stdout.strip() == "the same", done.stderr


@pytest.mark.slow
def test_more_devices_than_there_are_is_an_error_that_counts_them() -> None:
    with pytest.raises(ParameterError, match="devices: expected at most"):
        Conv1dExpert((4,), 3, Conv1dOptions(devices=4096), 1)
