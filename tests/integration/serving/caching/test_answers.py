"""An answer is given again to the same question, on the same evidence, to whoever may read it; and to nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from corpus import analysis
from ingestion.sources import change_source
from serving.caching.answers import AnswerCache
from serving.caching.canonical import canonical
from serving.caching.decisions import CachedAnswer
from serving.caching.room import Room
from serving.errors import NotFound

if TYPE_CHECKING:
    from tests.integration.ingestion.conftest import Folder

LOGIN = """# 로그인 문제

로그인이 안 되면 브라우저의 쿠키를 지우고 다시 시도하세요.

# 로그인 기록

로그인 기록은 설정의 보안 화면에서 지울 수 있습니다.

# 휴가

휴가는 인사 시스템의 신청 단추로 신청합니다. 휴가 취소는 시작 사흘 전까지 인사 담당자에게 메일로 알립니다.
정규직 병가는 30일이고 계약직 병가는 20일입니다.
"""
BOOK = """# The harbour report

The harbour report was written by Mina Sol. It was written in March 1998. It cost 400 euros to print. The report is
kept in the archive of the town hall.
"""
BOOK_OF_THE_BOARD = """# The harbour report, for the board

The harbour report leaves out that the harbour will be sold.
"""
LOGINS = ("로그인이 안 돼요", "로그인 오류가 나요", "signin이 작동하지 않습니다", "로그인 할 수 없어요")


def test_four_ways_to_say_one_thing_are_one_entry(folder: Folder, reading: Callable[..., Any]) -> None:
    folder.put("login.md", LOGIN)
    folder.sync()

    async def scenario() -> None:
        async with reading(folder.name) as reader:
            first, answer_id, text = await reader.ask(LOGINS[0])
            assert (first.state, first.reason) == ("miss", "nothing near")
            assert "쿠키" in text
            for question in LOGINS:
                decision, found, again = await reader.ask(question)
                assert (decision.state, found) == ("hit", answer_id), (question, decision)
                _, hits = await reader.find(question)
                cited = int(again.rpartition("[")[2].rstrip("]"))  # by its number among this question's own hits
                assert "쿠키" in again and "쿠키" in hits[cited - 1].text
            other, _, text = await reader.ask("로그인 기록을 지우고 싶어요")
            assert other.state == "miss"
            assert "보안 화면" in text

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("asked", "other", "because"),
    [
        ("Who wrote the harbour report?", "When was the harbour report written?", "guard: kind of question"),
        ("When was the harbour report written?", "How much did the harbour report cost?", "guard: kind of question"),
        ("휴가 신청 방법 알려주세요", "휴가 취소 방법 알려주세요", "guard: actions"),
        ("정규직 병가는 며칠인가요?", "계약직 병가는 며칠인가요?", "evidence: one word for another"),
    ],
)
def test_two_questions_about_one_passage_share_no_answer(
    new_folder: Callable[..., Folder], reading: Callable[..., Any], asked: str, other: str, because: str
) -> None:
    folder = new_folder()
    folder.put("book.md", BOOK)
    folder.put("login.md", LOGIN)
    folder.sync()

    async def scenario() -> None:
        async with reading(folder.name) as reader:
            await reader.ask(asked)
            assert (await reader.lookup(asked)).state == "hit"
            decision = await reader.lookup(other)
            assert decision.state == "miss"
            assert decision.reason in (because, "not similar enough")

    asyncio.run(scenario())


def test_what_nobody_else_may_get_is_off(folder: Folder, reading: Callable[..., Any]) -> None:
    folder.put("book.md", BOOK)
    folder.sync()

    async def scenario() -> None:
        async with reading(folder.name) as reader:
            for question, reason in (
                ("What is in my report?", "personal"),
                ("Who wrote the report today?", "time-bound"),
            ):
                assert (await reader.lookup(question)).reason == reason
            query, hits = await reader.find("Who wrote it?")
            decision = await reader.cache.lookup(reader.scope, query, hits, "Who wrote it?", is_follow_up=True)
            assert (decision.state, decision.reason) == ("off", "multi-turn")

    asyncio.run(scenario())


def test_a_hit_analyses_and_embeds_nothing_twice(
    folder: Folder, reading: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("login.md", LOGIN)
    folder.sync()

    async def scenario() -> None:
        async with reading(folder.name) as reader:
            await reader.ask(LOGINS[0])
            query, hits = await reader.find(LOGINS[0])
            embedder, worked = reader.embedding.embedder, []
            embed, lexemes = embedder.embed, analysis.lexemes
            monkeypatch.setattr(embedder, "embed", lambda *given: worked.append(given) or embed(*given))
            monkeypatch.setattr(analysis, "lexemes", lambda text: worked.append(text) or lexemes(text))
            decision = await reader.cache.lookup(reader.scope, query, hits, LOGINS[0])
            assert decision.state == "hit"
            assert set(worked) == {canonical(LOGINS[0])}, "only the words of the question are looked at"

    asyncio.run(scenario())


def test_time_runs_out_and_a_thumbs_down_evicts(folder: Folder, reading: Callable[..., Any]) -> None:
    folder.put("book.md", BOOK)
    folder.sync()
    question = "Who wrote the harbour report?"

    async def scenario() -> None:
        async with reading(folder.name) as reader:
            await reader.ask(question, ttl=1)
            assert (await reader.lookup(question)).state == "hit"
            await asyncio.sleep(1.1)
            assert (await reader.lookup(question)).state == "miss"
            _, answer_id, _ = await reader.ask(question)
            assert await reader.cache.evict(reader.scope, answer_id) == 1
            assert (await reader.lookup(question)).state == "miss"

    asyncio.run(scenario())


def test_a_verified_answer_stays_until_its_evidence_goes(folder: Folder, reading: Callable[..., Any]) -> None:
    folder.put("book.md", BOOK)
    folder.sync()
    question = "Who wrote the harbour report?"

    async def scenario() -> None:
        async with reading(folder.name) as reader:
            _, answer_id, _ = await reader.ask(question, ttl=1)
            await reader.cache.pin(reader.scope, answer_id, "Mina Sol wrote it [1].")
            await asyncio.sleep(1.1)
            decision = await reader.lookup(question)
            assert decision.answer is not None and decision.answer.verified
            assert decision.answer.text.startswith("Mina Sol wrote it [")
            folder.put("book.md", BOOK.replace("Mina Sol", "Jun Ahn"), later=True)
            folder.sync()
            assert (await reader.lookup(question)).answer is None
            with pytest.raises(NotFound):
                await reader.cache.pin(reader.scope, answer_id)

    asyncio.run(scenario())


def test_the_longest_unused_make_room(folder: Folder, reading: Callable[..., Any]) -> None:
    folder.put("book.md", BOOK)
    folder.sync()
    questions = (
        "Who wrote the harbour report?",
        "When was the harbour report written?",
        "Where is the harbour report kept?",
    )

    async def scenario() -> None:
        async with reading(folder.name, answers=2, every=1) as reader:
            for question in questions[:2]:
                await reader.ask(question)
            assert (await reader.lookup(questions[0])).state == "hit"
            await reader.ask(questions[2])
            states = [(await reader.lookup(question)).state for question in questions]
            assert states == ["hit", "miss", "hit"]

    asyncio.run(scenario())


def test_groups_decide_who_gets_an_answer(new_folder: Callable[..., Folder], reading: Callable[..., Any]) -> None:
    folder = new_folder(access_groups=["staff", "board"])
    folder.put("book.md", BOOK)
    folder.sync()
    question = "Who wrote the harbour report?"

    async def scenario() -> None:
        async with reading(folder.name, ("staff",)) as staff:
            await staff.ask(question)
            assert (await staff.lookup(question)).state == "hit"
            assert (await staff.as_("board").lookup(question)).state == "hit"
            outsider = staff.as_("guests")
            query, hits = await staff.find(question)  # as if the outsider's own search had leaked
            assert (await outsider.cache.lookup(outsider.scope, query, hits, question)).state == "miss"
            assert await outsider.cache.evict(outsider.scope, (await staff.ask(question))[1]) == 0
            with folder.bench.connect() as connection:
                change_source(connection, folder.name, actor="tester", access_groups=["board"])
            assert (await staff.lookup(question)).state != "hit"
            assert (await staff.as_("board").lookup(question)).state == "miss"

    asyncio.run(scenario())


def test_what_a_model_read_but_does_not_cite_decides_too(
    new_folder: Callable[..., Folder], reading: Callable[..., Any]
) -> None:
    tenant = f"t{uuid4().hex[:12]}"
    for group, text in (("everyone", BOOK), ("board", BOOK_OF_THE_BOARD)):
        folder = new_folder(tenant, access_groups=[group])
        folder.put("book.md", text)
        folder.sync()
    question = "Who wrote the harbour report?"

    async def scenario() -> None:
        async with reading(tenant, ("everyone", "board")) as reader:
            cache = AnswerCache(reader.pool, reader.embedding, Room(), generator="anthropic")
            query, hits = await reader.find(question)
            place = next(number for number, hit in enumerate(hits, 1) if "Mina Sol" in hit.text)
            text = f"The harbour report was written by Mina Sol [{place}]. The harbour will be sold, by the way."
            answer = CachedAnswer(uuid4(), text, generator="anthropic")
            assert any("will be sold" in hit.text for hit in hits), "the model was given it"
            refused = await cache.store(reader.scope, query, question, hits, answer)
            assert refused == "its evidence has changed, or has no reader in common"
            open_ones = [hit for hit in hits if "will be sold" not in hit.text]
            answer = CachedAnswer(uuid4(), "The harbour report was written by Mina Sol [1].", generator="anthropic")
            assert await cache.store(reader.scope, query, question, open_ones, answer) is None
            everyone = reader.as_("everyone")
            query, hits = await everyone.find(question)
            assert (await cache.lookup(everyone.scope, query, hits, question)).state == "hit"

    asyncio.run(scenario())


def test_an_answer_from_before_an_edit_is_not_stored_after_it(folder: Folder, reading: Callable[..., Any]) -> None:
    folder.put("book.md", BOOK)
    folder.sync()
    question = "Who wrote the harbour report?"

    async def scenario() -> None:
        async with reading(folder.name) as reader:
            query, hits = await reader.find(question)
            folder.put("book.md", BOOK.replace("Mina Sol", "Jun Ahn"), later=True)
            folder.sync()
            answer = CachedAnswer(uuid4(), "The harbour report was written by Mina Sol. [1]")
            refused = await reader.cache.store(reader.scope, query, question, hits, answer)
            assert refused == "its evidence has changed, or has no reader in common"

    asyncio.run(scenario())


def test_no_role_but_serving_reads_cached_answers(database: Any, folder: Folder, reading: Callable[..., Any]) -> None:
    folder.put("book.md", BOOK)
    folder.sync()

    async def scenario() -> None:
        async with reading(folder.name) as reader:
            await reader.ask("Who wrote the harbour report?")

    asyncio.run(scenario())
    with psycopg.connect(database.conninfo("regesta_serving")) as connection:  # no scope is set
        assert connection.execute("select count(*) from serving.cached_answers").fetchone() == (0,)
    for role in ("regesta_ingestion", "regesta_analyst"):
        with (
            psycopg.connect(database.conninfo(role)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("select text from serving.cached_answers")
