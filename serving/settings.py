"""What only serving can be told."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr

from corpus.settings import CorpusSettings
from serving.access import Limits


class Price(BaseModel):
    """What a million tokens of a model cost; `cached` are those the provider had read before."""

    model_config = ConfigDict(frozen=True)

    input: float = Field(ge=0)
    cached: float = Field(ge=0)
    output: float = Field(ge=0)


class ServingSettings(CorpusSettings):
    """Settings of the API, read from `REGESTA_…`."""

    serving_password: SecretStr | None = None
    pool_size: int = Field(default=10, ge=1, description="Database connections per worker.")
    pool_timeout: float = Field(default=5.0, gt=0, description="Seconds to wait for a connection.")

    replica_url: str | None = Field(
        default=None, description="A standby of the database, to search on; see docs/decisions/0017."
    )
    replica_lag_seconds: float = Field(default=2.0, ge=1, description="Further behind, it is not used.")
    replica_timeout: float = Field(default=2.0, gt=0, description="Seconds a search may take there.")

    generator: Literal["auto", "extractive", "anthropic", "openai"] = Field(
        default="auto",
        description="`auto`: anthropic when its key is set, openai when its address is, else extractive.",
    )
    anthropic_api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("REGESTA_ANTHROPIC_API_KEY", "ANTHROPIC_API_KEY")
    )
    anthropic_base_url: str | None = Field(
        default=None, description="Any server that speaks the Messages protocol; unset: Anthropic's."
    )
    anthropic_light_model: str = Field(default="claude-haiku-5-5", description="For ordinary questions.")
    anthropic_strong_model: str = Field(default="claude-sonnet-5-5", description="For questions that need thought.")
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = Field(default=None, description="Chat completions of vLLM and others, with `/v1`.")
    openai_light_model: str = Field(default="default", description="As the server names it.")
    openai_strong_model: str | None = Field(default=None, description="Unset: the light one writes everything.")
    route_threshold: float = Field(default=0.6, ge=0, le=1, description="Score from which the strong model writes.")
    prices: dict[str, Price] = Field(
        default_factory=dict,
        description='Per million tokens, by model: `{"claude-haiku-5-5": {"input": 1, "cached": 0.1, "output": 5}}`.',
    )
    answer_max_tokens: int = Field(default=1024, ge=1)
    connect_timeout: float = Field(default=2.0, gt=0, description="Seconds.")
    first_token_timeout: float = Field(default=10.0, gt=0, description="Seconds, retries included.")
    idle_timeout: float = Field(default=15.0, gt=0, description="Seconds between two tokens.")
    answer_timeout: float = Field(default=120.0, gt=0, description="Seconds for a whole answer.")
    generator_retries: int = Field(default=2, ge=0, description="Further attempts while nothing has come.")
    breaker_failures: int = Field(default=5, ge=1, description="Failures in a row after which a model is left alone.")
    breaker_seconds: float = Field(default=30.0, gt=0, description="How long, before one question tries it again.")
    source_limit: int = Field(default=6, ge=1, le=20, description="Passages an answer may rest on.")

    answer_cache: bool = Field(default=True, description="Give answers again; see docs/decisions/0013.")
    answer_ttl: int = Field(default=1800, ge=0, description="Seconds, for sources that set none of their own.")
    retrieval_ttl: int = Field(default=1800, ge=0, description="Seconds.")
    embedding_ttl: int = Field(default=3600, ge=0, description="Seconds.")
    cached_answers: int = Field(default=5_000, ge=1, description="Most per tenant; all are compared with a question.")
    cached_retrievals: int = Field(default=5_000, ge=1, description="Most per tenant.")
    cached_embeddings: int = Field(default=20_000, ge=1, description="Most per tenant.")
    requests_per_minute: int = Field(default=1200, ge=1, description="Per key that has no limit of its own.")
    concurrent_streams: int = Field(default=100, ge=1, description="Answers running at once, per key likewise.")
    tokens_per_day: int = Field(default=5_000_000, ge=1, description="Of language models, per key likewise.")
    request_max_bytes: int = Field(default=101 * 2**20, ge=1, description="Size of a request's body.")

    fusion: Literal["scores", "ranks"] = Field(
        default="scores", description="How full text and vectors are joined: by normalised scores, or by ranks (RRF)."
    )
    text_weight: float = Field(default=0.65, ge=0, le=1, description="Share of full text in a fused score.")
    text_weight_korean: float = Field(default=0.5, ge=0, le=1, description="The same for Korean questions.")
    reranker: Literal["auto", "none", "cross_encoder"] = Field(
        default="auto", description="`auto`: cross_encoder as soon as a model is set, else none."
    )
    reranker_model: str | None = Field(default=None, description="A cross-encoder: hub name or folder.")
    reranker_languages: list[str] = Field(
        default_factory=list, description="What it was taught, such as en; empty for any language."
    )
    rerank_depth: int = Field(default=30, ge=2, le=100, description="Passages the reranker looks at.")

    def limits(self) -> Limits:
        """Return what holds for a key that has no limits of its own."""
        return Limits(self.requests_per_minute, self.concurrent_streams, self.tokens_per_day)

    def models_of(self, generator: str) -> dict[Literal["light", "strong"], str] | None:
        """Return the models a generator chooses from; None when it uses no language model."""
        if generator == "anthropic":
            return {"light": self.anthropic_light_model, "strong": self.anthropic_strong_model}
        if generator == "openai":
            return {"light": self.openai_light_model, "strong": self.openai_strong_model or self.openai_light_model}
        return None
