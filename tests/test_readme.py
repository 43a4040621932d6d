"""What the README shows is what there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from aura import Brain, Manifest, Port, Zone
from aura.core.params import validated
from aura.plugins.manager import PluginManager
from aura.sim.scenario import StreamModel, load_scenario, read_scenario

TEXT = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)


def test_the_scenario_explained_is_the_embedded_one():
    shown, kept = read_scenario(tomllib.loads(blocks("toml")[0])), load_scenario("feelings")
    assert (shown.seed, shown.streams, shown.zones, shown.pathways) == (
        kept.seed, kept.streams, kept.zones, kept.pathways)
    assert shown.metrics["emotion"] == kept.metrics["emotion"]


def test_the_streams_shown_are_valid():
    manager = PluginManager()
    for table in tomllib.loads(blocks("toml")[1])["streams"].values():
        model = validated(StreamModel, table, "stream")
        validated(manager.stream(model.kind).options_model, model.reader_options, "stream")


@pytest.mark.slow
def test_the_brain_in_python_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks("python")[0], "README.md", "exec"), {})
    assert "resolution 1 ms" in capsys.readouterr().out
    assert list((tmp_path / "checkpoints").iterdir())


def test_the_zone_in_thirty_lines_works(tmp_path):
    (tmp_path / "surprise.py").write_text(blocks("python")[1], encoding="utf-8")
    manifest = PluginManager((), [tmp_path / "surprise.py"]).zone("surprise")
    with Brain() as brain:
        brain.add(manifest, rate=0.5)
        brain.add(Eights)
        brain.connect("eights.value", "surprise.value")
        probe = brain.probe("surprise.surprise")
        brain.run(until="4 ms")
    assert [float(value[0]) for value in probe.values] == [8.0, 4.0, 2.0]


class Eights(Zone):
    """Says eight."""

    manifest = Manifest("eights", "", outputs=(Port("value", shape=(1,)),), period="1 ms")

    def step(self, now, inputs):
        return {"value": np.full(1, 8.0, np.float32)}


def test_every_document_it_names_is_there():
    for path in re.findall(r"`((?:docs|examples|benchmarks)/[\w./]*|[A-Z]+\.md)`|\((docs/[\w.]+)\)", TEXT):
        assert (Path(__file__).parents[1] / (path[0] or path[1])).exists(), path
