"""What only ingestion can be told."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, model_validator

from corpus.settings import CorpusSettings
from ingestion.deduplication import SignatureScheme
from ingestion.duplicates import DuplicateSearch


class IngestionSettings(CorpusSettings):
    """Settings of the steps, read from `REGESTA_…`."""

    ingestion_password: SecretStr | None = None
    batch_size: int = Field(default=200, ge=1, description="Documents per mapped task.")
    max_batches: int = Field(default=8, ge=1, description="Mapped tasks per run; batches grow beyond.")
    chunk_window_tokens: int = Field(default=64, ge=1, description="Passages are about twice as long.")
    chunk_max_tokens: int = Field(default=384, ge=16, description="Must fit the embedder's limit.")
    land_threads: int = Field(default=8, ge=1)
    tenant_partition_chunks: int = Field(
        default=10_000, ge=1, description="From here on a tenant gets a vector index of its own."
    )
    parse_processes: int = Field(default=0, ge=0, description="Parsers side by side; 0: one per core.")
    parse_memory_mb: int = Field(default=2048, ge=256, description="Address space of one parser.")
    parse_seconds: int = Field(default=90, ge=1, description="Wall time for one document.")
    personal_data_key: SecretStr | None = Field(
        default=None, description="Key of the hashes that stand for personal data where the policy is `hash`."
    )
    duplicate_permutations: int = Field(default=128, ge=16)
    duplicate_bands: int = Field(default=32, ge=1)
    duplicate_shingle_size: int = Field(default=7, ge=2, description="Letters and digits in a shingle.")
    duplicate_threshold: float = Field(default=0.8, gt=0, le=1, description="Jaccard similarity of duplicates.")
    http_private_hosts: list[str] = Field(
        default=[], description="Hosts in private networks that http sources may be read from."
    )
    golden_set: Path | None = Field(
        default=None, description="Questions with the documents that answer them; unset: the sample questions."
    )

    dbt_executable: Path | None = Field(default=None, description="Unset: `<home>/dbt-venv/bin/dbt`.")
    dbt_password: SecretStr | None = None
    dbt_timeout: int = Field(default=600, ge=1, description="Seconds for one dbt command.")

    @model_validator(mode="after")
    def _can_find_duplicates(self) -> IngestionSettings:
        search = self.duplicate_search()
        if search.scheme.recall(search.threshold) < 0.99:
            raise ValueError(
                f"{self.duplicate_bands} bands of {self.duplicate_permutations} permutations overlook too many pairs "
                f"at a similarity of {self.duplicate_threshold}: use more bands."
            )
        return self

    def duplicate_search(self) -> DuplicateSearch:
        """Return how near-duplicates are looked for."""
        scheme = SignatureScheme(
            permutations=self.duplicate_permutations,
            bands=self.duplicate_bands,
            shingle_size=self.duplicate_shingle_size,
        )
        return DuplicateSearch(scheme, self.duplicate_threshold)

    def dbt(self) -> Path:
        """Return the dbt program."""
        return self.dbt_executable or self.home / "dbt-venv" / "bin" / "dbt"
