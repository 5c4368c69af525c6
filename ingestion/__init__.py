"""The write half: lists sources, lands raw bytes, parses, chunks, embeds and publishes. Knows no Airflow."""
