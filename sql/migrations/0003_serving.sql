-- serving: who may ask, and what was asked and answered.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create schema serving;
comment on schema serving is 'Keys, questions and answers. Written by the serving API.';

create table serving.api_keys (
    id uuid primary key default uuidv7(),
    name text not null,
    prefix text not null,
    key_hash text not null unique check (key_hash ~ '^[0-9a-f]{64}$'),
    tenant_id text not null check (tenant_id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    access_groups text[] not null default '{everyone}' check (
        cardinality(access_groups) > 0 and array_to_string(access_groups, '') !~ '[,\s]'
    ),
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);
comment on table serving.api_keys is 'One row per API key; the key itself is never stored.';
comment on column serving.api_keys.id is 'Stable id, safe to log.';
comment on column serving.api_keys.name is 'What it is for.';
comment on column serving.api_keys.prefix is 'First characters, to recognise it by.';
comment on column serving.api_keys.key_hash is 'SHA-256 of the key, hexadecimal. Keys are 256 random bits, so a plain hash is enough.';
comment on column serving.api_keys.tenant_id is 'The one tenant it can see.';
comment on column serving.api_keys.access_groups is 'The groups it reads as.';
comment on column serving.api_keys.created_at is 'When it was made.';
comment on column serving.api_keys.revoked_at is 'From when it no longer works.';

create table serving.queries (
    id uuid primary key,
    tenant_id text not null,
    api_key_id uuid not null references serving.api_keys (id),
    kind text not null check (kind in ('ask', 'search')),
    question text not null,
    mode text not null check (mode in ('hybrid', 'text', 'vector')),
    hits jsonb not null default '[]',
    timings jsonb not null default '{}',
    asked_at timestamptz not null default now()
);
comment on table serving.queries is 'One row per question or search.';
comment on column serving.queries.id is 'Stable id; also the answer''s id.';
comment on column serving.queries.tenant_id is 'Owner.';
comment on column serving.queries.api_key_id is 'Who asked.';
comment on column serving.queries.kind is 'ask (with an answer) or search (hits only).';
comment on column serving.queries.question is 'What was asked.';
comment on column serving.queries.mode is 'Which arms searched.';
comment on column serving.queries.hits is 'Chunk ids with both ranks and the fused score, best first.';
comment on column serving.queries.timings is 'Seconds per component.';
comment on column serving.queries.asked_at is 'When.';
create index queries_tenant_asked_at on serving.queries (tenant_id, asked_at);

create table serving.answers (
    query_id uuid primary key references serving.queries (id) on delete cascade,
    tenant_id text not null,
    generator text not null,
    model text not null,
    state text not null check (state in ('complete', 'failed', 'abandoned')),
    text text not null,
    citations jsonb not null default '[]',
    usage jsonb not null default '{}',
    error text,
    first_token_seconds double precision,
    answered_at timestamptz not null default now()
);
comment on table serving.answers is 'One row per answer that was begun.';
comment on column serving.answers.query_id is 'The question.';
comment on column serving.answers.tenant_id is 'Owner.';
comment on column serving.answers.generator is 'extractive or anthropic.';
comment on column serving.answers.model is 'Model that wrote it.';
comment on column serving.answers.state is 'complete, failed, or abandoned by the client.';
comment on column serving.answers.text is 'What was sent.';
comment on column serving.answers.citations is 'Number, chunk, version and document of each cited source.';
comment on column serving.answers.usage is 'Input and output tokens.';
comment on column serving.answers.error is 'What went wrong.';
comment on column serving.answers.first_token_seconds is 'Seconds from question to first token.';
comment on column serving.answers.answered_at is 'When it ended.';
