-- corpus: documents, their versions, and the chunks that are searched.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create schema corpus;
comment on schema corpus is 'The knowledge base: documents, versions, chunks, embeddings. Written by ingestion.';

create table corpus.documents (
    id uuid primary key default uuidv7(),
    tenant_id text not null,
    source_id uuid not null references landing.sources (id),
    uri text not null,
    title text,
    access_groups text[] not null check (cardinality(access_groups) > 0),
    status text not null default 'active' check (status in ('active', 'deleted')),
    current_version_id uuid,
    etag text,
    byte_count bigint,
    modified_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (source_id, uri)
);
comment on table corpus.documents is 'One row per logical document: one uri of one source.';
comment on column corpus.documents.id is 'Stable id; survives every edit.';
comment on column corpus.documents.tenant_id is 'Owner; copied from the source.';
comment on column corpus.documents.source_id is 'Where it comes from.';
comment on column corpus.documents.uri is 'Its address there.';
comment on column corpus.documents.title is 'Title of the served version.';
comment on column corpus.documents.access_groups is 'Groups that may read it.';
comment on column corpus.documents.status is 'active, or deleted at the source: kept for history, served to nobody.';
comment on column corpus.documents.current_version_id is 'The version being served; null when none is.';
comment on column corpus.documents.etag is 'The source''s entity tag when last settled: unchanged means no download.';
comment on column corpus.documents.byte_count is 'Size at the source when last settled.';
comment on column corpus.documents.modified_at is 'Last-modified at the source when last settled; an older one never overwrites.';
comment on column corpus.documents.created_at is 'When it was first seen.';
comment on column corpus.documents.updated_at is 'When this row last changed.';

create table corpus.versions (
    id uuid primary key default uuidv7(),
    document_id uuid not null references corpus.documents (id),
    tenant_id text not null,
    number integer not null check (number > 0),
    raw_sha256 text not null references landing.objects (sha256),
    content_hash text,
    pipeline text not null,
    title text,
    language text,
    metadata jsonb not null default '{}',
    state text not null check (
        state in ('candidate', 'current', 'superseded', 'duplicate', 'quarantined', 'purged')
    ),
    reason text,
    run_id uuid not null references landing.runs (id),
    created_at timestamptz not null default now(),
    unique (document_id, number),
    check (state <> 'quarantined' or reason is not null)
);
comment on table corpus.versions is 'One row per content state of a document.';
comment on column corpus.versions.id is 'Stable id.';
comment on column corpus.versions.document_id is 'The document.';
comment on column corpus.versions.tenant_id is 'Owner; same as the document''s.';
comment on column corpus.versions.number is 'v1, v2 … within the document.';
comment on column corpus.versions.raw_sha256 is 'The raw object it was made from.';
comment on column corpus.versions.content_hash is 'SHA-256 of the normalised text; null when nothing could be parsed.';
comment on column corpus.versions.pipeline is 'Fingerprint of parser, chunker and text analysis: a new one means work even for unchanged bytes.';
comment on column corpus.versions.title is 'Title found in the content, else the file name.';
comment on column corpus.versions.language is 'ko or en.';
comment on column corpus.versions.metadata is 'What else the parser found.';
comment on column corpus.versions.state is 'candidate → current → superseded → purged; or quarantined, or duplicate.';
comment on column corpus.versions.reason is 'Why it is quarantined.';
comment on column corpus.versions.run_id is 'The run that made it.';
comment on column corpus.versions.created_at is 'When it was made.';
create unique index versions_one_current_per_document on corpus.versions (document_id) where state = 'current';
create index versions_raw_sha256 on corpus.versions (raw_sha256);

-- The table was made a few lines above and is empty: checking the constraint holds nobody up.
-- squawk-ignore constraint-missing-not-valid, adding-foreign-key-constraint
alter table corpus.documents
add constraint documents_current_version_fkey
foreign key (current_version_id) references corpus.versions (id) deferrable initially deferred;

create table corpus.publications (
    id uuid primary key default uuidv7(),
    document_id uuid not null references corpus.documents (id),
    version_id uuid not null references corpus.versions (id),
    tenant_id text not null,
    valid tstzrange not null,
    reason text not null,
    run_id uuid references landing.runs (id),
    constraint publications_never_overlap exclude using gist (document_id with =, valid with &&)
);
comment on table corpus.publications is 'One row per period in which a version was the served one; periods of a document never overlap.';
comment on column corpus.publications.id is 'Stable id.';
comment on column corpus.publications.document_id is 'The document.';
comment on column corpus.publications.version_id is 'The version served in that period.';
comment on column corpus.publications.tenant_id is 'Owner.';
comment on column corpus.publications.valid is 'From when (inclusive) until when (exclusive; open while current).';
comment on column corpus.publications.reason is 'What the registry said when it was published.';
comment on column corpus.publications.run_id is 'The run that published it.';

