"""The conformance battery passes a sound zone, and every check of it fails on a zone that is broken in that way."""

from __future__ import annotations

import ctypes
import re
import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import ConfigDict

from aura import AuraError, Inputs, Manifest, Port, Stateful, Zone, ZoneParams
from aura.testing import CHECKS, Check, ConformanceError, Subject, check_zone, conformance_checks

BY_NAME = {check.__name__: check for check in CHECKS}


class SoundParams(ZoneParams):
    """Parameters of the sound zone."""

    rate: float = 0.1


PORTS = (
    Port("value", shape=("item", "feature"), range=(-1.0, 1.0), doc="What is seen."),
    Port("remark", dtype="text", shape=("item",), required=False, doc="What is said of it."),
    Port("truth", dtype="tags", shape=("item",), role="label", keep="all", required=False, doc="What it was."),
)
GUESS = Port("guess", shape=("item",), range=(-1.0, 1.0), items_from="value", doc="What it may be.")
SOUND = Manifest("sound", "nowhere:Sound", "Guesses from what it has been told.", SoundParams, PORTS, (GUESS,),
                 wake_on=("value",))


class Sound(Zone[SoundParams]):
    """Keeps to the contract: learns one number from labels, adds noise, remembers who is waiting."""

    manifest = SOUND

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.weight = np.zeros(1)
        self.features = 0
        self.waiting: list[int] = []

    def step(self, now: int, inputs: Inputs) -> dict[str, Any]:
        value = inputs["value"]
        if self.features and value.shape[1] != self.features:
            raise AuraError("sound.value", expected=f"{self.features} features", got=str(value.shape[1]))
        self.features = value.shape[1]
        self.waiting = [*self.waiting, *inputs.ids["value"].tolist()][-8:]
        guessed = self.guessed(value, inputs)
        return {"guess": guessed.astype(np.float32)}

    def guessed(self, value: np.ndarray, inputs: Inputs) -> np.ndarray:
        return np.tanh(value.mean(axis=1) * self.weight[0] + self.rng.normal(size=len(value)))

    def learn(self, now: int, inputs: Inputs) -> dict[str, float] | None:
        labelled = [(one, tags) for labels, ids in zip(inputs["truth"] or (), inputs.ids.get("truth", ()), strict=True)
                for one, tags in zip(ids.tolist(), labels, strict=True) if one in self.waiting]
        if not labelled:
            return None
        self.weight = self.weight + self.params.rate * sum(len(tags) - 1 for _, tags in labelled)
        return {"weight": float(self.weight[0])}

    def state(self) -> dict[str, Any]:
        return {"weight": self.weight, "features": self.features, "waiting": self.waiting}

    def load_state(self, state: dict[str, Any]) -> None:
        self.weight, self.features, self.waiting = state["weight"], state["features"], state["waiting"]

    def export(self, folder: str | Path) -> list[Path]:
        np.save(Path(folder) / "weight.npy", self.weight)
        return [Path(folder) / "weight.npy"]

    def load_export(self, folder: str | Path) -> list[Path]:
        self.weight = np.load(Path(folder) / "weight.npy")
        return [Path(folder) / "weight.npy"]


def with_manifest(**changes: Any) -> Subject:
    return Subject(type("Changed", (Sound,), {"manifest": replace(SOUND, **changes)}))


class LaxParams(ZoneParams):
    """Takes any key."""

    model_config = ConfigDict(extra="ignore")


class FussyText(Sound):
    def step(self, now: int, inputs: Inputs) -> dict[str, Any]:
        if "" in (inputs["remark"] or ()):
            raise ValueError("no text")
        return super().step(now, inputs)


class NeedsRemark(Sound):
    def guessed(self, value: np.ndarray, inputs: Inputs) -> np.ndarray:
        return np.array([len(text) / 10_000 for text in inputs["remark"]])


class NeedsItems(Sound):
    def guessed(self, value: np.ndarray, inputs: Inputs) -> np.ndarray:
        return super().guessed(value, inputs) - value.max()


