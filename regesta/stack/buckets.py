"""Buckets: made in the embedded object store, only checked in an external one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from regesta.stack.errors import ServiceFailed
from regesta.stack.settings import StackSettings, secret

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_PROBE = ".regesta-probe"


def probing_client(settings: StackSettings) -> S3Client:
    """Return a client that gives up quickly."""
    import boto3

    client: S3Client = boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        region_name=settings.s3_region,
        aws_access_key_id=settings.s3_access_key_id,
        aws_secret_access_key=secret(settings.s3_secret_access_key) or None,
        config=Config(
            connect_timeout=2,
            read_timeout=10,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"} if settings.s3_endpoint else {},
            # The embedded server is on this machine, whatever proxy the environment names.
            proxies={} if settings.s3 == "embedded" else None,
        ),
    )
    return client


def create_buckets(client: S3Client, names: Iterable[str]) -> None:
    """Create the buckets that are missing."""
    for name in names:
        try:
            client.create_bucket(Bucket=name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise


def round_trip(client: S3Client, bucket: str) -> None:
    """Write an object, read it, delete it."""
    client.put_object(Bucket=bucket, Key=_PROBE, Body=b"ready")
    client.get_object(Bucket=bucket, Key=_PROBE)["Body"].read()
    client.delete_object(Bucket=bucket, Key=_PROBE)


def require_buckets(settings: StackSettings) -> None:
    """Check that an external object store has the landing bucket and lets us in."""
    try:
        probing_client(settings).head_bucket(Bucket=settings.s3_bucket)
    except (BotoCoreError, ClientError) as error:
        where = settings.s3_endpoint or f"AWS ({settings.s3_region})"
        raise ServiceFailed(
            f"The bucket {settings.s3_bucket} at {where} cannot be used: {error}. Create it, and check "
            "REGESTA_S3_BUCKET, REGESTA_S3_ENDPOINT, REGESTA_S3_REGION and the keys."
        ) from error
