"""A BERT sentence encoder as an ONNX graph, built from its weights and kept in the user's cache folder.

The equation is that of `aura.zones.sensory.bert`. The nodes are the fused ones of onnxruntime's own operator set
(``com.microsoft``): embedding with its layer norm, attention, residual sum with layer norm, bias with the exact GELU.
The graph takes texts of one length, (text, token) int32, and gives the last layer, (text, token, hidden). The mean
over the tokens is left out: onnxruntime's reduction adds those of one text in another order than those of several, and
would be all that makes a text's bits depend on the batch.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors import SafetensorError
from safetensors.numpy import load_file

from aura.core.blame import described
from aura.core.errors import DataError, unwritable

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["GRAPH_VERSION", "write_graph"]

GRAPH_VERSION = 1
"""Grows with every change that could change a bit of what a graph computes."""
_FUSED = "com.microsoft"
_OPSET, _IR_VERSION = 17, 8  # of 2022: what every onnxruntime that the extra allows can read


def write_graph(weights: Path, settings: dict[str, Any], precision: str, path: Path) -> None:
    """Write the graph of a model to a file, whole or not at all.

    Parameters
    ----------
    weights : Path
        ``model.safetensors``.
    settings : dict
        What `aura.zones.sensory.weights.lean_settings` returns.
    precision : {"float32", "int8"}
        int8: weights by the output channel, inputs as they come (*dynamic quantisation*).
    path : Path
        Where it is written.

    Raises
    ------
    DataError
        If the weights cannot be read or lack a tensor, or the file cannot be written.
    """
    try:
        tensors = {name: tensor.astype(np.float32) for name, tensor in load_file(weights).items()}
    except (SafetensorError, OSError, TypeError, KeyError) as error:
        raise DataError(str(weights), expected="weights in safetensors form", got=described(error)) from error
    try:
        model = _Builder(tensors, settings).model()
    except KeyError as error:
        raise DataError(str(weights), expected=f"the tensor {error.args[0]}", got="none of that name",
                        hint="Is config.json of the same model?") from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            whole = Path(folder) / "graph.onnx"
            onnx.save(model, whole)
            if precision == "int8":
                whole = _quantised(whole)
            os.replace(whole, path)
    except OSError as error:
        raise unwritable(path, error, DataError) from error


def _quantised(path: Path) -> Path:
    """Write the graph in int8 beside it, without onnxruntime's advice to simplify the graph first."""
    import logging

    from onnxruntime.quantization import QuantType, quantize_dynamic

    small, root = path.with_name("int8.onnx"), logging.getLogger()
    root.addFilter(_no_advice)
    try:
        # On processors without VNNI two products of 8 bits are added in 16, which 7 bits of weight cannot overflow.
        quantize_dynamic(path, small, op_types_to_quantize=["MatMul", "Attention"], per_channel=True, reduce_range=True,
                         weight_type=QuantType.QInt8, extra_options={"DefaultTensorType": TensorProto.FLOAT})
    finally:
        root.removeFilter(_no_advice)
    return small


def _no_advice(record: Any) -> bool:
    return "pre-processing before quantization" not in str(record.msg)


class _Builder:
    """Nodes and constants of one graph, as they are added."""

    def __init__(self, tensors: dict[str, NDArray[np.float32]], settings: dict[str, Any]) -> None:
        self._tensors, self._settings = tensors, settings
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def model(self) -> onnx.ModelProto:
        hidden = self._settings["hidden"]
        positions = (self._tensors["embeddings.position_embeddings.weight"]
                     + self._tensors["embeddings.token_type_embeddings.weight"][0])
        x = self._add("EmbedLayerNormalization", "tokens", "", self._weight("embeddings.word_embeddings"),
                      self._constant("positions", positions), "", *self._norm("embeddings.LayerNorm"),
                      outputs=("embedded", ""), epsilon=self._settings["epsilon"])
        for index in range(self._settings["layers"]):
            x = self._layer(x, f"encoder.layer.{index}.")
        graph = helper.make_graph(
            self._nodes, "sentence encoder",
            [helper.make_tensor_value_info("tokens", TensorProto.INT32, ["text", "token"])],
            [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["text", "token", hidden])], self._constants)
        return helper.make_model(graph, ir_version=_IR_VERSION, producer_name="aura", opset_imports=[
            helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)])

    def _layer(self, x: str, prefix: str) -> str:
        names = [f"{prefix}attention.self.{part}" for part in ("query", "key", "value")]
        weight = np.concatenate([self._tensors[f"{name}.weight"] for name in names]).T
        bias = np.concatenate([self._tensors[f"{name}.bias"] for name in names])
        attended = self._add("Attention", x, self._constant(f"{prefix}qkv.weight", weight),
                             self._constant(f"{prefix}qkv.bias", bias), outputs=(f"{prefix}attended",),
                             num_heads=self._settings["heads"])
        x = self._added(attended, x, f"{prefix}attention.output")
        product = self._product(x, f"{prefix}intermediate.dense")
        inner = self._add("BiasGelu", product, self._weight(f"{prefix}intermediate.dense", "bias"),
                          outputs=(f"{prefix}inner",))
        return self._added(inner, x, f"{prefix}output")

    def _added(self, x: str, residual: str, prefix: str) -> str:
        """LN(residual + W x + b)."""
        product = self._product(x, f"{prefix}.dense")
        return self._add("SkipLayerNormalization", product, residual, *self._norm(f"{prefix}.LayerNorm"),
                         self._weight(f"{prefix}.dense", "bias"), outputs=(f"{prefix}.out",),
                         epsilon=self._settings["epsilon"])

    def _product(self, x: str, name: str) -> str:
        weight = self._constant(f"{name}.weight", self._tensors[f"{name}.weight"].T)
        product = f"{name}.product"
        self._nodes.append(helper.make_node("MatMul", [x, weight], [product]))
        return product

    def _norm(self, name: str) -> tuple[str, str]:
        return self._weight(name), self._weight(name, "bias")

    def _weight(self, name: str, kind: str = "weight") -> str:
        return self._constant(f"{name}.{kind}", self._tensors[f"{name}.{kind}"])

    def _constant(self, name: str, values: NDArray[np.float32]) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _add(self, kind: str, *inputs: str, outputs: tuple[str, ...], **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, outputs, domain=_FUSED, **attributes))
        return outputs[0]
