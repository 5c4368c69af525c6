"""The doctor's line about who writes the answers: real servers that answer, refuse, hang or are not there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from regesta.commands.doctor import check_generator
from regesta.stack.ports import free_port
from serving.generators import reach
from tests.chat_server import running as chat_running
from tests.faulty_server import FaultyServer
from tests.messages_server import running as messages_running


@pytest.fixture(params=["anthropic", "openai"])
def provider(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, FaultyServer]]:
    """A provider that has the models which are set, and the settings that lead to it."""
    name: str = request.param
    with (messages_running if name == "anthropic" else chat_running)() as server:
        address = server.url if name == "anthropic" else f"{server.url}/v1"
        server.models = ["small-20260101", "large-20260101"]
        given = {"API_KEY": "sk-secret", "BASE_URL": address, "LIGHT_MODEL": "small", "STRONG_MODEL": "large"}
        for setting, value in given.items():
            monkeypatch.setenv(f"REGESTA_{name.upper()}_{setting}", value)
        yield name, server


def test_without_a_model_nothing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    found = check_generator()
    assert (found.state, found.found.split(":")[0], found.advice) == ("ok", "extractive", "")


def test_a_provider_is_asked_once_with_the_key(provider: tuple[str, FaultyServer]) -> None:
    name, server = provider
    found = check_generator()
    assert found.state == "ok", found
    assert name in found.found and server.url in found.found and "small and large" in found.found
    [request] = server.requests
    headers = request["headers"]
    assert "sk-secret" in (headers.get("x-api-key"), headers.get("authorization", "").removeprefix("Bearer "))
    assert "sk-secret" not in repr(found)


def test_a_server_that_lists_nothing_is_reached_all_the_same(provider: tuple[str, FaultyServer]) -> None:
    provider[1].models = None
    assert check_generator().state == "ok"


def test_a_model_that_is_not_there_is_named_beside_those_that_are(provider: tuple[str, FaultyServer]) -> None:
    name, server = provider
    server.models = ["small", "another"]
    found = check_generator()
    assert (found.state, "large" in found.found, "small" in found.found) == ("warning", True, False)
    assert "another" in found.advice and f"REGESTA_{name.upper()}_STRONG_MODEL" in found.advice


@pytest.mark.parametrize(
    ("fault", "reason"), [("401", "refused"), ("500", "failing"), ("html", "garbled"), ("hang", "unreachable")]
)
def test_what_is_wrong_is_named_in_time_and_what_to_set(
    provider: tuple[str, FaultyServer], fault: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, server = provider
    server.fault = fault
    monkeypatch.setattr(reach, "TIMEOUT_SECONDS", 0.5)
    began = time.monotonic()
    found = check_generator()
    assert time.monotonic() - began < 2
    assert (found.state, f": {reason} (" in found.found) == ("failed", True), found
    assert f"REGESTA_{name.upper()}_BASE_URL" in found.advice


def test_nobody_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.setenv("REGESTA_OPENAI_BASE_URL", f"http://127.0.0.1:{free_port()}/v1")
    assert (check_generator().state, "unreachable" in check_generator().found) == ("failed", True)


def test_a_provider_without_its_key(monkeypatch: Any) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.setenv("REGESTA_GENERATOR", "anthropic")
    assert check_generator().advice == "Set REGESTA_ANTHROPIC_API_KEY."
