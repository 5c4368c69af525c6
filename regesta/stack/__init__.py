"""The local stack: real Postgres, S3, Airflow and the API on one machine, under one supervisor."""
