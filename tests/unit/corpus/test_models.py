"""How a model's row becomes an embedder: nothing of a vector space is inherited from settings, no secret leaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from corpus import models
from corpus.embedding import EmbedderSpec, EmbeddingError, load_embedder
from corpus.models import Model, ModelMismatch, describe, load, loading_spec, serving_of
from corpus.settings import CorpusSettings
from tests.embedding_server import DIMENSIONS, EmbeddingServer, running

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MODEL = Model(2, "bag", "r1", DIMENSIONS, "embeddings_2", "building", {}, None, None, False, NOW)
ADDRESS = "http://models.internal:8000/v1"


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with running() as server:
        yield server


def settings(**given: Any) -> CorpusSettings:
    return CorpusSettings(**{"embedding_provider": "http", "embedding_url": ADDRESS, "embedding_api_key": "k", **given})


def test_an_empty_spec_means_what_the_settings_say() -> None:
    own = settings(embedding_model="m", embedding_dimensions=5)
    assert loading_spec(MODEL, own) == own.embedder_spec()


def test_what_a_row_leaves_out_is_the_default_and_never_another_models_setting() -> None:
    others: dict[str, Any] = {
        "embedding_query_prefix": "Q ",
        "embedding_passage_prefix": "P ",
        "embedding_dimensions": 9,
    }
    own = settings(embedding_threads=3, **others)
    spec = loading_spec(replace(MODEL, spec={"provider": "sentence_transformers", "model": "a/b"}), own)
    assert (spec.query_prefix, spec.passage_prefix, spec.dimensions, spec.url) == ("query: ", "passage: ", None, None)
    assert (spec.threads, spec.home, spec.batch_size) == (3, own.home / "models", own.embedding_batch_size)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        (ADDRESS, "k"),
        ("http://models.internal:8000/other/v1", "k"),
        ("http://models.internal:9000/v1", None),
        ("https://models.internal:8000/v1", None),
        ("http://elsewhere:8000/v1", None),
    ],
)
def test_the_api_key_goes_only_to_the_server_the_settings_name(url: str, key: str | None) -> None:
    row = replace(MODEL, spec={"provider": "http", "model": "bag", "url": url, "dimensions": 3})
    assert loading_spec(row, settings()).api_key == key


def test_a_row_cannot_bring_its_own_secret_or_folder() -> None:
    row = replace(MODEL, spec={"provider": "http", "model": "bag", "api_key": "x", "home": "/etc"})
    spec = loading_spec(row, settings())
    assert (spec.api_key, spec.home) == (None, settings().home / "models")


def test_a_description_loads_the_same_model_again(server: EmbeddingServer) -> None:
    spec = EmbedderSpec(
        provider="http", model="bag", url=server.url, dimensions=DIMENSIONS, api_key="k", query_prefix="", revision="r1"
    )
    embedder = load_embedder(spec)
    described = describe(spec, embedder)
    assert "k" not in described.values() and "api_key" not in described and described["revision"] == "r1"
    loaded = load(replace(MODEL, spec=described), settings())
    assert loaded.embed(["login 로그인"], "query").tolist() == embedder.embed(["login 로그인"], "query").tolist()


def test_the_packaged_model_needs_no_more_than_its_provider(tmp_path: Path) -> None:
    spec = EmbedderSpec(home=tmp_path)
    embedder: Any = None  # not looked at
    assert describe(spec, embedder) == {"provider": "packaged"}


def test_an_address_with_a_password_is_refused(server: EmbeddingServer) -> None:
    spec = EmbedderSpec(provider="http", model="bag", url="http://me:secret@host/v1", dimensions=3)
    with pytest.raises(EmbeddingError, match="REGESTA_EMBEDDING_API_KEY") as caught:
        describe(spec, load_embedder(spec))
    assert "secret" not in str(caught.value)


def test_another_model_than_the_rows_is_refused(server: EmbeddingServer) -> None:
    spec = {"provider": "http", "model": "bag", "url": server.url, "dimensions": DIMENSIONS, "revision": "r2"}
    with pytest.raises(ModelMismatch, match=r"bag \(r1\).*bag \(r2\).*cannot be compared"):
        load(replace(MODEL, spec=spec), settings())


def test_loading_again_gives_the_same_object(server: EmbeddingServer) -> None:
    spec = {"provider": "http", "model": "bag", "url": server.url, "dimensions": DIMENSIONS, "revision": "r1"}
    model = replace(MODEL, spec=spec)
    assert load(model, settings()) is load(model, settings())
    assert load(model, settings(), threads=2) is not load(model, settings())


def test_exactly_the_serving_one_is_found() -> None:
    serving = replace(MODEL, id=7, state="serving")
    assert serving_of([MODEL, serving]) is serving
    with pytest.raises(models.ModelNotFound, match="regesta setup"):
        serving_of([MODEL])
