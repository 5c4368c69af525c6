"""What only serving can be told."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, Field, SecretStr

from corpus.settings import CorpusSettings


class ServingSettings(CorpusSettings):
    """Settings of the API, read from `REGESTA_…`."""

    serving_password: SecretStr | None = None
    pool_size: int = Field(default=10, ge=1, description="Database connections per worker.")
    pool_timeout: float = Field(default=5.0, gt=0, description="Seconds to wait for a connection.")

    generator: Literal["auto", "extractive", "anthropic"] = Field(
        default="auto", description="`auto`: anthropic as soon as a key is set, else extractive."
    )
    anthropic_api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("REGESTA_ANTHROPIC_API_KEY", "ANTHROPIC_API_KEY")
    )
    anthropic_base_url: str | None = Field(
        default=None, description="Any server that speaks the Messages protocol; unset: Anthropic's."
    )
    anthropic_model: str = "claude-sonnet-5-5"
    answer_max_tokens: int = Field(default=1024, ge=1)
    first_token_timeout: float = Field(default=10.0, gt=0, description="Seconds.")
    idle_timeout: float = Field(default=15.0, gt=0, description="Seconds between two tokens.")
    source_limit: int = Field(default=6, ge=1, le=20, description="Passages an answer may rest on.")
