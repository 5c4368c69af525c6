"""Every call that leaves a step, counted: to Postgres, to S3, to the embedder, to a parser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from threading import Lock
from typing import Any, Literal
from unittest.mock import patch

import psycopg
from botocore.client import BaseClient

from ingestion.parsing.sandbox import ParserPool

Kind = Literal["db", "s3", "embed", "parse"]
POINTS: tuple[tuple[type, str, Kind], ...] = (
    (psycopg.Cursor, "execute", "db"),
    (psycopg.Cursor, "executemany", "db"),
    (psycopg.Copy, "__exit__", "db"),
    (psycopg.Transaction, "__exit__", "db"),  # commits
    (BaseClient, "_make_api_call", "s3"),
    (ParserPool, "parse", "parse"),
)


@dataclass(frozen=True)
class Call:
    """One call at one of its two moments.

    Attributes:
        number: From 0, over all calls of the step; each call has two, one before and one after it is made.
        what: Name of the method.
        made_by: The object it was called on.
    """

    number: int
    kind: Kind
    what: str
    is_after: bool
    made_by: Any


Reaction = Callable[[Call], None]


@contextmanager
def intercepted(react: Reaction, embedder: type | None = None) -> Iterator[None]:
    """Have `react` told of every call, before and after it; what it raises is what the step sees."""
    lock, numbers = Lock(), iter(range(1_000_000))

    def tell(kind: Kind, what: str, is_after: bool, made_by: Any) -> None:
        with lock:
            react(Call(next(numbers), kind, what, is_after, made_by))

    def wrap(original: Callable[..., Any], kind: Kind, what: str) -> Callable[..., Any]:
        @wraps(original)
        def told(self: Any, *arguments: Any, **named: Any) -> Any:
            tell(kind, what, False, self)
            answer = original(self, *arguments, **named)
            tell(kind, what, True, self)
            return answer

        return told

    embedders: tuple[tuple[type, str, Kind], ...] = ((embedder, "embed", "embed"),) if embedder else ()
    patches = [patch.object(owner, name, wrap(getattr(owner, name), kind, name)) for owner, name, kind in POINTS]
    patches += [patch.object(owner, name, wrap(getattr(owner, name), kind, name)) for owner, name, kind in embedders]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in patches:
            each.stop()
