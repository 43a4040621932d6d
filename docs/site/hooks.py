"""What the site makes of the repository: pages that follow from the code, and blocks as its Markdown has them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files
from reference import pages

ROOT = Path(__file__).parents[2]
OF_THE_ROOT = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages that stand beside docs/, and what they are called in the site."""
OF_THE_CODE = {
    "aura/sim/scenario_model.py": "reference/scenario.md", "aura/plugins/specs.py": "reference/api/hooks.md",
    "aura/plugins/streams.py": "reference/api/readers.md", "aura/core/executor.py": "reference/api/executors.md",
    "aura/zones/amygdala/tasks/task.py": "reference/api/tasks.md",
    "aura/zones/amygdala/emotions/taxonomy.toml": "reference/emotions.md",
    "aura/zones/amygdala/learners/learner.py": "reference/api/learners.md", "aura/__init__.py": "reference/api/aura.md",
}
"""Modules that pages lead to, so that their links hold in the repository too, and the pages made of them."""

_FENCE = re.compile(r"^(?P<ticks> *`{3,})(?P<language>\w+)(?P<settings>(?: \w+=\S+)*)$", re.MULTILINE)
_HIDDEN = re.compile(r"^<!-- (?:python|sh|toml)\b.*?^-->\n", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are not in docs/."""
    made = pages(ROOT)
    for source, name in OF_THE_ROOT.items():
        made[name] = (ROOT / source).read_text(encoding="utf-8").replace("](docs/", "](")
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return a page with links that leave docs/ led to the site's pages, and its blocks as the site writes them."""
    for source, name in {**OF_THE_ROOT, **OF_THE_CODE}.items():
        markdown = markdown.replace(f"](../{source}", f"]({name}").replace(f"]({source}", f"]({name}")
    return _FENCE.sub(_fence, _HIDDEN.sub("", markdown))


def _fence(found: re.Match[str]) -> str:
    """Return the first line of a block: what file it is, or that it is what was printed, stands above it."""
    title = dict(one.split("=", 1) for one in found["settings"].split()).get("file", "")
    language = found["language"]
    if language == "output":
        language, title = "text", "prints"
    return f'{found["ticks"]}{language} title="{title}"' if title else f"{found['ticks']}{language}"
