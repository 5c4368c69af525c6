"""What an intruder tries where questions are answered: searches, answers, streams, conversations."""

from __future__ import annotations

import random
import re

import httpx

from tests.faults.intruder import ALIKE, Attempt, Reply, call, filters, hear, heard, question
from tests.faults.tenants import Caller, World

_ANSWER_ID = re.compile(r'"answer_id": ?"([0-9a-f-]{36})"')


def _remembered(reply: Reply, caller: Caller) -> Reply:
    """Remember the id of an answer, so that everybody asks for it again."""
    found = _ANSWER_ID.search(reply.received)
    if found:
        hear("answer", found[1], caller)
    return reply


async def search(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Search in any mode, with any filter."""
    body = {"query": question(world, dice), "top_k": dice.choice([1, 10, 100]), "filters": filters(world, dice)}
    body |= {"mode": dice.choice(["hybrid", "text", "vector"]), "neighbours": dice.choice([0, 5])}
    return await call(client, caller, "POST", "/v1/search", body)


async def ask(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Ask, for JSON or for a stream."""
    body = {"question": question(world, dice), "stream": dice.random() < 0.5, "filters": filters(world, dice)}
    return _remembered(await call(client, caller, "POST", "/v1/ask", body), caller)


async def ask_alike(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Ask in everybody's words: an answer that was kept for one must not reach another."""
    body = {"question": dice.choice(ALIKE), "stream": dice.random() < 0.5}
    return _remembered(await call(client, caller, "POST", "/v1/ask", body), caller)


async def ask_plainly(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Ask for the plain stream."""
    return await call(client, caller, "POST", "/ask", {"question": question(world, dice)})


async def chat(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Ask in OpenAI's protocol, some with turns before."""
    before = [{"role": "user", "content": question(world, dice)}, {"role": "assistant", "content": "I see."}]
    messages = [*(before if dice.random() < 0.3 else []), {"role": "user", "content": question(world, dice)}]
    body = {"model": "regesta", "messages": messages, "stream": dice.random() < 0.5}
    reply = await call(client, caller, "POST", "/v1/chat/completions", body)
    found = re.search(r"chatcmpl-([0-9a-f-]{36})", reply.received)
    if found:
        hear("answer", found[1], caller)
    return reply


async def models(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """List the models."""
    return await call(client, caller, "GET", "/v1/models")


async def read_again(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Go on reading anybody's answer, by its address or by the id of one of its events."""
    answer, number = heard("answer", dice, caller), dice.choice([0, 1, 2, 10**8])
    if dice.random() < 0.5:
        last = {"Last-Event-ID": f"{answer}/{number}"} if dice.random() < 0.5 else {}
        return await call(client, caller, "GET", f"/v1/answers/{answer}/stream", **last)
    body = {"question": "budget code word", "stream": True}
    return await call(client, caller, "POST", "/v1/ask", body, **{"Last-Event-ID": f"{answer}/{number}"})


async def stop(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Stop anybody's answer."""
    return await call(client, caller, "POST", f"/v1/answers/{heard('answer', dice, caller)}/stop")


ATTEMPTS: tuple[Attempt, ...] = (search, ask, ask_alike, ask_alike, ask_plainly, chat, models, read_again, stop)
