-- name: primary_position
-- How far the primary's log is safe on disk, in bytes, and which cluster it is of.
select
    (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint as flushed,
    system_identifier as cluster
from pg_control_system();

-- name: replica_position
-- How far a standby has replayed that log; null where nothing is replayed.
select
    pg_is_in_recovery() as is_standby,
    (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint as replayed,
    system_identifier as cluster
from pg_control_system();
