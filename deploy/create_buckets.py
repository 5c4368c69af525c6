"""Create the buckets on the development S3 server where they are missing; elsewhere a person creates them."""

from __future__ import annotations

import sys
import time

from botocore.exceptions import BotoCoreError, ClientError

from corpus.objects import s3_client
from regesta.stack.settings import StackSettings

SECONDS = 60
PROBE = ".regesta-probe"


def problem(settings: StackSettings) -> str | None:
    """Create the buckets and store an object; return why that failed, None when it did not."""
    client = s3_client(settings)
    try:
        present = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
        for bucket in {settings.s3_bucket, settings.source_bucket} - present:
            client.create_bucket(Bucket=bucket)
        client.put_object(Bucket=settings.s3_bucket, Key=PROBE, Body=b"ready")
        client.delete_object(Bucket=settings.s3_bucket, Key=PROBE)
    except (BotoCoreError, ClientError) as error:
        return str(error)
    return None


def main() -> str | None:
    """Try until it works: a server that answers may still refuse its first writes for some seconds."""
    settings, deadline = StackSettings(), time.monotonic() + SECONDS
    while found := problem(settings):
        if time.monotonic() > deadline:
            return f"No buckets at {settings.s3_endpoint}: {found}"
        time.sleep(0.5)
    return None


if __name__ == "__main__":
    sys.exit(main())
