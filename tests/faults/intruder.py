"""What every attempt is made of: one request as a caller, all that came back, and ids that others were given."""

from __future__ import annotations

import json
import random
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from tests.faults.tenants import Caller, World

QUESTIONS = (
    "What is the code word of the budget meeting?", "budget code word", "보안 회의에서 정한 암호는 무엇인가요?",
    "암호 가을 유효", "valid until the autumn", "code word' or true --", "%", "*", "north south everyone board payroll",
)  # fmt: skip
ALIKE = (
    "When does the bicycle cellar open?", "What does the memo about the bicycle cellar name?",
    "보안 회의에서 정한 암호는 무엇인가요?", "What did the budget meeting decide on?",
)  # fmt: skip
"""What everybody asks in the same words, so that answers are given again."""
SOURCES = ("north-board", "north-everyone", "south-board", "south-payroll", "south-everyone", "%", "north-board','x")


@dataclass(frozen=True)
class Reply:
    """What was sent, and what came back: status, headers and body as one text."""

    sent: str
    received: str
    status: int
    body: Any = None

    def and_then(self, other: Reply) -> Reply:
        """Return both as one, with the status and body of this one."""
        return Reply(self.sent + other.sent, self.received + other.received, self.status, self.body)


Attempt = Callable[[httpx.AsyncClient, World, Caller, random.Random], Awaitable[Reply]]

_heard: defaultdict[str, deque[tuple[str, Caller]]] = defaultdict(lambda: deque(maxlen=1000))


def hear(kind: str, one: str, caller: Caller) -> None:
    """Remember an id that somebody was given, so that everybody asks for it."""
    _heard[kind].append((one, caller))


def heard(kind: str, dice: random.Random, caller: Caller) -> str:
    """Return an id of this kind: every other time one of the caller's own, else anybody's; or one of nothing."""
    own = [one for one, whose in _heard[kind] if whose == caller]
    everybodys = [one for one, _ in _heard[kind]]
    return dice.choice((dice.random() < 0.5 and own) or (dice.random() < 0.9 and everybodys) or [str(uuid4())])


async def call(
    client: httpx.AsyncClient, caller: Caller, method: str, path: str, body: Any = None, **more: Any
) -> Reply:
    """Send one request with the caller's key; `more` are headers, or `files` and `data` of a form."""
    form = {name: more.pop(name) for name in ("files", "data", "content") if name in more}
    headers = {"Authorization": f"Bearer {caller.key}", **more}
    response = await client.request(method, path, json=body, headers=headers, **form)
    is_json = response.headers.get("content-type", "").endswith("json") and "ndjson" not in str(response.headers)
    return Reply(
        f"{path} {json.dumps(body, ensure_ascii=False)} {form}",
        f"{response.status_code} {dict(response.headers)} {response.text}",
        response.status_code,
        response.json() if is_json else None,
    )


def question(world: World, dice: random.Random) -> str:
    """Return a question that others ask too; now and then one that already knows a secret, as a guess might."""
    return dice.choice([*QUESTIONS, dice.choice(list(world.secrets)), f"{dice.choice(list(world.secrets))} code word"])


def filters(world: World, dice: random.Random) -> dict[str, Any]:
    """Return filters that name what may be another's."""
    some: dict[str, Any] = {
        "sources": dice.sample(SOURCES, 2),
        "document_ids": dice.sample(list(world.documents), 3),
        "titles": ["budget", "보안"],
        "languages": ["ko", "en"],
        "kinds": ["text"],
    }
    return {name: some[name] for name in dice.sample(list(some), dice.choice([0, 0, 1, 2]))}


def document(world: World, dice: random.Random) -> str:
    """Return the id of somebody's document, or of none."""
    return dice.choice([*world.documents, *world.handed_in, str(uuid4())])
