"""Whatever fails at the object store is told in words of ours."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from corpus.objects import ObjectStore, ObjectStoreUnavailable

AWAY = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


class Client:
    """An S3 client whose server is away, or breaks off."""

    def __init__(self, looked_up: Exception | None = None) -> None:
        self.looked_up = looked_up
        self.written: list[str] = []

    def head_object(self, **_: Any) -> None:
        if self.looked_up:
            raise self.looked_up

    def put_object(self, **arguments: Any) -> None:
        self.written.append(arguments["Key"])

    def get_object(self, **_: Any) -> dict[str, Any]:
        return {"Body": self}

    def read(self) -> bytes:
        raise ReadTimeoutError(endpoint_url="http://127.0.0.1:1")


def refused(status: int) -> ClientError:
    answer: Any = {"Error": {"Code": str(status)}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "HeadObject")


def store(client: Client) -> ObjectStore:
    return ObjectStore(client, "landing")  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [AWAY, refused(503), refused(403)])
def test_a_lookup_that_fails_is_typed_and_says_what_to_do(error: Exception) -> None:
    with pytest.raises(ObjectStoreUnavailable, match=r"landing/raw/[0-9a-f]{64} failed: .*regesta doctor"):
        store(Client(error)).land(b"bytes")


def test_bytes_that_break_off_are_typed() -> None:
    with pytest.raises(ObjectStoreUnavailable, match="get_object of landing/raw/x failed: Read timeout"):
        store(Client()).get("raw/x")


@pytest.mark.parametrize(("looked_up", "count"), [(refused(404), 1), (None, 0)])
def test_bytes_are_written_when_they_are_not_there(looked_up: Exception | None, count: int) -> None:
    client = Client(looked_up)
    sha256 = store(client).land(b"bytes")
    assert sha256 == hashlib.sha256(b"bytes").hexdigest()
    assert client.written == [f"raw/{sha256}"] * count
