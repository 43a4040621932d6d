"""The blocks of a document, and a reader who does what they say, in order, in a folder of his own.

The convention stands in CONTRIBUTING.md.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from aura import Brain
from aura.sim.cli import main
from tests.scenario_blocks import check_toml

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LANGUAGES = ("python", "toml", "sh", "console", "output", "text")
"""What a block may be; one of another language must name the file that it is."""

_FENCE = re.compile(r"(?P<indent> *)(?P<ticks>`{3,}|~{3,})(?P<info>[^`]*)")
_HIDDEN = re.compile(r"<!-- (?P<info>python|sh|toml)\b(?P<more>[^\n]*)")
_SAME = doctest.ELLIPSIS
LONGEST_S = 300
RUNS = ("run", "resume", "branch", "replay", "export", "describe", "schema", "zones")
"""Commands of `aura` that a line of its own gives in this process, where torch is imported once."""


class DocumentError(AssertionError):
    """A block that does not do what its page says; the message begins with page and line."""


@dataclass(frozen=True)
class Block:
    """One block of a page.

    Attributes
    ----------
    settings : dict
        What stands behind the language, as ``file=echo.py``.
    """

    page: Path
    line: int
    language: str
    settings: dict[str, str]
    text: str

    @property
    def where(self) -> str:
        return f"{self.page.name}:{self.line}"

    def fail(self, message: str) -> DocumentError:
        return DocumentError(f"{self.where}: {message}\n{self.text}")


def blocks_of(page: Path) -> list[Block]:
    """Return all blocks of a page: the fenced ones, and those that an HTML comment hides from its readers."""
    found: list[Block] = []
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), 1))
    for number, line in lines:
        fence, hidden = _FENCE.fullmatch(line), _HIDDEN.fullmatch(line)
        if fence:
            ticks, cut = fence["ticks"], len(fence["indent"])
            body = _until(lines, lambda one, ticks=ticks: one.strip().startswith(ticks) and not one.strip("`~ "))
            body, info = [one[cut:] if not one[:cut].strip() else one for one in body], fence["info"]
        elif hidden:
            body, info = _until(lines, lambda one: one.strip() == "-->"), f"{hidden['info']} {hidden['more']}"
        else:
            continue
        language, *words = info.split() or [""]
        settings = {key: value for key, _, value in (word.partition("=") for word in words)}
        found.append(Block(page, number, language, settings, "".join(f"{one}\n" for one in body)))
    return found


def _until(lines: Iterator[tuple[int, str]], ends: Any) -> list[str]:
    body = []
    for _, line in lines:
        if ends(line):
            return body
        body.append(line)
    raise AssertionError(f"a block that begins with {body[:1]} has no end")


@dataclass
class Reader:
    """Does what the blocks of one page say."""

    folder: Path
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})
    printed: str = ""

    def __post_init__(self) -> None:
        for path in (ROOT / "aura" / "sim" / "scenarios").glob("*.tsv"):  # what an embedded scenario has beside it
            shutil.copy(path, self.folder)
        self.site = self.folder / "site-packages"
        self.environment = {
            **{key: value for key, value in os.environ.items() if key not in ("AURA_DATA", "PYTEST_CURRENT_TEST")},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder), "PYTHONPATH": os.pathsep.join([str(ROOT), str(self.site)]), "COLUMNS": "120",
            "PYTEST_ADDOPTS": "-p no:nengo -p no:cacheprovider",
        }

    def do(self, block: Block) -> None:
        """Do what one block says.

        Raises
        ------
        DocumentError
            If it fails, or does not print what the page says.
        """
        if "file" in block.settings:
            self.write(block)
        try:
            getattr(self, f"_do_{block.language}", self._do_file)(block)
        except DocumentError:
            raise
        except BaseException as error:
            raise block.fail(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Close the brains that the page has made."""
        for value in self.names.values():
            if isinstance(value, Brain):
                value.close()

    def write(self, block: Block) -> None:
        """Write the file that a block is."""
        path = self.folder / block.settings["file"]
        if not path.resolve().is_relative_to(self.folder.resolve()):
            raise block.fail("its file lies outside the folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")

    def _do_file(self, block: Block) -> None:
        if "file" not in block.settings:
            raise block.fail(f"expected one of the languages {', '.join(LANGUAGES)}, or file=NAME, got "
                             f"{block.language!r}")

    def _do_text(self, block: Block) -> None:
        if re.search(r"^\s*\$ |^(aura|pip|python|make|pytest) ", block.text, re.MULTILINE):
            raise block.fail("expected a picture or a table in a block of text, got a command. Make it sh or console")

    def _do_python(self, block: Block) -> None:
        if block.settings.get("file", "").startswith("test_"):
            self.printed = self._shell(block, f"python -m pytest -q {block.settings['file']}", 0)
            return
        if block.text.lstrip().startswith(">>>"):
            self._do_session(block)
            return
        printed = io.StringIO()
        source = "\n" * block.line + block.text  # so that a traceback names the line of the page
        with contextlib.redirect_stdout(printed):
            exec(compile(source, str(block.page), "exec"), self.names)
        self.printed = printed.getvalue()

    def _do_session(self, block: Block) -> None:
        test = doctest.DocTestParser().get_doctest(block.text, self.names, block.where, str(block.page), block.line)
        test.globs = self.names
        wrong = io.StringIO()
        if doctest.DocTestRunner(optionflags=_SAME).run(test, out=wrong.write, clear_globs=False).failed:
            raise block.fail(wrong.getvalue())
        self.printed = ""

    def _do_toml(self, block: Block) -> None:
        check_toml(tomllib.loads(block.text), self.folder, block.settings.get("in"))

    def _do_sh(self, block: Block) -> None:
        script = block.text.replace("\\\n", " ")
        self.printed = "".join(self._shell(block, line, int(block.settings.get("status", 0)))
                            for line in script.splitlines() if line.strip() and not line.lstrip().startswith("#"))

    def _do_console(self, block: Block) -> None:
        parts = re.split(r"^\$ ", block.text.replace("\\\n", " "), flags=re.MULTILINE)
        if parts[0].strip() or len(parts) == 1:
            raise block.fail("expected lines that begin with '$ ', each with what it prints under it")
        for part in parts[1:]:
            command, _, wanted = part.partition("\n")
            status = int(block.settings.get("status", 0)) if part is parts[-1] else 0
            self.printed = self._shell(block, command, status)
            if wanted.strip():
                self._compare(block, wanted)

    def _do_output(self, block: Block) -> None:
        self._compare(block, block.text)

    def _compare(self, block: Block, wanted: str) -> None:
        one, other = ("".join(f"{line.rstrip()}\n" for line in text.strip("\n").splitlines())
                      for text in (wanted, self.printed))
        if not doctest.OutputChecker().check_output(one, other, _SAME):
            raise block.fail(f"it prints\n{self.printed}\nand the page says\n{wanted}\nAs")

    def _shell(self, block: Block, command: str, status: int) -> str:
        """Run one command as a reader on a fresh machine would, and return what it prints."""
        line = instead(command, self)
        if line is None:
            return ""
        words = shlex.split(line, comments=True)
        plain = words[:1] == ["aura"] and words[1:2] and words[1] in RUNS and not set("".join(words)) & set("|<>&;$`*")
        if plain and not self.site.exists():
            output, ended = self._aura(words)
        else:
            output, ended = self._bash(line)
        if ended != status:
            raise block.fail(f"{command!r} ends with status {ended}:\n{output}\nIn")
        return output

    def _aura(self, words: list[str]) -> tuple[str, int]:
        """Run one command of `aura` here, and return what it prints and its status."""
        printed = io.StringIO()
        with (contextlib.chdir(self.folder), mock.patch.dict(os.environ, self.environment, clear=True),
              mock.patch.object(sys, "argv", words), contextlib.redirect_stdout(printed),
              contextlib.redirect_stderr(printed)):
            try:
                main()
            except SystemExit as ended:
                return printed.getvalue(), int(ended.code or 0)
        return printed.getvalue(), 0

    def _bash(self, line: str) -> tuple[str, int]:
        """Run one line in a shell of its own, and return what it prints and its status."""
        # The second line keeps bash from giving its place to the command, which may ask in which shell it runs.
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", f"{line}\nexit $?"],
                              cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LONGEST_S,
                              check=False)
        return done.stdout, done.returncode


