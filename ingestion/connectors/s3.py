"""Documents below a prefix of an S3 bucket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ingestion.connectors.protocol import Fetched, Listed
from ingestion.errors import SourceRefused, SourceUnavailable

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


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


class S3Connector:
    """One prefix."""

    removals_are_explicit = False

    def __init__(self, client: S3Client, uri: str) -> None:
        self.client = client
        self.uri = uri

    def read(self, uri: str) -> Fetched:
        """Return the bytes of one object."""
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, key = split_s3_uri(uri)
        try:
            return Fetched(self.client.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            raise SourceUnavailable(f"the source answered {code}") from error
        except BotoCoreError as error:
            raise SourceUnavailable(f"the object could not be read: {error}") from error

    def list(self) -> Sequence[Listed]:
        """Return every object below the prefix."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return tuple(self._entries())
        except (BotoCoreError, ClientError) as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"] if isinstance(error, ClientError) else 0
            kind = SourceRefused if status in (403, 404) else SourceUnavailable
            raise kind(
                f"Cannot list {self.uri}: {error}. Check the bucket's name, the keys and that S3 is up "
                "(`regesta doctor`)."
            ) from error

    def _entries(self) -> Iterator[Listed]:
        bucket, prefix = split_s3_uri(self.uri)
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                if entry["Key"].endswith("/") and entry["Size"] == 0:
                    continue  # a folder marker is no document
                yield Listed(
                    uri=f"s3://{bucket}/{entry['Key']}",
                    etag=entry["ETag"].strip('"'),
                    byte_count=entry["Size"],
                    modified_at=entry["LastModified"],
                )
