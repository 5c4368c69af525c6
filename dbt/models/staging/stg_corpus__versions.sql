with

source as (

    select * from {{ source('corpus', 'versions') }}

),

renamed as (

    select
        ---------- ids
        id as version_id,
        document_id,
        tenant_id,
        run_id,

        ---------- text
        raw_sha256,
        content_hash,
        pipeline,
        title,
        language,
        state,
        reason,

        ---------- numerics
        number as version_number,

        ---------- timestamps
        created_at

    from source

)

select * from renamed