def instead(command: str, reader: Reader) -> str | None:
    """Return what is run for a command that a test cannot run as it stands, or None where looking at it was enough.

    What cannot be run is known by its first words, each with a check of its own: none is passed over unseen.
    """
    words = shlex.split(command, comments=True)
    if words[:2] in (["pip", "install"], ["pipx", "install"]) or words[:4] == ["python", "-m", "pip", "install"]:
        return _instead_of_pip(words[words.index("install") + 1:], reader)
    if words[:1] == ["make"]:  # takes minutes and sets up an environment: it must be a target
        subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, check=True, capture_output=True)
        return None
    if words[:2] == ["tail", "-f"]:  # would wait for ever: what the file holds by now
        return command.replace("tail -f", "cat", 1)
    if words[:1] == ["python"] and words[1:2] and words[1].startswith("benchmarks/"):  # takes minutes: is it there?
        if not (ROOT / words[1]).is_file():
            raise AssertionError(f"{words[1]} is no file of this repository")
        return None
    if words[:3] == ["python", "-m", "venv"] or (words[:1] in ([word] for word in (".", "source"))
                                                 and words[1].endswith("bin/activate")):
        return None  # the tests run in an environment already
    return command


def _instead_of_pip(words: list[str], reader: Reader) -> str | None:
    """Install a package that the page has written; of others, check that they are this project or what it needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    known = {project["name"], *(re.split(r"[\[<>=~! ]", name)[0] for name in project["dependencies"]),
             *(re.split(r"[\[<>=~! ]", name)[0] for names in extras.values() for name in names)}
    for word in words:
        name, _, more = word.rstrip("]").partition("[")
        if word.startswith("-") or word == "constraints.txt":
            continue
        if (reader.folder / name / "pyproject.toml").is_file():
            return (f"{shlex.quote(sys.executable)} -m pip install -q --no-index --no-deps --no-build-isolation "
                    f"--disable-pip-version-check --root-user-action ignore --target {reader.site} ./{name}")
        name = re.split(r"[<>=~!]|==", name)[0]
        if name not in (".", *known):
            raise AssertionError(f"pip install: expected this project, what it needs or a package of the page, got "
                                 f"{word!r}")
        if more and not set(more.split(",")) <= set(extras):
            raise AssertionError(f"pip install: expected extras among {', '.join(extras)}, got {more}")
    return None
