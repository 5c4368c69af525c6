"""What a replay left in the database: read here, so that it can be compared with a fresh build."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

from psycopg.sql import SQL, Identifier

from ingestion.workbench import Workbench

State = dict[str, tuple[str, tuple[str, ...], str, bool]]
"""By uri of every served document: hashes of its content, of its chunks in order, of all vectors; are all live?"""

_STATE = """
select
    d.uri, v.content_hash, array_agg(c.chunk_hash order by vc.position),
    md5(string_agg(e.embedding::text, '' order by vc.position)), bool_and(c.is_live and e.chunk_id is not null)
from corpus.documents as d
inner join corpus.versions as v on v.id = d.current_version_id
inner join corpus.version_chunks as vc on vc.version_id = v.id
inner join corpus.chunks as c on c.id = vc.chunk_id
left join {model_table} as e on e.tenant_id = c.tenant_id and e.chunk_id = c.id and e.is_live
where d.status = 'active'
group by d.uri, v.content_hash
"""
_LEFT = """
select count(*) from corpus.documents as d inner join corpus.chunks as c on c.document_id = d.id
where c.is_live and d.uri = any(%s)
"""
_ROWS = """
select relname, n_tup_ins + n_tup_upd + n_tup_del from pg_stat_user_tables where schemaname in ('corpus', 'landing')
"""


def live_chunks(bench: Workbench, uris: Iterable[str]) -> int:
    """Return how many chunks of these documents a search could still find."""
    with bench.connect() as connection:
        row = connection.execute(_LEFT, [list(uris)]).fetchone()
    assert row
    return int(row[0])


def rows_written(bench: Workbench) -> Counter[str]:
    """Return how many rows of every table were ever written, once every session has reported."""
    time.sleep(1.5)  # sessions report their counts at most once a second
    with bench.connect() as connection:
        return Counter(dict(connection.execute(_ROWS).fetchall()))


def state(bench: Workbench) -> State:
    """Return what is served now."""
    with bench.connect() as connection:
        row = connection.execute("select table_name from corpus.embedding_models where state = 'serving'").fetchone()
        assert row
        query = SQL(_STATE).format(model_table=Identifier("corpus", row[0]))
        rows = connection.execute(query).fetchall()
    return {uri: (content, tuple(hashes), vectors, is_live) for uri, content, hashes, vectors, is_live in rows}
