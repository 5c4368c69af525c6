"""The object store: raw bytes under their hash, staged files of runs under the run's id."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from corpus.errors import CorpusError
from corpus.settings import CorpusSettings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class ObjectStoreUnavailable(CorpusError):
    """The object store could not be reached or refused the request."""


def s3_client(settings: CorpusSettings) -> S3Client:
    """Return an S3 client for the configured server, with time limits and retries.

    Path-style addresses, because an S3-compatible server on one host has no bucket subdomains.
    """
    import boto3
    from botocore.config import Config

    secret = settings.s3_secret_access_key
    client: S3Client = boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        region_name=settings.s3_region,
        aws_access_key_id=settings.s3_access_key_id,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        config=Config(
            connect_timeout=3,
            read_timeout=60,
            max_pool_connections=32,
            retries={"max_attempts": 3, "mode": "standard"},
            s3={"addressing_style": "path"} if settings.s3_endpoint else {},
            proxies={} if _is_local(settings.s3_endpoint) else None,
        ),
    )
    return client


def _is_local(endpoint: str | None) -> bool:
    """Whether a server is this machine's, where a proxy for the outside has no business."""
    return urlsplit(endpoint or "").hostname in ("127.0.0.1", "localhost", "::1")


def raw_key(sha256: str) -> str:
    """Return where the bytes with this hash lie."""
    return f"raw/{sha256}"


class ObjectStore:
    """The landing bucket."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    def land(self, data: bytes) -> str:
        """Store raw bytes under their SHA-256 and return it; bytes already there are not written twice."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self._exists(raw_key(sha256)):
            self.put(raw_key(sha256), data)
        return sha256

    def put(self, key: str, data: bytes) -> None:
        """Write one object, replacing what was there."""
        self._call("put_object", Key=key, Body=data)

    def get(self, key: str) -> bytes:
        """Read one object whole."""
        stream = self._call("get_object", Key=key)["Body"]
        with self._told("get_object", key):  # it is read from the network only now
            body: bytes = stream.read()
        return body

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys of all objects below a prefix."""
        token: dict[str, str] = {}
        while True:
            page = self._call("list_objects_v2", Prefix=prefix, **token)
            yield from (entry["Key"] for entry in page.get("Contents", []))
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def delete(self, keys: Iterable[str]) -> int:
        """Delete objects and return how many were named; one that is not there is no error."""
        count = 0
        for key in keys:
            self._call("delete_object", Key=key)
            count += 1
        return count

    def _exists(self, key: str) -> bool:
        try:
            self._call("head_object", Key=key)
        except ObjectStoreUnavailable as error:
            if _is_not_found(error.__cause__):
                return False
            raise
        return True

    def _call(self, operation: str, **arguments: Any) -> Any:
        with self._told(operation, arguments.get("Key", "")):
            return getattr(self.client, operation)(Bucket=self.bucket, **arguments)

    @contextmanager
    def _told(self, operation: str, key: str) -> Iterator[None]:
        """Say what failed in words of ours."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise ObjectStoreUnavailable(
                f"S3 {operation} of {self.bucket}/{key} failed: {error}. "
                "Check REGESTA_S3_ENDPOINT, the keys and the bucket with `regesta doctor`."
            ) from error


def _is_not_found(error: BaseException | None) -> bool:
    from botocore.exceptions import ClientError

    return isinstance(error, ClientError) and error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404
