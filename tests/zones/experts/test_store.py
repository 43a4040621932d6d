"""The store keeps a bounded number of experts in memory, reads the others when they are needed, and loses nothing."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import StateError
from aura.core.state import read_tree, trees_equal, write_tree
from aura.zones.common.whole_files import write_file
from aura.zones.experts import store as store_module
from aura.zones.experts.expert_file import pack_expert, read_expert
from aura.zones.experts.kinds.expert import Expert
from aura.zones.experts.kinds.lookup import expert_kind
from aura.zones.experts.params import StoreParams
from aura.zones.experts.store import ExpertStore
from tests.zones.experts.store_experts import lesson, small, small_kind

NAMES = tuple(f"expert_{index}" for index in range(5))


def empty(**options: Any) -> ExpertStore:
    """Return a store of small experts."""
    return ExpertStore(StoreParams(**options), "experts", shape=(2, 2), kinds=small_kind)


def filled(count: int = 5, **options: Any) -> ExpertStore:
    """Return a store that holds so many."""
    store = empty(**options)
    for index in range(count):
        store.add(NAMES[index], small(seed=index), "small")
    return store


def have(store: ExpertStore, name: str) -> Expert:
    """Return an expert that is not masked."""
    expert = store.get(name)
    assert expert is not None
    return expert


def learn(store: ExpertStore, name: str, seed: int) -> None:
    """Let one expert learn."""
    have(store, name).learn(lesson(seed))
    store.touched(name)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that the store has read."""
    found: list[str] = []
    read = store_module.read_bytes

    def counted(path: Path) -> bytes:
        found.append(path.name)
        return read(path)

    monkeypatch.setattr(store_module, "read_bytes", counted)
    return found


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that the store has written."""
    found: list[str] = []
    write = store_module.write_file

    def counted(path: Path, data: bytes, *, durable: bool = False) -> None:
        found.append(path.name)
        write(path, data, durable=durable)

    monkeypatch.setattr(store_module, "write_file", counted)
    return found


def test_all_experts_stay_in_memory_unless_a_bound_is_given(writes: list[str]) -> None:
    assert filled().resident == NAMES
    assert writes == []


def test_the_least_recently_asked_for_goes_first() -> None:
    store = filled(3, resident=3)
    store.get("expert_0")
    store.add("expert_3", small(3), "small")
    assert store.resident == ("expert_2", "expert_0", "expert_3")


def test_those_needed_together_are_in_memory_together_and_the_excess_goes_after() -> None:
    store = filled(resident=2)
    found = store.get_many(("expert_0", "expert_1", "expert_2"))
    assert [expert.seed for expert in found if expert is not None] == [0, 1, 2]
    assert store.resident == ("expert_0", "expert_1", "expert_2")
    store.settle()
    assert store.resident == ("expert_1", "expert_2")


def test_whoever_is_needed_again_stays_in_memory(reads: list[str]) -> None:
    store = filled(3, resident=2)
    store.get_many(("expert_0", "expert_1"))
    reads.clear()
    store.get_many(("expert_0", "expert_2"))
    assert reads == ["expert_2.msgpack"]
    assert store.resident == ("expert_0", "expert_2")


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 4), st.lists(st.lists(st.sampled_from(NAMES), max_size=3), max_size=12))
def test_no_more_are_in_memory_than_may_be_or_are_needed(resident: int, asks: list[list[str]]) -> None:
    store = filled(resident=resident)
    for names in asks:
        store.get_many(names)
        assert len(store.resident) <= max(resident, len(set(names)))
    store.close()


@pytest.mark.slow
@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["learn", "ask", "away", "restore"])), max_size=15))
def test_nothing_depends_on_how_many_are_in_memory(deeds: list[tuple[str, str]]) -> None:
    stores = [filled(resident=1), filled(resident=3), filled()]
    for seed, (name, deed) in enumerate(deeds):
        for index, store in enumerate(stores):
            if deed == "learn":
                learn(store, name, seed)
            elif deed == "ask":
                store.get(name)
            elif deed == "away":
                store.evict(name)
            else:
                stores[index] = empty(resident=(1, 3, None)[index])
                stores[index].load_state(store.state())
                store.close()
    for name in NAMES:
        one, *others = (have(store, name).state() for store in stores)
        assert all(trees_equal(one, other) for other in others)
    for store in stores:
        store.close()


def test_an_expert_that_has_not_learned_is_not_written_again(writes: list[str]) -> None:
    store = filled(2, resident=1)
    assert writes == ["expert_0.msgpack"]
    store.get("expert_0")
    store.get("expert_1")
    assert writes == ["expert_0.msgpack", "expert_1.msgpack"]
    learn(store, "expert_0", 1)
    store.get("expert_1")
    assert writes == ["expert_0.msgpack", "expert_1.msgpack", "expert_0.msgpack"]


def test_learning_with_an_expert_that_was_let_go_is_an_error() -> None:
    store = filled(2, resident=1)
    with pytest.raises(StateError, match=r"expert_0: expected an expert in memory.*each time"):
        store.touched("expert_0")


def test_an_attached_expert_is_read_when_it_is_first_used_and_not_before(tmp_path: Path, reads: list[str]) -> None:
    filled(3).export(tmp_path)
    store = empty()
    store.attach(tmp_path, NAMES[:3])
    assert (store.names, store.resident, reads) == (NAMES[:3], (), [])
    store.get("expert_1")
    store.get("expert_1")
    assert reads == ["expert_1.msgpack"]


def test_an_attached_file_is_never_written_to(tmp_path: Path) -> None:
    filled(2).export(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    store = empty(resident=1)
    store.attach(tmp_path, NAMES[:2])
    learn(store, "expert_0", 1)
    learn(store, "expert_1", 2)
    learned = have(store, "expert_0").state()
    store.get("expert_1")
    assert trees_equal(have(store, "expert_0").state(), learned)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_export_writes_every_expert_as_it_is_now_and_changes_nothing(tmp_path: Path) -> None:
    store = filled(3, resident=1)
    learn(store, "expert_0", 1)
    before = store.state()
    paths = store.export(tmp_path / "hippocampus")
    assert [path.name for path in paths] == ["expert_0.msgpack", "expert_1.msgpack", "expert_2.msgpack"]
    assert trees_equal(store.state(), before)
    other = empty()
    other.attach(tmp_path / "hippocampus", NAMES[:3])
    for name in NAMES[:3]:
        assert trees_equal(have(other, name).state(), have(store, name).state())


def test_an_export_into_the_folder_that_was_attached_is_read_back(tmp_path: Path) -> None:
    filled(2).export(tmp_path)
    store = empty(resident=1)
    store.attach(tmp_path, NAMES[:2])
    learn(store, "expert_0", 1)
    learned = have(store, "expert_0").state()
    store.export(tmp_path)
    other = empty()
    other.attach(tmp_path, NAMES[:2])
    assert trees_equal(have(other, "expert_0").state(), learned)


def test_a_checkpoint_holds_all_and_needs_no_folder(tmp_path: Path) -> None:
    store = filled(3, resident=2, folder=str(tmp_path / "spill"))
    write_tree(tmp_path / "state", store.state(), "experts")
    expected = {name: have(store, name).state() for name in store.names}
    store.close()
    assert list((tmp_path / "spill").iterdir()) == []
    other = empty(resident=2)
    state = read_tree(tmp_path / "state", "experts")
    other.load_state(state)
    assert trees_equal(other.state(), state)
    for name in other.names:
        assert trees_equal(have(other, name).state(), expected[name])


def test_an_attached_expert_that_was_never_used_is_in_the_checkpoint(tmp_path: Path) -> None:
    filled(2).export(tmp_path)
    store = empty()
    store.attach(tmp_path, NAMES[:2])
    state = store.state()
    assert store.resident == ()
    for path in tmp_path.iterdir():
        path.unlink()
    other = empty()
    other.load_state(state)
    assert have(other, "expert_1").seed == 1


def test_a_state_does_not_change_when_experts_learn_on() -> None:
    store = filled(2)
    state = store.state()
    before = {name: data.tobytes() for name, data in state["files"].items()}
    learn(store, "expert_0", 1)
    assert {name: data.tobytes() for name, data in state["files"].items()} == before


def test_a_state_takes_the_place_of_all_there_was() -> None:
    store = filled(3, resident=1)
    store.load_state(filled(2).state())
    assert (store.names, store.resident) == (NAMES[:2], NAMES[:2])


def test_two_stores_may_share_a_folder(tmp_path: Path) -> None:
    one, other = filled(2, resident=1, folder=str(tmp_path)), filled(2, resident=1, folder=str(tmp_path))
    learn(one, "expert_0", 1)
    learn(other, "expert_0", 2)
    one.get("expert_1")
    other.get("expert_1")
    assert not trees_equal(have(one, "expert_0").state(), have(other, "expert_0").state())


def damage(path: Path) -> None:
    """Flip a bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [damage, Path.unlink])
