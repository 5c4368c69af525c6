"""What the landing tables hold whoever writes them."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

SHA256 = "ab" * 32


@pytest.mark.parametrize("role", ["regesta_serving", "regesta_ingestion"])
def test_raw_bytes_lie_under_their_own_hash_and_nowhere_else(database: Any, role: str) -> None:
    row = "insert into landing.objects (sha256, s3_key, byte_count, media_type) values (%s, %s, 1, 'text/plain')"
    with psycopg.connect(database.conninfo(role)) as connection:
        for key in ("runs/x", f"raw/{'cd' * 32}", SHA256, f"raw/{SHA256}/"):
            with pytest.raises(psycopg.errors.CheckViolation, match="objects_s3_key_check"), connection.transaction():
                connection.execute(row, [SHA256, key])
        connection.execute(row, [SHA256, f"raw/{SHA256}"])
        connection.rollback()
