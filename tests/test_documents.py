"""Every block of every document does what it says, in the order of the page; every example prints what it should."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from aura.sim.scenario import load_scenario, read_scenario
from tests.documents import LANGUAGES, PAGES, ROOT, Block, DocumentError, Reader, blocks_of
from tests.scenario_blocks import check_toml

BLOCKS = [block for page in PAGES for block in blocks_of(page)]
TOML = [block for block in BLOCKS if block.language == "toml"]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def only(text: str, tmp_path: Path) -> list[Block]:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    return blocks_of(page)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page)], ids=lambda page: page.stem)
def test_a_page_does_what_it_says_block_by_block(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delenv("AURA_DATA", raising=False)
    before = set(sys.modules)
    reader = Reader(tmp_path)
    try:
        for block in blocks_of(page):
            reader.do(block)
    finally:
        reader.close()
        for name in set(sys.modules) - before:
            if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]


@pytest.mark.parametrize("block", TOML, ids=lambda block: block.where)
def test_a_toml_block_is_a_scenario_or_part_of_one(block: Block, tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    for other in blocks_of(block.page):
        if "file" in other.settings:
            reader.write(other)
    reader.do(block)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.where)
def test_a_block_says_what_it_is(block: Block) -> None:
    assert block.language in LANGUAGES or "file" in block.settings, block.where
    assert set(block.settings) <= {"file", "in", "status"}, block.where


def test_an_output_follows_what_prints_it() -> None:
    for page in PAGES:
        for one, other in zip([None, *blocks_of(page)], blocks_of(page), strict=False):
            assert other.language != "output" or (one and one.language in ("python", "sh")), other.where


@pytest.mark.parametrize(("text", "message"), [
    ("```\naura run\n```", "page.md:1: expected one of the languages"),
    ("```text\n$ aura run\n```", "got a command"), ("```text\npip install aura\n```", "got a command"),
    ("x\n```python\n1 / 0\n```", "page.md:2: ZeroDivisionError"),
    ("<!-- python\nraise SystemExit(0)\n-->", "SystemExit"),
    ("```python\nprint(1)\n```\n```output\n2\n```", "it prints\n1\n"),
    ("```python\n>>> 1 + 1\n3\n```", "Expected"), ("```toml\nname = \n```", "TOMLDecodeError"),
    ("```toml\n[zones.amygdala.params]\nridgee = 1\n```", "ridgee"), ("```toml in=feelings\nseed = -1\n```", "seed"),
    ("```toml\n[[phases]]\nnane = 'x'\n```", "phases"), ("```toml\n[metrics.a]\nkind = 'b'\n```", "b"),
    ("```toml in=feelings\n[[pathways]]\nfrom = 'diary.x'\nto = 'sensory.text'\n```", "an output of diary"),
    ("```sh\nfalse\n```", "'false' ends with status 1"), ("```sh\nfalse | true\n```", "ends with status 1"),
    ("```console\n$ echo 1\n2\n```", "it prints\n1\n"), ("```console\necho 1\n```", "begin with"),
    ("```sh\npip install numpi\n```", "numpi"), ("```sh\npip install aura-brain[gpu]\n```", "gpu"),
    ("```sh\nmake nothing\n```", "CalledProcessError"), ("```sh\npython benchmarks/nothing.py\n```", "no file"),
    ("```sh\ntail -f nothing.jsonl\n```", "status 1"), ("```csv\na,b\n```", "'csv'"),
    ("```python file=../x.py\n1\n```", "outside"),
    pytest.param("```python file=test_x.py\ndef test_x(): assert 0\n```", "1 failed", marks=pytest.mark.slow),
])
def test_a_block_that_does_not_do_what_it_says_is_named(text: str, message: str, tmp_path: Path) -> None:
    folder = tmp_path / "reader"
    folder.mkdir()
    reader = Reader(folder)
    *before, last = only(text, tmp_path)
    for block in before:
        reader.do(block)
    with pytest.raises(DocumentError) as caught:
        reader.do(last)
    assert message in str(caught.value)


def test_blocks_share_names_files_and_what_was_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reader = Reader(tmp_path)
    for block in only("""
<!-- python
one = 1
-->
  ```python file=two.py
  print(one + 1, "and some")
  ```
```output
2 ... some
```
```csv file=in/rows.csv
a,b
```
```console
$ cat in/rows.csv
a,b
$ pip install aura-brain
$ echo '3 \\
  4'; cat two.py
3 ...
print(one + 1, "and some")
```
```console status=3
$ exit 3
```
```python
>>> one
1
```
""", tmp_path):
        reader.do(block)


def test_a_hidden_block_is_hidden_from_readers_alone(tmp_path: Path) -> None:
    assert [(block.language, block.text) for block in only("<!-- python\nx = 1\n-->\n", tmp_path)] == [
        ("python", "x = 1\n")]


def test_the_readmes_first_scenario_is_the_embedded_one() -> None:
    first = next(block for block in TOML if block.page.name == "README.md")
    shown, kept = read_scenario(tomllib.loads(first.text)), load_scenario("feelings")
    assert (shown.seed, shown.streams, shown.zones, shown.pathways) == (
        kept.seed, kept.streams, kept.zones, kept.pathways)
    assert shown.metrics["emotion"] == kept.metrics["emotion"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"`((?:docs|examples|benchmarks|tests)/[\w./-]*|aura/[\w/]+\.py|[A-Z]+\.md)`", text):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"\]\((?!\w+:|#)([^)#]+)", text):
        assert (page.parent / path).exists(), path  # as seen in the repository; the site leads some to pages it makes


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_list_stands_apart_from_the_paragraph_before_it(page: Path) -> None:
    # Else GitHub shows a list, and the site a paragraph with dashes in it.
    before, inside = "", False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        inside ^= bool(re.match(r" *```", line))
        starts = re.match(r"([-*]|\d+\.) ", line) and not inside
        assert not starts or not before or re.match(r"([-*#]|\d+\.| )", before), f"{page.name}:{number}"
        before = line


def test_the_readme_names_every_page() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES[1:] if page.name not in text] == []


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_what_it_should(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    """In this process, where what it imports has been imported; what an example starts has a process of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(path)])
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out == path.with_suffix(".out").read_text(encoding="utf-8")


@pytest.mark.slow
def test_an_example_runs_as_a_program(tmp_path: Path) -> None:
    path = next(path for path in EXAMPLES if path.stem == "own_zone")
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, cwd=tmp_path, check=False,
                          env={**os.environ, "PYTHONWARNINGS": "error"}, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout == path.with_suffix(".out").read_text(encoding="utf-8")


def test_a_part_of_a_scenario_is_held_to_its_models(tmp_path: Path) -> None:
    check_toml({"streams": {"s": {"kind": "delimited", "path": "x.tsv", "columns": {"t": "t"}}}}, tmp_path)
    with pytest.raises(Exception, match="streams"):
        check_toml({"streams": {"s": {"kind": "delimited", "path": "x.tsv", "column": {"t": "t"}}}}, tmp_path)
