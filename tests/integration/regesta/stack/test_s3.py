"""The embedded S3 server: what it takes it keeps, and only for those who know the key."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError

from regesta.stack.buckets import require_buckets
from regesta.stack.errors import ServiceFailed
from regesta.stack.ports import free_block, free_port
from regesta.stack.s3 import EmbeddedS3
from regesta.stack.settings import InternalPorts, StackSettings


def test_objects_come_back(s3: Any) -> None:
    s3.client.put_object(Bucket="documents", Key="규정/보안 규정.md", Body="비밀".encode())
    assert s3.client.get_object(Bucket="documents", Key="규정/보안 규정.md")["Body"].read().decode() == "비밀"


def test_the_buckets_are_there(s3: Any) -> None:
    assert {"regesta", "documents"} <= {bucket["Name"] for bucket in s3.client.list_buckets()["Buckets"]}


@pytest.mark.parametrize(("key", "secret"), [("test-key", "wrong"), ("unknown", "a test's password")])
def test_a_wrong_key_is_refused(s3: Any, key: str, secret: str) -> None:
    stranger = boto3.client(
        "s3", endpoint_url=s3.endpoint, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret
    )
    with pytest.raises(ClientError) as error:
        stranger.list_objects_v2(Bucket="documents")
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_missing_bucket_is_explained(s3: Any, machine: StackSettings) -> None:
    require_buckets(machine)
    with pytest.raises(ServiceFailed, match=r"The bucket nowhere at http://127\.0\.0\.1:"):
        require_buckets(machine.model_copy(update={"s3_bucket": "nowhere"}))


@pytest.fixture
def server() -> Iterator[EmbeddedS3]:
    folder = Path(tempfile.mkdtemp(prefix="regesta-test-"))
    port = free_port()
    yield EmbeddedS3(
        StackSettings(
            _env_file=None,
            home=folder,
            s3_port=port,
            s3_endpoint=f"http://127.0.0.1:{port}",
            s3_access_key_id="k",
            s3_secret_access_key="s",
            internal_port_base=free_block(str(folder), len(InternalPorts._fields), {port}),
        )
    )
    shutil.rmtree(folder)


def test_what_was_acknowledged_survives_a_kill_and_nothing_listens_elsewhere(server: EmbeddedS3) -> None:
    with server.running() as client:
        process = next(child for child in psutil.Process().children() if child.cwd() == str(server.folder))
        listening = [entry.laddr for entry in process.net_connections("tcp") if entry.status == psutil.CONN_LISTEN]
        internal = server.settings.internal_ports
        assert {address.ip for address in listening} == {"127.0.0.1"}
        assert {address.port for address in listening} <= {server.settings.s3_port, *internal}
        for number in range(50):
            client.put_object(Bucket="documents", Key=f"k{number}", Body=b"x" * 5000)
        os.kill(process.pid, signal.SIGKILL)
    with server.running() as client:
        assert client.list_objects_v2(Bucket="documents")["KeyCount"] == 50
        assert client.get_object(Bucket="documents", Key="k49")["Body"].read() == b"x" * 5000
        assert server.answers() is None
    assert "Connection refused" in str(server.answers())
    ports = set(server.settings.internal_ports)
    assert not [path for path in Path("/tmp").glob("seaweedfs-*.sock") if any(str(port) in path.name for port in ports)]
