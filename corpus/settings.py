"""Settings both programs share, read once from the environment, `.env` and `<home>/settings.env`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from corpus.embedding import EmbedderSpec

ROOT = Path(__file__).resolve().parents[1]
"""The checkout: where `sql/`, `dbt/`, `dags/` and `examples/` lie."""


def regesta_home() -> Path:
    """Return the folder for everything generated on this machine (`REGESTA_HOME`, else `.regesta/`)."""
    return Path(os.environ.get("REGESTA_HOME") or ROOT / ".regesta").resolve()


def settings_files() -> tuple[Path, ...]:
    """Return the files settings are read from; a later one wins, the real environment wins over all."""
    return (regesta_home() / "settings.env", ROOT / ".env")


class CorpusSettings(BaseSettings):
    """Where the database, the object store and the embedding model are.

    Every field is an environment variable with the prefix `REGESTA_`, for example
    `REGESTA_DATABASE_URL`. Programs subclass this and add what only they need.
    """

    model_config = SettingsConfigDict(
        env_prefix="REGESTA_", extra="ignore", validate_default=True, hide_input_in_errors=True
    )

    def __init__(self, **values: object) -> None:
        # The files depend on REGESTA_HOME at call time, so they cannot be class-level configuration.
        values.setdefault("_env_file", settings_files())
        super().__init__(**values)  # type: ignore[arg-type]

    home: Path = Field(default_factory=regesta_home, description="Folder for generated files.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    database_url: str = Field(
        default="postgresql://127.0.0.1:54329/regesta",
        description="Host, port, database and TLS options; roles and passwords come apart.",
    )
    database_connect_timeout: int = Field(default=5, ge=1, description="Seconds.")

    s3_endpoint: str | None = Field(default=None, description="An S3-compatible server; unset means AWS itself.")
    s3_region: str = "us-east-1"
    s3_bucket: str = Field(default="regesta", description="Bucket for raw objects and staged files.")
    s3_access_key_id: str | None = Field(
        default=None, description="Unset: the AWS default credential chain (profile, instance role)."
    )
    s3_secret_access_key: SecretStr | None = None
    max_document_bytes: int = Field(default=100 * 2**20, ge=1, description="Larger documents are refused.")

    retention_days: int = Field(default=14, ge=7, le=14, description="How long one can go back to a version.")

    embedding_provider: Literal["packaged", "sentence_transformers", "http"] = "packaged"
    embedding_model: str = Field(
        default="multilingual-e5-small-q4", description="Hub name or folder; ignored by `packaged`."
    )
    embedding_batch_size: int = Field(default=16, ge=1)
    embedding_threads: int = Field(default=0, ge=0, description="0: every core, for bulk work.")
    embedding_device: str | None = Field(default=None, description="torch device; unset: best there is.")
    embedding_url: str | None = Field(default=None, description="Base URL of an `/v1/embeddings` server.")
    embedding_api_key: SecretStr | None = None
    embedding_dimensions: int | None = Field(default=None, description="Needed by `http` only.")
    embedding_query_prefix: str = "query: "
    embedding_passage_prefix: str = "passage: "

    def embedder_spec(self) -> EmbedderSpec:
        """Return which embedder to load, and how."""
        key = self.embedding_api_key
        return EmbedderSpec(
            provider=self.embedding_provider,
            model=self.embedding_model,
            home=self.home / "models",
            batch_size=self.embedding_batch_size,
            threads=self.embedding_threads,
            device=self.embedding_device,
            url=self.embedding_url,
            api_key=key.get_secret_value() if key else None,
            dimensions=self.embedding_dimensions,
            query_prefix=self.embedding_query_prefix,
            passage_prefix=self.embedding_passage_prefix,
        )
