-- corpus: full text is looked up by tenant and word at once, so that what others have written costs a tenant nothing.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion, ban-drop-index
set local lock_timeout = '5s';
set local statement_timeout = '30min';

-- Part of Postgres, and trusted: whoever owns a database may add it. New databases have it from the administrator.
create extension if not exists btree_gin;

-- Searches go on while it is built; publishing waits. The migration runs before the programs of its release start.
create index chunks_tenant_lexemes on corpus.chunks using gin (tenant_id, lexemes) where is_live;
drop index corpus.chunks_lexemes;
