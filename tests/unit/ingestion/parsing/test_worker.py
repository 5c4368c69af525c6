"""What the child of a parser pool counts against a document, and what not."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from corpus.media_types import DOCX
from ingestion import parsing
from ingestion.items import Element, Parsed
from ingestion.parsing import worker
from ingestion.parsing.sandbox_protocol import LIMITS, SandboxLimits, frame


def test_libraries_are_loaded_before_a_documents_processor_time_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    did: list[object] = []
    requests = io.BytesIO(b"".join(bytes(part) for _ in range(2) for part in (*frame(DOCX.encode()), *frame(b"x"))))
    monkeypatch.setattr(worker, "own_pipes", lambda: (requests, io.BytesIO()))
    monkeypatch.setattr(worker, "confine", lambda limits: None)
    monkeypatch.setattr(worker.READY, "dump_json", lambda ready: b"{}", raising=False)
    monkeypatch.setattr(worker, "allow_cpu", lambda seconds: did.append(seconds))
    monkeypatch.setattr(worker, "empty", lambda folder: None)
    monkeypatch.setattr(parsing, "load", lambda media_type: did.append("load"))

    def parse(data: bytes, media_type: str) -> Parsed:
        did.append("parse")
        return Parsed((Element("text", "x"),))

    monkeypatch.setattr(parsing, "parse", parse)
    limits = SandboxLimits(cpu_seconds=4)
    worker.main([LIMITS.dump_json(limits).decode()])
    assert did == [worker.LOADING_CPU_SECONDS, "load", 4, "parse", 4, "parse"]


@pytest.mark.parametrize("media_type", [*parsing._LOADED_BY])
def test_what_is_loaded_is_there(media_type: str) -> None:
    names = parsing._LOADED_BY[media_type]
    look = f"import sys; from ingestion import parsing; parsing.load({media_type!r}); print({names!r} and all(n in sys.modules for n in {names!r}))"  # noqa: E501
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "True"
