#!/bin/sh
# Run once by the development database's image, after it made the cluster: the database of Airflow's metadata.
# The other roles and the database `regesta` are made by regesta-init.
set -eu
: "${AIRFLOW_PASSWORD:?set REGESTA_AIRFLOW_DATABASE_PASSWORD}"
psql --set=ON_ERROR_STOP=1 --set=password="$AIRFLOW_PASSWORD" --username="$POSTGRES_USER" <<'SQL'
create role airflow login password :'password';
create database airflow owner airflow;
revoke all on database airflow from public;
SQL
