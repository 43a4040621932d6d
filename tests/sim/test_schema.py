"""The JSON schema of scenario files: it takes every scenario that there is, and finds what is mistyped."""

from __future__ import annotations

import json
import tomllib

import pytest
from jsonschema import Draft202012Validator

from aura.core.errors import AuraError
from aura.core.params import validated
from aura.plugins.manager import PluginManager
from aura.sim.extending import embedded_scenarios
from aura.sim.observers import metric_options
from aura.sim.scenario import read_scenario
from aura.sim.schema import scenario_schema
from aura.sim.variables import with_variables
from tests.documents import PAGES, blocks_of


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(json.dumps(scenario_schema(PluginManager()), allow_nan=False))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def scenarios():
    """Return every scenario, whole or in parts, that comes with AURA or stands on a page."""
    found = {path.stem: path.read_text(encoding="utf-8") for path in embedded_scenarios().values()}
    for page in PAGES:
        for block in blocks_of(page):
            if block.language == "toml" or block.settings.get("file", "").endswith(".toml"):
                found[block.where] = block.text
    return {name: tomllib.loads(text) for name, text in found.items()}


SCENARIOS = {name: table for name, table in scenarios().items() if not {"project", "emotions"} & table.keys()}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_fits(validator, name):
    table = SCENARIOS[name]
    if "aura" not in table and "extends" not in table:  # a part of one
        table = {"extends": "feelings", **table}
    assert [error.json_path for error in validator.iter_errors(table)] == []


def test_pages_have_scenarios_of_all_sorts():
    wholes = [table for table in SCENARIOS.values() if "aura" in table]
    assert len(wholes) > len(embedded_scenarios())
    assert len(SCENARIOS) > len(wholes)


WHOLE = """
aura = 1
name = "small"
until = { env = "UNTIL", default = "10 s" }
pathways = ["digits.image -> thalamus.image", { from = "a.b", to = "c.d", delay = "1 ms" },
            "b.* -> c.modulators after 5 ms"]
[streams.digits]
kind = "idx"
images = "train.gz"
rate = 50
[streams.rows]
kind = "npz"
path = { env = "ROWS" }
columns = { a = "b", c = { from = "d" } }
curriculum = { field = "label" }
[zones.fabric]
period = "16 ms"
params = { tissue = { neuron = { dendrites = 1 } }, convolution = false }
[zones.other]
kind = "experts"
[zones.other.params]
stimulus = [28, "x"]
growth = false
gate = { k = 1 }
kinds = ["mlp", "mine:Own"]
options = { mlp = { hidden = [8] }, "mine:Own" = { anything = 1 } }
[zones.amygdala.params.tasks]
mood = { kind = "numbers", size = 2 }
word = { classes = ["a"] }
[zones.temporal.params.tasks]
act = {}
end = { of = "conversation", kind = "numbers" }
[metrics.digit]
kind = "classification"
truth = "digits.label"
prediction = "fabric.label"
every = "auto"
[[phases]]
name = "stage-{number}"
stage = "each"
[record.every]
"a.b" = "1 s"
"""

MISTAKES = {
    "a key at the top": ('name = "small"', 'name = "small"\nsede = 1'),
    "a type at the top": ('name = "small"', 'name = "small"\nseed = "one"'),
    "no name": ('name = "small"\n', ""),
    "an executor": ('name = "small"', 'name = "small"\nexecutor = "gpu"'),
    "another version": ("aura = 1", "aura = 2"),
    "a key of a stream": ("rate = 50", "raet = 50"),
    "a type of a stream": ("rate = 50", "rate = true"),
    "a rate without a unit": ("rate = 50", 'rate = "50"'),
    "a kind of stream": ('kind = "idx"', 'kind = "ibx"'),
    "no kind of stream": ('kind = "idx"\n', ""),
    "an option that another kind has": ('images = "train.gz"', 'images = "train.gz"\ndelimiter = ","'),
    "no option that must be given": ('images = "train.gz"\n', ""),
    "a key of a column": ('c = { from = "d" }', 'c = { form = "d" }'),
    "a key of a curriculum": ('{ field = "label" }', '{ filed = "label" }'),
    "a key of a zone": ('period = "16 ms"', 'perod = "16 ms"'),
    "a time without a unit": ('period = "16 ms"', 'period = "16"'),
    "a time that is a number": ('period = "16 ms"', "period = 16"),
    "a parameter of a zone": ("convolution = false", "convolutoin = false"),
    "a parameter deep in a zone": ("dendrites = 1", "dendrits = 1"),
    "a type deep in a zone": ("dendrites = 1", "dendrites = [1]"),
    "a number out of its range": ("dendrites = 1", "dendrites = 65"),
    "a parameter of another zone": ("gate = { k = 1 }", "tissue = false"),
    "whose task it is": ('of = "conversation"', 'of = "talk"'),
    "a key of a kind of task": ('kind = "numbers" }\n[metrics', 'kind = "numbers", votes = 2 }\n[metrics'),
    "an option of a part of a zone": ("hidden = [8]", "hiden = [8]"),
    "a type of such an option": ("hidden = [8]", "hidden = 8"),
    "an option of a task": ("size = 2", "sise = 2"),
    "an option of a task of another kind": ('kind = "numbers", size', 'kind = "choice", size'),
    "an option of a task that says no kind": ('classes = ["a"]', 'clases = ["a"]'),
    "a kind of zone": ('kind = "experts"', 'kind = "exprts"'),
    "a zone of no kind": ('kind = "experts"\n', ""),
    "an option of a metric": ('every = "auto"', 'evry = "auto"'),
    "a word that an option does not know": ('every = "auto"', 'every = "often"'),
    "a kind of metric": ('kind = "classification"', 'kind = "clasification"'),
    "a topic that is none": ('truth = "digits.label"', 'truth = "digits"'),
    "a pathway without an arrow": ("digits.image -> thalamus.image", "digits.image thalamus.image"),
    "a key of a pathway": ('delay = "1 ms"', 'dely = "1 ms"'),
    "a key of a phase": ('stage = "each"', 'stge = "each"'),
    "a stage that is a word": ('stage = "each"', 'stage = "every"'),
    "a key of the recording": ("[record.every]", "[record.evry]"),
    "a time of a recorded topic": ('"a.b" = "1 s"', '"a.b" = "often"'),
    "a key beside a variable": ('default = "10 s"', 'defualt = "10 s"'),
}


