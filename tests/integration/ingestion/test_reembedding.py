"""A model change on a real database: built beside, killed, switched under readers, gone back from, dropped."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from pgvector import HalfVector

from corpus import models
from corpus.embedding import Embedder, EmbedderSpec, load_embedder
from corpus.models import Model, find_model, serving_model
from ingestion import reembedding, steps
from ingestion.errors import IngestionError
from ingestion.reembedding import switching
from ingestion.reembedding.switching import backlog
from ingestion.sources import add_source
from ingestion.workbench import Workbench
from tests.embedding_server import DIMENSIONS, EmbeddingServer, running

TENANT = "t1"
FACTS = {
    "login": "A reset link is valid for thirty minutes.",
    "locked": "An account is locked after eight wrong passwords in a row.",
    "로그인": "비밀번호를 다섯 번 연속으로 틀리면 계정이 잠깁니다.",
    "재설정": "재설정 링크는 서른 분 동안 유효합니다.",
}
NOISE = "무선 공유기 {0}번은 {0}층 복도에 있습니다. Access point {0} hangs on floor {0}, channel {1}."


class Corpus:
    """One tenant's documents, the API's search, and a second model to change to."""

    def __init__(self, bench: Workbench, bucket: str, database: Any, server: EmbeddingServer) -> None:
        self.bench, self.bucket, self.database, self.server = bench, bucket, database, server
        self.source = f"m{uuid4().hex[:12]}"
        self.connection = bench.connect()
        add_source(self.connection, self.source, f"s3://{bucket}/{self.source}/", TENANT)
        self.spec = EmbedderSpec(
            provider="http", model="bag", revision="r1", url=server.url, dimensions=DIMENSIONS, batch_size=32
        )
        self.embedder: Embedder = load_embedder(self.spec)

    def publish(self, **documents: str) -> None:
        """Publish documents by name; an empty text takes one away."""
        for name, text in documents.items():
            place = {"Bucket": self.bucket, "Key": f"{self.source}/{name}.md"}
            self.bench.s3.put_object(**place, Body=text.encode()) if text else self.bench.s3.delete_object(**place)
        run_id, keys = steps.discover(self.fresh(), self.source, "local", f"test__{uuid4()}", True)
        for key in keys:
            for _, step in steps.BATCH_STEPS:
                key = step(self.fresh(), key)
        receipt = steps.settle(self.bench, run_id)
        assert receipt.state == "succeeded", receipt

    def fresh(self) -> Workbench:
        """A workbench as a new task has one."""
        return Workbench(self.bench.settings)

    def model(self, name: str = "bag@r1") -> Model:
        return find_model(self.connection, name)

    def count(self, query: str, *values: Any) -> int:
        row = self.connection.execute(query, values).fetchone()  # type: ignore[arg-type]
        assert row is not None
        return int(row[0])

    def vectors(self, model: Model) -> int:
        return self.count(f"select count(*) from corpus.{model.table_name}")  # noqa: S608

    def chunks(self) -> int:
        return self.count("select count(*) from corpus.chunks")

    def differing_flags(self, model: Model) -> int:
        return self.count(
            f"select count(*) from corpus.chunks as c left join corpus.{model.table_name} as e on e.chunk_id = c.id"  # noqa: S608
            " where (e.is_live, e.access_groups) is distinct from (c.is_live, c.access_groups)"
        )


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddingServer]:
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def corpus(bench: Workbench, source_bucket: str, database: Any, server: EmbeddingServer) -> Iterator[Corpus]:
    corpus = Corpus(bench, source_bucket, database, server)
    sections = [f"# Point {n}\n\n{NOISE.format(n, n % 13)}" for n in range(90)]
    corpus.publish(
        facts="\n\n".join(f"# {title}\n\n{text}" for title, text in FACTS.items()), network="\n\n".join(sections)
    )
    yield corpus
    corpus.connection.close()


class Reader(threading.Thread):
    """Asks all the time as the API does: embed with the model serving now, search, ask again when it was switched."""

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(daemon=True)
        self.info = corpus.database.conninfo("regesta_serving")
        old = corpus.bench.embedder
        self.vectors = {
            embedder.name: {
                text: HalfVector(row).to_text()
                for text, row in zip(FACTS.values(), embedder.embed(list(FACTS.values()), "query"), strict=True)
            }
            for embedder in (old, corpus.embedder)
        }
        self.stopped = threading.Event()
        self.searches: dict[str, int] = dict.fromkeys(self.vectors, 0)
        self.switches_seen = 0
        self.problems: list[str] = []
        self.slowest = 0.0

    def run(self) -> None:
        with psycopg.connect(self.info, autocommit=True) as connection:
            while not self.stopped.is_set():
                for text in FACTS.values():
                    try:
                        self.ask(connection, text)
                    except Exception as error:
                        self.problems.append(f"{type(error).__name__} {getattr(error, 'sqlstate', '')}: {error}")

    def ask(self, connection: psycopg.Connection[Any], text: str) -> None:
        while True:
            model = serving_model(connection)
            try:
                started = datetime.now(UTC)
                rows = self.search(connection, model, text)
            except psycopg.Error as error:
                if error.sqlstate != "RG001":
                    raise
                self.switches_seen += 1
                continue
            self.slowest = max(self.slowest, (datetime.now(UTC) - started).total_seconds())
            break
        self.searches[model.name] += 1
        if not rows or text not in rows[0][0]:
            self.problems.append(f"{model.name} found {rows[:1]} for {text!r}")

    def search(self, connection: psycopg.Connection[Any], model: Model, text: str) -> list[Any]:
        with connection.transaction():
            connection.execute("select set_config('regesta.tenant_id', %s, true)", [TENANT])
            connection.execute("select set_config('regesta.access_groups', 'everyone', true)")
            return connection.execute(
                "select text, similarity from corpus.search_chunks("
                "'{}', %s, 3, model_id => %s::smallint) where vector_rank is not null order by rank",
                [self.vectors[model.name][text], model.id],
            ).fetchall()

    def __enter__(self) -> Reader:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.join(30)


def switch(corpus: Corpus, model: Model, embedder: Embedder, **given: Any) -> Model:
    with corpus.bench.connect() as connection:
        return reembedding.switch(connection, model, embedder, "an operator", **{"notice_seconds": 0, **given})


# One story, told in order: every test goes on where the one before it ended.


def test_01_a_candidate_is_registered_beside_the_serving_model(corpus: Corpus) -> None:
    before = serving_model(corpus.connection)
    model = reembedding.register(corpus.connection, corpus.embedder, corpus.spec)
    assert (model.state, model.dimensions, model.spec["url"]) == ("building", DIMENSIONS, corpus.server.url)
    assert reembedding.register(corpus.connection, corpus.embedder, corpus.spec) == model
    assert serving_model(corpus.connection) == before
    with pytest.raises(IngestionError, match="revision of its own"):
        other = EmbedderSpec(**{**vars(corpus.spec), "passage_prefix": "text: "})
        reembedding.register(corpus.connection, corpus.embedder, other)


def test_02_the_estimate_counts_everything_and_changes_nothing(corpus: Corpus) -> None:
    model = corpus.model()
    found = reembedding.estimate(corpus.connection, model, corpus.embedder)
    assert found.chunks == corpus.chunks() > 90
    assert [tenant["tenant_id"] for tenant in found.tenants] == [TENANT]
    assert found.tokens > 0 and found.seconds > 0 and found.sample_chunks == 64
    assert corpus.vectors(model) == 0


def test_03_a_switch_to_an_unbuilt_model_is_refused(corpus: Corpus) -> None:
    before = serving_model(corpus.connection)
    with pytest.raises(IngestionError, match=r"passages have no vector.*models build"):
        switch(corpus, corpus.model(), corpus.embedder, largest_top_up=10)
    assert serving_model(corpus.connection) == before
    with pytest.raises(IngestionError, match="no earlier"):
        reembedding.previous_model(corpus.connection)


class Dying:
    """An embedder whose process is killed at its n-th call."""

    def __init__(self, embedder: Embedder, calls: int) -> None:
        self.embedder, self.calls = embedder, calls

    def __getattr__(self, name: str) -> Any:
        return getattr(self.embedder, name)

    def embed(self, texts: Any, kind: Any) -> Any:
        self.calls -= 1
        if self.calls == 0:
            raise KeyboardInterrupt
        return self.embedder.embed(texts, kind)


def test_04_a_build_that_is_killed_goes_on_where_it_was(corpus: Corpus) -> None:
    model, sampled = corpus.model(), corpus.server.embedded.copy()
    dying: Any = Dying(corpus.embedder, 3)
    with pytest.raises(KeyboardInterrupt), corpus.bench.connect() as connection:
        reembedding.build(connection, model, dying, 16)
    assert corpus.vectors(model) == 32
    with corpus.bench.connect() as connection:
        assert reembedding.build(connection, model, corpus.embedder, 16) == corpus.chunks() - 32
        assert reembedding.build(connection, model, corpus.embedder, 16) == 0
    assert corpus.vectors(model) == corpus.chunks() and backlog(corpus.connection, model) == 0
    assert corpus.differing_flags(model) == 0
    assert set((corpus.server.embedded - sampled).values()) == {1}, "a passage was embedded twice"


def test_05_two_workers_share_the_work_and_an_unwanted_candidate_goes(corpus: Corpus) -> None:
    spec = EmbedderSpec(**{**vars(corpus.spec), "revision": "r2"})
    embedder, before = load_embedder(spec), corpus.server.embedded.copy()
    model = reembedding.register(corpus.connection, embedder, spec)

    def work(_: int) -> int:
        with corpus.bench.connect() as connection:
            return reembedding.build(connection, model, embedder, 8)

    with ThreadPoolExecutor(3) as pool:
        shares = list(pool.map(work, range(3)))
    assert sum(shares) == corpus.vectors(model) == corpus.chunks()
    assert len([share for share in shares if share]) > 1, shares
    assert set((corpus.server.embedded - before).values()) == {1}, "a passage was embedded twice"
    reembedding.drop(corpus.connection, model, 14)
    assert find_model(corpus.connection, model.id).is_dropped
    assert corpus.count("select count(*) from corpus.embedded_chunks where embedding_model_id = %s", model.id) == 0
    assert corpus.count("select count(*) from marts.embedding_backlog where embedding_model_id = %s", model.id) == 0


def test_06_a_big_tenant_gets_an_index_of_its_own(corpus: Corpus) -> None:
    assert reembedding.index_tenants(corpus.connection, corpus.model(), 50) == [TENANT]
    assert reembedding.index_tenants(corpus.connection, corpus.model(), 50) == []
    assert corpus.vectors(corpus.model()) == corpus.chunks()


def test_07_models_are_compared_on_questions_about_the_corpus(corpus: Corpus, tmp_path: Path) -> None:
    golden = tmp_path / "golden.jsonl"
    questions = [{"question": text, "uri": "facts.md", "language": "ko" if key > "z" else "en"}
                 for key, text in FACTS.items()]  # fmt: skip
    golden.write_text("\n".join(map(json.dumps, [*questions, {"question": "?", "uri": "other.md"}])), "utf-8")
    pairs = [(serving_model(corpus.connection), corpus.bench.embedder), (corpus.model(), corpus.embedder)]
    found = reembedding.compare(corpus.connection, pairs, golden)
    assert (found.questions, found.answerable) == (5, 4)
    for qualities in found.qualities.values():
        assert {name: quality.hit_at_1 for name, quality in qualities.items()} == {"all": 1.0, "en": 1.0, "ko": 1.0}
    assert found.overlap_at_10 is not None and 0 < found.overlap_at_10 < 1
    assert reembedding.compare(corpus.connection, pairs).answerable == 0


def test_08_what_is_published_meanwhile_comes_along_and_readers_notice_nothing(corpus: Corpus) -> None:
    old, new = serving_model(corpus.connection), corpus.model()
    lobby = "# Later\n\nThe lobby closes at ten. 로비는 열 시에 닫습니다."
    corpus.publish(later=lobby, network=f"# Point 7\n\n{NOISE.format(7, 7)}")
    assert backlog(corpus.connection, new) == 1 and corpus.differing_flags(new) > 80
    with Reader(corpus) as reader:
        wait_for(lambda: reader.searches[old.name] > 20)
        switched = switch(corpus, new, corpus.embedder)
        wait_for(lambda: reader.searches[new.name] > 20)
    assert reader.problems == []
    assert (switched.state, switched.approved_by) == ("serving", "an operator")
    assert find_model(corpus.connection, old.id).state == "retired"
    assert backlog(corpus.connection, new) == 0 and corpus.differing_flags(new) == 0
    assert switch(corpus, new, corpus.embedder) == switched


def test_09_publications_go_on_with_the_new_model(corpus: Corpus) -> None:
    old, kept = corpus.model("multilingual-e5-small-q4"), corpus.server.embedded.copy()
    corpus.publish(after="# After\n\nThe archive opens at nine. 문서고는 아홉 시에 엽니다.", later="")
    assert (corpus.server.embedded - kept).total() == 1
    assert backlog(corpus.connection, corpus.model()) == 0 and backlog(corpus.connection, old) == 1
    with pytest.raises(IngestionError, match="cannot be compared"):
        publishing_check(corpus)


def test_10_the_way_back_is_the_same_switch(corpus: Corpus) -> None:
    old, new = reembedding.previous_model(corpus.connection), corpus.model()
    assert old.name == "multilingual-e5-small-q4"
    with Reader(corpus) as reader:
        wait_for(lambda: reader.searches[new.name] > 20)
        switch(corpus, old, models.load(old, corpus.bench.settings), largest_top_up=None)
        wait_for(lambda: reader.searches[old.name] > 20)
    assert reader.problems == []
    assert serving_model(corpus.connection).id == old.id and corpus.differing_flags(old) == 0
    assert reembedding.previous_model(corpus.connection).id == new.id


def test_11_readers_survive_many_switches(corpus: Corpus) -> None:
    old, new = serving_model(corpus.connection), corpus.model()
    embedder = models.load(old, corpus.bench.settings)
    with Reader(corpus) as reader:
        for _ in range(10):
            switch(corpus, new, corpus.embedder)
            switch(corpus, old, embedder)
        wait_for(lambda: all(count > 20 for count in reader.searches.values()))
    assert reader.problems == []


@pytest.mark.parametrize("step", ["validate", "publish"])
def test_11b_a_batch_embedded_before_a_switch_is_embedded_again_after_it(corpus: Corpus, step: str) -> None:
    old, new = serving_model(corpus.connection), corpus.model()
    text = f"The {step} door is painted green. {step} 문은 초록색입니다."
    place = {"Bucket": corpus.bucket, "Key": f"{corpus.source}/{step}.md"}
    corpus.bench.s3.put_object(**place, Body=f"# Door\n\n{text}".encode())
    bench = corpus.fresh()
    run_id, [key] = steps.discover(bench, corpus.source, "local", f"test__{uuid4()}", True)
    for name, work in steps.BATCH_STEPS:
        if name == step:
            switch(corpus, new, corpus.embedder)
        key = work(bench, key)
    assert steps.settle(bench, run_id).state == "succeeded"
    assert backlog(corpus.connection, new) == 0
    mine = HalfVector(corpus.embedder.embed([f"Door\n{text}"], "passage")[0]).to_text()
    stored = corpus.connection.execute(
        f"select e.embedding <=> %s::halfvec from corpus.{new.table_name} as e"  # noqa: S608
        " join corpus.chunks as c on c.id = e.chunk_id where c.text = %s",
        [mine, text],
    ).fetchone()
    assert stored is not None and stored[0] < 0.001
    switch(corpus, old, models.load(old, corpus.bench.settings))


def test_12_a_switch_waits_for_a_publication_that_is_half_way(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = serving_model(corpus.connection), corpus.model()
    with corpus.bench.connect() as publisher, ThreadPoolExecutor(1) as pool:
        with publisher.transaction():
            publisher.execute("select pg_advisory_xact_lock_shared(hashtextextended('corpus.serving_model', 0))")
            monkeypatch.setattr(switching, "_LOCK_SECONDS", 1)
            with pytest.raises(IngestionError, match=r"publication.*nothing was switched"):
                switch(corpus, new, corpus.embedder)
            assert serving_model(corpus.connection) == old
            monkeypatch.setattr(switching, "_LOCK_SECONDS", 60)
            waiting = pool.submit(switch, corpus, new, corpus.embedder)
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
        assert waiting.result(30).state == "serving"
    switch(corpus, old, models.load(old, corpus.bench.settings))


def test_13_vectors_go_when_their_window_is_over_and_not_before(corpus: Corpus) -> None:
    settings, connection, new = corpus.bench.settings, corpus.connection, corpus.model()
    with pytest.raises(IngestionError, match="is serving"):
        reembedding.drop(connection, serving_model(connection), 14, force=True)
    with pytest.raises(IngestionError, match="way back until"):
        reembedding.drop(connection, new, settings.retention_days)
    assert reembedding.drop_expired_models(connection, settings) == []
    later = datetime.now(UTC) + timedelta(days=settings.retention_days, hours=1)
    with corpus.bench.connect() as tomorrow, Reader(corpus) as reader:
        tomorrow.execute("select set_config('regesta.now', %s, false)", [later.isoformat()])
        assert reembedding.drop_expired_models(tomorrow, settings) == [str(new)]
        assert reembedding.drop_expired_models(tomorrow, settings) == []
    assert reader.problems == []
    assert corpus.count("select count(*) from pg_class where relname like %s", f"{new.table_name}%") == 0
    with pytest.raises(IngestionError, match="were dropped"):
        reembedding.previous_model(connection)
    with pytest.raises(IngestionError, match="were dropped; build them"):
        switch(corpus, new, corpus.embedder)


def test_14_a_dropped_model_can_be_built_anew(corpus: Corpus) -> None:
    model = reembedding.register(corpus.connection, corpus.embedder, corpus.spec)
    assert (model.state, model.is_dropped, model.served_until) == ("building", False, None)
    assert reembedding.build(corpus.connection, model, corpus.embedder) == corpus.vectors(model) > 0
    with pytest.raises(IngestionError, match="no earlier"):
        reembedding.previous_model(corpus.connection)


@pytest.mark.parametrize(
    "statement",
    [
        "update corpus.embedding_models set is_dropped = true",
        "update corpus.embedding_models set state = 'serving'",
        "update corpus.embedding_models set spec = '{}'",
        "insert into corpus.embedding_models (name, revision, dimensions, table_name, state)"
        " values ('a', 'b', 1, 'c', 'serving')",
        "select corpus.add_embedding_model('a', 'b', 3)",
        "drop table corpus.embeddings_1",
    ],
)
def test_15_the_database_refuses_what_would_mix_or_lose_vectors(corpus: Corpus, statement: str) -> None:
    refused = (psycopg.errors.InsufficientPrivilege, psycopg.errors.ExclusionViolation)
    with pytest.raises(refused):
        corpus.connection.execute(statement)  # type: ignore[arg-type]
    with psycopg.connect(corpus.database.conninfo("regesta_serving")) as connection, pytest.raises(refused):
        connection.execute("update corpus.embedding_models set state = 'retired'")


def publishing_check(corpus: Corpus) -> None:
    """What a task that had loaded the former model meets."""
    from ingestion.publishing import check_model

    check_model(corpus.connection, corpus.bench.embedder)


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = datetime.now(UTC) + timedelta(seconds=seconds)
    while not condition():
        assert datetime.now(UTC) < deadline, "waited in vain"
        threading.Event().wait(0.01)
