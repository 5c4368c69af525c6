with

source as (

    select * from {{ source('landing', 'sources') }}

),

renamed as (

    select
        ---------- ids
        id as source_id,
        tenant_id,

        ---------- text
        name as source_name,
        kind as source_kind,
        uri as source_uri,

        ---------- numerics
        authority,

        ---------- booleans
        is_enabled,

        ---------- timestamps
        created_at

    from source

)

select * from renamed
