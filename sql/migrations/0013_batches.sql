-- serving: feedback and bulk questions; landing: what the API may hand in, withdraw and ask for.
-- The tables are new, or hold a handful of rows: checking them holds nobody up. The dropped constraint and policy are
-- replaced by a wider and a narrower one.
-- squawk-ignore-file constraint-missing-not-valid, ban-drop-constraint
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table serving.feedback (
    id uuid primary key default uuidv7(),
    tenant_id text not null,
    answer_id uuid not null references serving.answers (query_id) on delete cascade,
    api_key_id uuid not null references serving.api_keys (id),
    rating text not null check (rating in ('up', 'down')),
    reason text,
    corrected_answer text,
    rated_at timestamptz not null default clock_timestamp(),
    unique (answer_id, api_key_id)
);
comment on table serving.feedback is 'One row per (answer, key): what was thought of the answer; the newest word counts.';
comment on column serving.feedback.id is 'Stable id.';
comment on column serving.feedback.tenant_id is 'Owner.';
comment on column serving.feedback.answer_id is 'The answer.';
comment on column serving.feedback.api_key_id is 'Who says so.';
comment on column serving.feedback.rating is 'up or down; down also takes the answer out of the cache.';
comment on column serving.feedback.reason is 'Why, in their words.';
comment on column serving.feedback.corrected_answer is 'What should have been answered.';
comment on column serving.feedback.rated_at is 'When.';

create table serving.batches (
    id uuid primary key default uuidv7(),
    tenant_id text not null,
    api_key_id uuid not null references serving.api_keys (id),
    access_groups text[] not null check (cardinality(access_groups) > 0),
    created_at timestamptz not null default clock_timestamp(),
    cancelled_at timestamptz
);
comment on table serving.batches is 'One row per list of questions handed in at once; its state follows from its items.';
comment on column serving.batches.id is 'Stable id.';
comment on column serving.batches.tenant_id is 'Owner.';
comment on column serving.batches.api_key_id is 'Whose rights its questions are asked with.';
comment on column serving.batches.access_groups is 'The key''s groups when it was handed in: whoever reads the results must have them all.';
comment on column serving.batches.created_at is 'When it was handed in.';
comment on column serving.batches.cancelled_at is 'When it was called off; null otherwise.';

create table serving.batch_items (
    batch_id uuid not null references serving.batches (id) on delete cascade,
    position integer not null check (position >= 0),
    tenant_id text not null,
    custom_id text not null,
    question text not null,
    filters jsonb not null default '{}',
    top_k smallint,
    state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
    attempts smallint not null default 0 check (attempts >= 0),
    worker_id uuid,
    claimed_until timestamptz,
    answer_id uuid,
    result jsonb,
    error jsonb,
    finished_at timestamptz,
    primary key (batch_id, position),
    unique (batch_id, custom_id),
    check ((state in ('waiting', 'running')) = (finished_at is null)),
    check (state <> 'running' or (worker_id is not null and claimed_until is not null)),
    check (state <> 'done' or result is not null),
    check (state <> 'failed' or error is not null)
);
comment on table serving.batch_items is 'One row per question of a batch, with its answer or why there is none.';
comment on column serving.batch_items.batch_id is 'The batch.';
comment on column serving.batch_items.position is 'Its place in the batch, from 0.';
comment on column serving.batch_items.tenant_id is 'Owner; same as the batch''s.';
comment on column serving.batch_items.custom_id is 'The caller''s own name for the question.';
comment on column serving.batch_items.question is 'What is asked.';
comment on column serving.batch_items.filters is 'What the search is narrowed to.';
comment on column serving.batch_items.top_k is 'Passages the answer may rest on; null takes the default.';
comment on column serving.batch_items.state is 'waiting → running → done or failed; or cancelled.';
comment on column serving.batch_items.attempts is 'How many workers took it up; one that kills its worker again and again is given up.';
comment on column serving.batch_items.worker_id is 'Which worker has it in hand.';
comment on column serving.batch_items.claimed_until is 'Until when that worker may be waited for; then another takes it up.';
comment on column serving.batch_items.answer_id is 'The answer in the log.';
comment on column serving.batch_items.result is 'The answer with its citations.';
comment on column serving.batch_items.error is 'Why there is no answer: type and detail.';
comment on column serving.batch_items.finished_at is 'When it was answered, given up or cancelled.';
create index batch_items_open on serving.batch_items (batch_id, position) where state in ('waiting', 'running');
create index batch_items_answer on serving.batch_items (answer_id) where answer_id is not null;