@pytest.mark.parametrize(("old", "new"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_does_not_fit(validator, old, new):
    assert WHOLE.count(old) == 1
    assert [error.json_path for error in validator.iter_errors(tomllib.loads(WHOLE))] == []
    assert not validator.is_valid(tomllib.loads(WHOLE.replace(old, new)))


def test_a_file_that_extends_another_says_what_is_other_and_no_more(validator):
    assert validator.is_valid(tomllib.loads(
        'extends = "mnist"\nwithout = ["metrics.growth"]\npathways = ["...", "a.b -> c.d"]\n'
        '[metrics.digit]\nby = ["a.b"]\n'
        '[zones.hippocampus.params]\nopen = true\n[streams.digits.change]\nafter = 3'))
    assert not validator.is_valid({"extends": "mnist", "sede": 1})
    assert not validator.is_valid({"extends": "mnist", "zones": {"hippocampus": {"parms": {}}}})
    assert not validator.is_valid({"extends": 3})


def test_kinds_that_a_plugin_of_the_file_brings_are_taken(validator):
    table = {"aura": 1, "name": "a", "zones": {"mine": {"params": {"anything": 1}}}}
    assert not validator.is_valid(table)
    assert validator.is_valid({**table, "plugins": ["mine.py"]})
    assert not validator.is_valid({**table, "plugins": ["mine.py"], "zones": {"mine": {"parms": {}}}})


def test_zones_of_installed_plugins_are_in_it(tmp_path):
    path = tmp_path / "own.py"
    path.write_text('''
from collections.abc import Callable
from aura import Manifest, Zone, ZoneParams, hookimpl
from pydantic import Field
class Params(ZoneParams):
    size: int = Field(3, description="How large it is.")
    function: Callable[[int], int] | None = Field(None, description="What no schema can say.")
@hookimpl
def aura_zones():
    return [Manifest("own", "own:Own", "Does things.", Params, self_clocked=False)]
''', encoding="utf-8")
    validator = Draft202012Validator(scenario_schema(PluginManager((), [path])))

    def fits(params):
        return validator.is_valid({"aura": 1, "name": "a", "zones": {"own": {"params": params}}})

    assert fits({"size": 4})
    assert not fits({"size": "large"})
    assert not fits({"sise": 4})


def descriptions(schema):
    """Return the properties of all tables of a schema."""
    if isinstance(schema, dict):
        for key, value in schema.get("properties", {}).items():
            yield key, value
        for value in schema.values():
            yield from descriptions(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from descriptions(value)


def test_sentences_are_in_it(validator):
    defs = validator.schema["$defs"]
    assert defs["zones.fabric"]["description"] == PluginManager().zone("fabric").summary
    for name, one in defs.items():
        for key, value in one.get("properties", {}).items():
            assert "description" in value or "$ref" in value, f"{name}.{key}"


def read(text):
    """Hold a file to the models by which a brain is built of it."""
    manager = PluginManager()
    scenario = read_scenario(with_variables(tomllib.loads(text), "small.toml"))
    manager.executor(scenario.executor)
    for name, stream in scenario.streams.items():
        validated(manager.stream(stream.kind).options_model, stream.reader_options, name)
    for name, zone in scenario.zones.items():
        manifest = manager.zone(zone.kind or name)
        validated(manifest.params, zone.params, name)
        for part, given in zone.params.get("options", {}).items():
            if part in manifest.part_options:
                validated(manifest.part_options[part], given, name)
    for name, options in scenario.metrics.items():
        metric_options(name, options, manager)


@pytest.mark.parametrize(("old", "new"), MISTAKES.values(), ids=MISTAKES)
def test_what_does_not_fit_is_refused_by_the_models_too(monkeypatch, old, new):
    monkeypatch.setenv("ROWS", "rows.npz")
    read(WHOLE)
    with pytest.raises(AuraError):
        read(WHOLE.replace(old, new))


@pytest.mark.slow
def test_it_is_printed_or_written(aura, tmp_path):
    answer = aura("schema")
    assert (answer.status, answer.err) == (0, "")
    assert json.loads(answer.out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert aura("schema", "--out", tmp_path / "aura.json").out == f"{tmp_path / 'aura.json'}\n"
    assert json.loads((tmp_path / "aura.json").read_text(encoding="utf-8")) == json.loads(answer.out)
    assert aura("schema", "--out", tmp_path / "no/folder").status == 2
    without = json.loads(aura("schema", "--no-plugin", "fabric").out)
    assert "zones.fabric" not in without["$defs"]
    assert "zones.experts" in without["$defs"]
