"""Searches on a real standby: it answers only while it proves to be as new as the primary."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ingestion.sources import change_source
from ingestion.workbench import Workbench
from tests.integration.ingestion.conftest import Folder
from tests.integration.serving.replica.conftest import (
    HARBOUR,
    QUESTION,
    count,
    texts,
    until,
)
from tests.standby import Standby


def test_a_search_is_done_by_the_standby(
    api: httpx.Client, standby: Standby, folder: Folder, new_key: Callable[..., str]
) -> None:
    key = new_key(folder.name)
    standby.catch_up()
    known, logged = count(), standby.searches()
    assert "12 berths" in texts(api, key)[0]
    answer = api.post("/v1/ask", json={"question": QUESTION}, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200 and "12 berths" in answer.text
    assert count() == known + 2
    assert standby.searches() == logged + 2


def test_scopes_hold_on_the_standby(
    api: httpx.Client, standby: Standby, bench: Workbench, source_bucket: str, new_key: Callable[..., str]
) -> None:
    private = Folder(bench, source_bucket, f"p{uuid4().hex[:12]}", access_groups=["board"])
    private.put("harbour.md", HARBOUR)
    private.sync()
    board, guest, stranger = new_key(private.name, ("board",)), new_key(private.name), new_key("nobody", ("board",))
    standby.catch_up()
    known = count()
    assert texts(api, board)
    assert texts(api, guest) == texts(api, stranger) == []
    assert count() == known + 3


def test_looking_back_is_for_the_primary(api: httpx.Client, standby: Standby, folder: Folder, new_key: Any) -> None:
    key = new_key(folder.name)
    [(now,)] = folder.query("select clock_timestamp()")
    standby.catch_up()
    before, searches = count("looks-back"), standby.searches()
    assert texts(api, key, as_of=now.isoformat())
    assert (count("looks-back"), standby.searches()) == (before + 1, searches)


@pytest.mark.parametrize("mode", ["hybrid", "text", "vector"])
def test_a_deleted_document_never_comes_from_a_standby_that_still_has_it(
    api: httpx.Client, standby: Standby, folder: Folder, new_key: Any, mode: str
) -> None:
    key, other = new_key(folder.name), new_key()
    with standby.paused():
        folder.delete("harbour.md")
        folder.sync(confirm_removals=True)
        assert standby.run("select pg_is_wal_replay_paused()") == [(True,)]
        assert not [text for text in texts(api, key, mode=mode) if "berths" in text]
        until(api, "lagging")
        lagging = count("lagging")
        assert not [text for text in texts(api, key, mode=mode) if "berths" in text]
        texts(api, other)
        assert count("lagging") == lagging + 2
    until(api, "ok")
    standby.catch_up()
    known = count()
    assert not [text for text in texts(api, key, mode=mode) if "berths" in text]
    assert count() == known + 1


def test_another_tenants_searches_go_on_while_one_is_behind(
    serving: Any, replica_url: str, standby: Standby, folder: Folder, bench: Workbench, new_key: Any
) -> None:
    """Long before the lag says so, the release does; and only of whom it concerns."""
    key, other = new_key(folder.name), new_key()
    with serving(generator="extractive", replica_url=replica_url, replica_lag_seconds=600, retrieval_ttl=0) as client:
        until(client, "ok")
        with standby.paused():
            assert texts(client, key)
            with bench.connect() as connection:
                change_source(connection, folder.name, "test", access_groups=["board"])
            known, behind, lagging = count(), count("behind"), count("lagging")
            assert texts(client, key) == []
            assert texts(client, other) is not None
            assert (count(), count("behind"), count("lagging")) == (known + 1, behind + 1, lagging)


def test_no_reader_ever_goes_back_in_time(
    serving: Any, replica_url: str, standby: Standby, folder: Folder, new_key: Any
) -> None:
    """Edits while questions are asked: whoever asks after an edit was published finds it, from the caches too."""
    key = new_key(folder.name)
    with (
        serving(generator="extractive", replica_url=replica_url, replica_lag_seconds=600, answer_cache=True) as client,
        ThreadPoolExecutor(2) as readers,
    ):
        until(client, "ok")
        published, over = [12], False

        def read() -> tuple[int, list[str]]:
            asked, wrong = 0, []
            while not over:
                least = published[0]
                body = {"question": QUESTION}
                reply = client.post("/v1/ask", json=body, headers={"Authorization": f"Bearer {key}"}).json()
                known = [berths for berths in range(12, 20) if f"{berths} berths" in reply["answer"]]
                asked += 1
                if not known or known[0] < least:
                    wrong.append(f"after {least}: {reply['answer']}")
            return asked, wrong

        behind = count("behind")
        reading = [readers.submit(read) for _ in range(2)]
        try:
            for berths in range(13, 17):
                with standby.paused():
                    folder.put("harbour.md", HARBOUR.replace("12", str(berths)), later=True)
                    folder.sync()
                    published[0] = berths
                    time.sleep(0.3)
                standby.catch_up()
                known = count()
                texts(client, key, mode="text", top_k=berths)  # asked for the first time: no cache knows it
                assert count() > known
        finally:
            over = True
        results = [each.result(60) for each in reading]
    assert [wrong for _, wrong in results if wrong] == []
    assert min(asked for asked, _ in results) > 10
    assert count("behind") > behind
