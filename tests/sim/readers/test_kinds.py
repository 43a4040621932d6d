"""The kinds of reader that a scenario may name, and where their paths lead."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from aura.core.errors import DataError, StreamError
from aura.sim.readers import ReaderOptions, reader_kinds
from aura.sim.readers.options import resolve_path


def test_each_kind_refuses_unknown_options():
    for name, kind in reader_kinds().items():
        assert kind.name == name
        assert issubclass(kind.options_model, ReaderOptions)
        assert kind.summary.endswith(".")
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            kind.options_model.model_validate({"path": "x", "pth": "y"})


def test_relative_paths_are_relative_to_the_scenario(tmp_path, monkeypatch):
    assert resolve_path("a/b.csv", tmp_path) == tmp_path / "a/b.csv"
    assert resolve_path(str(tmp_path / "c.csv"), tmp_path / "elsewhere") == tmp_path / "c.csv"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve_path("~/d.csv", tmp_path / "elsewhere") == tmp_path / "d.csv"


def test_a_data_prefix_leads_to_the_data_set(tmp_path, monkeypatch):
    monkeypatch.setenv("AURA_DATA", str(tmp_path))
    (tmp_path / "mine/parts").mkdir(parents=True)
    (tmp_path / "mine/a.csv").write_text("text\nhi\n")
    assert resolve_path("data:mine/a.csv", tmp_path / "x") == tmp_path / "mine/a.csv"
    assert resolve_path("data:mine", tmp_path / "x") == tmp_path / "mine"
    assert resolve_path("data:mine/parts/*_[ab].wav", tmp_path) == tmp_path / "mine/parts/*_[ab].wav"
    kind = reader_kinds()["delimited"]
    assert len(kind.open(kind.options_model.model_validate({"path": "data:mine/a.csv"}), tmp_path)) == 1
    with pytest.raises(DataError, match=r"b\.csv"):
        resolve_path("data:mine/b.csv", tmp_path)


@pytest.mark.parametrize("text", ["", " ", "a\0b"])
def test_what_is_no_path_is_refused(tmp_path, text):
    with pytest.raises(StreamError, match="expected a path"):
        resolve_path(text, tmp_path)


@pytest.mark.slow
def test_the_kinds_are_listed_without_any_heavy_package():
    code = ("import sys; from aura.sim.readers import reader_kinds; reader_kinds(); "
            "print(sorted({'torch', 'jax', 'scipy', 'soundfile', 'pooch', 'requests'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
