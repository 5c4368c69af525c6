with

registry as (

    select * from {{ ref('document_registry') }}

),

documents as (

    select * from {{ ref('stg_corpus__documents') }}

),

sources as (

    select * from {{ ref('stg_landing__sources') }}

),

versions as (

    select * from {{ ref('stg_corpus__versions') }}

),

version_counts as (

    select
        document_id,
        count(*) as version_count
    from versions
    group by document_id

),

chunk_counts as (

    select
        version_id,
        count(*) as chunk_count
    from {{ source('corpus', 'version_chunks') }}
    group by version_id

),

joined as (

    select
        ---------- ids
        documents.document_id,
        documents.tenant_id,
        documents.source_id,
        documents.current_version_id,

        ---------- text
        sources.source_name,
        documents.uri,
        documents.title,
        documents.status,
        registry.reason,
        versions.language,
        versions.raw_sha256,

        ---------- numerics
        versions.version_number as current_version_number,
        coalesce(version_counts.version_count, 0) as version_count,
        coalesce(chunk_counts.chunk_count, 0) as chunk_count,

        ---------- timestamps
        documents.modified_at,
        documents.created_at,
        documents.updated_at

    from documents
    inner join registry on documents.document_id = registry.document_id
    inner join sources on documents.source_id = sources.source_id
    left join versions on documents.current_version_id = versions.version_id
    left join version_counts on documents.document_id = version_counts.document_id
    left join chunk_counts on documents.current_version_id = chunk_counts.version_id

)

select * from joined
