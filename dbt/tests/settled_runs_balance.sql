-- Promise 1: every discovered document of a settled run has exactly one outcome.
select run_id
from {{ ref('fct_runs') }}
where
    state <> 'running'
    and discovered_count <> indexed_count + unchanged_count + duplicate_count + deleted_count
    + quarantined_count + failed_count
