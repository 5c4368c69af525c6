-- rights: what the API never does, its role may not do; feedback and batches follow the rights of the key they are of.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- The query log is written once. What is asked of ingestion or handed in is written as waiting, never as done; an
-- arrival takes a lock on its table, for which the right to insert some columns would not be enough.
revoke update on serving.queries, serving.answers from regesta_serving;
revoke insert on landing.requests from regesta_serving;
grant insert (tenant_id, kind, document_id, version_number, actor, reason) on landing.requests to regesta_serving;
alter policy door_adds on landing.arrivals with check (
    tenant_id = current_setting('regesta.tenant_id', true) and settled_at is null
    and exists (select 1 from landing.sources as s where s.id = source_id and s.kind = 'upload')
);

-- The hash of raw bytes is all it takes to hand them in: those of other tenants must not be listed.
revoke select (sha256) on landing.objects from regesta_serving;

revoke update on serving.feedback, serving.batches, serving.batch_items from regesta_serving;
grant update (rating, reason, corrected_answer, rated_at) on serving.feedback to regesta_serving;
grant update (cancelled_at) on serving.batches to regesta_serving;
grant update (state, attempts, worker_id, claimed_until, answer_id, result, error, finished_at)
on serving.batch_items to regesta_serving;

-- Entries of the caches keep whose they are and what they rest on; functions of the owner make room.
revoke update on serving.cached_embeddings, serving.cached_retrievals, serving.cached_answers from regesta_serving;
revoke delete on serving.cached_embeddings, serving.cached_retrievals from regesta_serving;
revoke select, update, delete on serving.cached_answer_chunks from regesta_serving;
revoke update, delete on serving.cache_thresholds, serving.cache_means from regesta_serving;
grant update (vector, expires_at, last_hit_at) on serving.cached_embeddings to regesta_serving;
grant update (release, chunk_ids, hits, expires_at, last_hit_at) on serving.cached_retrievals to regesta_serving;
grant update (text, is_verified, expires_at, last_hit_at, hit_count) on serving.cached_answers to regesta_serving;
grant update (threshold, target, precision, lower_bound, pair_count, hit_count, calibrated_at)
on serving.cache_thresholds to regesta_serving;

-- What somebody says about an answer tells about the answer: it is for those who may look into that.
alter policy tenant_scope on serving.feedback using (
    tenant_id = current_setting('regesta.tenant_id', true)
    and exists (select 1 from serving.queries as q where q.id = answer_id)
) with check (
    tenant_id = current_setting('regesta.tenant_id', true)
    and exists (select 1 from serving.queries as q where q.id = answer_id)
);
-- What an answer was written from is as hidden as the answer.
alter policy tenant_scope on serving.cached_answer_chunks using (
    tenant_id = current_setting('regesta.tenant_id', true)
    and exists (select 1 from serving.cached_answers as a where a.id = answer_id)
) with check (
    tenant_id = current_setting('regesta.tenant_id', true)
    and exists (select 1 from serving.cached_answers as a where a.id = answer_id)
);
-- A batch is booked on its key: one of the tenant, and not one that reads more than whoever hands it in.
alter policy reader_scope on serving.batches with check (
    tenant_id = current_setting('regesta.tenant_id', true)
    and access_groups <@ string_to_array(current_setting('regesta.access_groups', true), ',')
    and exists (
        select 1 from serving.api_keys as k
        where k.id = api_key_id and k.access_groups <@ string_to_array(current_setting('regesta.access_groups', true), ',')
    )
);

-- A model may write down what it was given and does not cite.
comment on column serving.cached_answers.access_groups is 'Groups each of which may read every passage it was written from.';
comment on table serving.cached_answer_chunks is
'One row per passage a cached answer was written from: those a model was given, those a quotation cites. While it is '
'there the passage cannot be deleted.';
