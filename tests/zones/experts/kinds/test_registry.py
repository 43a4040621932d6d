"""Kinds of experts are found by name, by entry point, and by module and class."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from aura.core.errors import ParameterError
from aura.zones.experts.kinds.expert import Expert
from aura.zones.experts.kinds.registry import expert_kind, kind_names

MODULE = '''
import numpy as np
from aura.zones.experts.kinds.expert import Expert

class Uniform(Expert):
    kind = "uniform"
    nbytes = 0
    def predict(self, rows): return np.full((len(rows), self.classes), 1 / self.classes, np.float32)
    def learn(self, lesson, *, want_gradient=False): return None
    def add_classes(self, count): self.classes += count
    def state(self): return {"classes": self.classes}
    def load_state(self, state): self.classes = state["classes"]

class Unfinished(Expert):
    kind = "unfinished"

nothing = 3
'''


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path with a module of experts of someone else's."""
    (tmp_path / "others_experts.py").write_text(MODULE)
    (tmp_path / "others_broken.py").write_text("raise RuntimeError('no such device')")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("others_experts", None)


def install(site: Path, name: str, entries: str) -> None:
    folder = site / f"{name}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[aura.experts]\n{entries}\n")


@pytest.mark.parametrize("name", ["mlp", "conv1d", "conv2d"])
def test_built_in_kinds_are_known_by_their_names(name: str) -> None:
    assert expert_kind(name).kind == name
    assert name in kind_names()


def test_a_kind_is_found_by_module_and_class(site: Path) -> None:
    kind = expert_kind("others_experts:Uniform", ["mlp", "others_experts:Uniform"])
    assert issubclass(kind, Expert)
    one = kind((4,), 5, kind.Options(), 0)
    other = one.clone(seed=1)
    np.testing.assert_allclose(kind.predict_many([(other, np.zeros((2, 4), np.float32))])[0], 0.2)


def test_a_kind_is_found_by_its_entry_point(site: Path) -> None:
    install(site, "others", "uniform = others_experts:Uniform")
    assert "uniform" in kind_names()
    assert "others_experts" not in sys.modules
    assert expert_kind("uniform").kind == "uniform"


def test_a_broken_entry_hurts_no_other(site: Path) -> None:
    install(site, "broken", "broken = others_broken:Thing\ngone = no_such_module:Thing")
    install(site, "damaged", "this is no entry\n= = =")
    install(site, "others", "uniform = others_experts:Uniform")
    assert expert_kind("uniform").kind == "uniform"
    assert expert_kind("mlp").kind == "mlp"
    with pytest.raises(ParameterError, match="RuntimeError: no such device"):
        expert_kind("broken")
    with pytest.raises(ParameterError, match="ModuleNotFoundError"):
        expert_kind("gone")


def test_a_name_of_this_package_is_not_taken_over(site: Path) -> None:
    install(site, "others", "mlp = others_experts:Uniform")
    assert expert_kind("mlp").kind == "mlp"


def test_an_unknown_name_says_the_nearest() -> None:
    with pytest.raises(ParameterError, match=r"Try 'conv2d'\."):
        expert_kind("conv2")


@pytest.mark.parametrize("name, said", [
    ("others_experts:nothing", "a class derived from Expert"), ("others_experts:Unfinished", "all methods"),
    ("others_experts:Gone", "AttributeError"), ("others_experts:", "AttributeError"), (":", "ValueError")])
def test_what_is_no_kind_of_expert_is_refused(site: Path, name: str, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        expert_kind(name, [name])


def test_a_module_that_no_parameter_names_is_not_imported(site: Path) -> None:
    with pytest.raises(ParameterError, match="a kind of expert that is registered, or named by the zone's parameters"):
        expert_kind("others_experts:Uniform", ["mlp"])
    assert "others_experts" not in sys.modules
