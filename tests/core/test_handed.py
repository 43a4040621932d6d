"""What a zone hands over and does not fit is refused by a sentence that names it; what fits comes out plain."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Observer, Port, Zone, ZoneParams
from aura.core.errors import AuraError, SignalError, StateError, WiringError, ZoneError
from aura.core.handed import as_files, as_notices, as_scalars, as_wake, sketch


class Giver(Zone):
    """Returns from its methods what the test gives it."""

    manifest = Manifest("giver", "", outputs=(Port("y", shape=(1,)),), period="1 ms")
    learned: Any = None
    returned: Any = None
    kept: Any = {}  # noqa: RUF012 - replaced, never changed

    def step(self, now: int, inputs: Any) -> Any:
        return self.returned

    def learn(self, now: int, inputs: Any) -> Any:
        return self.learned

    def state(self) -> Any:
        return self.kept


class Log(Observer):
    """Keeps what was learned."""

    name = "log"

    def __init__(self) -> None:
        self.learned: list[Any] = []

    def on_learn(self, zone: str, now: int, scalars: Any) -> None:
        self.learned.append(scalars)


def brain_of(**given: Any) -> Brain:
    brain = Brain()
    brain.add(type("Giver", (Giver,), given))
    return brain


@pytest.mark.parametrize(("learned", "message"), [
    (0.5, r"giver\.learn\(\) at 2 ms: expected a dict of name to number, or None, got 0\.5 \(float\)"),
    ({"loss"}, r"giver\.learn\(\) at 2 ms: .* got \{'loss'\} \(set\)"),
    ([("loss", 1.0)], r"expected a dict of name to number"),
    (np.zeros(3), r"expected a dict of name to number, or None, got float64 \(3,\)"),
    ({"loss": np.zeros(3)}, r"giver\.learn\(\)\['loss'\] at 2 ms: expected one real number, got float64 \(3,\)"),
    ({"loss": np.zeros(1)}, "expected one real number"), ({"loss": "0.5"}, "expected one real number, got '0.5'"),
    ({"loss": None}, "expected one real number, got None"), ({"loss": 1j}, "expected one real number"),
    ({"loss": [0.5]}, "expected one real number"), ({"a": 1.0, 3: 1.0}, "expected names of numbers as str, got 3"),
    ({"loss": float("nan")}, r"giver\.learn\(\)\['loss'\] at 2 ms: expected a finite number, got nan"),
    ({"loss": np.float32("inf")}, "expected a finite number, got inf"),
    ({"loss": np.longdouble("1e4000")}, "expected a finite number, got inf"),
    ({"loss": 10**400}, r"giver\.learn\(\)\['loss'\] at 2 ms: expected a finite number, got 1000.*\.\.\."),
    ({"loss": -10**5000}, "expected a finite number, got "), ({"loss": Fraction(1, 3)}, "expected one real number"),
    ({"loss": np.ma.masked}, r"giver\.learn\(\)\['loss'\] at 2 ms: expected one real number, got MaskedConstant"),
    ({"loss": np.ma.masked_array(1.5, mask=True)}, "expected one real number"),
    ({"loss": Decimal("0.5")}, "expected one real number"), ({"loss": np.array([True])}, "expected one real number"),
])
def test_what_learn_returns_is_named_and_stops_no_observer(learned: Any, message: str) -> None:
    def learn(zone: Zone, now: int, inputs: Any) -> Any:
        return learned if now == 2_000_000 else {"loss": 1.0}

    brain, log = brain_of(learn=learn), Log()
    brain.observe(log)
    with pytest.raises(ZoneError, match=message):
        brain.run(until="5 ms")
    assert log.learned == [{"loss": 1.0}] * 2
    assert log in brain.observers


def test_what_learn_returns_obeys_the_zones_own_policy() -> None:
    brain = Brain()
    brain.add(type("Giver", (Giver,), {"learned": 0.5}), on_error="silence")
    assert brain.run(until="5 ms") == 5


def test_scalars_are_plain_numbers_of_the_runs_own() -> None:
    given = {"a": 0.5, "b": 3, "c": True, "d": np.float32(0.25), "e": np.int64(7), "f": np.bool_(False),
             "g": np.array(2.5), "h": np.longdouble(1.5), "i": np.float16(0.5), "j": 10**300,
             "k": np.ma.masked_array(2.0)}
    brain, log = brain_of(learned=given), Log()
    brain.observe(log)
    brain.step()
    given["a"] = 9.0
    (scalars,) = log.learned
    assert scalars == {"a": 0.5, "b": 3, "c": True, "d": 0.25, "e": 7, "f": False, "g": 2.5, "h": 1.5, "i": 0.5,
                       "j": 10**300, "k": 2.0}
    assert {type(value) for value in scalars.values()} == {float, int, bool}


def test_nothing_learned_is_nothing_logged() -> None:
    assert as_scalars({}, "z", 0) == {}


@pytest.mark.parametrize(("returned", "message"), [
    (0.5, r"giver\.step\(\) at 0 s: expected a dict of port to value, or None, got 0\.5"),
    (np.zeros(1, np.float32), r"got float32 \(1,\)"), ([("y", 1)], r"\(list\)"), ("y", "got 'y'"),
])
def test_what_step_returns_is_a_mapping(returned: Any, message: str) -> None:
    with pytest.raises(ZoneError, match=message):
        brain_of(returned=returned).step()


@pytest.mark.parametrize("port", ["z", 3, None, ("y",)])
def test_an_output_that_is_none_is_named(port: Any) -> None:
    with pytest.raises(SignalError, match="giver at 0 s: expected outputs among y"):
        brain_of(returned={port: np.zeros(1, np.float32)}).step()


@pytest.mark.parametrize("wake", [0.5, "1 ms", np.float64(3.0), True, -5, 2**63, [1]])
def test_a_wake_is_an_instant(wake: Any) -> None:
    with pytest.raises(ZoneError, match=r"giver\.next_wake\(\) at -1 ns: expected an instant in whole nanoseconds"):
        brain_of(next_wake=lambda zone, now: wake).step()


def test_a_wake_is_a_whole_number_of_any_kind() -> None:
    assert (as_wake(np.int64(5), "z", 0), as_wake(None, "z", 0)) == (5, None)


def test_a_next_wake_that_raises_is_named() -> None:
    with pytest.raises(ZoneError, match=r"giver\.next_wake\(\): .*ZeroDivisionError"):
        brain_of(next_wake=lambda zone, now: 1 // 0).build()


@pytest.mark.parametrize("state", [None, [1], 3, np.zeros(2)])
def test_a_state_is_a_dict(state: Any, tmp_path: Path) -> None:
    brain = brain_of(kept=state)
    with pytest.raises(StateError, match=r"giver\.state\(\): expected a dict of arrays and plain values"):
        brain.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def circle() -> dict[str, Any]:
    tree: dict[str, Any] = {}
    tree["itself"] = tree
    return tree


class Text(str):
    """A text of another kind, which a file would not give back."""


@pytest.mark.parametrize(("state", "message"), [
    ({"a": object()}, "giver/zone/a: .*got object"), ({"a": np.ma.masked_array([1.0], [True])}, "giver/zone/a.*masked"),
    ({"a": [np.array(["x"])]}, "giver/zone/a/0"), (circle(), "holds itself"), ({"a": Text("b")}, "giver/zone/a.*Text"),
    ({"a": {frozenset(): 1}}, "giver/zone/a: .*got frozenset"),
])
def test_what_a_state_holds_is_named_by_its_path(state: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(StateError, match=message):
        brain_of(kept=state).save(tmp_path)


@pytest.mark.parametrize(("method", "call"), [
    ("export", lambda brain, folder: brain.export(folder)), ("warm_up", lambda brain, folder: brain.warm_up("giver")),
    ("close", lambda brain, folder: brain.close()), ("state", lambda brain, folder: brain.save(folder)),
])
def test_a_method_that_raises_outside_of_a_tick_is_named_with_its_line(method: str, call: Any, tmp_path: Path) -> None:
    def broken(zone: Zone, *arguments: Any) -> Any:
        raise KeyError("w")

    brain = brain_of(**{method: broken})
    brain.step()
    with pytest.raises(ZoneError, match=rf"giver\.{method}\(\): .* got KeyError: 'w'.*test_handed\.py:\d+ in broken"):
        call(brain, tmp_path)


@pytest.mark.parametrize("files", [None, 3, "out", {"a": 1}, [3], [None]])
def test_an_export_returns_the_files(files: Any, tmp_path: Path) -> None:
    with pytest.raises(ZoneError, match=r"giver\.export\(\): expected a list of the files"):
        brain_of(export=lambda zone, folder: files).export(tmp_path)


def test_an_exported_file_is_there(tmp_path: Path) -> None:
    with pytest.raises(ZoneError, match=r"expected files that are there, got '.*gone\.npy', which is not"):
        brain_of(export=lambda zone, folder: [folder / "gone.npy"]).export(tmp_path)
    (tmp_path / "here.npy").touch()
    assert as_files((str(tmp_path / "here.npy"),), "z") == [tmp_path / "here.npy"]
    assert brain_of().export(tmp_path / "new") == []


def test_of_several_zones_of_one_kind_each_exports_into_a_folder_of_its_own(tmp_path: Path) -> None:
    def export(zone: Giver, folder: Path) -> list[Path]:
        (folder / "head.npy").write_text(zone.context.name)
        return [folder / "head.npy"]

    brain = Brain()
    kinds = [type("Giver", (Giver,), given) for given in ({"export": export}, {})]
    for name, kind in (("one", kinds[0]), ("two", kinds[0]), ("silent", kinds[1])):
        brain.add(kind, name)
    written = brain.export(tmp_path)
    assert written == [tmp_path / "one" / "head.npy", tmp_path / "two" / "head.npy"]
    assert [path.read_text() for path in written] == ["one", "two"]
    assert not (tmp_path / "silent").exists()


@pytest.mark.parametrize("notices", [None, ["late"], {"late": 0.5}, {3: 1}, {"late": "3"}])
def test_notices_are_sentences_with_counts(notices: Any) -> None:
    with pytest.raises(ZoneError, match=r"z\.notices\(\): expected a dict of sentence to count"):
        as_notices(notices, "z")
    brain = brain_of(notices=lambda zone: notices)
    brain.step()
    assert [notice.fault for notice in brain.all_notices()] == [True]


def test_a_zone_that_cannot_be_built_is_named() -> None:
    def init(zone: Zone, context: Any) -> None:
        raise KeyError("size")

    with pytest.raises(ZoneError, match=r"giver: expected a Giver that can be built .* got KeyError: 'size'"):
        brain_of(__init__=init).build()


@pytest.mark.parametrize("init", [lambda zone, context: None,
                                  lambda zone, context: setattr(zone, "rng", np.random.default_rng(1))])
def test_a_zone_draws_from_the_generator_that_it_is_handed(init: Any) -> None:
    with pytest.raises(ZoneError, match=r"giver\.rng: expected the generator that the zone is handed.*super"):
        brain_of(__init__=init).build()


@pytest.mark.parametrize(("changes", "message"), [
    ({"name": 3}, r"zone 3\.name: expected a text"), ({"factory": 7}, r"factory: expected a subclass of aura\.Zone"),
    ({"params": {"rate": 1}}, r"params: expected a subclass of aura\.ZoneParams"), ({"version": 2}, "version: .*text"),
    ({"params": ZoneParams()}, "params: expected a subclass"), ({"summary": None}, "summary: expected a text"),
])
def test_a_manifest_says_at_once_what_is_wrong_with_it(changes: Any, message: str) -> None:
    with pytest.raises(WiringError, match=message):
        Manifest(**{"name": "z", "factory": Giver, **changes})


@pytest.mark.parametrize("ports", [Port("y"), ("y",), [None], 3, lambda params: Port("y")])
def test_ports_are_a_tuple_of_ports(ports: Any) -> None:
    with pytest.raises(WiringError, match=r"z\.outputs: expected a tuple of aura\.Port"):
        Brain().add(Manifest("z", Giver, outputs=ports, period="1 ms"))


@pytest.mark.parametrize("period", [0.5, -3, "often"])
def test_a_period_is_a_time(period: Any) -> None:
    with pytest.raises(AuraError, match=r"giver\.period: expected a"):
        Brain().add(Giver, period=period)


def test_what_wakes_may_be_one_name_that_the_parameters_choose() -> None:
    brain = Brain()
    brain.add(Manifest("z", Giver, inputs=(Port("gong"),), wake_on=lambda params: "gong"))
    assert brain.plans["z"].wake_on == ("gong",)


@pytest.mark.parametrize(("value", "shown"), [
    (np.zeros((2, 3), np.float32), "float32 (2, 3)"), (np.array(2.5), "float64 2.5"), (0.5, "0.5 (float)"), (3, "3"),
    ("a" * 100, f"'{'a' * 56}..."), (None, "None"), ({"a": 1}, "{'a': 1} (dict)"),
])
def test_a_value_is_shown_in_few_words(value: Any, shown: str) -> None:
    assert sketch(value) == shown


def test_a_value_that_cannot_be_shown_is_named_by_its_type() -> None:
    class Shy:
        def __repr__(self) -> str:
            raise RuntimeError

    assert sketch(Shy()) == "... (Shy)"
