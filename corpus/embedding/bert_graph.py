"""Writes the packaged model as an ONNX graph: tokens of one text in, its unit vector out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from corpus.embedding.packaged_weights import BLOCK, PackagedWeights

CONTRIB = "com.microsoft"
"""Operators of onnxruntime itself: fused attention, int8 products, 4-bit tables."""

_EPSILON = 1e-12


@dataclass(frozen=True)
class Linear:
    """One dense layer: y = x · matrixᵀ + bias, with a (outputs, inputs) matrix."""

    name: str
    matrix: NDArray[np.float32]
    bias: NDArray[np.float32]


class Graph:
    """The nodes, constants and outputs written so far."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []

    def constant(self, name: str, values: Any) -> str:
        """Add a constant tensor and return its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def output(self, value: str, name: str, shape: list[int]) -> None:
        """Make `value` an output of the graph, called `name`."""
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def model(self) -> onnx.ModelProto:
        """Return the finished model; its input is `input_ids`, int64, shape (1, tokens).

        One text at a time, because an int8 product scales all its rows together: in a batch the
        vector of a text would depend on its neighbours (and padding costs more than it saves).
        """
        ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])
        graph = helper.make_graph(self.nodes, "encoder", [ids], self.outputs, self.constants)
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


WriteLinear = Callable[[Graph, str, Linear], str]
"""Writes one dense layer over the named input and returns the name of its result."""


def write_encoder(weights: PackagedWeights, write_linear: WriteLinear) -> Graph:
    """Return the whole encoder (BERT, post-norm, exact GELU); output `embedding`, (1, width).

    The graph is written in its final, fused form and is meant to run with onnxruntime's own
    rewriting turned off: that would put back a slower layer norm and lengthen every start.
    """
    graph = Graph()
    hidden = _embeddings(graph, weights)
    for layer in range(weights.layers):
        hidden = _attention(graph, weights, f"l{layer}.", hidden, write_linear)
        hidden = _feed_forward(graph, weights, f"l{layer}.", hidden, write_linear)
    # Mean pooling: the sum has the mean's direction, and only the direction survives the norm.
    pooled = graph.node("ReduceSum", hidden, graph.constant("pooled.axis", [1]), keepdims=0)
    unit = graph.node("LpNormalization", pooled, axis=-1, p=2)
    graph.output(unit, "embedding", [1, weights.width])
    return graph


def _embeddings(graph: Graph, weights: PackagedWeights) -> str:
    """Word (4-bit table, exactly as packaged) + position + the one segment, then layer norm."""
    scales, nibbles = weights.blocks("emb.word", weights.width)
    table = (nibbles[..., 0::2] | (nibbles[..., 1::2] << 4)).reshape(len(nibbles), -1)
    words = graph.node(
        "GatherBlockQuantized",
        graph.constant("emb.word", table),
        "input_ids",
        graph.constant("emb.word.scales", scales),
        domain=CONTRIB,
        bits=4,
        block_size=BLOCK,
        gather_axis=0,
        quantize_axis=1,
    )
    positions = weights.vector("emb.pos").reshape(-1, weights.width)
    table_name = graph.constant("emb.pos", positions + weights.vector("emb.type")[: weights.width])
    length = graph.node("Shape", "input_ids", start=1, end=2)
    zero = graph.constant("emb.pos.start", [0])
    places = graph.node("Slice", table_name, zero, length, zero)
    return _add_norm(graph, weights, "emb.ln", words, places)


def _attention(graph: Graph, weights: PackagedWeights, at: str, hidden: str, write_linear: WriteLinear) -> str:
    width = weights.width
    parts = [_linear(weights, at + part, width) for part in "qkv"]
    together = Linear(
        at + "qkv",
        np.concatenate([part.matrix for part in parts]),
        np.concatenate([part.bias for part in parts]),
    )
    projected = write_linear(graph, hidden, together)
    names = [f"{at}{part}" for part in ("query", "key", "value")]
    graph.nodes.append(helper.make_node("Split", [projected], names, axis=-1, num_outputs=len(names)))
    mixed = graph.node("MultiHeadAttention", *names, domain=CONTRIB, num_heads=weights.heads)
    result = write_linear(graph, mixed, _linear(weights, at + "ao", width))
    return _add_norm(graph, weights, at + "aln", hidden, result)


def _feed_forward(graph: Graph, weights: PackagedWeights, at: str, hidden: str, write_linear: WriteLinear) -> str:
    inner = _linear(weights, at + "fi", weights.width)
    middle = graph.node("Gelu", write_linear(graph, hidden, inner), domain=CONTRIB)
    result = write_linear(graph, middle, _linear(weights, at + "fo", len(inner.matrix)))
    return _add_norm(graph, weights, at + "oln", hidden, result)


def _linear(weights: PackagedWeights, name: str, inputs: int) -> Linear:
    return Linear(name, weights.matrix(name + ".w", inputs), weights.vector(name + ".b"))


def _add_norm(graph: Graph, weights: PackagedWeights, name: str, left: str, right: str) -> str:
    scale = graph.constant(name + ".w", weights.vector(name + ".w"))
    shift = graph.constant(name + ".b", weights.vector(name + ".b"))
    total = graph.node("Add", left, right)
    return graph.node("LayerNormalization", total, scale, shift, epsilon=_EPSILON)
