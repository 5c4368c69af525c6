"""List a source without downloading anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ingestion.errors import SourceRefused, SourceUnavailable

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@dataclass(frozen=True)
class Listed:
    """One object as the source lists it."""

    uri: str
    etag: str
    byte_count: int
    modified_at: datetime


def split_s3_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key (or prefix) of `s3://bucket/key`.

    Raises:
        ValueError: It is no such address.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise ValueError(f"{uri!r} is not an S3 address; write s3://bucket/prefix")
    return bucket, key


def list_s3(client: S3Client, uri: str) -> list[Listed]:
    """Return every object below an S3 prefix; folder markers (empty keys ending in `/`) are no documents.

    Raises:
        SourceUnavailable: The bucket cannot be listed. An empty answer is never made up.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, prefix = split_s3_uri(uri)
    listed = []
    try:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                if entry["Key"].endswith("/") and entry["Size"] == 0:
                    continue
                listed.append(
                    Listed(
                        uri=f"s3://{bucket}/{entry['Key']}",
                        etag=entry["ETag"].strip('"'),
                        byte_count=entry["Size"],
                        modified_at=entry["LastModified"],
                    )
                )
    except (BotoCoreError, ClientError) as error:
        refused = isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404)
        kind = SourceRefused if refused else SourceUnavailable
        raise kind(
            f"Cannot list {uri}: {error}. Check the bucket's name, the keys and that S3 is up (`regesta doctor`)."
        ) from error
    return listed


def read_s3(client: S3Client, uri: str) -> bytes:
    """Return the bytes of one object."""
    bucket, key = split_s3_uri(uri)
    body: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def file_name(uri: str) -> str:
    """Return the last path segment of an address."""
    return uri.rsplit("/", 1)[-1]
