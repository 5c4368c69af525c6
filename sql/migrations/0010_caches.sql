-- serving: what was embedded, found and answered before; nothing in it outlives its evidence or its reader's rights.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table corpus.releases (
    tenant_id text primary key,
    number bigint not null default 1,
    released_at timestamptz not null default clock_timestamp()
);
comment on table corpus.releases is 'One row per tenant: a number that grows with every transaction that may change what a search finds.';
comment on column corpus.releases.tenant_id is 'The tenant.';
comment on column corpus.releases.number is 'The release now served; a cached search result of another one is not used.';
comment on column corpus.releases.released_at is 'When it began.';

create table serving.cached_embeddings (
    tenant_id text not null,
    model_id smallint not null references corpus.embedding_models (id),
    text_hash text not null check (text_hash ~ '^[0-9a-f]{64}$'),
    vector halfvec not null,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    last_hit_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, model_id, text_hash)
);
comment on table serving.cached_embeddings is 'One row per question that was embedded lately; the question itself is not kept.';
comment on column serving.cached_embeddings.tenant_id is 'Owner.';
comment on column serving.cached_embeddings.model_id is 'The model that made the vector.';
comment on column serving.cached_embeddings.text_hash is 'SHA-256 of the question.';
comment on column serving.cached_embeddings.vector is 'Its vector.';
comment on column serving.cached_embeddings.created_at is 'When it was embedded.';
comment on column serving.cached_embeddings.expires_at is 'From when it is not used.';
comment on column serving.cached_embeddings.last_hit_at is 'When it was last used. Not indexed, so that a touch stays cheap.';

create table serving.cached_retrievals (
    tenant_id text not null,
    key_hash text not null check (key_hash ~ '^[0-9a-f]{64}$'),
    access_groups text[] not null check (cardinality(access_groups) > 0),
    release bigint not null,
    chunk_ids uuid[] not null,
    hits jsonb not null,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    last_hit_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, key_hash)
);
comment on table serving.cached_retrievals is 'One row per search whose result is kept for a while.';
comment on column serving.cached_retrievals.tenant_id is 'Owner.';
comment on column serving.cached_retrievals.key_hash is 'SHA-256 of all that decides the result: words, model, mode, filters, hits, groups.';
comment on column serving.cached_retrievals.access_groups is 'The groups it was searched with; only a reader who has them all gets it.';
comment on column serving.cached_retrievals.release is 'The release of the corpus that was searched.';
comment on column serving.cached_retrievals.chunk_ids is 'The passages found, best first.';
comment on column serving.cached_retrievals.hits is 'The hits as they were returned.';
comment on column serving.cached_retrievals.created_at is 'When it was searched.';
comment on column serving.cached_retrievals.expires_at is 'From when it is not used.';
comment on column serving.cached_retrievals.last_hit_at is 'When it was last used.';

create table serving.cached_answers (
    id uuid primary key,
    tenant_id text not null,
    access_groups text[] not null check (cardinality(access_groups) > 0),
    question text not null,
    canonical text not null,
    language text not null,
    model_id smallint not null references corpus.embedding_models (id),
    vector halfvec not null,
    filter_key text not null,
    text text not null check (text <> ''),
    citations uuid[] not null check (cardinality(citations) > 0),
    best_sentence text not null,
    sentences text[] not null check (cardinality(sentences) > 0),
    generator text not null,
    model text not null,
    is_verified boolean not null default false,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    last_hit_at timestamptz not null default clock_timestamp(),
    hit_count bigint not null default 0
);
comment on table serving.cached_answers is 'One row per answer that may be given again.';
comment on column serving.cached_answers.id is 'The answer''s id, as in serving.answers.';
comment on column serving.cached_answers.tenant_id is 'Owner.';
comment on column serving.cached_answers.access_groups is 'Groups each of which may read every passage it cites.';
comment on column serving.cached_answers.question is 'The question as it was typed; the guard reads numbers, names and negation from it.';
comment on column serving.cached_answers.canonical is 'The question in its canonical form.';
comment on column serving.cached_answers.language is 'ko or en; an answer is given again only in the language of the question.';
comment on column serving.cached_answers.model_id is 'The model that made the vector.';
comment on column serving.cached_answers.vector is 'Centred vector of the question.';
comment on column serving.cached_answers.filter_key is 'What the search was narrowed to, hashed; empty without filters.';
comment on column serving.cached_answers.text is 'The answer; [n] names the n-th of citations.';
comment on column serving.cached_answers.citations is 'Passages it cites, in the order of its numbers.';
comment on column serving.cached_answers.best_sentence is 'Hash of the sentence that answers the question best; answers that share it are no rivals.';
comment on column serving.cached_answers.sentences is 'Hashes of all sentences it rests on.';
comment on column serving.cached_answers.generator is 'What wrote it.';
comment on column serving.cached_answers.model is 'The model that wrote it.';
comment on column serving.cached_answers.is_verified is 'A person has confirmed it: it does not age, and gives way to no other.';
comment on column serving.cached_answers.created_at is 'When it was stored.';
comment on column serving.cached_answers.expires_at is 'From when it is not used.';
comment on column serving.cached_answers.last_hit_at is 'When it was last given; the longest unused make room.';
comment on column serving.cached_answers.hit_count is 'How often it was given again.';
create index cached_answers_tenant_canonical on serving.cached_answers (tenant_id, md5(canonical));

