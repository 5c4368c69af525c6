"""Documents through the API: listed, handed in, withdrawn, let go of, and taken out of quarantine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from unicodedata import normalize
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from ingestion import requests, steps, versions
from ingestion.sources import add_source
from ingestion.workbench import Workbench

INBOX = "inbox"
MAX_BYTES = 2000


def sync(bench: Workbench, name: str) -> Any:
    run_id, keys = steps.discover(bench, name, "local", f"test__{uuid4()}")
    for key in keys:
        for _, step in steps.BATCH_STEPS:
            key = step(bench, key)
    return steps.settle(bench, run_id)


@pytest.fixture(scope="module")
def api(serving: Any, bench: Workbench, handbook: None) -> Iterator[httpx.Client]:
    with bench.connect() as connection:
        add_source(connection, INBOX, "upload://")
        add_source(connection, "private", "upload://", access_groups=["hr"])
    with serving(generator="extractive", max_document_bytes=MAX_BYTES) as client:
        yield client


def upload(api: httpx.Client, name: str, data: str | bytes, source: str = INBOX, **more: Any) -> httpx.Response:
    body = data.encode() if isinstance(data, str) else data
    return api.post("/v1/documents", data={"source": source}, files={"file": (name, body)}, **more)


def waits(connection: Any, uri: str) -> list[Any]:
    return connection.execute(
        "select kind from landing.arrivals where uri = %s and settled_at is null", [uri]
    ).fetchall()


def test_documents_are_listed_newest_first_in_pages(api: httpx.Client) -> None:
    first = api.get("/v1/documents", params={"limit": 1}).json()
    second = api.get("/v1/documents", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    [newer], [older] = first["documents"], second["documents"]
    assert UUID(newer["id"]) > UUID(older["id"])
    assert second["next_cursor"] is None
    assert (newer["status"], newer["version"]) == ("active", 1)
    shown = api.get(f"/v1/documents/{newer['id']}").json()
    assert {**newer, "pin": None} == shown


@pytest.mark.parametrize(
    ("given", "languages"),
    [
        ({"language": "ko"}, {"ko"}),
        ({"title": "SIGNING"}, {"en"}),
        ({"title": normalize("NFD", "로그인")}, {"ko"}),  # as a Mac writes it: syllables taken apart
        ({"title": "%"}, set()),
        ({"status": "deleted"}, set()),
        ({"source": "nowhere"}, set()),
    ],
)
def test_a_listing_is_narrowed(api: httpx.Client, given: dict[str, str], languages: set[str]) -> None:
    found = api.get("/v1/documents", params=given).json()["documents"]
    assert {document["language"] for document in found} == languages


@pytest.mark.parametrize(
    "given",
    [
        {"cursor": "x"},
        {"limit": 0},
        {"limit": 1000},
        {"status": "lost"},
        {"title": "\x00"},
        {"source": "\x00"},
        {"souce": INBOX},
    ],
)
def test_a_listing_refuses_what_it_does_not_know(api: httpx.Client, given: dict[str, Any]) -> None:
    assert api.get("/v1/documents", params=given).status_code == 422
    if "status" not in given and "title" not in given:
        assert api.get("/v1/quarantine", params=given).status_code == 422


def test_a_document_is_handed_in_and_withdrawn_again(api: httpx.Client, bench: Workbench) -> None:
    reply = upload(api, "휴가.md", "# Vacation\n\nOwls get forty days of vacation in the winter.")
    assert reply.status_code == 202, reply.text
    assert bench.store.get(f"raw/{reply.json()['sha256']}").startswith(b"# Vacation")
    where = reply.headers["Location"]
    assert api.get(where).json()["state"] == "waiting"
    assert sync(bench, INBOX).indexed == 1
    arrival = api.get(where).json()
    assert arrival["state"] == "done"
    question = {"query": "vacation of owls", "filters": {"sources": [INBOX]}}
    assert "forty days" in api.post("/v1/search", json=question).json()["hits"][0]["text"]

    path = f"/v1/documents/{arrival['document_id']}"
    gone = api.delete(path)
    assert (gone.status_code, gone.json()["kind"]) == (202, "delete")
    again = api.delete(path)
    assert (again.status_code, again.json()["type"]) == (409, "urn:regesta:problem:not-possible")
    sync(bench, INBOX)
    assert api.get(gone.headers["Location"]).json()["state"] == "done"
    assert api.post("/v1/search", json=question).json()["hits"] == []
    assert api.get(path).json()["status"] == "deleted"


@pytest.mark.parametrize(
    ("name", "data", "source", "status"),
    [
        ("a.md", "x" * (MAX_BYTES + 1), INBOX, 413),
        ("a.md", "x" * 200_000, INBOX, 413),
        ("a.exe", "MZ", INBOX, 415),
        ("a.md", b"\x7fELF\x02", INBOX, 415),
        ("a.md", "", INBOX, 422),
        ("..", "text", INBOX, 422),
        ("a.md", "text", "nowhere", 404),
        ("a.md", "text", "private", 404),
        ("a.md", "text", "a\x00b", 422),
    ],
)
def test_what_cannot_be_taken_is_refused_with_the_reason(
    api: httpx.Client, bench: Workbench, name: str, data: str | bytes, source: str, status: int
) -> None:
    reply = upload(api, name, data, source)
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    with bench.connect() as connection:
        assert waits(connection, f"upload://{source}/{name}".replace("\x00", "")) == []


def test_a_body_of_unknown_length_is_cut_off_at_the_limit(api: httpx.Client) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.md"\r\n\r\n'
        for _ in range(30):
            yield b"x" * 10_000

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    try:
        status = api.post("/v1/documents", content=pieces(), headers=headers).status_code
    except httpx.WriteError:  # the server had answered and closed before everything was sent
        status = 413
    assert status == 413


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data", b"x", 422),
        ("multipart/form-data; boundary=b", b"nonsense", 422),
        ("multipart/form-data; boundary=b", b"--b--\r\n", 422),
    ],
)
def test_a_body_that_is_no_form_is_refused(api: httpx.Client, content_type: str, body: bytes, status: int) -> None:
    reply = api.post("/v1/documents", content=body, headers={"Content-Type": content_type})
    assert reply.status_code == status, reply.text


def test_nothing_is_read_from_whoever_has_no_key(api: httpx.Client) -> None:
    assert upload(api, "a.md", "text", headers={"Authorization": "Bearer rgs_no"}).status_code == 401


def test_what_a_sync_brings_cannot_be_deleted_or_handed_in_here(api: httpx.Client, bench: Workbench) -> None:
    document = next(row for row in api.get("/v1/documents").json()["documents"] if row["uri"].startswith("s3://"))
    reply = api.delete(f"/v1/documents/{document['id']}")
    assert (reply.status_code, "Delete it there" in reply.json()["detail"]) == (409, True)
    assert upload(api, "a.md", "text", document["source"]).status_code == 409


def test_a_restored_document_is_let_go_of(api: httpx.Client, bench: Workbench) -> None:
    document = api.get("/v1/documents", params={"language": "en"}).json()["documents"][0]["id"]
    with bench.connect() as connection:
        versions.restore_document(connection, UUID(document), 1, "test", "hold it")
    assert api.get(f"/v1/documents/{document}").json()["pin"]["reason"] == "hold it"
    states = []
    for _ in range(2):
        asked = api.post(f"/v1/documents/{document}/unpin", json={"reason": "let go"})
        assert (asked.status_code, asked.json()["kind"]) == (202, "unpin")
        with bench.connect() as connection:
            requests.answer_requests(connection)
        states.append(api.get(asked.headers["Location"]).json()["state"])
    assert states == ["done", "failed"]
    assert api.get(f"/v1/documents/{document}").json()["pin"] is None


def test_everything_a_run_did_is_undone_until_a_time(
    api: httpx.Client, bench: Workbench, new_key: Callable[..., str], other_key: str
) -> None:
    [handed_in] = [upload(api, "fees.md", "# Fees\n\nThe fee is two coins.").json()]
    sync(bench, INBOX)
    upload(api, "fees.md", "# Fees\n\nThe fee is nine coins.")
    upload(api, "fines.md", "# Fines\n\nThe fine is a marble.")
    sync(bench, INBOX)
    document = api.get(f"/v1/arrivals/{handed_in['id']}").json()["document_id"]
    newest, _ = api.get(f"/v1/documents/{document}/versions").json()["versions"]
    path, body = f"/v1/runs/{newest['run_id']}/restore", {"reason": "bad release", "expires_at": "2099-01-01T00:00:00Z"}
    for key in (other_key, new_key(groups=("nobody",))):
        assert api.post(path, json=body, headers={"Authorization": f"Bearer {key}"}).status_code == 404
    for wrong in (
        {},
        {**body, "version": 1},
        {**body, "expires_at": "2020-01-01T00:00:00Z"},
        {**body, "expires_at": 4},
    ):
        assert api.post(path, json=wrong).status_code == 422
    asked = api.post(path, json=body)
    assert (asked.status_code, asked.json()["run_id"], asked.json()["document_id"]) == (202, newest["run_id"], None)
    with bench.connect() as connection:
        requests.answer_requests(connection)
    found = api.get(asked.headers["Location"]).json()
    assert found["state"] == "done"
    assert {entry["uri"].rpartition("/")[2]: entry["version"] for entry in found["result"]["restored"]} == {
        "fees.md": 1, "fines.md": None,
    }  # fmt: skip
    pin = api.get(f"/v1/documents/{document}").json()["pin"]
    assert (pin["version"], pin["reason"], pin["expires_at"][:10]) == (1, "bad release", "2099-01-01")
    other = api.get(asked.headers["Location"], headers={"Authorization": f"Bearer {other_key}"})
    assert other.status_code == 404
    assert api.post(f"/v1/documents/{document}/unpin", json={"reason": "forward again"}).status_code == 202
    with bench.connect() as connection:
        requests.answer_requests(connection)


def test_a_run_at_work_or_unknown_is_not_undone(api: httpx.Client, bench: Workbench) -> None:
    assert api.post(f"/v1/runs/{uuid4()}/restore", json={"reason": "x"}).status_code == 404
    upload(api, "late.md", "# Late\n\nNever too late.")
    run_id, keys = steps.discover(bench, INBOX, "local", f"test__{uuid4()}")
    running = api.post(f"/v1/runs/{run_id}/restore", json={"reason": "x"})
    assert (running.status_code, "still at work" in running.json()["detail"]) == (409, True)
    for key in keys:
        for _, step in steps.BATCH_STEPS:
            key = step(bench, key)
    steps.settle(bench, run_id)


def test_a_quarantined_version_is_tried_again(api: httpx.Client, bench: Workbench) -> None:
    assert upload(api, "broken.pdf", b"%PDF-1.4 nothing").status_code == 202
    sync(bench, INBOX)
    [kept_out] = api.get("/v1/quarantine", params={"source": INBOX}).json()["versions"]
    assert kept_out["uri"].endswith("broken.pdf")
    assert kept_out["can_be_released"] is False
    version = f"/v1/quarantine/{kept_out['version_id']}"
    assert api.post(f"{version}/release", json={"reason": "please"}).status_code == 409
    asked = api.post(f"{version}/retry", json={"reason": "the parser was mended"})
    assert asked.status_code == 202
    with bench.connect() as connection:
        requests.answer_requests(connection)
        assert waits(connection, kept_out["uri"]) == [("put",)], "a run takes it up at once"
    assert api.get(asked.headers["Location"]).json()["result"]["worked_on"] == "at once"
    assert sync(bench, INBOX).quarantined == 1
    [again] = api.get("/v1/quarantine", params={"source": INBOX}).json()["versions"]
    assert (again["version"], again["document_id"]) == (2, kept_out["document_id"])
    assert api.post(f"{version}/retry", json={"reason": "the old one"}).status_code == 404


def test_a_version_that_failed_validation_is_let_pass(api: httpx.Client, bench: Workbench, database: Any) -> None:
    upload(api, "odd.pdf", b"%PDF-1.4 odd")
    sync(bench, INBOX)
    listed = api.get("/v1/quarantine", params={"source": INBOX}).json()["versions"]
    odd = next(row for row in listed if row["uri"].endswith("odd.pdf"))["version_id"]
    with psycopg.connect(database.conninfo("regesta_owner")) as owner:
        owner.execute("update corpus.versions set reason = 'validation: language_known' where id = %s", [odd])
    asked = api.post(f"/v1/quarantine/{odd}/release", json={"reason": "it is Esperanto"})
    assert (asked.status_code, asked.json()["kind"]) == (202, "release")
    with bench.connect() as connection:
        requests.answer_requests(connection)
        waived = connection.execute("select reason, actor from landing.waivers where uri like '%odd.pdf'").fetchall()
    assert [(reason, actor.startswith("api key ")) for reason, actor in waived] == [("it is Esperanto", True)]
    assert api.get(asked.headers["Location"]).json()["state"] == "done"
    sync(bench, INBOX)


def test_groups_decide_what_is_listed_changed_and_asked_about(
    api: httpx.Client, bench: Workbench, new_key: Callable[..., str], other_key: str
) -> None:
    hr = {"Authorization": f"Bearer {new_key(groups=('everyone', 'hr'))}"}
    handed_in = upload(api, "salary.md", "# Salary\n\nThe salary of owls is secret.", "private", headers=hr)
    assert handed_in.status_code == 202
    sync(bench, "private")
    document = api.get(handed_in.headers["Location"], headers=hr).json()["document_id"]
    asked = api.post(f"/v1/documents/{document}/unpin", json={"reason": "salary"}, headers=hr)
    assert asked.status_code == 202
    for headers in ({}, {"Authorization": f"Bearer {other_key}"}):
        listed = api.get("/v1/documents", params={"source": "private"}, headers=headers).json()
        assert listed == {"documents": [], "next_cursor": None}
        for reply in (
            api.get(f"/v1/documents/{document}", headers=headers),
            api.delete(f"/v1/documents/{document}", headers=headers),
            api.post(f"/v1/documents/{document}/unpin", json={"reason": "mine"}, headers=headers),
            api.get(handed_in.headers["Location"], headers=headers),
            api.get(asked.headers["Location"], headers=headers),
        ):
            assert reply.status_code == 404, reply.text
    with bench.connect() as connection:
        requests.answer_requests(connection)


@pytest.mark.parametrize(
    "statement",
    [
        "update landing.sources set created_at = now()",
        "update landing.sources set access_groups = '{everyone}'",
        "update landing.arrivals set settled_at = now()",
        "delete from landing.arrivals",
        "select sha256 from landing.objects",
        "update serving.answers set text = ''",
        "delete from serving.cached_retrievals",
        "update serving.cached_answers set access_groups = '{everyone}'",
        "delete from serving.cache_means",
        "insert into landing.arrivals (source_id, tenant_id, uri, kind, actor)"
        " select id, tenant_id, 's3://x/y', 'delete', 'me' from landing.sources where kind = 's3'",
    ],
)
def test_the_serving_role_cannot_do_more_than_the_door_does(api: httpx.Client, database: Any, statement: str) -> None:
    with psycopg.connect(database.conninfo("regesta_serving")) as connection:
        connection.execute("select set_config('regesta.tenant_id', 'default', true)")
        connection.execute("select set_config('regesta.access_groups', 'everyone', true)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)  # type: ignore[arg-type]
