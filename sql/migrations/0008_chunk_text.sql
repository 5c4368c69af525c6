-- corpus: what a passage says to the letter, beside the identity that its vector is shared by.
-- squawk-ignore-file require-concurrent-index-creation, constraint-missing-not-valid, disallowed-unique-constraint
-- squawk-ignore-file adding-field-with-default, ban-drop-constraint
set local lock_timeout = '5s';
set local statement_timeout = '30min';

-- Adding it rewrites the table once; the migration runs before the programs of its release start.
alter table corpus.chunks add column text_hash text not null generated always as (md5(text)) stored;
comment on column corpus.chunks.text_hash is 'MD5 of the passage to the letter: two that differ in blanks only share a vector, not a row.';
comment on column corpus.chunks.chunk_hash is 'SHA-256 of kind, heading path and text, blanks squeezed: equal means the vector can be kept.';
alter table corpus.chunks
drop constraint chunks_document_id_chunk_hash_key,
add constraint chunks_document_text_key unique (document_id, chunk_hash, text_hash);
grant select (text_hash) on corpus.chunks to regesta_dbt;
