"""Errors are one sentence each: nothing is said twice in it, whoever passes an error on."""

from __future__ import annotations

import os
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import aura
from aura.core.blame import described
from aura.core.errors import AuraError, TimeError, nearest
from aura.core.time import parse_rate
from aura.sim.build import build_brain
from aura.sim.plugins import scenario_plugins
from aura.sim.readers.bad import BadRows
from aura.sim.readers.files import checked_file
from aura.sim.scenario import load_scenario
from aura.sim.sources import Sources

HEAD = 'aura = 1\nname = "s"\nuntil = "1 s"\n'
STREAM = HEAD + '[streams.a]\nkind = "{}"\npath = "{}"\n{}\n'
CSV = STREAM.format("delimited", "good.csv", "{}")
SCENARIOS = {
    "no way to cut sounds": STREAM.format("audio", "loud.wav", ""),
    "a frame of no length": STREAM.format("audio", "loud.wav", 'frame = "0 s"'),
    "a frame that is no time": STREAM.format("audio", "loud.wav", 'frame = "long"'),
    "a frame of an unknown unit": STREAM.format("audio", "loud.wav", 'frame = "1 year"'),
    "labels that are no pattern": STREAM.format("audio", "loud.wav", 'frame = "10 ms"\nlabels = "("'),
    "labels of a field's name": STREAM.format("audio", "loud.wav", 'frame = "10 ms"\nlabels = "(?P<file>.)"'),
    "a sound that is cut": STREAM.format("audio", "cut.wav", 'frame = "10 ms"'),
    "a sound that is too loud": STREAM.format("audio", "loud.wav", 'frame = "10 ms"'),
    "a rate below all": CSV.format('columns = { x = "x" }\nrate = "1e-12 Hz"'),
    "a rate without a unit": CSV.format('columns = { x = "x" }\nrate = "often"'),
    "a column that is not there": CSV.format('columns = { x = "y" }'),
    "a cell that is no number": CSV.format('columns = { x = { from = "x", type = "float" } }'),
    "a unit of no time": CSV.format('columns = { x = { from = "x", type = "time", unit = "year" } }'),
    "a default of another type": CSV.format('columns = { x = { from = "x", type = "float", default = "b" } }'),
    "optional with a default": CSV.format('columns = { x = { from = "x", optional = true, default = "b" } }'),
    "a delimiter of two signs": CSV.format('columns = { x = "x" }\ndelimiter = "ab"'),
    "no file": STREAM.format("delimited", "none.csv", 'columns = { x = "x" }'),
    "no text": STREAM.format("delimited", "bytes.csv", 'columns = { x = "x" }'),
    "an unknown encoding": CSV.format('columns = { x = "x" }\nencoding = "none"'),
    "no JSON": STREAM.format("jsonl", "good.csv", 'columns = { x = "x" }'),
    "no array": STREAM.format("npz", "good.csv", ""),
    "no idx file": STREAM.format("idx", "good.csv", ""),
    "an unknown kind": STREAM.format("dilimited", "good.csv", ""),
    "a pathway that is none": HEAD + 'pathways = ["a"]',
    "a pathway to a zone of a plugin": 'pathways = ["a.x -> amygdala.vector"]\n' + CSV.format('columns = { x = "x" }'),
    "a pathway to nothing": 'pathways = ["a.x -> nobody.x"]\n' + CSV.format('columns = { x = "x" }'),
    "a period that is no time": HEAD + '[zones.amygdala]\nperiod = "often"',
    "a parameter of a zone": HEAD + '[zones.amygdala.params]\nfast = 1',
    "a plugin without hooks": HEAD + 'plugins = ["empty.py"]',
    "a plugin that raises": HEAD + 'plugins = ["raises.py"]',
    "a plugin that is not there": HEAD + 'plugins = ["none.py"]',
    "a hook with a mistake": HEAD + 'plugins = ["hook.py"]',
}
DOUBLED = re.compile(r"expected expected|got expected|got got|expected got|expected \w+: expected|: ,|: \.( |$)")


