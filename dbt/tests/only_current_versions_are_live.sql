-- Promise 2: a chunk is searchable exactly when it belongs to the version its document serves.
with

served as (

    select distinct version_chunks.chunk_id
    from {{ source('corpus', 'documents') }} as documents
    inner join {{ source('corpus', 'version_chunks') }} as version_chunks
        on documents.current_version_id = version_chunks.version_id

)

select chunks.id
from {{ source('corpus', 'chunks') }} as chunks
left join served on chunks.id = served.chunk_id
where chunks.is_live <> (served.chunk_id is not null)
