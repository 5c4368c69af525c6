"""The child process of a parser pool: confine yourself, then parse what comes in, one document at a time.

Started as `python -P -m ingestion.parsing.worker LIMITS` by `ingestion.parsing.sandbox`.
"""

from __future__ import annotations

import errno
import os
import re
import resource
import shutil
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

from pydantic_core import PydanticSerializationError

from ingestion import parsing
from ingestion.errors import Unparseable
from ingestion.parsing.sandbox_isolation import allow_cpu, confine
from ingestion.parsing.sandbox_protocol import ANSWER, LIMITS, READY, Answer, SandboxLimits, read_frame, write_frame

LOADING_CPU_SECONDS = 60
_NOT_FOR_PARSING = ("torch", "tensorflow", "mxnet", "cupy", "jax")
"""Other libraries import these when they are installed, for nothing a parser does: seconds, and a GiB of memory."""
_ZERO = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
"""U+0000 as JSON spells it; behind an odd number of backslashes it is text that only looks like it."""


def main(arguments: list[str]) -> None:
    """Serve until the parent closes the pipe."""
    requests, answers = own_pipes()
    limits = LIMITS.validate_json(arguments[0])
    write_frame(answers, READY.dump_json(confine(limits)))
    loaded: set[str] = set()
    while (kind := read_frame(requests)) is not None and (data := read_frame(requests)) is not None:
        media_type = kind.decode()
        if media_type not in loaded:  # libraries take seconds to import, which no document is to pay for
            allow_cpu(LOADING_CPU_SECONDS)
            parsing.load(media_type)
            loaded.add(media_type)
        allow_cpu(limits.cpu_seconds)
        write_frame(answers, answer(data, media_type, limits))
        del data
        empty(Path(tempfile.gettempdir()))


def own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take standard input and output for the protocol; what libraries print goes to standard error."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb")


def answer(data: bytes, media_type: str, limits: SandboxLimits) -> bytes:
    """Parse one document; return the serialised answer, whatever happens."""
    try:
        parsed = parsing.parse(data, media_type)
        payload = storable(ANSWER.dump_json(Answer(parsed=parsed, address_space=address_space())))
        if len(payload) > limits.output_bytes:
            raise Unparseable("too_large", f"its text is larger than {limits.output_bytes:,} bytes")
    except PydanticSerializationError as error:
        return refusal("encoding", f"its text holds characters that are not Unicode: {error}")
    except Exception as error:
        return explain(error)
    return payload


def storable(payload: bytes) -> bytes:
    """Put the replacement character for U+0000, which Postgres stores in no text and no JSON."""
    return _ZERO.sub(rb"\1\\ufffd", payload) if b"\\u0000" in payload else payload


def explain(error: Exception) -> bytes:
    """Tell the document's fault from the limits' and from ours.

    Parsers wrap what their libraries raise, so the cause at the bottom decides.
    """
    for cause in causes(error):
        if isinstance(cause, MemoryError) or "failed to map segment" in str(cause):
            return refusal("memory", "parsing it takes more memory than a document may use")
        if isinstance(cause, OSError) and cause.errno == errno.EFBIG:
            return refusal("too_large", "parsing it writes a larger temporary file than a document may use")
        if isinstance(cause, ImportError):
            failure = f"a parser's library is missing: {cause}"
            return ANSWER.dump_json(Answer(failure=failure, address_space=address_space()))
    if isinstance(error, Unparseable):
        return refusal(error.kind, str(error).removeprefix(f"{error.kind}: "))
    return refusal("crashed", f"the parser failed with {type(error).__name__}: {str(error)[:300]}")


def causes(error: BaseException | None) -> list[BaseException]:
    """Return an error and all it was raised from, outermost first."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def refusal(kind: str, detail: str) -> bytes:
    """Serialise an answer that says why the document cannot be used."""
    detail = detail.encode(errors="replace").decode()
    return ANSWER.dump_json(Answer(kind=kind, detail=detail, address_space=address_space()))


def address_space() -> int:
    """Return the bytes this process has mapped; where the system does not say, its peak of resident memory."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def empty(folder: Path) -> None:
    """Remove what parsing one document left behind, so that the next one cannot find it."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.modules.update(dict.fromkeys(_NOT_FOR_PARSING))  # type: ignore[arg-type]  # None: as if not installed
    main(sys.argv[1:])
