"""The API does what its OpenAPI document says, whatever it is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as hypothesis_settings
from schemathesis import GenerationMode
from schemathesis.checks import positive_data_acceptance

from serving.app import create_app
from serving.settings import ServingSettings
from tests.api_server import running
from tests.faults.conftest import IS_FULL
from tests.faults.tenants import GROUPS, World
from tests.faults.tenants import world as world

REQUESTS = 2000 if IS_FULL else 300
_TRIED = 1.4  # of some operations there are fewer different requests than are asked for
# A value that the form allows can still be refused for what it means: a time outside the window, say.
LEFT_OUT = [positive_data_acceptance]
POSITIVE = GenerationMode.POSITIVE


@pytest.fixture(scope="module")
def api(settings: Callable[..., Any], world: World) -> Iterator[tuple[str, str]]:
    """Address and key of an API over a corpus with something in it."""
    generous = {"requests_per_minute": 1_000_000, "concurrent_streams": 10_000}
    [key] = [caller.key for caller in world.callers if (caller.tenant, caller.groups) == ("north", GROUPS)]
    with running(create_app(settings(ServingSettings, generator="extractive", **generous))) as base:
        yield base, key


@pytest.mark.timeout(3600)
def test_every_reply_is_what_the_document_says(api: tuple[str, str], world: World) -> None:
    base, key = api
    schema = schemathesis.openapi.from_url(f"{base}/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    ways = [(one, mode) for one in operations for mode in GenerationMode if takes_input(one) or mode is POSITIVE]
    failures, counts, there = [], Counter[int](), what_is_there(base, key, world)
    for operation, mode in ways:
        try:
            fuzz(operation, mode, int(_TRIED * REQUESTS) // len(ways) + 1, key, there, counts)
        except (Exception, BaseExceptionGroup) as error:
            failures.append(f"{operation.method.upper()} {operation.path} ({mode}): {error}")
    print(f"{counts.total()} requests to {len(operations)} operations: {dict(counts)}")  # noqa: T201
    assert not failures, "\n\n".join(failures)
    assert counts.total() >= REQUESTS, "fewer requests than were meant"


def what_is_there(base: str, key: str, world: World) -> dict[str, list[str]]:
    """Return ids by the names of parameters: the caller's own and other tenants'."""
    handed_in = [one for one, owner in world.handed_in.items() if owner.tenant == "north"]
    question = {"question": "budget code word"}
    writes = {
        "answer_id": ("POST", "/v1/ask", question),
        "batch_id": ("POST", "/v1/batches", {"questions": [{"custom_id": "a", **question}]}),
        "request_id": ("POST", f"/v1/documents/{handed_in[0]}/unpin", {"reason": "x"}),
        "arrival_id": ("DELETE", f"/v1/documents/{handed_in[0]}", None),
    }
    there = {"document_id": world.documents, "version_id": world.quarantined, "run_id": world.runs}
    made: dict[str, list[str]] = {name: list(ids) for name, ids in there.items()}
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        for name, (method, path, body) in writes.items():
            reply = client.request(method, path, json=body).raise_for_status().json()
            made[name] = [reply.get(name) or reply["id"]]
    return made


def fuzz(
    operation: Any, mode: GenerationMode, examples: int, key: str, there: dict[str, list[str]], counts: Counter[int]
) -> None:
    """Send one operation what its description allows (positive) or forbids (negative), and judge every reply."""

    @given(case=operation.as_strategy(generation_mode=mode), choice=strategies.none() | strategies.integers(0, 100))
    @hypothesis_settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    def send(case: schemathesis.Case, choice: int | None) -> None:
        for part in (case.path_parameters, case.body) if mode is POSITIVE and choice is not None else ():
            for name in there.keys() & part.keys() if isinstance(part, dict) else ():
                part[name] = there[name][choice % len(there[name])]
        headers = {"Authorization": f"Bearer {key}"}
        response = case.call_and_validate(headers=headers, excluded_checks=LEFT_OUT, timeout=30)
        counts[response.status_code] += 1

    send()


def takes_input(operation: Any) -> bool:
    return bool(operation.body) or any(True for _ in operation.iter_parameters())
