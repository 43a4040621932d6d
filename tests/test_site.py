"""The site builds without a warning, leads nowhere that is not there, and fetches nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import aura
import aura.testing
from aura.plugins import figures, specs
from aura.plugins.manager import PluginManager
from aura.plugins.points import POINTS
from aura.sim.scenario import PhaseModel, Scenario, StreamModel
from aura.sim.scenario_model import Extending
from tests.documents import ROOT
from tests.site import NAV, Page, made

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site; mkdocs ends with status 1 at the first warning."""
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)], cwd=ROOT,
                          env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(site.rglob("*.html")) if path.name != "404.html"}


def test_no_page_fetches_anything_from_elsewhere(site: Path, pages: dict[Path, Page]) -> None:
    assert {fetched for page in pages.values() for fetched in page.fetched if re.match(r"(\w+:)?//", fetched)} == set()
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import)\s*[\"']?(?:\w+:)?//[^)]*", styles) == []


def test_no_link_is_dead(pages: dict[Path, Page]) -> None:
    dead = {f"{page.path.name}: {path.name}#{place}" for page in pages.values() for path, place in page.targets()
            if path not in pages or (place and place not in pages[path].places)}
    assert dead == set()


def test_every_page_is_reached_from_the_first(site: Path, pages: dict[Path, Page]) -> None:
    assert {path for path, _ in pages[site / "index.html"].targets()} >= set(pages)
    assert {str(path.relative_to(site).with_suffix(".md")) for path in pages} == set(NAV)


def test_every_public_name_has_a_place(site: Path, pages: dict[Path, Page]) -> None:
    for file, module in (("aura", aura), ("hooks", specs), ("figures", figures), ("testing", aura.testing)):
        places = pages[site / "reference" / "api" / f"{file}.html"].places
        assert [name for name in module.__all__ if f"{module.__name__}.{name}" not in places] == []
    assert {point.hook for point in POINTS} <= pages[site / "reference" / "api" / "hooks.html"].places


def test_blocks_are_shown_as_blocks_and_what_is_hidden_is_not_shown(site: Path) -> None:
    text = (site / "own-metric.html").read_text(encoding="utf-8")
    assert '<span class="filename">hits.py</span>' in text
    for path in site.rglob("*.html"):
        assert "```" not in re.sub(r"<code.*?</code>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL), path
    assert "check_zone(aura_zones()[0]" not in (site / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", [Scenario, Extending, StreamModel, PhaseModel], ids=lambda model: model.__name__)
def test_the_reference_has_every_key_of_a_scenario(model: type) -> None:
    keys = set(re.findall(r"^\| `(\w+)`", made()["reference/scenario.md"], re.MULTILINE))
    assert {field.alias or name for name, field in model.model_fields.items()} <= keys


def test_the_reference_says_what_may_stand_there_and_what_stands_there_by_itself() -> None:
    rows = made()["reference/scenario.md"].splitlines()
    assert any(row.startswith("| `seed` | integer, at least 0; default `0` |") for row in rows)
    assert any(row.startswith('| `split` | `"learn"` or `"held_out"`; default `"learn"` |') for row in rows)
    assert any(row.startswith("| `truth` | list of texts |") for row in rows)
    assert any(row.startswith("| `streams` | table of tables, by name |") for row in rows)


def test_a_zone_shows_its_ports_modulators_and_tables_within_tables() -> None:
    text = made()["reference/zones/amygdala.md"]
    assert "| `emotion_teacher` | `tags (item)` | label, optional |" in text
    assert "| `energy_gate` | 1 | 0 or more |" in text
    assert "## Parameters of tasks.NAME" in text
    assert "## The expert mlp" in made()["reference/zones/experts.md"]


@pytest.mark.parametrize(("page", "point"), [("readers", "stream"), ("metrics", "metric")])
def test_every_built_in_kind_has_a_section(page: str, point: str) -> None:
    kinds = [name for info in PluginManager().infos() if info.distribution for name in info.brings.get(point, ())]
    assert kinds
    assert [name for name in kinds if f"\n## {name}\n" not in made()[f"reference/{page}.md"]] == []