grant select, insert, update on serving.feedback, serving.batches, serving.batch_items to regesta_serving;
grant select on serving.feedback, serving.batches to regesta_dbt;
grant select (batch_id, position, tenant_id, state, attempts, answer_id, finished_at)
on serving.batch_items to regesta_dbt;
-- Airflow watches for batches as regesta_ingestion, through serving.waiting_batches() only: it reads no table here.
grant usage on schema serving to regesta_ingestion;

-- What else can be asked of ingestion: to let go of a pinned version, to try a quarantined one again, to let it pass.
alter table landing.requests drop constraint requests_kind_check,
add constraint requests_kind_check check (kind in ('restore', 'unpin', 'retry', 'release'));
comment on column landing.requests.kind is
'restore (serve an earlier version), unpin (serve the newest again), retry or release (a quarantined version).';
comment on column landing.requests.document_id is 'The document; or null for everything a run did.';
comment on column landing.requests.version_number is
'The version to restore, null for the one before the current; or the one that was quarantined.';

-- The landing door: serving may hand in and withdraw documents of upload sources its caller reads, nothing else.
grant select, insert on landing.arrivals to regesta_serving;
grant insert, select (sha256) on landing.objects to regesta_serving;
grant select (source_id, uri_sha256, lifted_at) on landing.erasures to regesta_serving;
grant select on corpus.pins to regesta_serving;
-- An arrival holds a lock on its source (see sql/queries/arrivals.sql), which takes the right to update a column; the
-- policy below then lets no update pass.
grant update (created_at) on landing.sources to regesta_serving;
create policy reader_locks on landing.sources for update to regesta_serving
using (
    tenant_id = current_setting('regesta.tenant_id', true)
    and access_groups && string_to_array(current_setting('regesta.access_groups', true), ',')
)
with check (false);

do $$
declare
    guarded regclass;
begin
    foreach guarded in array array['serving.feedback', 'serving.batches', 'serving.batch_items']::regclass[] loop
        execute format('alter table %s enable row level security', guarded);
        execute format('alter table %s force row level security', guarded);
        execute format('create policy owner_all on %s to regesta_owner using (true) with check (true)', guarded);
        execute format('create policy governance_reads on %s for select to regesta_dbt using (true)', guarded);
    end loop;
    -- Visible with the document or source they belong to.
    foreach guarded in array array['corpus.pins', 'landing.erasures']::regclass[] loop
        execute format(
            'create policy reader_scope on %s for select to regesta_serving using ('
            'tenant_id = current_setting(''regesta.tenant_id'', true) and exists (%s))',
            guarded,
            case guarded
                when 'corpus.pins'::regclass then 'select 1 from corpus.documents as d where d.id = document_id'
                else 'select 1 from landing.sources as s where s.id = source_id'
            end
        );
    end loop;
end
$$;
create policy tenant_scope on serving.feedback to regesta_serving
using (tenant_id = current_setting('regesta.tenant_id', true))
with check (tenant_id = current_setting('regesta.tenant_id', true));
create policy reader_scope on serving.batches to regesta_serving
using (
    tenant_id = current_setting('regesta.tenant_id', true)
    and access_groups <@ string_to_array(current_setting('regesta.access_groups', true), ',')
)
with check (
    tenant_id = current_setting('regesta.tenant_id', true)
    and access_groups <@ string_to_array(current_setting('regesta.access_groups', true), ',')
);
create policy reader_scope on serving.batch_items to regesta_serving
using (
    tenant_id = current_setting('regesta.tenant_id', true)
    and exists (select 1 from serving.batches as b where b.id = batch_id)
)
with check (
    tenant_id = current_setting('regesta.tenant_id', true)
    and exists (select 1 from serving.batches as b where b.id = batch_id)
);
create policy door_reads on landing.arrivals for select to regesta_serving using (
    tenant_id = current_setting('regesta.tenant_id', true)
    and exists (select 1 from landing.sources as s where s.id = source_id)
);
create policy door_adds on landing.arrivals for insert to regesta_serving with check (
    tenant_id = current_setting('regesta.tenant_id', true)
    and exists (select 1 from landing.sources as s where s.id = source_id and s.kind = 'upload')
);
-- A request tells about its document: seen by whoever may read that, not by everybody of the tenant.
drop policy tenant_scope on landing.requests;
create policy reader_scope on landing.requests to regesta_serving
using (
    tenant_id = current_setting('regesta.tenant_id', true)
    and exists (select 1 from corpus.documents as d where d.id = document_id)
)
with check (
    tenant_id = current_setting('regesta.tenant_id', true)
    and exists (select 1 from corpus.documents as d where d.id = document_id)
);
