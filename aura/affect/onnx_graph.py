"""The graph of an emotion engine in ONNX: BERT with mean pooling, the blend of the emotion readouts, and numbers.

    x   = LN(E_word[token] + E_position[i] + E_type[0])
    x  <- LN(x + W_o A(x)),  A = softmax(q kᵀ / √d + mask) v per head
    x  <- LN(x + W_2 GELU(W_1 x))                                   (Devlin et al. 2019, arXiv:1810.04805)

Rows are padded here, where `sensory` packs them, so the last bits differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

__all__ = ["READOUT", "Graph", "encoder", "model_of", "readouts"]

OPSET, IR = 17, 8
"""Read by every onnxruntime since 1.12."""
MASKED = -1e9
"""Added to the attention that a token pays to padding."""
SPECIALS = 2
"""Tokens of a text without a word, whose embedding is zero."""
READOUT = "readout"
"""What the names of nodes that are no encoder's begin with."""

Tensors = Mapping[str, NDArray[Any]]


class Graph:
    """Nodes and constants in the order in which they are added.

    Parameters
    ----------
    half_words, half_matrices : bool
        Whether the table of words, and all matrices, are stored in float16, to be cast back before they are used.
    """

    def __init__(self, *, half_words: bool, half_matrices: bool) -> None:
        self.half_words, self.half_matrices = half_words, half_matrices
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, value: Any, *, half: bool = False) -> str:
        """Add an array and return its name."""
        name = f"c{len(self.constants)}"
        array = np.array(value, order="C")  # ascontiguousarray would give a number an axis
        if half:
            self.constants.append(numpy_helper.from_array(array.astype(np.float16), name))
            return self.node("Cast", name, to=TensorProto.FLOAT)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def node(self, kind: str, *inputs: str, name: str = "", output: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        out = output or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], name=name or f"n{len(self.nodes)}", **attributes))
        return out

    def linear(self, x: str, weight: NDArray[Any], bias: NDArray[Any], name: str = "") -> str:
        """Add x W + b, of weights (in, out)."""
        product = self.node("MatMul", x, self.constant(weight.astype(np.float32), half=self.half_matrices),
                            name=name)
        return self.node("Add", product, self.constant(bias.astype(np.float32)))


