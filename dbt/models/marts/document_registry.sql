{{ config(materialized='view', grants={'select': ['regesta_analyst', 'regesta_ingestion']}) }}
{#-
  The policy that publishing obeys. It reads the sources directly: dbt replaces a view by dropping the old one
  and everything built on it, and this one must not be gone for a moment while a run publishes.

  Of near-identical documents one is served. A document gives way only to a better one that is itself served and
  that everybody may read who may read this one; so no reader ever loses a text to a duplicate. Who is served is
  found in three rounds: first those that nobody is better than; then those whose betters have all given way.
-#}
with

decided as (

    {{ decided_versions() }}

),

rivals as (

    -- The same rule, looked up only for documents that have a near-identical one; the greater standing wins.
    select
        *,
        row(
            is_pinned,
            coalesce(array_position(array['archived', 'draft', 'published'], publication_state), 3),
            authority,
            recency
        ) as standing,
        row(created_at, uri) as seniority
    from (
        {{ decided_versions() }}
    ) as all_decided
    where
        document_id in (
            select document_id from {{ source('corpus', 'similarities') }}
            union all
            select other_document_id from {{ source('corpus', 'similarities') }}
        )
        and decided_version_id is not null

),

pairs as (

    select
        version_id as one_id,
        other_version_id as other_id,
        similarity
    from {{ source('corpus', 'similarities') }}
    union all
    select
        other_version_id as one_id,
        version_id as other_id,
        similarity
    from {{ source('corpus', 'similarities') }}

),

better as (

    select
        losing.document_id,
        winning.document_id as better_document_id,
        winning.uri as better_uri,
        pairs.similarity,
        case
            when winning.is_pinned <> losing.is_pinned then 'it is pinned'
            when winning.publication_state <> losing.publication_state
                then 'it is ' || winning.publication_state || ', not ' || losing.publication_state
            when winning.authority <> losing.authority
                then 'authority ' || winning.authority || ' over ' || losing.authority
            when winning.recency <> losing.recency then 'it is newer'
            when winning.created_at <> losing.created_at then 'it was known first'
            else 'its address comes first'
        end as why
    from pairs
    inner join rivals as losing on pairs.one_id = losing.decided_version_id
    inner join rivals as winning
        on
            pairs.other_id = winning.decided_version_id
            and winning.tenant_id = losing.tenant_id
            and winning.access_groups @> losing.access_groups
            and (
                winning.standing > losing.standing
                or (winning.standing = losing.standing and winning.seniority < losing.seniority)
            )

),

served_0 as (

    select better_document_id as document_id from better
    except
    select document_id from better

),

yielding_0 as (

    select document_id from better
    where better_document_id in (select document_id from served_0)

),

served_1 as (

    select document_id from served_0
    union
    select document_id from better
    where document_id not in (select document_id from yielding_0)
    group by document_id
    having bool_and(better_document_id in (select document_id from yielding_0))

),

yielding_1 as (

    select document_id from better
    where better_document_id in (select document_id from served_1)

),

served_2 as (

    select document_id from served_1
    union
    select document_id from better
    where document_id not in (select document_id from yielding_1)
    group by document_id
    having bool_and(better_document_id in (select document_id from yielding_1))

),

winners as (

    select distinct on (better.document_id)
        better.document_id,
        better.better_document_id as winner_document_id,
        better.similarity,
        'duplicate: of ' || better.better_uri || ' (similarity '
        || round(better.similarity::numeric, 2) || '), as ' || better.why as reason
    from better
    inner join served_2 as served on better.better_document_id = served.document_id
    order by better.document_id asc, better.similarity desc, better.better_document_id asc

),

registry as (

    select
        decided.document_id,
        decided.tenant_id,
        decided.source_id,
        decided.uri,
        decided.status,
        decided.is_pinned,
        decided.decided_version_id,
        case when winners.document_id is null then decided.decided_version_id end as served_version_id,
        case when winners.document_id is null then decided.decided_version_number end as served_version_number,
        winners.winner_document_id,
        winners.similarity,
        case
            when winners.document_id is not null then winners.reason
            when decided.is_pinned and decided.decided_version_id is null then 'pinned to nothing: ' || decided.pin_reason
            when decided.is_pinned then 'pinned: ' || decided.pin_reason
            when decided.status = 'deleted' then 'deleted at the source'
            when decided.decided_version_id is null then 'no version can be served'
            else 'newest valid version'
        end as reason
    from decided
    left join winners on decided.document_id = winners.document_id

)

select * from registry