create table corpus.chunks (
    id uuid primary key default uuidv7(),
    document_id uuid not null references corpus.documents (id),
    tenant_id text not null,
    access_groups text[] not null,
    chunk_hash text not null,
    text text not null check (text <> ''),
    heading_path text[] not null default '{}',
    kind text not null check (kind in ('text', 'table', 'code')),
    token_count integer not null check (token_count > 0),
    lexemes tsvector not null,
    lexeme_count integer not null,
    analysis text not null,
    is_live boolean not null default false,
    created_at timestamptz not null default now(),
    unique (document_id, chunk_hash)
);
comment on table corpus.chunks is 'One row per distinct passage of a document; its versions share them.';
comment on column corpus.chunks.id is 'Stable id; what a citation points to.';
comment on column corpus.chunks.document_id is 'The document.';
comment on column corpus.chunks.tenant_id is 'Owner; first thing every search filters on.';
comment on column corpus.chunks.access_groups is 'Copied from the document, so that the search itself can refuse.';
comment on column corpus.chunks.chunk_hash is 'SHA-256 of kind, heading path and text: equal means the vector can be kept.';
comment on column corpus.chunks.text is 'The passage.';
comment on column corpus.chunks.heading_path is 'Headings above it, outermost first.';
comment on column corpus.chunks.kind is 'text, table or code.';
comment on column corpus.chunks.token_count is 'Length in tokens of the embedder that was in use when it was cut.';
comment on column corpus.chunks.lexemes is 'Stems of English words, morphemes of Korean ones, computed by corpus.analysis.';
comment on column corpus.chunks.lexeme_count is 'How many lexemes with repetition: the length BM25 normalises by.';
comment on column corpus.chunks.analysis is 'Version of the text analysis that found the lexemes.';
comment on column corpus.chunks.is_live is 'Part of the version being served.';
comment on column corpus.chunks.created_at is 'When it first appeared.';
create index chunks_tenant_hash on corpus.chunks (tenant_id, chunk_hash);
create index chunks_lexemes on corpus.chunks using gin (lexemes) where is_live;

create table corpus.version_chunks (
    version_id uuid not null references corpus.versions (id),
    position integer not null check (position >= 0),
    chunk_id uuid not null references corpus.chunks (id),
    tenant_id text not null,
    page integer,
    char_start integer,
    char_end integer,
    primary key (version_id, position)
);
comment on table corpus.version_chunks is 'One row per place of a version: which chunk stands there.';
comment on column corpus.version_chunks.version_id is 'The version.';
comment on column corpus.version_chunks.position is 'Order in the version, from 0.';
comment on column corpus.version_chunks.chunk_id is 'The chunk at that place.';
comment on column corpus.version_chunks.tenant_id is 'Owner.';
comment on column corpus.version_chunks.page is 'Page of the original, from 1; null where there are none.';
comment on column corpus.version_chunks.char_start is 'First character in the version''s normalised text.';
comment on column corpus.version_chunks.char_end is 'One past the last character.';
create index version_chunks_chunk on corpus.version_chunks (chunk_id);

create table corpus.embedding_models (
    id smallint primary key generated always as identity,
    name text not null,
    revision text not null,
    dimensions integer not null check (dimensions between 1 and 4000),
    table_name text not null unique,
    state text not null check (state in ('building', 'serving', 'retired')),
    created_at timestamptz not null default now(),
    unique (name, revision)
);
comment on table corpus.embedding_models is 'One row per embedding model; its vectors have a table of their own and never meet another''s.';
comment on column corpus.embedding_models.id is 'Small id, part of the table name.';
comment on column corpus.embedding_models.name is 'Model name.';
comment on column corpus.embedding_models.revision is 'Exact build of the model.';
comment on column corpus.embedding_models.dimensions is 'Vector length.';
comment on column corpus.embedding_models.table_name is 'Table in schema corpus that holds its vectors.';
comment on column corpus.embedding_models.state is 'building → serving → retired; exactly one is serving.';
comment on column corpus.embedding_models.created_at is 'When it was registered.';
create unique index embedding_models_one_serving on corpus.embedding_models (state) where state = 'serving';

create table corpus.lexeme_statistics (
    tenant_id text not null,
    lexeme text not null,
    chunk_count integer not null check (chunk_count > 0),
    primary key (tenant_id, lexeme)
);
comment on table corpus.lexeme_statistics is 'One row per (tenant, lexeme): in how many live chunks it occurs; refreshed when a run settles.';
comment on column corpus.lexeme_statistics.tenant_id is 'Owner.';
comment on column corpus.lexeme_statistics.lexeme is 'The lexeme.';
comment on column corpus.lexeme_statistics.chunk_count is 'Live chunks that contain it: the document frequency of BM25.';

create table corpus.tenant_statistics (
    tenant_id text primary key,
    live_chunk_count integer not null,
    mean_lexeme_count double precision not null
);
comment on table corpus.tenant_statistics is 'One row per tenant: what BM25 needs to know about the whole; refreshed when a run settles.';
comment on column corpus.tenant_statistics.tenant_id is 'Owner.';
comment on column corpus.tenant_statistics.live_chunk_count is 'Live chunks.';
comment on column corpus.tenant_statistics.mean_lexeme_count is 'Mean lexeme_count of a live chunk.';
