"""All that an intruder tries through the API: one function per way in. A new route joins by one more function.

An attempt sends something as a caller and returns all that came back. Who may see what is judged elsewhere.
"""

from __future__ import annotations

import random

import httpx

from tests.faults import attempts_asking, attempts_documents, attempts_later
from tests.faults.intruder import Attempt, Reply, call, document, heard, question
from tests.faults.tenants import Caller, World


async def errors(client: httpx.AsyncClient, world: World, caller: Caller, dice: random.Random) -> Reply:
    """Send what is refused: an error must not say what it saw."""
    path, body = dice.choice(
        [
            ("/v1/search", {"query": question(world, dice), "top_k": 0}),
            ("/v1/search", {"query": question(world, dice), "as_of": "2001-01-01T00:00:00Z"}),
            ("/v1/ask", {"question": question(world, dice), "tenant_id": "south"}),
            (f"/v1/documents/{document(world, dice)}/restore", {"reason": ""}),
            (f"/v1/documents/{document(world, dice)}/restore", {"reason": "x", "version": 2**31 - 1}),
            (f"/v1/answers/{heard('answer', dice, caller)}/verify", {"text": ""}),
            ("/v1/feedback", {"answer_id": heard("answer", dice, caller), "rating": "sideways"}),
            ("/v1/batches", {"questions": [{"custom_id": "a", "question": "x", "api_key_id": "y"}]}),
            ("/v1/chat/completions", {"messages": [{"role": "assistant", "content": question(world, dice)}]}),
        ]
    )
    hostile = {"X-Tenant": "south", "X-Groups": "board", "X-Forwarded-User": "owner"}
    return await call(client, caller, "POST", path, body, **hostile)


ATTEMPTS: tuple[Attempt, ...] = (
    *attempts_asking.ATTEMPTS, *attempts_documents.ATTEMPTS, *attempts_later.ATTEMPTS, errors,
)  # fmt: skip
