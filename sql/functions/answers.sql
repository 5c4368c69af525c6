-- What may be looked into of an answer, and where each of its citations leads. Both run as the owner, because the
-- serving role may not read passages, runs and raw objects otherwise; they apply the session's scope themselves.
drop function if exists serving.answer_lineage(uuid);
drop function if exists serving.readable_answer(uuid);

create function serving.readable_answer(wanted uuid)
returns table (
    answer_id uuid, text text, citations jsonb, generator text, model text, state text, answered_at timestamptz,
    cached_answer_id uuid
)
language sql
stable
security definer
set search_path = serving, pg_temp
as $$
    select a.query_id, a.text, a.citations, a.generator, a.model, a.state, a.answered_at, a.cached_answer_id
    from serving.answers as a
    inner join serving.queries as q on q.id = a.query_id
    inner join serving.api_keys as k on k.id = q.api_key_id
    where
        a.query_id = wanted and a.tenant_id = current_setting('regesta.tenant_id', true)
        and k.access_groups <@ string_to_array(current_setting('regesta.access_groups', true), ',')
$$;
comment on function serving.readable_answer(uuid) is
'An answer of the session''s tenant, for readers who have every group of the key that asked; no row otherwise.';
revoke all on function serving.readable_answer(uuid) from public;
grant execute on function serving.readable_answer(uuid) to regesta_serving;

create function serving.answer_lineage(wanted uuid)
returns table (
    number integer,
    evidence text,
    document_id uuid,
    source text,
    uri text,
    title text,
    chunk_id uuid,
    passage text,
    heading_path text [],
    page integer,
    char_start integer,
    char_end integer,
    version_id uuid,
    version integer,
    pipeline text,
    embedding_model text,
    sha256 text,
    s3_key text,
    byte_count bigint,
    media_type text,
    first_landed_at timestamptz,
    bytes_deleted_at timestamptz,
    run_id uuid,
    dag_run_id text,
    run_trigger text,
    run_started_at timestamptz,
    run_settled_at timestamptz
)
language sql
stable
security definer
set search_path = corpus, pg_temp
as $$
    select
        c.number,
        case
            when d.id is null or v.id is null then 'hidden'
            when v.state = 'purged' or p.id is null then 'purged'
            when d.status = 'deleted' then 'deleted'
            when d.current_version_id = v.id then 'current'
            else 'superseded'
        end,
        d.id, s.name, d.uri, v.title,
        p.id, p.text, p.heading_path, place.page, place.char_start, place.char_end,
        v.id, v.number, v.pipeline, m.name || ' (' || m.revision || ')',
        o.sha256, o.s3_key, o.byte_count, o.media_type, o.first_landed_at, o.deleted_at,
        r.id, r.dag_run_id, r.trigger, r.started_at, r.settled_at
    from serving.readable_answer(wanted) as a
    cross join
        lateral jsonb_to_recordset(a.citations) as c (number integer, document_id uuid, version integer, chunk_id uuid)
    left join corpus.documents as d
        on
            d.id = c.document_id and d.tenant_id = current_setting('regesta.tenant_id', true)
            and d.access_groups && string_to_array(current_setting('regesta.access_groups', true), ',')
    left join landing.sources as s on d.source_id = s.id
    left join corpus.versions as v on v.document_id = d.id and v.number = c.version
    left join corpus.chunks as p on v.state <> 'purged' and p.document_id = d.id and p.id = c.chunk_id
    left join lateral (
        select vc.page, vc.char_start, vc.char_end from corpus.version_chunks as vc
        where vc.version_id = v.id and vc.chunk_id = p.id
        order by vc.position
        limit 1
    ) as place on true
    left join corpus.embedding_models as m on v.embedding_model_id = m.id
    left join landing.objects as o on v.raw_sha256 = o.sha256
    left join landing.runs as r on v.run_id = r.id
    order by c.number
$$;
comment on function serving.answer_lineage(uuid) is
'One row per citation of an answer: passage, version, raw object and run; of what the session may not read any more, '
'only that it is hidden.';
revoke all on function serving.answer_lineage(uuid) from public;
grant execute on function serving.answer_lineage(uuid) to regesta_serving;
