"""Writes the package that a zone's author starts from."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template

from aura import __version__
from aura.core.errors import PluginError

__all__ = ["write_zone_package"]

_LAYOUT = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "src/$package/__init__.py": "init.py",
    "src/$package/plugin.py": "plugin.py",
    "src/$package/zone.py": "zone.py",
    "tests/test_$name.py": "test_zone.py",
}
_IN_USE = frozenset({"Any", "Inputs", "Zone", "ZoneContext"})
"""Names that the module of the class imports."""


def write_zone_package(name: str, out: str | Path = ".") -> Path:
    """Write an installable package with one zone, its hook and its tests, and return its folder.

    Parameters
    ----------
    name : str
        The zone's name: lower-case letters, digits and ``_``, a letter first.
    out : str or Path
        The folder in which the package's own, ``aura-NAME``, is made.

    Raises
    ------
    PluginError
        If the name cannot be one, or the folder is there already.
    """
    _check_name(name)
    distribution = f"aura-{name.replace('_', '-')}"
    folder = Path(out) / distribution
    words = _words(name, distribution)
    if folder.exists():
        raise PluginError(f"new-zone {name}", expected="a folder that is not there yet", got=str(folder),
                          hint="Choose another name, or another folder with --out.")
    templates = files("aura.sim").joinpath("templates")
    try:
        for path, source in _LAYOUT.items():
            target = folder / Template(path).substitute(words)
            target.parent.mkdir(parents=True, exist_ok=True)
            text = templates.joinpath(f"{source}.tmpl").read_text(encoding="utf-8")
            target.write_text(Template(text).substitute(words), encoding="utf-8")
    except OSError as error:
        raise PluginError(f"new-zone {name}", expected=f"a folder {str(folder)!r} that can be written",
                          got=f"{type(error).__name__}: {error.strerror}",
                          hint="Choose another folder with --out.") from error
    return folder


def _words(name: str, distribution: str) -> dict[str, str]:
    camel = "".join(part.capitalize() for part in name.split("_"))
    class_name = f"{camel}Zone" if camel in _IN_USE else camel
    return {"name": name, "distribution": distribution, "package": f"aura_{name}", "class_name": class_name,
            "class_name_params": f"{class_name}Params", "aura_version": __version__}


def _check_name(name: str) -> None:
    if name == "brain":
        raise PluginError(f"new-zone {name!r}", expected="a name that does not make it AURA's own package, aura-brain",
                          got=repr(name), hint="Try 'my_brain'.")
    if not re.fullmatch(r"[a-z](_?[a-z0-9])*", name) or keyword.iskeyword(name):
        raise PluginError(f"new-zone {name!r}",
                          expected="lower-case letters, digits and single '_' within, a letter first, and no word of "
                                   "Python", got=repr(name), hint=f"Try {_close(name)!r}.")


def _close(name: str) -> str:
    """Return the allowed name that is nearest to `name`."""
    parts = re.findall(r"[a-z]+|[0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
    while parts and parts[0].isdigit():
        del parts[0]
    close = "_".join(parts)
    return f"{close or 'my'}_zone" if not close or keyword.iskeyword(close) else close
