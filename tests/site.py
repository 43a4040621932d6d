"""The site as it is built, and the pages that are made for it."""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

from tests.documents import ROOT

REFERENCE = ROOT / "docs" / "site" / "reference.py"
NAV = re.findall(r"^ +- .*: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
"""The pages of the site; those that are not in docs/ are made when it is built, which ends if one is not made."""


@cache
def made() -> dict[str, str]:
    """Return the pages that are written from the code when the site is built, by name."""
    spec = importlib.util.spec_from_file_location("site_reference", REFERENCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pages: dict[str, str] = module.pages(ROOT)
    return pages


class Page(HTMLParser):
    """What a built page fetches when it is opened, where it leads, and what may be led to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[Any]) -> None:
        named = dict(attrs)
        self.places |= {named[key] for key in ("id", "name") if named.get(key)}
        if tag == "a":
            self.links.append(named.get("href") or "")
        elif tag != "link" or named.get("rel") not in ("canonical", "next", "prev"):
            self.fetched += [named[key] for key in ("src", "href", "srcset", "data", "poster") if named.get(key)]

    def targets(self) -> list[tuple[Path, str]]:
        """Return the pages of the site that it leads to, with the place in them."""
        found = []
        for link in self.links:
            path, place = urldefrag(link)
            if link and ":" not in path:
                found.append(((self.path.parent / unquote(path)).resolve() if path else self.path, unquote(place)))
        return found
