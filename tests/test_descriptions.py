"""Every key that somebody may set has its sentence, in one place: the model that checks it."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from aura.plugins.listing import parameter_tables
from aura.plugins.manager import PluginManager
from aura.sim.scenario import Scenario
from aura.zones.fabric.channels.declaration import Channel
from aura.zones.fabric.channels.pool import CalciumPool
from aura.zones.fabric.neurons.receptors import Receptor


def models() -> dict[str, type[BaseModel]]:
    """Return every model of what a scenario may say, by what it is of."""
    manager = PluginManager()
    return {"scenario": Scenario,
            **{f"zone {name}": zone.params for name, zone in manager.zones().items()},
            **{f"stream {name}": kind.options_model for name, kind in manager.all("stream").items()},
            **{f"metric {name}": kind.options for name, kind in manager.all("metric").items()},
            **{f"expert {name}": options for name, options in manager.zone("experts").part_options.items()},
            **{f"fabric {model.__name__}": model for model in (Channel, CalciumPool, Receptor)}}


def lacking(model: type[BaseModel]) -> list[str]:
    """Return the keys of a model and the tables within it that have no sentence, or whose sentence stands twice."""
    found = []
    for path, table in parameter_tables(model):
        if "Parameters\n" in (table.__doc__ or ""):
            found.append(f"{path}: a docstring that tells of the parameters too")
        for name, field in table.model_fields.items():
            text = field.description or ""
            if len(text) < 16 or not text.endswith((".", ".)")) or not (text[0].isupper() or text[0] in "'`0123456789"):
                found.append(f"{path}.{name}: {text!r}")
    return found


@pytest.mark.parametrize(("place", "model"), [pytest.param(*item, id=item[0]) for item in models().items()])
def test_every_key_has_its_sentence(place: str, model: type[BaseModel]) -> None:
    assert lacking(model) == []


def test_every_kind_of_everything_is_looked_at() -> None:
    assert {place.split()[0] for place in models()} == {"scenario", "zone", "stream", "metric", "expert", "fabric"}
    assert len(models()) > 30


def test_a_key_without_a_sentence_is_found() -> None:
    class Inner(BaseModel):
        """Some part.

        Parameters
        ----------
        heard : int
        """

        heard: int = 0

    class Outer(BaseModel):
        """Some table."""

        inner: Inner | None = None

    assert lacking(Outer) == [".inner: ''", "inner: a docstring that tells of the parameters too", "inner.heard: ''"]


def test_the_sentences_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    from aura.sim.cli.showing import show_metrics, show_streams, show_zones

    manager = PluginManager()
    for show, known in (
            (show_zones, {name: [zone.params, *zone.part_options.values()] for name, zone in manager.zones().items()}),
            (show_streams, {name: [kind.options_model] for name, kind in manager.all("stream").items()}),
            (show_metrics, {name: [kind.options] for name, kind in manager.all("metric").items()})):
        for name, models in known.items():
            show(name, ())
            shown = " ".join(capsys.readouterr().out.split())
            for _, table in (each for model in models for each in parameter_tables(model)):
                for field in table.model_fields.values():
                    assert " ".join((field.description or "?").split()) in shown, f"{name}: {field}"