create table serving.cached_answer_chunks (
    answer_id uuid not null references serving.cached_answers (id) on delete cascade,
    chunk_id uuid not null references corpus.chunks (id),
    tenant_id text not null,
    primary key (answer_id, chunk_id)
);
comment on table serving.cached_answer_chunks is
'One row per passage a cached answer cites. While it is there the passage cannot be deleted.';
comment on column serving.cached_answer_chunks.answer_id is 'The answer.';
comment on column serving.cached_answer_chunks.chunk_id is 'The passage.';
comment on column serving.cached_answer_chunks.tenant_id is 'Owner.';
create index cached_answer_chunks_chunk on serving.cached_answer_chunks (chunk_id);

create table serving.cache_thresholds (
    tenant_id text not null,
    domain text not null,
    model_id smallint not null references corpus.embedding_models (id),
    threshold double precision not null,
    target double precision not null check (target between 0.5 and 1),
    precision double precision not null,
    lower_bound double precision not null,
    pair_count integer not null check (pair_count > 0),
    hit_count integer not null,
    calibrated_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, domain, model_id)
);
comment on table serving.cache_thresholds is 'One row per domain whose threshold was calibrated; others use the one that ships.';
comment on column serving.cache_thresholds.tenant_id is 'Owner.';
comment on column serving.cache_thresholds.domain is 'A source''s name, or default for all that have none of their own.';
comment on column serving.cache_thresholds.model_id is 'The model the pairs were compared with.';
comment on column serving.cache_thresholds.threshold is 'Least score at which two questions are taken for the same.';
comment on column serving.cache_thresholds.target is 'Least precision that was asked for.';
comment on column serving.cache_thresholds.precision is 'Share of right hits among the labelled pairs at this threshold.';
comment on column serving.cache_thresholds.lower_bound is 'One-sided 95 % Clopper-Pearson bound of that precision.';
comment on column serving.cache_thresholds.pair_count is 'Labelled pairs it was calibrated on.';
comment on column serving.cache_thresholds.hit_count is 'How many of them are hits.';
comment on column serving.cache_thresholds.calibrated_at is 'When.';

create table serving.cache_means (
    model_id smallint primary key references corpus.embedding_models (id),
    vector halfvec not null,
    text_count integer not null,
    measured_at timestamptz not null default clock_timestamp()
);
comment on table serving.cache_means is 'One row per model: the mean vector of questions, which similarity is measured from. Holds no content.';
comment on column serving.cache_means.model_id is 'The model.';
comment on column serving.cache_means.vector is 'Mean of the unit vectors of many questions.';
comment on column serving.cache_means.text_count is 'How many.';
comment on column serving.cache_means.measured_at is 'When.';

grant usage on schema serving to regesta_ingestion;
grant select on serving.cached_answers, serving.cached_answer_chunks, serving.cached_retrievals to regesta_dbt;
grant select, insert, update, delete
on serving.cached_embeddings, serving.cached_retrievals, serving.cached_answers, serving.cached_answer_chunks,
serving.cache_thresholds, serving.cache_means to regesta_serving;
grant select (id, tenant_id, model_id, created_at, expires_at, last_hit_at, hit_count, is_verified)
on serving.cached_answers to regesta_ingestion;
grant select on serving.cached_answer_chunks to regesta_ingestion;
grant select, insert, update on corpus.releases to regesta_ingestion;
grant select on corpus.releases to regesta_serving, regesta_dbt;

do $$
declare
    guarded regclass;
begin
    foreach guarded in array array[
        'corpus.releases', 'serving.cached_embeddings', 'serving.cached_retrievals', 'serving.cached_answers',
        'serving.cached_answer_chunks', 'serving.cache_thresholds', 'serving.cache_means'
    ]::regclass[] loop
        execute format('alter table %s enable row level security', guarded);
        execute format('alter table %s force row level security', guarded);
        execute format('create policy owner_all on %s to regesta_owner using (true) with check (true)', guarded);
        execute format('create policy governance_reads on %s for select to regesta_dbt using (true)', guarded);
    end loop;
    foreach guarded in array array[
        'serving.cached_embeddings', 'serving.cached_answer_chunks', 'serving.cache_thresholds'
    ]::regclass[] loop
        execute format(
            'create policy tenant_scope on %s to regesta_serving'
            ' using (tenant_id = current_setting(''regesta.tenant_id'', true))'
            ' with check (tenant_id = current_setting(''regesta.tenant_id'', true))',
            guarded
        );
    end loop;
    foreach guarded in array array['serving.cached_answers', 'serving.cached_answer_chunks']::regclass[] loop
        execute format('create policy ingestion_checks on %s for select to regesta_ingestion using (true)', guarded);
    end loop;
end
$$;
-- Whoever may read all that an answer rests on, and whoever searches with the groups a result was found with.
create policy reader_scope on serving.cached_answers to regesta_serving
using (
    tenant_id = current_setting('regesta.tenant_id', true)
    and access_groups && string_to_array(current_setting('regesta.access_groups', true), ',')
);
create policy reader_scope on serving.cached_retrievals to regesta_serving
using (
    tenant_id = current_setting('regesta.tenant_id', true)
    and access_groups <@ string_to_array(current_setting('regesta.access_groups', true), ',')
);
create policy means_are_no_content on serving.cache_means to regesta_serving using (true) with check (true);
create policy tenant_reads on corpus.releases for select to regesta_serving
using (tenant_id = current_setting('regesta.tenant_id', true));
create policy ingestion_all on corpus.releases to regesta_ingestion using (true) with check (true);
