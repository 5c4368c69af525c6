"""The root of every error this package raises on purpose."""


class CorpusError(Exception):
    """Something shared by ingestion and serving is missing, misconfigured or unreachable."""
