"""An int8 layer against the exact one: close, also when one input channel dwarfs the others."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from corpus.embedding.bert_graph import Graph, Linear, WriteLinear
from corpus.embedding.quantisation import write_exact, write_int8

INPUTS, OUTPUTS, TOKENS = 64, 48, 12


def run(write: WriteLinear, linear: Linear, values: np.ndarray) -> dict[str, np.ndarray]:
    graph = Graph()
    graph.output(write(graph, "values", linear), "result", [1, TOKENS, OUTPUTS])
    model = graph.model()
    shape = [1, TOKENS, INPUTS]
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("values", TensorProto.FLOAT, shape))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"values": values}), strict=True))


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def layer(seed: int) -> tuple[Linear, np.ndarray]:
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(OUTPUTS, INPUTS)).astype(np.float32)
    bias = random.normal(size=OUTPUTS).astype(np.float32)
    return Linear("l", matrix, bias), random.normal(size=(1, TOKENS, INPUTS)).astype(np.float32)


def test_exact_layer_is_the_formula_and_reports_its_peaks() -> None:
    linear, values = layer(0)
    found = run(write_exact, linear, values)
    np.testing.assert_allclose(found["result"], values @ linear.matrix.T + linear.bias, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(found["peaks/l"], np.abs(values).max(axis=(0, 1)))


@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 8.0, 60.0]))
@settings(deadline=None, max_examples=25)
def test_int8_layer_stays_close_whatever_one_channel_does(seed: int, outlier: float) -> None:
    linear, values = layer(seed)
    values[0, 0, 7] *= outlier
    exact = run(write_exact, linear, values)
    int8 = run(write_int8({"l": exact["peaks/l"]}), linear, values)
    # Rounding to 127 weight steps and 255 input steps costs 1.4 percent. One scale for all inputs
    # without evening them out would cost 10 and more where a channel is 60 times the rest.
    assert relative_error(int8["result"], exact["result"]) < 0.025


@pytest.mark.parametrize("peaks", [np.zeros(INPUTS), np.r_[np.zeros(INPUTS - 1), 50.0]])
def test_silent_channels_do_no_harm(peaks: np.ndarray) -> None:
    linear, values = layer(1)
    result = run(write_int8({"l": peaks.astype(np.float32)}), linear, values)["result"]
    assert np.isfinite(result).all()


def test_empty_weight_rows_do_no_harm() -> None:
    linear, values = layer(2)
    linear.matrix[3] = 0
    exact = run(write_exact, linear, values)
    int8 = run(write_int8({"l": exact["peaks/l"]}), linear, values)
    np.testing.assert_allclose(int8["result"][..., 3], linear.bias[3])