def encoder(graph: Graph, tensors: Tensors, settings: Mapping[str, Any]) -> str:
    """Add a BERT that reads ``input_ids`` and ``attention_mask`` and return its ``embedding``."""
    hidden, heads = settings["hidden"], settings["heads"]
    width, floats = hidden // heads, np.float32

    def norm(x: str, name: str) -> str:
        return graph.node("LayerNormalization", x, graph.constant(tensors[f"{name}.weight"]),
                          graph.constant(tensors[f"{name}.bias"]), axis=-1, epsilon=float(settings["epsilon"]))

    def linear(x: str, name: str) -> str:
        return graph.linear(x, tensors[f"{name}.weight"].T, tensors[f"{name}.bias"])

    split, joined = graph.constant(np.array([0, 0, heads, width])), graph.constant(np.array([0, 0, hidden]))
    positions = (tensors["embeddings.position_embeddings.weight"]
                 + tensors["embeddings.token_type_embeddings.weight"][0])
    table = graph.constant(tensors["embeddings.word_embeddings.weight"], half=graph.half_words)
    words = graph.node("Gather", table, "input_ids")
    length = graph.node("Gather", graph.node("Shape", "input_ids"), graph.constant(np.array(1)))
    places = graph.node("Range", graph.constant(np.array(0)), length, graph.constant(np.array(1)))
    x = norm(graph.node("Add", words, graph.node("Gather", graph.constant(positions), places)), "embeddings.LayerNorm")
    mask = graph.node("Cast", "attention_mask", to=TensorProto.FLOAT)
    away = graph.node("Mul", graph.node("Sub", graph.constant(floats(1)), mask), graph.constant(floats(MASKED)))
    away = graph.node("Unsqueeze", away, graph.constant(np.array([1, 2])))
    scale = graph.constant(floats(1.0 / math.sqrt(width)))
    for layer in range(settings["layers"]):
        prefix = f"encoder.layer.{layer}."
        query, key, value = (
            graph.node("Transpose", graph.node("Reshape", linear(x, f"{prefix}attention.self.{part}"), split), perm=to)
            for part, to in (("query", (0, 2, 1, 3)), ("key", (0, 2, 3, 1)), ("value", (0, 2, 1, 3))))
        scores = graph.node("Add", graph.node("Mul", graph.node("MatMul", query, key), scale), away)
        attended = graph.node("MatMul", graph.node("Softmax", scores, axis=-1), value)
        attended = graph.node("Reshape", graph.node("Transpose", attended, perm=(0, 2, 1, 3)), joined)
        x = norm(graph.node("Add", linear(attended, f"{prefix}attention.output.dense"), x),
                 f"{prefix}attention.output.LayerNorm")
        inner = linear(x, f"{prefix}intermediate.dense")
        bent = graph.node("Erf", graph.node("Mul", inner, graph.constant(floats(math.sqrt(0.5)))))
        inner = graph.node("Mul", graph.node("Mul", inner, graph.constant(floats(0.5))),
                           graph.node("Add", bent, graph.constant(floats(1))))
        x = norm(graph.node("Add", linear(inner, f"{prefix}output.dense"), x), f"{prefix}output.LayerNorm")
    axis, last = graph.constant(np.array([1])), graph.constant(np.array([2]))
    total = graph.node("ReduceSum", graph.node("Mul", x, graph.node("Unsqueeze", mask, last)), axis, keepdims=0)
    count = graph.node("ReduceSum", mask, axis, keepdims=1)
    mean = graph.node("Div", total, count)
    if settings["normalise"]:
        mean = graph.node("Div", mean, graph.node("ReduceL2", mean, axes=[1], keepdims=1))
    worded = graph.node("Cast", graph.node("Greater", count, graph.constant(floats(SPECIALS))), to=TensorProto.FLOAT)
    return graph.node("Mul", mean, worded, output="embedding")


def readouts(graph: Graph, embedding: str, found: Tensors, trust: NDArray[Any]) -> str:
    """Add the blend of prototypes with data and return ``emotion_probability``.

    Parameters
    ----------
    graph : Graph
    embedding : str
        (n, features).
    found : mapping of str to array
        The readouts, as the task `emotions` exports them.
    trust : array (emotions,)
        How far data are trusted for each.
    """
    logs = graph.node("LogSoftmax", graph.linear(embedding, found["prototypes"][:-1], found["prototypes"][-1],
                                                 f"{READOUT}_prototypes"), axis=1)
    taught = np.flatnonzero(trust > 0)
    if len(taught):
        # What data say of an emotion less its log frequency; of those that they never had it is not asked.
        frequency = np.log(np.where(trust > 0, np.maximum(found["labelled"], 1e-30), 1.0))
        data = graph.linear(embedding, found["data"][:-1], found["data"][-1] - frequency, f"{READOUT}_data")
        both = graph.node("Add", logs, graph.node("Mul", data, graph.constant(trust.astype(np.float32))))
        where = graph.constant(taught)
        total, share = (graph.node("ReduceLogSumExp", graph.node("Gather", one, where, axis=1), axes=[1], keepdims=1)
                        for one in (both, logs))
        moved = graph.node("Add", graph.node("Sub", both, total), share)
        logs = graph.node("Where", graph.constant(trust > 0), moved, logs)
    return graph.node("Exp", logs, output="emotion_probability")


def model_of(graph: Graph, outputs: Mapping[str, int], about: Mapping[str, str]) -> ModelProto:
    """Return the model, with outputs (text, width) by name, and texts that say what it is."""
    tokens = [helper.make_tensor_value_info(name, TensorProto.INT64, ["text", "token"])
              for name in ("input_ids", "attention_mask")]
    declared = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["text", width])
                for name, width in outputs.items()]
    model = helper.make_model(helper.make_graph(graph.nodes, "aura", tokens, declared, graph.constants),
                              opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="aura")
    helper.set_model_props(model, dict(about))
    return model
