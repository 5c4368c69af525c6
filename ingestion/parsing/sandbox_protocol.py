"""What a parser pool and its child processes say to each other: length-prefixed frames, JSON inside.

JSON and not pickle: a child that a hostile file took over can then only give a wrong answer, never run code in
the parent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Literal

from pydantic import TypeAdapter

from ingestion.items import Parsed

HEADER_BYTES = 8
"""A frame begins with its payload's length, big-endian."""
Network = Literal["namespace", "seccomp", "audit hook"]
"""What closes the network to a child, strongest first; the first two are the kernel's work."""


@dataclass(frozen=True)
class SandboxLimits:
    """What one child process may use.

    Attributes:
        memory_bytes: Address space; the parsers' libraries alone take about 400 MiB of it.
        cpu_seconds: Processor time per document.
        wall_seconds: Time from sending a document to its answer.
        output_bytes: Longest answer (a parsed document as JSON).
        file_bytes: Largest temporary file it may write.
        documents_per_worker: After so many a fresh process takes its place.
    """

    memory_bytes: int = 1536 * 2**20
    cpu_seconds: int = 60
    wall_seconds: float = 90.0
    output_bytes: int = 128 * 2**20
    file_bytes: int = 256 * 2**20
    documents_per_worker: int = 500


@dataclass(frozen=True)
class Ready:
    """A child's first frame: what confines it.

    Attributes:
        unenforced: Limits the system refused to set.
    """

    network: Network
    unenforced: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What became of one document; exactly one of `parsed`, `kind` and `failure` is set.

    Attributes:
        kind: Of `Unparseable`, with its `detail`.
        failure: What is wrong with this installation, not with the document.
        address_space: Bytes the child has mapped now.
    """

    parsed: Parsed | None = None
    kind: str | None = None
    detail: str = ""
    failure: str | None = None
    address_space: int = 0


READY = TypeAdapter(Ready)
ANSWER = TypeAdapter(Answer)
LIMITS = TypeAdapter(SandboxLimits)


def limits_argument(limits: SandboxLimits) -> str:
    """Write limits as the one command-line argument of a child."""
    return LIMITS.dump_json(limits).decode()


def frame(payload: bytes) -> tuple[bytes, bytes]:
    """Return a frame's header and payload, apart, so that a large payload is not copied."""
    return len(payload).to_bytes(HEADER_BYTES, "big"), payload


def payload_bytes(header: bytes | bytearray) -> int:
    """Read the payload's length from the first bytes of a frame."""
    return int.from_bytes(header[:HEADER_BYTES], "big")


def read_frame(stream: BinaryIO) -> bytes | None:
    """Read one frame, blocking; None when the other end has closed or died."""
    header = stream.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        return None
    payload = stream.read(length := payload_bytes(header))
    return payload if len(payload) == length else None


def write_frame(stream: BinaryIO, payload: bytes) -> None:
    """Write one frame, blocking, and send it off."""
    for part in frame(payload):
        stream.write(part)
    stream.flush()
