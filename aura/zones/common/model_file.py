"""A network as one file that torch reads: a dictionary of tensors by name, beside it its digest."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
import torch

from aura.core.blame import described
from aura.core.errors import StateError
from aura.zones.common.npy_files import read_digests, read_whole, write_digests
from aura.zones.common.whole_files import write_file

__all__ = ["read_model", "write_model"]

_NUMBERS = frozenset((torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8, torch.int16, torch.int32,
                      torch.int64, torch.uint8, torch.bool))
_EXPECTED = "a dictionary of tensors, as torch.save writes it"


def write_model(path: Path, arrays: Mapping[str, np.ndarray]) -> list[Path]:
    """Write arrays as tensors of the same names into a ``.pt`` file, and return the files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = BytesIO()
    torch.save({name: torch.from_numpy(np.array(array, order="C")) for name, array in arrays.items()}, data)
    write_file(path, data.getvalue())
    return [path, write_digests(path.with_suffix(".sha256"), [path])]


def read_model(path: Path) -> dict[str, np.ndarray]:
    """Return what `write_model` wrote; nothing but tensors is read (``weights_only=True``).

    Raises
    ------
    StateError
        If the file is missing, damaged, or holds anything but tensors of finite numbers by name.
    """
    data = read_whole(path, read_digests(path.with_suffix(".sha256")), _EXPECTED)
    try:
        found = torch.load(BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes torch raise of every kind
        raise StateError(str(path), expected=_EXPECTED, got=described(error)) from error
    if not isinstance(found, dict) or not all(
            isinstance(name, str) and isinstance(part, torch.Tensor) for name, part in found.items()):
        raise StateError(str(path), expected=_EXPECTED, got=type(found).__name__)
    arrays = {}
    for name, part in found.items():
        if part.layout != torch.strided or part.dtype not in _NUMBERS or part.device.type != "cpu" or (
                part.numel() * part.element_size() > part.untyped_storage().nbytes()):  # a view of fewer that repeats
            raise StateError(str(path), expected=f"{name!r} of numbers that all stand in the file",
                             got=f"{part.dtype} of another form")
        if not torch.isfinite(part).all():
            raise StateError(str(path), expected=f"{name!r} of finite numbers", got=f"{part.dtype} that are not")
        arrays[name] = part.detach().to(torch.float64).numpy()
    return arrays
