"""What an intruder tries after answers: opinions, verification, lineage, and batches of questions."""

from __future__ import annotations

import json
import random

import httpx

from tests.faults.intruder import Attempt, Reply, call, filters, hear, heard, question
from tests.faults.tenants import Caller, World


async def feedback(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Say what one thinks of anybody's answer; a thumb down evicts."""
    body = {"answer_id": heard("answer", dice, caller), "rating": dice.choice(["up", "up", "down"]), "reason": "so so"}
    return await call(client, caller, "POST", "/v1/feedback", body)


async def verify(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Have anybody's answer kept as verified, which repeats its text."""
    body = {"text": "It is as the source says [1]."} if dice.random() < 0.1 else {}
    return await call(client, caller, "POST", f"/v1/answers/{heard('answer', dice, caller)}/verify", body)


async def lineage(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Follow anybody's answer to its passages, versions and raw objects."""
    return await call(client, caller, "GET", f"/v1/answers/{heard('answer', dice, caller)}/lineage")


async def submit(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Hand in a few questions, as JSON or line by line."""
    questions = [
        {"custom_id": f"q{place}", "question": question(world, dice), "filters": filters(world, dice)}
        for place in range(dice.randint(1, 3))
    ]
    if dice.random() < 0.5:
        reply = await call(client, caller, "POST", "/v1/batches", {"questions": questions})
    else:
        lines = "\n".join(json.dumps(one) for one in questions)
        more = {"content": lines.encode(), "Content-Type": "application/x-ndjson"}
        reply = await call(client, caller, "POST", "/v1/batches", **more)
    if reply.status == 202:
        hear("batch", reply.body["id"], caller)
    return reply


async def read_batch(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Look at anybody's batch, read its results, or now and then call it off."""
    path = f"/v1/batches/{heard('batch', dice, caller)}"
    if dice.random() < 0.1:
        return await call(client, caller, "POST", f"{path}/cancel")
    return await call(client, caller, "GET", f"{path}{dice.choice(['', '/results', '/results', '/results'])}")


ATTEMPTS: tuple[Attempt, ...] = (feedback, verify, lineage, submit, read_batch)
