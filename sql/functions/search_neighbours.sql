-- The passages around a passage, in the version it was found in; only the search may call it, after it has decided
-- that the caller may read that version.
create or replace function corpus.search_neighbours(of_version_id uuid, around integer, radius integer)
returns jsonb
language sql
stable
set search_path = corpus, public, pg_temp
as $$
    select coalesce(jsonb_agg(
        jsonb_build_object('chunk_id', c.id, 'position', vc.position, 'page', vc.page, 'kind', c.kind, 'text', c.text)
        order by vc.position
    ), '[]')
    from corpus.version_chunks as vc
    inner join corpus.chunks as c on vc.chunk_id = c.id
    where vc.version_id = of_version_id and vc.position between around - radius and around + radius
        and vc.position <> around
$$;
comment on function corpus.search_neighbours(uuid, integer, integer) is
'Passages at most radius places before and after one, in order, as JSON.';
revoke all on function corpus.search_neighbours(uuid, integer, integer) from public;
