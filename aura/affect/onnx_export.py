"""An emotion engine as one ONNX file for other programs: text tokens in, embedding, emotions and numbers out."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from aura.core.errors import ParameterError, PluginError, StateError

__all__ = ["Parity", "Parts", "Precision", "compare", "run_model", "write_model"]

Precision = Literal["float32", "half", "int8"]
FILE = "emotions.onnx"


class Parity(NamedTuple):
    """How far a file says the same as the engine that it was made of."""

    least_cosine: float
    """Of the embeddings of a text."""
    largest_difference: float
    """Of a probability."""
    same_emotion: float
    """Share of the texts with the same likeliest emotion."""


class Parts(NamedTuple):
    """What a file is made of."""

    model: Path
    """The folder of the encoder's model."""
    settings: Mapping[str, Any]
    """What `Sensory.model` says of it."""
    exported: Path
    """The folder that the amygdala exported to."""
    emotion: str
    pad: str | None
    """Tasks."""
    options: Any
    """Of the emotion task."""
    names: tuple[str, ...]


def write_model(parts: Parts, folder: Path, precision: Precision) -> list[Path]:
    """Write ``emotions.onnx`` and ``tokenizer.json`` and return both.

    Raises
    ------
    ParameterError
        If the precision is none of these, or the emotion task is of another kind or reads more than the embedding.
    PluginError
        If onnx, or for int8 onnxruntime, is not installed.
    StateError
        If the files cannot be written; earlier ones in their place stay whole.
    """
    if precision not in ("float32", "half", "int8"):
        raise ParameterError("engine.export_onnx.precision", expected="'float32', 'half' or 'int8'",
                             got=repr(precision))
    found = {name: parts.exported / f"{parts.emotion}_emotions_{name}.npy"
             for name in ("prototypes", "data", "labelled", "trained")}
    if not all(path.is_file() for path in found.values()):
        raise ParameterError("engine.export_onnx", expected="an emotion task of the kind 'emotions'",
                             got=f"one of kind {parts.options.kind!r}")
    arrays = {name: np.load(path) for name, path in found.items()}
    if len(arrays["prototypes"]) != parts.settings["hidden"] + 1:
        raise ParameterError("engine.export_onnx", expected="an amygdala that reads the embedding alone",
                             got=f"{len(arrays['prototypes']) - 1} features")
    try:
        import onnx

        from aura.affect.onnx_graph import READOUT, Graph, encoder, model_of, readouts
    except ImportError as error:
        raise _missing("onnx") from error
    trained = arrays["trained"]
    trust = parts.options.trust * trained / np.maximum(trained + parts.options.half_trusted, 1e-300)
    graph = Graph(half_words=precision != "float32", half_matrices=precision == "half")
    outputs = {"embedding": parts.settings["hidden"]}
    embedding = encoder(graph, load_file(parts.model / "model.safetensors"), parts.settings)
    readouts(graph, embedding, arrays, trust)
    outputs["emotion_probability"] = len(parts.names)
    if parts.pad is not None:
        weights, bias = (np.load(parts.exported / f"{parts.pad}_regression_{part}.npy") for part in ("W", "b"))
        graph.node("Clip", graph.linear(embedding, weights, bias, f"{READOUT}_pad"),
                   graph.constant(np.float32(0)), graph.constant(np.float32(1)), output="pad")
        outputs["pad"] = len(bias)
    about = {"emotions": json.dumps(parts.names), "max_tokens": str(parts.settings["max_tokens"])}
    files = [folder / FILE, folder / "tokenizer.json"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=folder) as place:  # so that each file is whole or as it was
            path, tokenizer = (Path(place) / file.name for file in files)
            onnx.save(model_of(graph, outputs, about), path)
            if precision == "int8":
                _quantise(path, [node.name for node in graph.nodes if node.name.startswith(READOUT)])
            shutil.copyfile(parts.model / "tokenizer.json", tokenizer)
            for new, file in zip((path, tokenizer), files, strict=True):
                new.replace(file)
    except OSError as error:
        raise StateError(str(folder), expected="a folder that can be written to", got=error.strerror or str(error),
                         hint="Free some space or choose another folder.") from error
    return files


def _quantise(path: Path, but: list[str]) -> None:
    """Store the encoder's matrices in int8, a scale for each column; products are of int8 rows, scaled as they come."""
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise _missing("onnxruntime") from error
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / FILE
        shutil.move(path, whole)
        quantize_dynamic(whole, path, op_types_to_quantize=["MatMul"], per_channel=True, reduce_range=True,
                         weight_type=QuantType.QInt8, nodes_to_exclude=but)


def run_model(folder: Path, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Return what a file says of texts, by the names of its outputs.

    Raises
    ------
    ParameterError
        If `folder` lacks what `write_model` writes, or there are no texts.
    """
    if not texts:
        raise ParameterError("engine.compare_onnx", expected="one text or more", got="none")
    for path in (folder / FILE, folder / "tokenizer.json"):
        if not path.is_file():
            raise ParameterError(str(path), expected="a file, as `export_onnx` writes it", got="no such file")
    try:
        from onnxruntime import InferenceSession
    except ImportError as error:
        raise _missing("onnxruntime") from error
    from tokenizers import Tokenizer

    session = InferenceSession(folder / FILE, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(int(session.get_modelmeta().custom_metadata_map["max_tokens"]))
    tokenizer.enable_padding()
    read = tokenizer.encode_batch(list(texts))
    names = [output.name for output in session.get_outputs()]
    outputs = session.run(names, {"input_ids": np.array([one.ids for one in read], np.int64),
                               "attention_mask": np.array([one.attention_mask for one in read], np.int64)})
    return dict(zip(names, outputs, strict=True))


def compare(outputs: Mapping[str, NDArray[Any]], embeddings: NDArray[Any], chances: NDArray[Any]) -> Parity:
    """Return how far what a file says is what the engine says: embeddings (n, features), chances (n, emotions)."""
    lengths = np.linalg.norm(outputs["embedding"], axis=1) * np.linalg.norm(embeddings, axis=1)
    worded = lengths > 0
    cosines = (outputs["embedding"] * embeddings).sum(axis=1)[worded] / lengths[worded]
    mine = outputs["emotion_probability"]
    return Parity(float(cosines.min(initial=1.0)), float(np.abs(mine - chances).max()),
                  float((mine.argmax(axis=1) == chances.argmax(axis=1)).mean()))


def _missing(package: str) -> PluginError:
    return PluginError("engine.export_onnx", expected=f"the package {package}", got="none of that name",
                       hint="pip install 'aura-brain[onnx]'")
