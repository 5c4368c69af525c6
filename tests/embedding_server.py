"""A real `/v1/embeddings` server whose model is a hashed bag of words: deterministic, and good enough to find with."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DIMENSIONS = 256
_PREFIX = re.compile(r"^(query|passage): ")


class EmbeddingServer(ThreadingHTTPServer):
    """Counts what it embedded; `before` is called with the texts of every request and may raise."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.embedded: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.before: Callable[[list[str]], None] = lambda texts: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: EmbeddingServer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        texts = json.loads(self.rfile.read(int(self.headers["content-length"])))["input"]
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.server.before(texts)
        self.server.embedded.update(texts)
        rows = [{"index": number, "embedding": bag_of_words(text)} for number, text in enumerate(texts)]
        body = json.dumps({"data": rows}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def bag_of_words(text: str) -> list[float]:
    """Return how often words, and pairs of letters, fall into each of the dimensions."""
    vector = [0.0] * DIMENSIONS
    for word in re.findall(r"\w+", _PREFIX.sub("", text).casefold()):
        for part in (word, *(word[start : start + 2] for start in range(len(word) - 1))):
            vector[int.from_bytes(hashlib.sha256(part.encode()).digest()[:4]) % DIMENSIONS] += 1.0
    vector[0] += 0.01  # no text is without direction
    return vector


@contextmanager
def running() -> Iterator[EmbeddingServer]:
    """Give a server that answers until the block ends."""
    server = EmbeddingServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