class TooLoud(Sound):
    def guessed(self, value: np.ndarray, inputs: Inputs) -> np.ndarray:
        return super().guessed(value, inputs) * 1.5


class AtItsBound(Sound):
    manifest = replace(SOUND, outputs=(replace(GUESS, range=(-0.1, 0.1)),))

    def guessed(self, value: np.ndarray, inputs: Inputs) -> np.ndarray:
        return np.clip(super().guessed(value, inputs), -0.1, 0.1)


class Restless(Sound):
    def next_wake(self, now: int) -> int | None:
        return None


class Overwrites(Sound):
    last: dict[str, np.ndarray] | None = None

    def step(self, now: int, inputs: Inputs) -> dict[str, Any]:
        if self.last is not None:
            self.last["guess"].flags.writeable = True
            self.last["guess"] += 1
        published = super().step(now, inputs)
        self.last = published  # an array that the zone kept by itself would be copied
        return published


class OverwritesInputs(Sound):
    def step(self, now: int, inputs: Inputs) -> dict[str, Any]:
        published = super().step(now, inputs)
        inputs["value"].flags.writeable = True
        inputs["value"][:] = 0
        return published


def write_through(array: np.ndarray) -> None:
    """Change an array as code does that does not know numpy's read-only flag."""
    if array.size:
        ctypes.memset(array.ctypes.data, 7, array.nbytes)


class WritesInStep(Sound):
    def step(self, now: int, inputs: Inputs) -> dict[str, Any]:
        published = super().step(now, inputs)
        write_through(inputs["value"])
        return published


class WritesInLearn(Sound):
    def learn(self, now: int, inputs: Inputs) -> None:
        write_through(inputs["value"])


class WritesToIds(Sound):
    def step(self, now: int, inputs: Inputs) -> dict[str, Any]:
        write_through(inputs.ids["value"])
        return super().step(now, inputs)


class WritesToLabelIds(Sound):
    def learn(self, now: int, inputs: Inputs) -> None:
        for ids in inputs.ids.get("truth", ()):
            write_through(ids)


class HasADefaultOfItsOwn(Sound):
    def learn(self, now: int, inputs: Inputs) -> Any:
        if inputs["modulators"] is not None:
            return super().learn(now, inputs)
        return None


class LearnsInStepWithoutEnergy(Sound):
    def step(self, now: int, inputs: Inputs) -> Any:
        if inputs.modulators["energy_gate"] < 0.1:
            self.weight = self.weight + 1
        return super().step(now, inputs)


class NormalisesInTorch(Sound):
    def guessed(self, value: np.ndarray, inputs: Inputs) -> np.ndarray:
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = torch.from_numpy(value)
        rows.sub_(rows.mean())
        return super().guessed(value, inputs)


class KnowsEveryItem(Sound):
    def learn(self, now: int, inputs: Inputs) -> dict[str, float] | None:
        for ids in inputs.ids.get("truth", ()):
            for one in ids.tolist():
                self.waiting.index(one)
        return super().learn(now, inputs)


class CountsFeaturesOnce(Sound):
    mean: np.ndarray | None = None

    def step(self, now: int, inputs: Inputs) -> dict[str, Any]:
        self.features = 0
        self.mean = inputs["value"].mean(axis=0) if self.mean is None else self.mean
        return super().step(now, inputs)

    def guessed(self, value: np.ndarray, inputs: Inputs) -> np.ndarray:
        return np.tanh((value - self.mean).mean(axis=1))


class OwnRandomness(Sound):
    def guessed(self, value: np.ndarray, inputs: Inputs) -> np.ndarray:
        return np.random.default_rng().uniform(-1, 1, len(value))


class LooksAtItsThread(Sound):
    def guessed(self, value: np.ndarray, inputs: Inputs) -> np.ndarray:
        return np.full(len(value), float(threading.current_thread() is threading.main_thread()))


