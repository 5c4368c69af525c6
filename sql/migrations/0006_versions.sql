-- corpus: pins and rollbacks, near-duplicates, models beside each other.
-- The migration runs in one transaction before the programs of its release start, so indexes are made the plain way.
-- squawk-ignore-file require-concurrent-index-creation, adding-foreign-key-constraint
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table corpus.pins (
    id uuid primary key default uuidv7(),
    document_id uuid not null references corpus.documents (id),
    version_id uuid references corpus.versions (id),
    tenant_id text not null,
    actor text not null,
    reason text not null,
    pinned_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz,
    released_at timestamptz
);
comment on table corpus.pins is 'One row per decision to serve a certain version of a document; released ones stay as history.';
comment on column corpus.pins.id is 'Stable id.';
comment on column corpus.pins.document_id is 'The document.';
comment on column corpus.pins.version_id is 'The version to serve; null serves none, for a document that the undone run had added.';
comment on column corpus.pins.tenant_id is 'Owner.';
comment on column corpus.pins.actor is 'Who decided.';
comment on column corpus.pins.reason is 'Why.';
comment on column corpus.pins.pinned_at is 'From when.';
comment on column corpus.pins.expires_at is 'Until when; null is until released.';
comment on column corpus.pins.released_at is 'When somebody took it back, or a later pin took its place.';
create unique index pins_one_in_force on corpus.pins (document_id) where released_at is null;
create index pins_version on corpus.pins (version_id);

create table corpus.signatures (
    version_id uuid primary key references corpus.versions (id),
    document_id uuid not null references corpus.documents (id),
    tenant_id text not null,
    scheme text not null,
    shingle_count integer not null check (shingle_count >= 0),
    min_hashes bytea not null
);
comment on table corpus.signatures is 'One row per version: the MinHash signature of its text.';
comment on column corpus.signatures.version_id is 'The version.';
comment on column corpus.signatures.document_id is 'Its document.';
comment on column corpus.signatures.tenant_id is 'Owner; duplicates are looked for inside one tenant only.';
comment on column corpus.signatures.scheme is 'Permutations, bands, shingle size and seed: only signatures of one scheme can be compared.';
comment on column corpus.signatures.shingle_count is 'Distinct shingles of the text.';
comment on column corpus.signatures.min_hashes is 'The smallest hash per permutation, 32-bit little-endian.';
create index signatures_document on corpus.signatures (document_id);

create table corpus.signature_bands (
    tenant_id text not null,
    band_no smallint not null,
    band_hash bigint not null,
    version_id uuid not null references corpus.signatures (version_id) on delete cascade,
    primary key (tenant_id, band_no, band_hash, version_id)
);
comment on table corpus.signature_bands is 'One row per band of a signature; two versions that share one are candidates for near-duplicates.';
comment on column corpus.signature_bands.tenant_id is 'Owner.';
comment on column corpus.signature_bands.band_no is 'Which band.';
comment on column corpus.signature_bands.band_hash is 'Hash of the band''s values and of the scheme, so that only signatures of one scheme meet.';
comment on column corpus.signature_bands.version_id is 'The version.';
create index signature_bands_version on corpus.signature_bands (version_id);

create table corpus.similarities (
    version_id uuid not null references corpus.versions (id),
    other_version_id uuid not null references corpus.versions (id),
    document_id uuid not null references corpus.documents (id),
    other_document_id uuid not null references corpus.documents (id),
    tenant_id text not null,
    similarity real not null check (similarity between 0 and 1),
    method text not null check (method in ('exact', 'minhash')),
    found_at timestamptz not null default clock_timestamp(),
    primary key (version_id, other_version_id),
    check (version_id < other_version_id),
    check (document_id <> other_document_id)
);
comment on table corpus.similarities is 'One row per pair of near-identical versions of two documents of one tenant.';
comment on column corpus.similarities.version_id is 'The version with the smaller id.';
comment on column corpus.similarities.other_version_id is 'The version with the larger id.';
comment on column corpus.similarities.document_id is 'Document of the first.';
comment on column corpus.similarities.other_document_id is 'Document of the second.';
comment on column corpus.similarities.tenant_id is 'Owner of both.';
comment on column corpus.similarities.similarity is 'Estimated Jaccard similarity of their shingles; 1 for equal text.';
comment on column corpus.similarities.method is 'exact (equal normalised text) or minhash.';
comment on column corpus.similarities.found_at is 'When.';
create index similarities_other on corpus.similarities (other_version_id);
create index similarities_document on corpus.similarities (document_id);
create index similarities_other_document on corpus.similarities (other_document_id);

