"""What an intruder tries to write with the API's database role itself: nothing of another tenant's may change."""

from __future__ import annotations

import random
from uuid import uuid4

import psycopg

from serving.access import Connection
from tests.faults.bare_statements import BareAttempt, Session
from tests.faults.tenants import TENANTS, World

_INSERTS = (
    "insert into landing.requests (tenant_id, kind, document_id, version_number, actor, reason)"
    " values (%(owner)s, 'restore', %(document)s, 1, 'x', 'x')",
    "insert into landing.requests (tenant_id, kind, run_id, actor, reason)"
    " values (%(owner)s, 'restore', %(run)s, 'x', 'x')",
    "insert into landing.arrivals (source_id, tenant_id, uri, kind, actor)"
    " values (%(id)s, %(owner)s, 'upload://x/y', 'delete', 'x')",
    "insert into serving.queries (id, tenant_id, api_key_id, kind, question, mode)"
    " values (%(id)s, %(other)s, %(id)s, 'ask', 'x', 'text')",
    "insert into serving.answers (query_id, tenant_id, generator, model, state, text)"
    " values (%(id)s, %(owner)s, 'x', 'x', 'complete', 'x')",
    "insert into serving.feedback (tenant_id, answer_id, api_key_id, rating)"
    " values (%(owner)s, %(id)s, %(id)s, 'down')",
    "insert into serving.batches (tenant_id, api_key_id, access_groups) values (%(other)s, %(id)s, '{everyone}')",
    "insert into serving.batches (tenant_id, api_key_id, access_groups)"
    " values (%(owner)s, %(id)s, '{everyone,board,payroll}')",
    "insert into serving.batch_items (batch_id, position, tenant_id, custom_id, question)"
    " values (%(id)s, 0, %(owner)s, 'x', 'x')",
    "insert into serving.cached_embeddings (tenant_id, model_id, text_hash, vector, expires_at)"
    " values (%(other)s, 1, repeat('0', 64), '[1]', now())",
    "insert into serving.cached_retrievals (tenant_id, key_hash, access_groups, release, chunk_ids, hits, expires_at)"
    " values (%(other)s, repeat('0', 64), '{everyone}', 1, '{}', '[]', now())",
    "insert into serving.cached_answers (id, tenant_id, access_groups, question, canonical, language, model_id, vector,"
    " filter_key, text, citations, best_sentence, sentences, generator, model, expires_at)"
    " values (%(id)s, %(other)s, '{everyone}', 'x', 'x', 'en', 1, '[1]',"
    " '', 'x', array[%(id)s::uuid], 'x', '{x}', 'x', 'x', now())",
    "insert into serving.cached_answer_chunks (answer_id, chunk_id, tenant_id) values (%(id)s, %(id)s, %(other)s)",
    "insert into serving.cache_thresholds (tenant_id, domain, model_id, threshold, target, precision, lower_bound, "
    " pair_count, hit_count) values (%(other)s, 'default', 1, 0, 0.5, 1, 1, 1, 1)",
)  # fmt: skip
_CHANGES = (
    "update serving.api_keys set revoked_at = now() where tenant_id = %s",
    "update serving.key_usage set token_count = 0 where tenant_id = %s",
    "delete from serving.running_streams where tenant_id = %s",
    "delete from serving.idempotency_keys where tenant_id = %s",
    "update serving.batches set cancelled_at = now() where tenant_id = %s",
    "update serving.batch_items set state = 'waiting' where tenant_id = %s",
    "update serving.feedback set rating = 'down' where tenant_id = %s",
    "update serving.cached_answers set text = 'x' where tenant_id = %s",
    "delete from serving.cached_answers where tenant_id = %s",
    "update serving.cached_retrievals set hits = '[]' where tenant_id = %s",
    "update serving.cached_embeddings set last_hit_at = now() where tenant_id = %s",
    "update serving.cache_thresholds set threshold = 0 where tenant_id = %s",
)


def _another(session: Session, dice: random.Random) -> str:
    return dice.choice([tenant for tenant in TENANTS if tenant != session.tenant])


async def write_into_another_tenant(connection: Connection, world: World, session: Session, dice: random.Random) -> str:
    """Write a row that would belong to a tenant the session is not of, or rest on what is not its to see."""
    other = _another(session, dice)
    given = {
        "owner": session.tenant if dice.random() < 0.5 else other,
        "other": other,
        "document": dice.choice([one for one, owner in world.documents.items() if owner.tenant == other]),
        "run": dice.choice([one for one, owner in world.runs.items() if owner.tenant == other]),
        "id": uuid4(),
    }
    try:
        async with connection.transaction():
            await connection.execute(dice.choice(_INSERTS), given)
    except psycopg.errors.InsufficientPrivilege as error:
        return str(error)
    raise AssertionError(f"{session} wrote into {other}")


async def end_anothers(connection: Connection, world: World, session: Session, dice: random.Random) -> str:
    """End, change or free what is another tenant's; nothing must be touched."""
    statement, other = dice.choice(_CHANGES), _another(session, dice)
    done = await connection.execute(statement, [other])
    assert done.rowcount == 0, f"{session} did {statement!r} to {other}"
    return ""


BARE_WRITES: tuple[BareAttempt, ...] = (write_into_another_tenant, end_anothers)