class CountsAll(Sound):
    """Shares with all zones of its class how many of them have stepped at this instant."""

    shared: ClassVar[dict[str, int]] = {"now": -1, "steps": 0}

    def step(self, now: int, inputs: Inputs) -> dict[str, Any]:
        steps = self.shared["steps"] + 1 if self.shared["now"] == now else 1
        self.shared.update(now=now, steps=steps)
        return super().step(now, inputs)

    def guessed(self, value: np.ndarray, inputs: Inputs) -> np.ndarray:
        return np.full(len(value), self.shared["steps"] / 10)


class LearnsInStep(Sound):
    def step(self, now: int, inputs: Inputs) -> dict[str, Any]:
        Sound.learn(self, now, inputs)
        return super().step(now, inputs)


class ForgetsTheState(Sound):
    def load_state(self, state: dict[str, Any]) -> None:
        self.features, self.waiting = state["features"], state["waiting"]


class StateOfObjects(Sound):
    def state(self) -> dict[str, Any]:
        return {**super().state(), "waiting": frozenset(self.waiting)}


class CountsSteps(Sound):
    """Carries a count that its state leaves out."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.count = count()

    def guessed(self, value: np.ndarray, inputs: Inputs) -> np.ndarray:
        return np.full(len(value), next(self.count) / 100)


class HandsOutItsList(Sound):
    """Returns a list in its state that it goes on filling."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.lengths: list[int] = []

    def step(self, now: int, inputs: Inputs) -> dict[str, Any]:
        self.lengths.append(len(inputs["value"]))
        return super().step(now, inputs)

    def state(self) -> dict[str, Any]:
        return {**super().state(), "lengths": self.lengths}

    def load_state(self, state: dict[str, Any]) -> None:
        self.lengths = list(state["lengths"])
        super().load_state({name: part for name, part in state.items() if name != "lengths"})


class Declares(Zone[SoundParams]):
    """Declares its state, but for what a part of it carries."""

    manifest = SOUND
    lasting = ("part",)

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.part = Part()

    def step(self, now: int, inputs: Inputs) -> dict[str, Any]:
        self.part.sum += 0.001
        self.part.count += 1
        return {"guess": np.full(len(inputs["value"]), self.part.sum * self.part.count, np.float32)}


class Part(Stateful):
    lasting = ("sum",)

    def __init__(self) -> None:
        self.sum, self.count = 0.0, 0


class CountsLessons(Sound):
    """Carries a learner's momentum that its state leaves out; without learning it is sound."""

    momentum = 0.0

    def learn(self, now: int, inputs: Inputs) -> dict[str, float] | None:
        self.momentum = 0.9 * self.momentum + 0.1
        self.weight = self.weight + self.momentum
        return super().learn(now, inputs)


class AddsToItsState(Sound):
    """Keeps what it has when it is told to go back."""

    def load_state(self, state: dict[str, Any]) -> None:
        self.weight = self.weight + state["weight"]
        self.features, self.waiting = state["features"], state["waiting"]


class ExportsTime(Sound):
    def load_export(self, folder: str | Path) -> list[Path]:
        self.weight = np.load(Path(folder) / "weight.npy") + 1
        return []


class ExportsNothingThere(Sound):
    def export(self, folder: str | Path) -> list[Path]:
        return [Path(folder) / "weights.npy"]


class Sleeper(Sound):
    manifest = replace(SOUND, wake_on=("gong",),
                       inputs=(*PORTS, Port("gong", required=False, role="modulator", doc="Never struck.")))


