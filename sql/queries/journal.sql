-- name: log_query
-- One row per question or search, written once however often it is sent.
insert into serving.queries (
    id, tenant_id, api_key_id, kind, question, rewritten, mode, filters, as_of, hits, candidates, timings
)
values (
    %(id)s, %(tenant_id)s, %(api_key_id)s, %(kind)s, %(question)s, %(rewritten)s, %(mode)s, %(filters)s,
    %(as_of)s, %(hits)s, %(candidates)s, %(timings)s
)
on conflict do nothing;

-- name: log_answer
-- One row per answer that was begun, written once however often it is sent.
insert into serving.answers (
    query_id, tenant_id, generator, model, state, text, citations, usage, error, first_token_seconds, cache_state,
    cache_reason, cache_similarity, cached_answer_id, tier, route_reason, degraded, cost, groundedness,
    removed_citations, seconds
)
values (
    %(query_id)s, %(tenant_id)s, %(generator)s, %(model)s, %(state)s, %(text)s, %(citations)s, %(usage)s,
    %(error)s, %(first_token_seconds)s, %(cache_state)s, %(cache_reason)s, %(cache_similarity)s,
    %(cached_answer_id)s, %(tier)s, %(route_reason)s, %(degraded)s, %(cost)s, %(groundedness)s,
    %(removed_citations)s, %(seconds)s
)
on conflict do nothing;
