"""The mixture on several devices: the rows of a tick shared out, the result the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from aura.core.errors import ParameterError
from tests.zones.unoptimised import UNOPTIMISED

from .bench import Bench, digits

SCRIPT = """
import json, sys
sys.path.insert(0, {root!r})
import numpy as np
from tests.zones.experts.bench import Bench, digits
published = []
for devices in (1, 4):
    one = Bench(kinds=["conv2d", "mlp"], initial=2, growth=False, devices=devices, classes=[str(n) for n in range(10)],
                options={{"conv2d": {{"channels": [3], "hidden": []}}}})  # what takes time is to compile every layer
    one.teach(0, 64, block=32)
    one.show(digits()[0][200:232], range(9000, 9032))
    published.append(one.read("probability").tolist())
print(json.dumps(published))
"""


@pytest.mark.slow
def test_four_devices_give_the_result_of_one() -> None:
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3))
    flags = "--xla_force_host_platform_device_count=4"
    out = subprocess.run([sys.executable, "-c", SCRIPT.format(root=root)], capture_output=True, text=True,
                         check=True, env={**os.environ, "XLA_FLAGS": flags, **UNOPTIMISED})
    one, four = np.array(json.loads(out.stdout.splitlines()[-1]))
    assert one.shape == (32, 10)
    assert np.ptp(one) > 0.1
    np.testing.assert_allclose(four, one, atol=1e-6)


@pytest.mark.slow
def test_more_devices_than_there_are_is_refused() -> None:
    with pytest.raises(ParameterError, match="devices"):
        Bench(kinds=["conv2d"], devices=64).show(digits()[0][:1], [1])


def test_devices_are_refused_where_no_kind_shares_its_rows_out() -> None:
    with pytest.raises(ParameterError, match=r"devices: expected 1 .* got 2 with mlp, analytic.*conv1d, conv2d"):
        Bench(kinds=["mlp", "analytic"], devices=2).brain.build()
