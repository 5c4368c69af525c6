with

source as (

    select * from {{ source('landing', 'runs') }}

),

renamed as (

    select
        ---------- ids
        id as run_id,
        source_id,
        dag_run_id,

        ---------- text
        trigger,
        state,
        reason,

        ---------- timestamps
        started_at,
        settled_at

    from source

)

select * from renamed
