-- restores: through the API, everything one run did can be undone too, and a pin may be asked for until a time.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

alter table landing.requests add column expires_at timestamptz;
comment on column landing.requests.expires_at is 'When the pin that was asked for ends by itself; null keeps it until it is released.';
grant insert (run_id, expires_at) on landing.requests to regesta_serving;

-- A run is as visible as its source.
grant select (id, source_id, state) on landing.runs to regesta_serving;
alter table landing.runs enable row level security;
alter table landing.runs force row level security;
create policy owner_all on landing.runs to regesta_owner using (true) with check (true);
create policy governance_reads on landing.runs for select to regesta_dbt using (true);
create policy ingestion_all on landing.runs to regesta_ingestion using (true) with check (true);
create policy reader_scope on landing.runs for select to regesta_serving using (
    exists (
        select 1 from landing.sources as s
        where s.id = source_id and s.tenant_id = current_setting('regesta.tenant_id', true)
    )
);

-- A request tells about its document, or about the documents of its run's source.
alter policy reader_scope on landing.requests using (
    tenant_id = current_setting('regesta.tenant_id', true)
    and (
        exists (select 1 from corpus.documents as d where d.id = document_id)
        or exists (select 1 from landing.runs as r where r.id = run_id)
    )
) with check (
    tenant_id = current_setting('regesta.tenant_id', true)
    and (
        exists (select 1 from corpus.documents as d where d.id = document_id)
        or (kind = 'restore' and exists (select 1 from landing.runs as r where r.id = run_id))
    )
);
