"""What an intruder tries where documents are listed, handed in, withdrawn, and taken out of quarantine."""

from __future__ import annotations

import json
import random
from typing import Any
from uuid import uuid4

import httpx

from tests.faults.intruder import SOURCES, Attempt, Reply, call, document, hear, heard
from tests.faults.tenants import GROUPS, TENANTS, Caller, World

_STATUSES = ("active", "quarantined", "duplicate", "withheld", "deleted")


async def listing(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """List documents or quarantine, page by page, from anybody's id on."""
    path = dice.choice(["/v1/documents", "/v1/documents", "/v1/quarantine"])
    wanted = {
        "source": dice.choice(SOURCES), "status": dice.choice(_STATUSES), "title": dice.choice(["%", "b", "보안"]),
        "limit": str(dice.choice([1, 200])), "cursor": document(world, dice), "language": dice.choice(["ko", "en"]),
    }  # fmt: skip
    narrowed = dice.sample(list(wanted), dice.choice([0, 1, 2]))
    return await call(client, caller, "GET", str(httpx.URL(path, params={name: wanted[name] for name in narrowed})))


async def show(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Show any document, or list its versions."""
    return await call(client, caller, "GET", f"/v1/documents/{document(world, dice)}{dice.choice(['', '/versions'])}")


async def upload(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Hand something in anywhere, also under names and with bytes that others have handed in."""
    source = dice.choice([f"{tenant}-{group}-inbox" for tenant in TENANTS for group in GROUPS])
    data = f"# Note\n\nNote {dice.randint(0, 5)} has nothing to tell.".encode()
    form = {"data": {"source": source}, "files": {"file": (dice.choice(["note.md", "inbox.md", "other.md"]), data)}}
    return await _arrived(client, caller, await call(client, caller, "POST", "/v1/documents", **form), dice)


async def withdraw(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Withdraw any document; nothing is withdrawn before a run, which none begins here."""
    path = f"/v1/documents/{document(world, dice)}"
    return await _arrived(client, caller, await call(client, caller, "DELETE", path), dice)


async def _arrived(client: httpx.AsyncClient, caller: Caller, reply: Reply, dice: random.Random) -> Reply:
    """Ask what became of anybody's arrival."""
    if reply.status == 202:
        hear("arrival", reply.body["id"], caller)
    return reply.and_then(await call(client, caller, "GET", f"/v1/arrivals/{heard('arrival', dice, caller)}"))


async def request(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Ask for any document or run to be restored, any pin or version to be let go of; and what became of it."""
    headers = {"Idempotency-Key": f"shared-{dice.randint(0, 50)}"} if dice.random() < 0.5 else {}
    kept_out = dice.choice([*world.quarantined, str(uuid4())])
    body: dict[str, Any] = {"reason": dice.choice("abc")}
    path = dice.choice([
        f"/v1/documents/{document(world, dice)}/restore", f"/v1/documents/{document(world, dice)}/unpin",
        f"/v1/runs/{dice.choice([*world.runs, str(uuid4())])}/restore",
        f"/v1/quarantine/{kept_out}/retry", f"/v1/quarantine/{kept_out}/release",
    ])  # fmt: skip
    if path.startswith("/v1/documents") and path.endswith("restore"):
        body["version"] = 1
    asked = await call(client, caller, "POST", path, body, **headers)
    if asked.status == 202:
        hear("request", asked.body["id"], caller)
    return asked.and_then(await call(client, caller, "GET", f"/v1/requests/{heard('request', dice, caller)}"))


async def same_refusal(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Ask for another's document and for one that does not exist: the answers may differ in the id alone."""
    method, path, body = dice.choice([
        ("GET", "documents/{}", None), ("GET", "documents/{}/versions", None), ("DELETE", "documents/{}", None),
        ("POST", "documents/{}/restore", {"reason": "x", "version": 1}),
        ("POST", "documents/{}/unpin", {"reason": "x"}), ("POST", "runs/{}/restore", {"reason": "x"}),
        ("POST", "quarantine/{}/retry", {"reason": "x"}), ("POST", "quarantine/{}/release", {"reason": "x"}),
    ])  # fmt: skip
    there = {"quarantine": world.quarantined, "runs": world.runs}.get(path.partition("/")[0], world.documents)
    foreign = [one for one, owner in there.items() if not caller.may_see(owner)]
    ids = dice.choice(foreign), str(uuid4())
    replies = []
    for one in ids:
        reply = await call(client, caller, method, f"/v1/{path.format(one)}", body)
        replies.append((reply.status, json.dumps(reply.body).replace(one, "…")))
    assert replies[0] == replies[1] and replies[0][0] == 404, f"a foreign document differs from none: {replies}"
    return Reply(ids[0], str(replies), 404)


ATTEMPTS: tuple[Attempt, ...] = (listing, show, upload, withdraw, request, same_refusal)
