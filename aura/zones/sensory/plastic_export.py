"""An encoder that has learned as the folder of a sentence-transformers model, which other programs read too."""

from __future__ import annotations

import shutil
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from aura.core.blame import described
from aura.core.errors import StateError
from aura.zones.common.whole_files import whole_file

__all__ = ["read_factors", "read_weights", "write_model"]

_WEIGHTS, _FACTORS = "model.safetensors", "low_rank.safetensors"


def write_model(folder: Path, model: Path, weights: dict[str, Tensor], factors: dict[str, Tensor]) -> list[Path]:
    """Write the weights under their published names beside the files of the model that they were; return all.

    Parameters
    ----------
    folder : Path
        Is made.
    model : Path
        The folder of the model that the encoder was at first.
    weights : dict of str to Tensor
        As they stand.
    factors : dict of str to Tensor
        What was added to them by low rank, from which learning can go on; none are written where there are none.

    Raises
    ------
    StateError
        If a file cannot be written; an earlier one in its place stays whole.
    """
    written = []
    for path in sorted(model.rglob("*")):
        # The model's own weights in other forms would be taken for these.
        if path.is_file() and path.suffix in (".json", ".txt"):
            target = folder / path.relative_to(model)
            written.append(target)
            if not target.exists() or not target.samefile(path):  # the model may have been read from this very folder
                with whole_file(target) as aside:
                    shutil.copyfile(path, aside)
    for name, tensors in ((_WEIGHTS, weights), (_FACTORS, factors)):
        if not tensors:
            (folder / name).unlink(missing_ok=True)
            continue
        with whole_file(folder / name) as aside:
            _save({key: tensor.detach().clone().contiguous() for key, tensor in tensors.items()}, aside)
        written.append(folder / name)
    return written


def _save(tensors: dict[str, Tensor], path: Path) -> None:
    try:
        save_file(tensors, path)
    except SafetensorError as error:  # what the system refuses too
        raise OSError(str(error)) from error


def read_weights(folder: Path) -> tuple[dict[str, Tensor], Path]:
    """Return the weights that `write_model` wrote, and their file.

    Raises
    ------
    StateError
        If the file is missing or damaged.
    """
    return _read(folder / _WEIGHTS)


def read_factors(folder: Path) -> tuple[dict[str, Tensor], Path]:
    """Return the low-rank factors that `write_model` wrote, and their file.

    Raises
    ------
    StateError
        If the file is missing or damaged.
    """
    return _read(folder / _FACTORS)


def _read(path: Path) -> tuple[dict[str, Tensor], Path]:
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise StateError(str(path), expected="exported weights in safetensors form", got=described(error)) from error
    found = {}
    for name, tensor in tensors.items():
        found[name] = tensor.float() if tensor.is_floating_point() else tensor
        if not found[name].isfinite().all():
            raise StateError(str(path), expected=f"{name!r} of finite numbers", got="some that are not")
    return found, path
