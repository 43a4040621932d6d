"""What a text encoder is, and how one is found by name; torch is imported only when one is loaded."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aura.core.errors import DataError
from aura.zones.sensory.weights import MINILM, find_minilm, is_minilm, lean_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TextEncoder", "load_text_encoder"]


_SPINS = "5000"
_PRECISIONS = {"torch": ("float32", "bfloat16"), "onnx": ("float32", "int8")}


class TextEncoder(Protocol):
    """Turns texts into embeddings, each text on its own: what else is in the call changes no bit of the result.

    Attributes
    ----------
    name : str
        The model, as its user calls it.
    identity : str
        A digest of all that decides the bits of an embedding: weights, tokeniser, token limit, precision, and the
        arithmetic (the kernels, their compiler or torch, and the processor). The key of a cache.
    dimensions : int
        The length of an embedding.
    """

    name: str
    identity: str
    dimensions: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings, shape (text, dimensions), float32; a text with no word in it gives zeros.

        Raises
        ------
        SignalError
            If one of the texts is no string.
        """
        ...


def load_text_encoder(model: str = MINILM, *, threads: int | None = None, precision: str = "float32",
                      encoder: str = "torch") -> TextEncoder:
    """Return an encoder, loaded and ready.

    all-MiniLM-L6-v2 and every folder of the same kind (BERT, mean pooling) run on the lean encoder or on onnxruntime;
    any other sentence-transformers model runs through that package, one text at a time.

    Parameters
    ----------
    model : str
        ``"all-MiniLM-L6-v2"``, the folder of a sentence-transformers model, or a model's name on the hub. A folder
        that exists comes before a name.
    threads : int, optional
        How many threads torch computes with, from here on in this process; None leaves torch as it is set.
        onnxruntime has threads of its own, as many as there are processors if None.
    precision : {"float32", "bfloat16", "int8"}
        Of the matrix products. bfloat16 needs a processor that has it; int8 is onnxruntime's.
    encoder : {"torch", "onnx"}
        What computes: torch, or onnxruntime, for a model of the lean encoder's kind.

    Raises
    ------
    DataError
        If the model is not to be found or is damaged, the precision is not to be had, or onnxruntime not installed.
    """
    if threads is not None and threads < 1:
        raise DataError("sensory.threads", expected="1 or more", got=str(threads))
    if encoder not in _PRECISIONS:
        raise DataError("sensory.encoder", expected="'torch' or 'onnx'", got=repr(encoder))
    if precision not in _PRECISIONS[encoder]:
        raise DataError("sensory.precision", expected=" or ".join(map(repr, _PRECISIONS[encoder])), got=repr(precision),
                        hint=f"This is of encoder {encoder!r}.")
    _let_waiting_threads_sleep()
    folder, digest = Path(model).expanduser(), None
    if not folder.is_dir():
        if model.startswith((".", "/", "~")):
            raise DataError(model, expected="the folder of a sentence-transformers model", got="no such folder")
        if not is_minilm(model):
            return _sentence_transformer(model, threads, precision, encoder)
        folder, digest = find_minilm()
    settings = lean_settings(folder)
    if settings is None:
        return _sentence_transformer(str(folder), threads, precision, encoder)
    name = MINILM if is_minilm(model) else model
    if encoder == "onnx":
        from aura.zones.sensory.onnx_encoder import OnnxEncoder

        return OnnxEncoder(name, folder, settings, threads=threads, precision=precision, weights_sha256=digest)
    from aura.zones.sensory.minilm import LeanEncoder

    return LeanEncoder(name, folder, settings, threads=threads, precision=precision, weights_sha256=digest)


def _let_waiting_threads_sleep() -> None:
    """Tell GNU OpenMP how long threads that wait for each other may spin; it listens only while torch is being loaded.

    By default they spin for milliseconds, which holds back the very thread they wait for wherever the processor has
    other work. Measured on two cores, one text at a time, median alone, then median and ninety-ninth percentile of
    three such programs at once: by default 7.5 ms, 17 to 35, 190 to 320; never spinning 12 ms, 16 to 27, 23 to 34; at
    this number 7.3 to 9 ms, 30 to 43, 54 to 58.
    """
    if "torch" not in sys.modules and "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)


def _sentence_transformer(model: str, threads: int | None, precision: str, encoder: str) -> TextEncoder:
    if encoder != "torch":
        raise DataError("sensory.encoder", expected="'torch' for a model outside the lean encoder", got=repr(encoder))
    if precision != "float32":
        raise DataError("sensory.precision", expected="'float32' for a model outside the lean encoder",
                        got=repr(precision))
    from aura.zones.sensory.sentence_transformer import PackagedEncoder

    return PackagedEncoder(model, threads)
