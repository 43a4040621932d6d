"""Kinds of experts are found by name among those that plugins bring, and by module and class."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from aura import Brain, stream
from aura.core.errors import AuraError, ParameterError
from aura.plugins.manager import PluginManager
from aura.zones.experts.kinds.expert import Expert
from aura.zones.experts.kinds.lookup import KINDS, expert_kind
from aura.zones.experts.plugin import MANIFEST

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
    for name in ("others_experts", "others_plugin", "others_broken"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", ["mlp", "conv1d", "conv2d"])
def test_built_in_kinds_are_known_by_their_names(name: str) -> None:
    assert expert_kind(name).kind == name


def test_a_kind_is_found_by_module_and_class(site: Path) -> None:
    kind = expert_kind("others_experts:Uniform", named=["mlp", "others_experts:Uniform"])
    assert issubclass(kind, Expert)
    one = kind((4,), 5, kind.Options(), 0)
    other = one.clone(seed=1)
    np.testing.assert_allclose(kind.predict_many([(other, np.zeros((2, 4), np.float32))])[0], 0.2)


PLUGIN = """
from aura.plugins import hookimpl
from aura.zones.experts.kinds.expert import ExpertKind

@hookimpl
def aura_experts():
    return [ExpertKind("uniform", "Knows nothing.", "others_experts:Uniform"),
            ExpertKind("broken", "Cannot be imported.", "others_broken:Thing"),
            ExpertKind("mlp", "Has a name that is taken.", "others_experts:Uniform")]
"""


@pytest.fixture
def manager(site: Path) -> PluginManager:
    """The plugins, one of which brings kinds of expert by its entry point."""
    folder = site / "aura_others-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: aura-others\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[aura]\nothers = others_plugin\n")
    (site / "others_plugin.py").write_text(PLUGIN)
    return PluginManager()


def test_a_plugin_brings_a_kind_which_is_imported_when_a_zone_is_built_of_it(manager: PluginManager) -> None:
    kinds = manager.zone("experts").parts["expert"]
    assert list(kinds) == ["analytic", "conv1d", "conv2d", "episodic", "mlp", "uniform", "broken"]
    assert manager.owner("expert", "uniform") == "others"
    assert "others_experts" not in sys.modules
    assert expert_kind("uniform", kinds).kind == "uniform"
    assert expert_kind("mlp", kinds).kind == "mlp"
    with pytest.raises(ParameterError, match="RuntimeError: no such device"):
        expert_kind("broken", kinds)
    assert "'mlp', which plugin 'experts' has" in next(i.error for i in manager.infos() if i.name == "others")


@pytest.mark.parametrize("executor", ["serial", pytest.param("processes", marks=pytest.mark.slow)])
def test_a_zone_is_built_of_what_plugins_bring_wherever_it_lives(manager: PluginManager, executor: str) -> None:
    rows = [{"x": np.ones(4, np.float32), "sign": ["up"]}, {"x": np.zeros(4, np.float32), "sign": ["down"]}]
    with Brain(executor=executor) as brain:
        brain.add(stream(rows, truth=["sign"]), "numbers")
        brain.add(manager.zone("experts"), kinds=("uniform",), stimulus=(4,), classes=("up", "down"), growth=False)
        brain.connect("numbers.x", "experts.stimulus")
        brain.connect("numbers.sign", "experts.teacher")
        brain.run()
        np.testing.assert_allclose(brain.read("experts.probability"), [[0.5, 0.5]])


def test_a_blocked_plugin_brings_no_kind(manager: PluginManager) -> None:
    manifest = PluginManager(["others"]).zone("experts")
    assert "uniform" not in manifest.parts["expert"]
    brain = Brain()
    brain.add(stream([{"x": np.ones(4, np.float32)}]), "numbers")
    brain.add(manifest, kinds=("uniform",), stimulus=(4,))
    brain.connect("numbers.x", "experts.stimulus")
    with pytest.raises(AuraError, match="expected a kind of expert that a plugin brings, got 'uniform'"):
        brain.build()


def test_the_manifest_alone_is_built_of_the_kinds_of_its_own_package(manager: PluginManager) -> None:
    assert list(MANIFEST.parts["expert"]) == ["analytic", "conv1d", "conv2d", "episodic", "mlp"]
    assert "experts" not in PluginManager(["experts"]).zones()
    assert "expert" not in PluginManager(["experts"]).points()


def test_the_group_that_kinds_had_to_themselves_is_refused_with_a_sentence(site: Path) -> None:
    folder = site / "old-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: old\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[aura.experts]\nuniform = others_experts:Uniform\n")
    manager = PluginManager()
    assert "uniform" not in manager.all("expert")
    assert next(info.error for info in manager.infos() if info.name == "uniform") == (
        "old: entry point 'uniform': expected the group 'aura', got 'aura.experts'. Name there a module with the hook "
        "aura_experts, which returns a list of ExpertKind.")


def test_an_unknown_name_says_the_nearest() -> None:
    with pytest.raises(ParameterError, match=r"Try 'conv2d'\."):
        expert_kind("conv2")


@pytest.mark.parametrize("name, message", [
    ("others_experts:nothing", "a class derived from Expert"), ("others_experts:Unfinished", "all methods"),
    ("others_experts:Gone", "AttributeError"), ("others_experts:", "AttributeError"), (":", "ValueError")])
def test_what_is_no_kind_of_expert_is_refused(site: Path, name: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        expert_kind(name, named=[name])


def test_a_module_that_no_parameter_names_is_not_imported(site: Path) -> None:
    with pytest.raises(ParameterError, match="a kind of expert that is registered, or named by the zone's parameters"):
        expert_kind("others_experts:Uniform", named=["mlp"])
    assert "others_experts" not in sys.modules


@pytest.mark.parametrize("name", KINDS)
def test_the_options_that_are_shown_of_a_kind_are_those_of_its_class(name: str) -> None:
    assert KINDS[name].load().Options is KINDS[name].options
