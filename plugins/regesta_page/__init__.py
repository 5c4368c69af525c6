"""The Regesta page in the Airflow UI: what the corpus holds, what needs a person, and the buttons for it."""
