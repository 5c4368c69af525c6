"""What only ingestion can be told."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from corpus.settings import CorpusSettings


class IngestionSettings(CorpusSettings):
    """Settings of the steps, read from `REGESTA_…`."""

    ingestion_password: SecretStr | None = None
    batch_size: int = Field(default=200, ge=1, description="Documents per mapped task.")
    max_batches: int = Field(default=8, ge=1, description="Mapped tasks per run; batches grow beyond.")
    max_document_bytes: int = Field(default=100 * 2**20, ge=1)
    chunk_window_tokens: int = Field(default=64, ge=1, description="Passages are about twice as long.")
    chunk_max_tokens: int = Field(default=384, ge=16, description="Must fit the embedder's limit.")
    land_threads: int = Field(default=8, ge=1)
    tenant_partition_chunks: int = Field(
        default=10_000, ge=1, description="From here on a tenant gets a vector index of its own."
    )

    dbt_executable: Path | None = Field(default=None, description="Unset: `<home>/dbt-venv/bin/dbt`.")
    dbt_password: SecretStr | None = None
    dbt_timeout: int = Field(default=600, ge=1, description="Seconds for one dbt command.")

    def dbt(self) -> Path:
        """Return the dbt program."""
        return self.dbt_executable or self.home / "dbt-venv" / "bin" / "dbt"