BROKEN: list[tuple[str, Subject, str]] = [
    ("manifest_is_complete", with_manifest(summary=" "), "expected a summary"),
    ("manifest_is_complete", with_manifest(outputs=(replace(GUESS, doc=""),)), "output 'guess': expected a doc"),
    ("manifest_is_complete", with_manifest(outputs=(replace(GUESS, unit=""),)), "output 'guess': expected a unit"),
    ("manifest_is_complete", with_manifest(outputs=(replace(GUESS, range=(1.0, 0.0)),)), "range from low to high"),
    ("manifest_is_complete", with_manifest(outputs=(replace(GUESS, items_from="x"),)), "items_from is 'x'"),
    ("manifest_is_complete", with_manifest(wake_on=("x",)), "wake_on names 'x'"),
    ("manifest_is_complete", Subject(Restless), "expected self_clocked=True in the manifest, as Restless has a"),
    ("manifest_is_complete", with_manifest(self_clocked=True), "expected self_clocked=False in the manifest"),
    ("manifest_is_complete", Subject(SOUND), "No module named 'nowhere'"),
    ("params_refuse_unknown_keys", with_manifest(params=LaxParams), "takes the unknown key"),
    ("runs", Subject(FussyText), "ValueError: no text"),
    ("runs", Subject(Sleeper, inputs={"gong": lambda rng, items: np.float32(1)}, settings={"wake_on": ()}), "neither"),
    ("optional_inputs_are_optional", Subject(NeedsRemark), "NoneType"),
    ("no_items_are_no_trouble", Subject(NeedsItems), "zero-size array"),
    ("outputs_keep_their_word", Subject(TooLoud), "expected values from -1 to 1"),
    ("outputs_keep_their_word", with_manifest(outputs=(replace(GUESS, items_from=None),)), "items without ids"),
    ("published_values_stay", Subject(Overwrites), "an array that it published was changed"),
    ("published_values_stay", Subject(OverwritesInputs), "an array that it received was changed"),
    ("inputs_are_left_alone", Subject(WritesInStep), "step() at 1 ms changed its input 'value'. Copy"),
    ("inputs_are_left_alone", Subject(WritesInLearn), "learn() at 1 ms changed its input 'value'. Copy"),
    ("inputs_are_left_alone", Subject(WritesToIds), "changed its input 'value' (its item ids)"),
    ("inputs_are_left_alone", Subject(WritesToLabelIds), "changed its input truth[0] (its item ids)"),
    ("foreign_labels_are_survived", Subject(KnowsEveryItem), "is not in list"),
    ("wrong_inputs_are_named", Subject(CountsFeaturesOnce), "a bare ValueError"),
    ("runs_are_identical", Subject(OwnRandomness), "two runs with the same seed and inputs differ: subject.guess"),
    ("threads_equal_serial", Subject(LooksAtItsThread), "serial and threads differ: subject.guess"),
    ("neighbours_change_nothing", Subject(CountsAll), "when other zones join"),
    ("labels_do_nothing_when_learning_is_off", Subject(LearnsInStep), "with learning off, its labels change it"),
    ("modulators_at_their_defaults_change_nothing", Subject(HasADefaultOfItsOwn), "at their defaults changed"),
    ("without_energy_nothing_is_learned", Subject(LearnsInStepWithoutEnergy), "a shut energy gate, against"),
    ("state_survives_a_file", Subject(ForgetsTheState), "is not the state that was loaded"),
    ("state_survives_a_file", Subject(StateOfObjects), "got frozenset"),
    ("resume_is_exact", Subject(CountsSteps), "ns it differs from the run that never stopped"),
    ("resume_after_learning_is_exact", Subject(CountsLessons), "it differs from the run that never stopped"),
    ("resume_is_exact", Subject(Declares), "when it is loaded, these are others: part.count"),
    ("a_used_zone_goes_back", Subject(HandsOutItsList), "a state that it returned changes as it goes on"),
    ("a_used_zone_goes_back", Subject(AddsToItsState), "it differs from when it was there first"),
    ("exports_come_back", Subject(ExportsNothingThere), "expected files that are there"),
    ("exports_come_back", Subject(ExportsTime), "its export 'weight.npy' is another"),
]


@pytest.mark.parametrize("check", CHECKS)
def test_a_sound_zone_passes(check: Check) -> None:
    check(Subject(Sound, module="aura"))


def test_a_bound_is_held_to_as_it_is_published() -> None:
    assert np.float32(0.1) > np.float64(0.1)
    BY_NAME["outputs_keep_their_word"](Subject(AtItsBound))