alter table corpus.versions
add column embedding_model_id smallint references corpus.embedding_models (id),
add column personal_data jsonb not null default '{}',
add column purged_at timestamptz;
comment on column corpus.versions.embedding_model_id is 'The model its passages were embedded with when it was made.';
comment on column corpus.versions.personal_data is 'How many values of each type were masked, hashed or dropped.';
comment on column corpus.versions.purged_at is 'When its text, passages and vectors were removed.';
comment on column corpus.versions.metadata is 'Author, dates, tags, keywords, entities, page count: what searches filter on.';
create index versions_content_hash on corpus.versions (tenant_id, content_hash);
create index versions_metadata on corpus.versions using gin (metadata jsonb_path_ops);

alter table corpus.publications add column actor text;
comment on column corpus.publications.run_id is 'The run that published it; null when a person or a policy did.';
comment on column corpus.publications.actor is 'Who published it, when no run did.';

alter table corpus.embedding_models
add column spec jsonb not null default '{}',
add column approved_by text,
add column served_until timestamptz,
add column is_dropped boolean not null default false;
comment on column corpus.embedding_models.spec is 'How to load it: provider, model, prefixes, address; never a secret.';
comment on column corpus.embedding_models.approved_by is 'Who let it serve.';
comment on column corpus.embedding_models.served_until is 'When it stopped serving; the way back is open until its window ends.';
comment on column corpus.embedding_models.is_dropped is 'Its vectors were removed; it would have to be built anew.';

create table corpus.tenant_policies (
    tenant_id text primary key,
    near_identical_similarity real check (near_identical_similarity between 0.5 and 1)
);
comment on table corpus.tenant_policies is 'One row per tenant that wants something other than the defaults.';
comment on column corpus.tenant_policies.tenant_id is 'The tenant.';
comment on column corpus.tenant_policies.near_identical_similarity is 'Of two passages this similar, search shows the better one; null shows both.';

grant select, insert, update, delete
on corpus.pins, corpus.signatures, corpus.signature_bands, corpus.similarities, corpus.tenant_policies
to regesta_ingestion;
grant select on corpus.pins, corpus.similarities, corpus.tenant_policies to regesta_dbt;
grant select (version_id, document_id, tenant_id, scheme, shingle_count) on corpus.signatures to regesta_dbt;
grant select on corpus.publications, corpus.tenant_policies to regesta_serving;

do $$
declare
    guarded regclass;
begin
    foreach guarded in array array[
        'corpus.pins', 'corpus.signatures', 'corpus.signature_bands', 'corpus.similarities', 'corpus.tenant_policies'
    ]::regclass[] loop
        execute format('alter table %s enable row level security', guarded);
        execute format('alter table %s force row level security', guarded);
        execute format('create policy owner_all on %s to regesta_owner using (true) with check (true)', guarded);
        execute format('create policy governance_reads on %s for select to regesta_dbt using (true)', guarded);
        execute format('create policy ingestion_all on %s to regesta_ingestion using (true) with check (true)', guarded);
    end loop;
end
$$;
create policy reader_scope on corpus.publications for select to regesta_serving using (
    tenant_id = current_setting('regesta.tenant_id', true)
    and exists (select 1 from corpus.documents as d where d.id = document_id)
);
create policy reader_scope on corpus.tenant_policies for select to regesta_serving using (
    tenant_id = current_setting('regesta.tenant_id', true)
);
