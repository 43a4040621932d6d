"""The lean text encoder: all-MiniLM-L6-v2 on `tokenizers`, `safetensors` and torch alone."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from aura.core.blame import described
from aura.core.errors import DataError
from aura.zones.sensory.bert import Bert, has_bfloat16, has_onednn
from aura.zones.sensory.compiled_bert import CompiledBert, arithmetic
from aura.zones.sensory.text import clean_texts
from aura.zones.sensory.tiles import runs_here
from aura.zones.sensory.tokeniser import load_tokeniser, token_numbers
from aura.zones.sensory.weights import file_sha256

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["LeanEncoder", "load_bert"]


class LeanEncoder:
    """A BERT sentence encoder with mean pooling; see `aura.zones.sensory.encoder.TextEncoder`.

    Parameters
    ----------
    name : str
        The model, as its user calls it.
    folder : Path
        Holds ``tokenizer.json`` and ``model.safetensors``.
    settings : dict
        What `aura.zones.sensory.weights.lean_settings` returns for the folder.
    threads : int, optional
        How many threads torch computes with; None leaves torch as it is set.
    precision : {"float32", "bfloat16"}
        Of the matrix products.
    weights_sha256 : str, optional
        The weights' digest, if it has been taken already.

    Raises
    ------
    DataError
        If a file is damaged, or the processor has no bfloat16.

    Notes
    -----
    In float32 a text is one thread's from beginning to end; in bfloat16 all threads work on one product after another.
    """

    def __init__(self, name: str, folder: Path, settings: dict[str, Any], *, threads: int | None = None,
                 precision: str = "float32", weights_sha256: str | None = None) -> None:
        if precision == "bfloat16" and not has_bfloat16():
            raise DataError("sensory.precision", expected="'float32' on this processor", got="'bfloat16'",
                            hint="bfloat16 needs AVX512-BF16, AMX or AVX-NE-CONVERT.")
        self.name, self.dimensions, self.settings, self.precision = name, int(settings["hidden"]), settings, precision
        self.folder = folder
        digest = weights_sha256 or file_sha256(folder / "model.safetensors")
        self.identity = _identity(digest, folder, settings, precision)
        self._tokeniser = load_tokeniser(folder / "tokenizer.json", settings["max_tokens"])
        self.specials = self._tokeniser.num_special_tokens_to_add(is_pair=False)
        self._bert = load_bert(self.tensors(), settings, precision)
        if threads is not None:
            torch.set_num_threads(threads)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings, shape (text, dimensions), float32; a text with no word in it gives zeros.

        Raises
        ------
        SignalError
            If one of the texts is no string.
        """
        tokens = self.tokens(clean_texts(texts))
        embeddings = np.zeros((len(tokens), self.dimensions), np.float32)
        with_words = [index for index, text in enumerate(tokens) if len(text) > self.specials]
        embeddings[with_words] = self._bert.embeddings([tokens[index] for index in with_words])
        return embeddings

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the weights as the file has them."""
        try:
            return load_file(self.folder / "model.safetensors")
        except (SafetensorError, OSError) as error:
            raise DataError(str(self.folder / "model.safetensors"), expected="weights in safetensors form",
                            got=described(error)) from error

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token numbers of texts that have been cleaned."""
        return token_numbers(self._tokeniser, texts)


def load_bert(tensors: dict[str, torch.Tensor], settings: dict[str, Any], precision: str) -> Bert | CompiledBert:
    """Return the frozen network: in float32 on compiled kernels, in bfloat16, or where these do not run, on torch."""
    if precision == "float32" and runs_here():
        return CompiledBert(tensors, settings)
    return Bert(tensors, settings, bfloat16=precision == "bfloat16")


def _identity(weights_sha256: str, folder: Path, settings: dict[str, Any], precision: str) -> str:
    if precision == "float32" and runs_here():
        computed = arithmetic()
    else:
        computed = f"{torch.__version__} {'onednn' if has_onednn() else 'aten'}"
    parts = [weights_sha256, file_sha256(folder / "tokenizer.json"), repr(sorted(settings.items())), precision,
             computed, torch.backends.cpu.get_cpu_capability()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
