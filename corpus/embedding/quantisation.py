"""The two ways a dense layer of the packaged model is written: exactly, and in 8-bit integers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from corpus.embedding.bert_graph import CONTRIB, Graph, Linear, WriteLinear

# 7 bits of the 8: x86 without VNNI adds pairs of uint8 x int8 products in 16 bits and saturates
# above 2 * 255 * 64. With 63 as the largest weight every processor computes the same vectors.
_LARGEST = 63


def write_exact(graph: Graph, values: str, linear: Linear) -> str:
    """Write the layer in float32, with the largest |input| of each channel as a graph output.

    The output is called `peaks/` plus the layer's name and has shape (inputs,).
    """
    peaks = graph.node("ReduceMax", graph.node("Abs", values), _token_axes(graph), keepdims=0)
    graph.output(peaks, f"peaks/{linear.name}", [linear.matrix.shape[1]])
    weights = graph.constant(linear.name + ".w", linear.matrix.T)
    product = graph.node("MatMul", values, weights)
    return graph.node("Add", product, graph.constant(linear.name + ".b", linear.bias))


def _token_axes(graph: Graph) -> str:
    name = "token.axes"
    if all(constant.name != name for constant in graph.constants):
        graph.constant(name, [0, 1])
    return name


def write_int8(peaks: Mapping[str, NDArray[np.float32]]) -> WriteLinear:
    """Return a writer of int8 layers whose input channels are first brought to similar size.

    Activations are quantised as they come, with one scale per text. At `<s>` and `</s>` single
    channels are 20 to 60 times larger than the rest and would take the whole range, so channel j
    is divided by s_j = sqrt(peak_j / median peak) and the weights it meets are multiplied by s_j
    (SmoothQuant, arXiv:2211.10438, equation 3, with the square root of the activations alone).
    """

    def write(graph: Graph, values: str, linear: Linear) -> str:
        smoothing = _smoothing(peaks[linear.name])
        integers, scales = _quantise(linear.matrix * smoothing)
        even = graph.constant(linear.name + ".smoothing", 1 / smoothing)
        return graph.node(
            "DynamicQuantizeMatMul",
            graph.node("Mul", values, even),
            graph.constant(linear.name + ".w", integers.T),
            graph.constant(linear.name + ".scales", scales),
            graph.constant(linear.name + ".zeros", np.zeros(len(scales), np.int8)),
            graph.constant(linear.name + ".b", linear.bias),
            domain=CONTRIB,
        )

    return write


def _smoothing(peaks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return s_j, rounded to quarter powers of two so that every machine builds the same model."""
    floor = np.float32(1e-3)
    ratio = np.maximum(peaks, floor) / max(float(np.median(peaks)), float(floor))
    return np.exp2(np.round(np.log2(ratio) / 2 * 4) / 4).astype(np.float32)


def _quantise(matrix: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return int8 weights and one scale per output channel, symmetric around zero."""
    scales = np.abs(matrix).max(axis=1) / _LARGEST
    scales[scales == 0] = 1
    integers = np.clip(np.round(matrix / scales[:, None]), -_LARGEST, _LARGEST)
    return integers.astype(np.int8), scales.astype(np.float32)