def test_a_damaged_file_stops_the_run_and_is_named(tmp_path: Path, harm: Any) -> None:
    filled(2).export(tmp_path)
    harm(tmp_path / "expert_1.msgpack")
    store = empty()
    store.attach(tmp_path, NAMES[:2])
    assert store.get("expert_0") is not None
    with pytest.raises(StateError, match=r"expert_1\.msgpack"):
        store.get("expert_1")
    with pytest.raises(StateError, match=r"expert_1\.msgpack"):
        store.state()


@pytest.mark.parametrize("harm", [damage, Path.unlink])
def test_a_damaged_file_masks_its_expert_where_that_is_asked_for(tmp_path: Path, harm: Any) -> None:
    filled(3).export(tmp_path)
    harm(tmp_path / "expert_1.msgpack")
    store = empty(on_damage="mask")
    store.attach(tmp_path, NAMES[:3])
    assert [None if expert is None else expert.seed for expert in store.get_many(NAMES[:3])] == [0, None, 2]
    assert list(store.damaged) == ["expert_1"]
    assert "expert_1.msgpack" in store.damaged["expert_1"]
    other = empty(on_damage="mask")
    other.load_state(store.state())
    assert (other.damaged, other.get("expert_1")) == (store.damaged, None)
    assert [path.name for path in other.export(tmp_path / "again")] == ["expert_0.msgpack", "expert_2.msgpack"]


