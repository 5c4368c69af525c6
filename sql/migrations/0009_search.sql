-- search: how long an answer from a source may be kept, and how many passages each set of groups may read.
-- Sources are a handful of rows, so checking them holds nobody up.
-- squawk-ignore-file constraint-missing-not-valid
set local lock_timeout = '5s';
set local statement_timeout = '60s';

alter table landing.sources add column answer_ttl_seconds integer;
alter table landing.sources
add constraint sources_answer_ttl_check check (answer_ttl_seconds between 0 and 86400);
comment on column landing.sources.answer_ttl_seconds is
'How long an answer that rests on it may be given again; 0 never, null as the settings of the API say.';

-- Words are read for every passage a question may mean: kept in the row, whole, they need not be unpacked each time.
alter table corpus.chunks alter column lexemes set storage main;

create table corpus.group_statistics (
    tenant_id text not null,
    access_groups text[] not null,
    live_chunk_count integer not null,
    primary key (tenant_id, access_groups)
);
comment on table corpus.group_statistics is
'One row per (tenant, set of groups): how many live chunks it may read; refreshed when a run settles. It decides how '
'vectors are searched, never what is found.';
comment on column corpus.group_statistics.tenant_id is 'Owner.';
comment on column corpus.group_statistics.access_groups is 'The groups of those chunks.';
comment on column corpus.group_statistics.live_chunk_count is 'Live chunks with exactly these groups.';
alter table corpus.group_statistics enable row level security;
alter table corpus.group_statistics force row level security;
create policy owner_all on corpus.group_statistics to regesta_owner using (true) with check (true);
