"""The text encoder on onnxruntime."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.errors import DataError
from aura.zones.sensory.cache import default_path
from aura.zones.sensory.text import clean_texts
from aura.zones.sensory.tokeniser import load_tokeniser, token_numbers
from aura.zones.sensory.weights import file_sha256

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

try:
    import onnxruntime

    from aura.zones.sensory.onnx_graph import GRAPH_VERSION, write_graph
except ImportError as error:
    raise DataError("sensory.encoder 'onnx'", expected="the packages onnxruntime and onnx", got=str(error),
                    hint="pip install 'aura-brain[onnx]', or leave the encoder 'torch'.") from error

__all__ = ["OnnxEncoder"]

_ROWS_PER_RUN = 2048
"""Tokens that one run of the graph takes; more only take memory."""


class OnnxEncoder:
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
        How many threads onnxruntime computes with; by default as many as there are processors.
    precision : {"float32", "int8"}
        Of the matrix products.
    weights_sha256 : str, optional
        The weights' digest, if it has been taken already.

    Raises
    ------
    DataError
        If a file is damaged, or the graph cannot be kept.

    Notes
    -----
    Texts of one length share a run of the graph, without padding: then a text's bits are the same alone and in any
    batch (held by the tests). In int8 one scale is found for all that is in a run, so that each text has a run of its
    own.
    """

    def __init__(self, name: str, folder: Path, settings: dict[str, Any], *, threads: int | None = None,
                 precision: str = "float32", weights_sha256: str | None = None) -> None:
        self.name, self.dimensions = name, int(settings["hidden"])
        weights = folder / "model.safetensors"
        digest = weights_sha256 or file_sha256(weights)
        # What decides the graph; the version of onnxruntime is one, as its quantiser writes that of int8.
        graph = [digest, repr(sorted(settings.items())), precision, str(GRAPH_VERSION), onnxruntime.__version__]
        self.identity = _digest(["onnx", *graph, file_sha256(folder / "tokenizer.json"), _instructions()])
        self._tokeniser = load_tokeniser(folder / "tokenizer.json", settings["max_tokens"])
        self._specials = self._tokeniser.num_special_tokens_to_add(is_pair=False)
        self._alone, self._normalise = precision == "int8", settings["normalise"]
        path = default_path().with_name("onnx") / f"{_digest(graph)[:32]}.onnx"
        self._session = _session(path, threads)
        if self._session is None:
            write_graph(weights, settings, precision, path)
            self._session = _session(path, threads)
        if self._session is None:
            raise DataError(str(path), expected="a graph that onnxruntime runs", got="one that it does not",
                            hint="Install a newer onnxruntime, or leave the encoder 'torch'.")

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings, shape (text, dimensions), float32; a text with no word in it gives zeros.

        Raises
        ------
        SignalError
            If one of the texts is no string.
        """
        tokens = token_numbers(self._tokeniser, clean_texts(texts)) if len(texts) else clean_texts(texts)
        embeddings = np.zeros((len(tokens), self.dimensions), np.float32)
        by_length: dict[int, list[int]] = {}
        for index, text in enumerate(tokens):
            if len(text) > self._specials:
                by_length.setdefault(len(text), []).append(index)
        for length, group in by_length.items():
            most = 1 if self._alone else max(1, _ROWS_PER_RUN // length)
            for first in range(0, len(group), most):
                part = group[first:first + most]
                embeddings[part] = self._run(np.array([tokens[index] for index in part], np.int32))
        return embeddings

    def _run(self, tokens: NDArray[np.int32]) -> NDArray[np.float32]:
        means: NDArray[np.float32] = self._session.run(None, {"tokens": tokens})[0].mean(axis=1)
        if self._normalise:
            means /= np.sqrt(np.einsum("ij,ij->i", means, means))[:, None]
        return means


def _session(path: Path, threads: int | None) -> Any:
    """Return the graph of a file, ready to run; None where there is none, or a damaged one."""
    if not path.is_file():
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 3
    options.add_session_config_entry("session.force_spinning_stop", "1")  # between runs the processor is others' to use
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception:  # its own kinds of error, which derive from nothing else in common
        return None


def _instructions() -> str:
    """Return the instruction sets of this processor, by which kernels are chosen."""
    return repr(np.show_config(mode="dicts").get("SIMD Extensions"))


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
