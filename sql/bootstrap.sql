-- What only an administrator may do in the new database; every statement can be repeated.
revoke create on schema public from public;
create extension if not exists vector;
create extension if not exists btree_gist;
create extension if not exists btree_gin;
-- dbt owns the schemas it writes, and nothing else.
create schema if not exists staging authorization regesta_dbt;
create schema if not exists marts authorization regesta_dbt;
grant usage on schema staging, marts to regesta_ingestion, regesta_analyst;
