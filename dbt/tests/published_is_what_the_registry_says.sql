-- What is served is what the registry decided.
select registry.document_id
from {{ ref('document_registry') }} as registry
inner join {{ source('corpus', 'documents') }} as documents on registry.document_id = documents.id
where registry.served_version_id is distinct from documents.current_version_id
