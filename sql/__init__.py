"""The database as files: migrations, functions, and the named queries this module loads."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import LiteralString, cast

FOLDER = Path(__file__).parent
_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def queries(topic: str) -> dict[str, LiteralString]:
    """Load the statements of `sql/queries/<topic>.sql`, keyed by the name above each.

    A statement starts with `-- name: <name>`, then a comment saying what it does; parameters are
    psycopg's `%(name)s`. A name used twice in one file is an error, not an overwrite.
    """
    _, *parts = _NAME.split((FOLDER / "queries" / f"{topic}.sql").read_text("utf-8"))
    names, bodies = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"sql/queries/{topic}.sql names a query twice: {sorted(names)}")
    # Safe: the text comes from files of this package, never from user input.
    return {name: cast(LiteralString, body.strip()) for name, body in zip(names, bodies, strict=True)}
