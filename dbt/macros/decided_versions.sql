{#-
  One row per document: the version that stands for it before near-duplicates are weighed. A pin in force decides,
  also for a document that is gone at the source; otherwise the newest version that can be served.
-#}
{% macro decided_versions() -%}
    select
        documents.id as document_id,
        documents.tenant_id,
        documents.source_id,
        documents.uri,
        documents.status,
        documents.access_groups,
        -- Where a source cannot date its documents, the time counts at which this one came to be known.
        coalesce(documents.modified_at, decided.created_at) as recency,
        sources.authority,
        pins.id is not null as is_pinned,
        pins.reason as pin_reason,
        documents.created_at,
        decided.id as decided_version_id,
        decided.number as decided_version_number,
        coalesce(decided.metadata ->> 'publication_state', 'published') as publication_state
    from {{ source('corpus', 'documents') }} as documents
    inner join {{ source('landing', 'sources') }} as sources on documents.source_id = sources.id
    left join {{ source('corpus', 'pins') }} as pins
        on
            documents.id = pins.document_id and pins.released_at is null
            and (pins.expires_at is null or pins.expires_at > {{ clock() }})
    left join lateral (
        -- Quarantined and purged versions are never served.
        select
            versions.id,
            versions.number,
            versions.metadata,
            versions.created_at
        from {{ source('corpus', 'versions') }} as versions
        where
            versions.document_id = documents.id
            and versions.state in ('candidate', 'current', 'superseded', 'duplicate')
            and case when pins.id is null then documents.status = 'active' else versions.id = pins.version_id end
        order by versions.number desc
        limit 1
    ) as decided on true
{%- endmacro %}
