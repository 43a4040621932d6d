"""A folder on the path, in which tests install real little distributions: a module and its metadata each."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Site:
    """A site folder."""

    folder: Path
    header: str = "from aura.core.zone import Manifest\nfrom aura.plugins import hookimpl\n"

    def install(self, name: str, points: dict[str, str], modules: dict[str, str], version: str = "1.0") -> None:
        """Install a distribution with `points` in the entry point group, and its modules' sources."""
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
        lines = "".join(f"{point} = {target}\n" for point, target in points.items())
        (info / "entry_points.txt").write_text(f"[aura]\n{lines}", encoding="utf-8")
        for module, source in modules.items():
            (self.folder / f"{module}.py").write_text(source, encoding="utf-8")

    def plugin(self, name: str, source: str) -> None:
        """Install the distribution ``aura-NAME`` whose one plugin NAME has this source."""
        self.install(f"aura-{name}", {name: f"aura_test_{name}"}, {f"aura_test_{name}": self.header + source})

    def zones(self, *names: str) -> str:
        """Return the source of a hook that brings zones of these names; none of them can be built."""
        manifests = ", ".join(f'Manifest("{name}", "nowhere:Nothing", "Brought by a test.")' for name in names)
        return f"@hookimpl\ndef aura_zones():\n    return [{manifests}]\n"

    def file(self, name: str, source: str) -> Path:
        """Write a local plugin file."""
        path = self.folder.parent / f"{name}.py"
        path.write_text(self.header + source, encoding="utf-8")
        return path


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site folder at the end of the path; the modules that a test loads from it are forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    before = set(sys.modules)
    yield Site(folder)
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
