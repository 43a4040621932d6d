"""What was published changes no more, whoever holds what; and what nobody can change is not copied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from aura import Brain, Items, Manifest, Port, Zone
from tests.core.kit import MS

WIDE = Port("y", shape=("item",), required=False)


class Publisher(Zone):
    """Publishes what `make` makes, and may keep of it what it likes; then writes to what it kept."""

    manifest = Manifest("publisher", "", outputs=(WIDE,), period="1 ms")
    make: Callable[..., Any]

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.kept: Any = None

    def step(self, now: int, inputs: Any) -> Any:
        if self.kept is not None:
            self.kept[:] = 2
        return {"y": self.make()}


def fresh(zone: Publisher) -> Any:
    return np.ones(4, np.float32)


def view_of_a_temporary(zone: Publisher) -> Any:
    return np.ones((2, 4), np.float32)[0]


def with_ids(zone: Publisher) -> Any:
    return Items(np.ones(4, np.float32), np.arange(4))


def kept(zone: Publisher) -> Any:
    zone.kept = np.ones(4, np.float32)
    return zone.kept


def view_kept(zone: Publisher) -> Any:
    array = np.ones(4, np.float32)
    zone.kept = array[:]
    return array


def view_kept_of_items(zone: Publisher) -> Any:
    array = np.ones(4, np.float32)
    zone.kept = array[:]
    return Items(array, np.arange(4))


def base_kept(zone: Publisher) -> Any:
    zone.kept = np.ones(4, np.float32)
    return zone.kept[:]


def sibling_view_kept(zone: Publisher) -> Any:
    array = np.ones((2, 4), np.float32)
    zone.kept = array[0, 2:]
    return array[0]


def buffer_kept(zone: Publisher) -> Any:
    array = np.ones(4, np.float32)
    zone.kept = np.asarray(memoryview(array))
    return array


def read_only_but_a_view_kept(zone: Publisher) -> Any:
    array = np.ones(4, np.float32)
    zone.kept = array[:]
    array.setflags(write=False)
    return array


def read_only_base_but_a_view_kept(zone: Publisher) -> Any:
    array = np.ones(4, np.float32)
    zone.kept = array[:]
    array.setflags(write=False)
    return array[:]


def memory_of_bytes(zone: Publisher) -> Any:
    memory = bytearray(np.ones(4, np.float32).tobytes())
    zone.kept = np.frombuffer(memory, np.float32)
    return np.frombuffer(memory, np.float32)


class Lazy(Mapping):
    """Makes its array when it is asked for it, and lets its zone keep a view."""

    def __init__(self, zone: Publisher) -> None:
        self.zone = zone

    def __getitem__(self, port: str) -> np.ndarray:
        return view_kept(self.zone)

    def __iter__(self) -> Any:
        return iter(["y"])

    def __len__(self) -> int:
        return 1


def test_a_mapping_of_its_own_hides_no_view() -> None:
    brain = Brain()
    brain.add(type("Publisher", (Publisher,), {"make": fresh, "step": lambda zone, now, inputs: (
        zone.kept.__setitem__(slice(None), 2) if zone.kept is not None else None, Lazy(zone))[1]}))
    probe = brain.probe("publisher.y")
    brain.run(until="3 ms")
    assert [value.tolist() for value in probe.values] == [[1, 1, 1, 1]] * 3


KEEPERS = [kept, view_kept, view_kept_of_items, base_kept, sibling_view_kept, buffer_kept, read_only_but_a_view_kept,
           read_only_base_but_a_view_kept, memory_of_bytes]


@pytest.mark.parametrize("make", KEEPERS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("executor", ["serial", "threads"])
@pytest.mark.parametrize("profile", [False, True])
def test_what_was_published_stays_whatever_its_zone_keeps(make: Any, executor: str, profile: bool) -> None:
    brain = Brain(executor=executor, profile=profile)
    brain.add(type("Publisher", (Publisher,), {"make": make}))
    brain.add(type("Reader", (Reader,), {}))
    brain.connect("publisher.y", "reader.y", "25 ms")
    brain.run(until="30 ms")
    with brain:
        assert [value.tolist() for value in brain["reader"].read] == [[1, 1, 1, 1]] * 5


class Reader(Zone):
    """Reads, late."""

    manifest = Manifest("reader", "", inputs=(WIDE,), wake_on=("y",))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.read: list[np.ndarray] = []

    def step(self, now: int, inputs: Any) -> None:
        self.read.append(inputs["y"])


@pytest.mark.parametrize("make", [fresh, view_of_a_temporary, with_ids], ids=lambda make: make.__name__)
@pytest.mark.parametrize("profile", [False, True])
def test_what_its_zone_keeps_nothing_of_is_not_copied(make: Any, profile: bool) -> None:
    made: list[int] = []

    def noting(zone: Publisher) -> Any:
        given = make(zone)
        made.append((given.value if type(given) is Items else given).ctypes.data)
        return given

    brain = Brain(profile=profile)
    brain.add(type("Publisher", (Publisher,), {"make": noting}))
    brain.step()
    published = brain.read("publisher.y")
    assert published.ctypes.data == made[0]
    assert not published.flags.writeable
    assert published.base is None or not published.base.flags.writeable


def test_a_small_part_of_a_temporary_is_copied_so_that_the_whole_can_go() -> None:
    brain = Brain()
    brain.add(type("Publisher", (Publisher,), {"make": lambda zone: np.ones((1000, 4), np.float32)[0]}))
    brain.step()
    assert brain.read("publisher.y").base is None


class Hander(Zone):
    """Hands on what it reads, whole, in part or out of many."""

    ports = (Port("one", shape=("item",)), Port("all", shape=("item",), keep="all"),
             Port("many", shape=("item",), fan_in="many"))
    manifest = Manifest("hander", "", inputs=ports, wake_on=("one",),
                        outputs=tuple(Port(name, shape=("item",)) for name in ("whole", "part", "of_all", "of_many")))

    def step(self, now: int, inputs: Any) -> Any:
        return {"whole": inputs["one"], "part": inputs["one"][1:], "of_all": inputs["all"][0],
                "of_many": inputs["many"]["publisher.y"][:3]}


@pytest.mark.parametrize("make", [fresh, view_of_a_temporary], ids=lambda make: make.__name__)
def test_what_came_over_the_bus_is_handed_on_without_a_copy(make: Any) -> None:
    brain = Brain()
    brain.add(type("Publisher", (Publisher,), {"make": make}))
    brain.add(Hander)
    for port in Hander.ports:
        brain.connect("publisher.y", f"hander.{port.name}")
    brain.step()
    came = brain.read("publisher.y")
    brain.run(until=MS + 1)
    for port in ("whole", "part", "of_all", "of_many"):
        assert np.shares_memory(brain.read(f"hander.{port}"), came), port


def every_second(zone: Publisher) -> Any:
    return np.arange(8, dtype=np.float32)[::2]


def backwards(zone: Publisher) -> Any:
    return Items(np.arange(4, dtype=np.float32)[::-1], np.arange(4))


@pytest.mark.parametrize("make", [every_second, backwards], ids=lambda make: make.__name__)
def test_what_is_published_lies_in_order(make: Any) -> None:
    brain = Brain()
    brain.add(type("Publisher", (Publisher,), {"make": make}))
    brain.add(type("Halver", (Hander,), {"step": lambda zone, now, inputs: {"part": inputs["one"][::2]}, "manifest": (
        Manifest("hander", "", inputs=Hander.ports[:1], wake_on=("one",), outputs=(Port("part", shape=("item",)),)))}))
    brain.connect("publisher.y", "hander.one")
    brain.run(until=MS + 1)
    given = make(None)
    value = given.value if type(given) is Items else given
    for topic, expected in (("publisher.y", value), ("hander.part", value[::2])):
        published: Any = brain.read(topic)
        assert published.flags.c_contiguous
        assert published.tolist() == expected.tolist()


@pytest.mark.parametrize("lay", [np.asfortranarray, np.transpose, lambda array: np.array(array, order="F").copy("K")])
def test_tables_lie_row_by_row(lay: Any) -> None:
    class Table(Zone[Any]):
        manifest = Manifest("table", "", outputs=(Port("y", "float64", (3, 3)),), period="1 ms")

        def step(self, now: int, inputs: Any) -> Any:
            return {"y": lay(np.arange(9.0).reshape(3, 3))}

    brain = Brain()
    brain.add(Table)
    brain.step()
    published: Any = brain.read("table.y")
    assert published.flags.c_contiguous
    assert published.tolist() == lay(np.arange(9.0).reshape(3, 3)).tolist()
    assert not published.flags.writeable


def test_item_ids_are_the_brains_own() -> None:
    class Numberer(Publisher):
        def make(self) -> Any:
            self.kept = np.arange(4)
            return Items(np.ones(4, np.float32), self.kept)

    brain = Brain()
    brain.add(Numberer)
    probe = brain.probe("publisher.y")
    brain.run(until="3 ms")
    assert [signal.ids.tolist() for signal in probe.signals] == [[0, 1, 2, 3]] * 3
    assert not probe.signals[0].ids.flags.writeable


def test_an_array_that_was_injected_stays_the_callers_own() -> None:
    brain = Brain()
    brain.add(Reader)
    mine, ids = np.ones(2, np.float32), np.arange(2)
    brain.inject("reader.y", mine, ids=ids)
    mine[:] = 2
    ids[:] = 7
    brain.run()
    assert brain["reader"].read[0].tolist() == [1, 1]
