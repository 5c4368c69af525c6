"""Inside a tenant, what a key has written is shown, changed and booked only with rights that cover the key's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from serving.keys import create_key
from sql.migrate import OWNER

BOARD = ("everyone", "board")


@pytest.fixture(scope="module")
def of_the_board(database: Any) -> tuple[UUID, UUID]:
    """A key of the board's, and an answer it was given and was not content with."""
    with psycopg.connect(database.conninfo("regesta_serving")) as connection:
        prefix = create_key(connection, "test", "north", BOARD)[:10]
    answer = uuid4()
    with psycopg.connect(database.conninfo(OWNER)) as owner:
        [(key,)] = owner.execute("select id from serving.api_keys where prefix = %s", [prefix]).fetchall()
        given = {"key": key, "answer": answer}
        owner.execute(
            "insert into serving.queries (id, tenant_id, api_key_id, kind, question, mode)"
            " values (%(answer)s, 'north', %(key)s, 'ask', 'x', 'text')", given,
        )  # fmt: skip
        owner.execute(
            "insert into serving.answers (query_id, tenant_id, generator, model, state, text)"
            " values (%(answer)s, 'north', 'x', 'x', 'complete', 'x')", given,
        )  # fmt: skip
        owner.execute(
            "insert into serving.feedback (tenant_id, answer_id, api_key_id, rating, corrected_answer)"
            " values ('north', %(answer)s, %(key)s, 'down', 'The harbour will be sold.')", given,
        )  # fmt: skip
    return key, answer


@contextmanager
def session(database: Any, *groups: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database.conninfo("regesta_serving")) as connection:
        connection.execute("select set_config('regesta.tenant_id', 'north', true)")
        connection.execute("select set_config('regesta.access_groups', %s, true)", [",".join(groups)])
        yield connection
        connection.rollback()


def test_an_opinion_is_for_those_who_may_look_into_the_answer(database: Any, of_the_board: tuple[UUID, UUID]) -> None:
    everything = "select corrected_answer from serving.feedback"
    with session(database, *BOARD) as connection:
        assert connection.execute(everything).fetchall() == [("The harbour will be sold.",)]
    for groups in (("everyone",), ("board",), ()):
        with session(database, *groups) as connection:
            assert connection.execute(everything).fetchall() == []
            assert connection.execute("update serving.feedback set rating = 'up'").rowcount == 0


@pytest.mark.parametrize(
    "statement",
    [
        "insert into serving.feedback (tenant_id, answer_id, api_key_id, rating)"
        " values ('north', %(answer)s, %(key)s, 'down')",
        "insert into serving.batches (tenant_id, api_key_id, access_groups) values ('north', %(key)s, '{everyone}')",
        "insert into serving.cached_answer_chunks (tenant_id, answer_id, chunk_id)"
        " values ('north', %(answer)s, %(answer)s)",
    ],
)
def test_nothing_is_written_in_the_name_of_a_key_that_reads_more(
    database: Any, of_the_board: tuple[UUID, UUID], statement: str
) -> None:
    key, answer = of_the_board
    with session(database, "everyone") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement, {"key": key, "answer": answer})  # type: ignore[arg-type]


def test_an_arrival_cannot_be_written_as_worked_on(database: Any) -> None:
    with psycopg.connect(database.conninfo(OWNER)) as owner:
        owner.execute(
            "insert into landing.sources (name, kind, uri, tenant_id) values ('inbox', 'upload', 'upload://', 'north')"
        )
    arrival = (
        "insert into landing.arrivals (source_id, tenant_id, uri, kind, actor, settled_at)"
        " select id, tenant_id, 'upload://inbox/a', 'delete', 'me', %s::timestamptz from landing.sources"
    )
    with session(database, "everyone") as connection:
        assert connection.execute(arrival, [None]).rowcount == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(arrival, ["2026-11-25T00:00:00Z"])