def faults(message: str, where: str) -> list[str]:
    """Return what a message says twice."""
    parts = [part for part in re.split(r": (?=\S)", message) if " " not in part]
    again = [first for first, second in pairwise(parts) if first == second]
    return [*DOUBLED.findall(message), *again, *(["where"] if message.count(f"{where}: ") > 1 else [])]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import soundfile

    monkeypatch.chdir(tmp_path)
    soundfile.write(tmp_path / "loud.wav", np.full(400, 3.0, np.float32), 8000, subtype="FLOAT")
    (tmp_path / "cut.wav").write_bytes((tmp_path / "loud.wav").read_bytes()[:300])
    (tmp_path / "good.csv").write_text("x\na\nb\n", encoding="utf-8")
    (tmp_path / "bytes.csv").write_bytes(b"x\n\xff\xfe\xfa\n")
    (tmp_path / "empty.py").touch()
    (tmp_path / "raises.py").write_text("assert False\n", encoding="utf-8")
    (tmp_path / "hook.py").write_text("def aura_zonse(): pass\n", encoding="utf-8")
    return tmp_path


def message_of(folder: Path, text: str) -> AuraError:
    (folder / "s.toml").write_text(text, encoding="utf-8")
    with pytest.raises(AuraError) as raised:  # noqa: PT012 - whichever part of it refuses
        scenario = load_scenario(folder / "s.toml")
        build_brain(scenario, scenario_plugins(scenario, Sources(folder))).build()
    return raised.value


@pytest.mark.parametrize("mistake", SCENARIOS)
def test_a_mistake_in_a_scenario_is_told_without_saying_anything_twice(folder: Path, mistake: str) -> None:
    error = message_of(folder, SCENARIOS[mistake])
    assert faults(str(error), error.where) == [], error


def test_the_check_finds_what_is_said_twice() -> None:
    for message in ("a: expected expected b, got c", "a: expected b, got expected c", "a.wav: a.wav: expected b, got c",
                    "a: expected b, got AssertionError: .", "a: expected b: expected c, got d"):
        assert faults(message, message.partition(":")[0]), message


@pytest.mark.parametrize(("mistake", "message"), [
    ("no way to cut sounds", r"streams\.a: expected either frame \(and hop\), or whole, got \{"),
    ("a delimiter of two signs", r"streams\.a\.delimiter: expected one character .*, got 'ab'$"),
    ("a sound that is too loud", r"^s\.toml: streams\.a\.path: loud\.wav: expected samples .*, got a peak of 3"),
    ("a plugin without hooks", r"empty\.py': expected at least one hook, got none\. Known: aura_"),
    ("a rate below all", r"streams\.a\.rate: expected a rate of at least 1\.1e-10 Hz, .*, got '1e-12 Hz'"),
    ("a pathway to a zone of a plugin", r"'amygdala', which a plugin has\. Add \[zones\.amygdala\]"),
    ("a pathway to nothing", r"expected a zone of this brain, got 'nobody'\. Known: a\."),
])
def test_the_sentence(folder: Path, mistake: str, message: str) -> None:
    assert re.search(message, str(message_of(folder, SCENARIOS[mistake])))


def test_a_bad_row_names_its_source_once() -> None:
    with pytest.raises(AuraError, match=r"^a\.wav: expected b, got c$"):
        BadRows("a.wav", "stop").report("a.wav", expected="b", got="c")


def test_an_exception_without_a_text_is_its_kind() -> None:
    assert (described(AssertionError()), described(ValueError("a\n b"))) == ("AssertionError", "ValueError: a b")


def test_a_known_name_is_listed_once() -> None:
    assert nearest("nix", ["sen.x", "out", "sen.x"]) == "Known: out, sen.x."


def test_a_rate_whose_period_is_no_time_is_refused() -> None:
    with pytest.raises(TimeError, match=r"at least 1\.1e-10 Hz"):
        parse_rate("1e-10 Hz")
    assert parse_rate("2e-10 Hz") == 5 * 10**18


@pytest.mark.parametrize("path", ["/dev/zero", "pipe"])
def test_what_is_there_and_is_no_file_is_said(folder: Path, path: str) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(AuraError, match="expected a file, got a device, a pipe or a socket"):
        checked_file(Path(path))


def test_an_instant_is_written_as_people_write_it() -> None:
    raw = re.compile(r"\{[^{}]*\} ns\b")
    found = [f"{path}:{number}: {line.strip()}" for path in sorted(Path(aura.__file__).parent.rglob("*.py"))
             for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if raw.search(line)]
    assert [line for line in found if "/core/time.py:" not in line] == []
