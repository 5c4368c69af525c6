"""The Regesta page in the Airflow UI."""