def test_a_damaged_expert_that_was_never_used_is_masked_when_all_are_saved(tmp_path: Path) -> None:
    filled(2).export(tmp_path)
    damage(tmp_path / "expert_1.msgpack")
    store = empty(on_damage="mask")
    store.attach(tmp_path, NAMES[:2])
    assert list(store.state()["files"]) == ["expert_0"]
    assert list(store.damaged) == ["expert_1"]


def test_another_expert_may_take_the_place_of_a_damaged_one(tmp_path: Path) -> None:
    store = empty(on_damage="mask")
    store.attach(tmp_path, NAMES[:1])
    assert store.get("expert_0") is None
    store.add("expert_0", small(7), "small")
    assert have(store, "expert_0").seed == 7
    assert store.damaged == {}


def test_a_whole_file_that_is_not_the_one_written_is_noticed(tmp_path: Path) -> None:
    store = filled(2, resident=1, folder=str(tmp_path))
    (path,) = tmp_path.rglob("expert_0.msgpack")
    path.write_bytes(pack_expert(small(9), "expert_0", "small"))
    with pytest.raises(StateError, match="got a changed one"):
        store.get("expert_0")


def test_an_expert_stays_in_memory_when_its_file_cannot_be_written(tmp_path: Path) -> None:
    store = filled(1, folder=str(tmp_path / "spill"))
    (tmp_path / "spill").write_text("in the way")
    with pytest.raises(StateError, match="spill"):
        store.evict("expert_0")
    assert store.resident == ("expert_0",)


@pytest.mark.slow
def test_a_private_folder_is_made_late_and_goes_with_its_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = filled(2)
    assert list(tmp_path.iterdir()) == []
    store.evict("expert_0")
    assert len(list(tmp_path.rglob("expert_0.msgpack"))) == 1
    del store
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_unknown_and_taken_names_are_refused() -> None:
    store = filled(2)
    for ask in (store.get, store.evict, store.touched):
        with pytest.raises(StateError, match=r"experts\.expert_11: .*'expert_1'"):
            ask("expert_11")
    with pytest.raises(StateError, match="one that is taken"):
        store.add("expert_1", small(), "small")


@pytest.mark.parametrize("change", [{"files": {}}, {"names": None}, {"resident": ["expert_9"]},
                                    {"files": {"expert_0": np.zeros(3), "expert_1": np.zeros(3)}}])
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(change: dict[str, Any]) -> None:
    store = filled(2)
    with pytest.raises(StateError, match="names, resident, damaged and files"):
        store.load_state({**store.state(), **change})
    assert store.resident == ("expert_0", "expert_1")


def test_memory_is_that_of_the_experts_in_it() -> None:
    store = filled(3)
    whole = store.nbytes
    store.evict("expert_0")
    assert store.nbytes * 3 == whole * 2


@pytest.mark.parametrize("name", ["../esc", "/tmp/esc", "a/b", "..", "", "expert_1\n", "a\\b", 3])
def test_a_name_in_a_state_never_leads_out_of_the_folder(tmp_path: Path, name: Any) -> None:
    (tmp_path / "in").mkdir()
    state = filled(2).state()
    state["files"][name] = state["files"].pop("expert_1")
    state.update(names=["expert_0", name], resident=["expert_0"])
    store = empty(folder=str(tmp_path / "in"))
    with pytest.raises(StateError, match="expected a name of letters"):
        store.load_state(state)
    with pytest.raises(StateError, match="expected a name of letters"):
        store.attach(tmp_path / "in", [name])
    assert [path.name for path in tmp_path.rglob("*")] == ["in"]


def test_a_file_of_an_expert_imports_no_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "evil_kind.py").write_text("raise SystemExit('ran')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    write_file(tmp_path / "expert_0.msgpack", pack_expert(small(), "expert_0", "evil_kind:X"))
    with pytest.raises(StateError, match="a kind of expert that is registered, or named by the zone's parameters"):
        read_expert(tmp_path / "expert_0.msgpack", expert_kind)
    assert "evil_kind" not in sys.modules
