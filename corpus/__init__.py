"""What ingestion and serving share: settings, database access, object storage, text analysis, embedding."""