@pytest.mark.parametrize(("name", "subject", "message"), BROKEN, ids=[f"{row[0]}-{row[2]}" for row in BROKEN])
def test_each_check_fails_on_a_zone_that_is_broken_in_its_way(name: str, subject: Subject, message: str) -> None:
    with pytest.raises(ConformanceError) as caught:
        BY_NAME[name](subject)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"zone '{subject.manifest.name}': ")


def test_every_check_has_a_zone_that_it_fails_on() -> None:
    assert {name for name, _, _ in BROKEN} | {"manifest_is_light"} == set(BY_NAME)


@pytest.mark.slow
def test_a_tensor_that_shares_memory_with_an_input_is_caught() -> None:
    with pytest.raises(ConformanceError, match=r"torch\.from_numpy writes through"):
        BY_NAME["inputs_are_left_alone"](Subject(NormalisesInTorch))


def test_a_missing_learner_state_is_not_seen_without_learning() -> None:
    BY_NAME["resume_is_exact"](Subject(CountsLessons))


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Return a function that makes a module with this source, beside a stand-in for torch."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    (tmp_path / "torch.py").write_text("", encoding="utf-8")

    def module(source: str) -> str:
        (tmp_path / "heavy_zone.py").write_text(source, encoding="utf-8")
        return "heavy_zone"

    return module


@pytest.mark.parametrize(("source", "message"), [
    ("import torch\n", "reading the manifest from 'heavy_zone' imports torch"),
    ("raise OSError('no')\n", "cannot be imported in a fresh interpreter: OSError: no"),
])
def test_a_heavy_manifest_fails(module: Callable[[str], str], source: str, message: str) -> None:
    with pytest.raises(ConformanceError, match=message):
        BY_NAME["manifest_is_light"](Subject(Sound, module=module(source)))


def test_a_light_manifest_passes(module: Callable[[str], str]) -> None:
    BY_NAME["manifest_is_light"](Subject(Sound, module=module("def build():\n    import torch\n")))


@pytest.mark.slow
def test_the_module_of_a_plugin_is_found_by_itself() -> None:
    from aura.zones.amygdala.plugin import MANIFEST

    BY_NAME["manifest_is_light"](Subject(MANIFEST))


def test_a_manifest_in_no_module_asks_for_one() -> None:
    with pytest.raises(ConformanceError, match=r"script or notebook.*module='package\.module'"):
        BY_NAME["manifest_is_light"](Subject(replace(SOUND)))


@pytest.mark.slow
def test_check_zone_names_all_that_is_wrong_at_once() -> None:
    with pytest.raises(ConformanceError) as caught:
        check_zone(TooLoud, {"rate": 0.2}, module="aura", ticks=6)
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == ["outputs_keep_their_word"]


class Misnames(Zone[ZoneParams]):
    """Says a port that it has not."""

    manifest = Manifest("misnames", "", "Says a port that it has not.", period="10 ms",
                        outputs=(Port("voice", doc="Never heard."),))

    def step(self, now: int, inputs: Inputs) -> dict[str, Any]:
        return {"voise": 1.0}


def test_check_zone_says_once_what_many_checks_found() -> None:
    with pytest.raises(ConformanceError) as caught:
        check_zone(Misnames, module="aura", ticks=6)
    first = str(caught.value).splitlines()[0]
    assert re.fullmatch(r"runs and \d+ more: .*expected outputs among voice, got 'voise'.*", first)
    assert str(caught.value).count("'voise'") < 4


@pytest.mark.slow
def test_check_zone_is_silent_about_a_sound_zone() -> None:
    check_zone(Sound, module="aura")


def test_wrong_parameters_of_the_test_itself_are_said() -> None:
    with pytest.raises(ConformanceError, match="rate"):
        BY_NAME["runs"](Subject(Sound, {"rate": "much"}))


def test_the_list_of_checks_is_the_callers_own() -> None:
    conformance_checks().clear()
    assert conformance_checks() == list(CHECKS)


def test_every_check_says_in_one_sentence_what_it_holds_a_zone_to() -> None:
    for check in CHECKS:
        assert (check.__doc__ or "").strip().endswith(".")
