"""How well two models find the documents that answer the golden set, by their vectors alone."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from pgvector import HalfVector

from corpus.embedding import Embedder, EmbeddingError
from corpus.models import Model, load, serving_model
from corpus.settings import ROOT
from ingestion.apply import with_table
from ingestion.errors import IngestionError
from ingestion.reembedding.quality import Quality, Ranking, by_language, first_rank, overlap
from ingestion.settings import IngestionSettings
from sql import queries

SAMPLE_QUESTIONS = ROOT / "examples" / "questions.jsonl"
DEPTH = 50
"""Passages looked at per question."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Comparison:
    """Two models beside each other.

    Attributes:
        questions: How many golden questions there are.
        answerable: How many are about documents in the corpus; only they are counted.
        qualities: By model, then by language, `all` being every language.
        overlap_at_10: Mean share of the ten nearest passages that both models found; None without questions.
    """

    questions: int
    answerable: int
    qualities: dict[str, dict[str, Quality]] = field(default_factory=dict)
    overlap_at_10: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return asdict(self)

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per model and language, for a table."""
        return [
            {"model": model, "language": language, **{name: round(value, 3) for name, value in asdict(quality).items()}}
            for model, by_language in self.qualities.items()
            for language, quality in by_language.items()
        ]

    def note(self) -> str:
        """Return in words what the figures rest on."""
        if not self.answerable:
            return (
                f"None of the {self.questions} golden questions is about a document in the corpus, so the models "
                "could not be compared. Set REGESTA_GOLDEN_SET to questions about your own documents."
            )
        return f"{self.answerable} of {self.questions} golden questions are about documents in the corpus." + (
            "" if self.overlap_at_10 is None else f" Of the ten nearest passages both find {self.overlap_at_10:.0%}."
        )


def compare_with_serving(
    connection: psycopg.Connection[Any], candidate: Model, settings: IngestionSettings
) -> Comparison:
    """Compare a model with the one that serves, on the golden set of the settings.

    A serving model that cannot be loaded any more, which is a reason to change it, is left out.
    """
    serving = serving_model(connection)
    pairs = [(candidate, load(candidate, settings))]
    if serving.id != candidate.id:
        try:
            pairs.insert(0, (serving, load(serving, settings)))
        except EmbeddingError as error:
            log.warning("%s is left out of the comparison: %s", serving, error)
    return compare(connection, pairs, settings.golden_set)


def compare(
    connection: psycopg.Connection[Any], models: Sequence[tuple[Model, Embedder]], golden_set: Path | None = None
) -> Comparison:
    """Ask every golden question of each model, exactly (no vector index), and measure what comes back.

    Args:
        connection: As `regesta_ingestion`, which sees every tenant.
        models: One or two models with their embedders.
        golden_set: JSON lines of `question`, `uri` (or the end of one) and `language`; None takes the samples.
    """
    questions = read_questions(golden_set or SAMPLE_QUESTIONS)
    wanted = [(question, _documents(connection, question["uri"])) for question in questions]
    answerable = [(question, documents) for question, documents in wanted if documents]
    if not answerable:
        return Comparison(len(questions), 0)
    texts = [question["question"] for question, _ in answerable]
    rankings = {}
    for model, embedder in models:
        vectors = embedder.embed(texts, "query")
        rankings[str(model)] = [
            _nearest(connection, model, vector, documents.values())
            for vector, (_, documents) in zip(vectors, answerable, strict=True)
        ]
    languages = [question.get("language", "unknown") for question, _ in answerable]
    ranks = {
        name: [first_rank(ranking, documents.keys()) for ranking, (_, documents) in zip(found, answerable, strict=True)]
        for name, found in rankings.items()
    }
    qualities = {name: by_language(found, languages) for name, found in ranks.items()}
    return Comparison(len(questions), len(answerable), qualities, overlap(list(rankings.values())))


def read_questions(path: Path) -> list[dict[str, Any]]:
    """Return the golden questions that a document answers; the others test when to give no answer.

    Raises:
        IngestionError: The file is not there, or a line of it is no question.
    """
    try:
        entries = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        questions = [entry for entry in entries if entry["uri"] is not None]
        if all(isinstance(entry["question"], str) and isinstance(entry["uri"], str) for entry in questions):
            return questions
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IngestionError(f"The golden set {path} cannot be read: {type(error).__name__}: {error}.") from error
    raise IngestionError(f"The golden set {path} cannot be read: `question` and `uri` must be text.")


def _documents(connection: psycopg.Connection[Any], uri: str) -> Mapping[UUID, str]:
    """Return the documents a question is about, with their tenants."""
    return dict(connection.execute(queries("models")["golden_documents"], {"uri": uri}).fetchall())


def _nearest(connection: psycopg.Connection[Any], model: Model, vector: Any, tenants: Iterable[str]) -> Ranking:
    query = with_table(queries("models")["nearest"], model.table_name)
    scope = {"vector": HalfVector(vector).to_text(), "limit": DEPTH}
    return [
        row
        for tenant_id in sorted(set(tenants))
        for row in connection.execute(query, {**scope, "tenant_id": tenant_id}).fetchall()
    ]
