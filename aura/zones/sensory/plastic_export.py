"""An encoder that has learned as the folder of a sentence-transformers model, which other programs read too."""

from __future__ import annotations

import shutil
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from aura.core.blame import described
from aura.core.errors import StateError

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
    """
    written = []
    for path in sorted(model.rglob("*")):
        # The model's own weights in other forms would be taken for these.
        if path.is_file() and path.suffix in (".json", ".txt"):
            target = folder / path.relative_to(model)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            written.append(target)
    for name, tensors in ((_WEIGHTS, weights), (_FACTORS, factors)):
        (folder / name).unlink(missing_ok=True)
        if tensors:
            save_file({key: tensor.detach().clone().contiguous() for key, tensor in tensors.items()}, folder / name)
            written.append(folder / name)
    return written


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
        return load_file(path), path
    except (SafetensorError, OSError) as error:
        raise StateError(str(path), expected="exported weights in safetensors form", got=described(error)) from error
