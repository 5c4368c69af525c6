with

source as (

    select * from {{ source('landing', 'run_items') }}

),

renamed as (

    select
        ---------- ids
        run_id,
        document_id,
        version_id,

        ---------- text
        uri,
        change,
        outcome,
        reason,
        sha256,

        ---------- numerics
        chunks_kept,
        chunks_embedded,
        tokens_embedded,

        ---------- timestamps
        settled_at

    from source

)

select * from renamed
