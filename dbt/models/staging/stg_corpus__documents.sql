with

source as (

    select * from {{ source('corpus', 'documents') }}

),

renamed as (

    select
        ---------- ids
        id as document_id,
        source_id,
        tenant_id,
        current_version_id,

        ---------- text
        uri,
        title,
        status,

        ---------- timestamps
        modified_at,
        created_at,
        updated_at

    from source

)

select * from renamed
