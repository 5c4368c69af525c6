"""Taken ports are found before anything starts, and explained."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from regesta.stack import ports
from regesta.stack.errors import PortTaken
from regesta.stack.ports import Need, free_block, free_port, is_free, require_free


@pytest.fixture(params=["127.0.0.1", "0.0.0.0"])
def taken(request: pytest.FixtureRequest) -> Iterator[int]:
    with socket.socket() as server:
        server.bind((request.param, 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_taken_port_is_named_with_its_setting_and_its_holder(taken: int) -> None:
    with pytest.raises(PortTaken) as error:
        require_free([Need(taken, "Airflow", "REGESTA_AIRFLOW_PORT"), Need(free_port(), "S3", "REGESTA_S3_PORT")])
    message = str(error.value)
    assert f"Port {taken} (Airflow) is taken" in message
    assert f"(pid {os.getpid()})" in message
    assert "REGESTA_AIRFLOW_PORT=…" in message
    assert "S3" not in message


def test_every_taken_port_is_told_at_once(taken: int) -> None:
    with pytest.raises(PortTaken) as error:
        require_free([Need(taken, "one", "A"), Need(taken, "two", "B")])
    assert str(error.value).count("\n") == 1


def test_free_ports_pass() -> None:
    require_free([Need(free_port(), "API", "REGESTA_API_PORT")])


def test_a_port_whose_last_connection_lingers_is_free() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as every server of ours does
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        accepted.close()  # closes first, so this side waits in TIME_WAIT
        client.close()
    assert is_free(port)


def test_a_holder_that_cannot_be_found_is_left_out(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports.psutil, "net_connections", lambda kind: [])
    with pytest.raises(PortTaken, match=r"\(API\) is taken: stop that program"):
        require_free([Need(taken, "API", "REGESTA_API_PORT")])


def test_a_block_is_free_stable_and_avoids_ports() -> None:
    base = free_block("a home", 8, set())
    assert free_block("a home", 8, set()) == base
    assert free_block("a home", 8, {base + 3}) != base
    assert free_block("another home", 8, set()) != base
