"""Run batches from ordinary code: what Airflow's tasks and the command line call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from serving.assembling import open_engine, open_pool
from serving.batch_worker import Waiting, waiting, work
from serving.settings import ServingSettings


def plan_batches(settings: ServingSettings, questions_per_task: int, max_tasks: int) -> list[str]:
    """Return the id of each waiting batch once per task that is to work on it.

    Raises:
        DatabaseBusy: The database cannot say what waits.
    """

    async def look() -> Sequence[Waiting]:
        async with open_pool(settings) as pool:
            return await waiting(pool)

    return share_out(asyncio.run(look()), questions_per_task, max_tasks)


def share_out(batches: Sequence[Waiting], questions_per_task: int, max_tasks: int) -> list[str]:
    """Share tasks among batches, oldest first: one each, then more for those that are longer than a task.

    What finds no room here is announced again by the trigger.
    """
    wanted = [-(-batch.count // questions_per_task) for batch in batches]
    given = [0] * len(batches)
    while sum(given) < max_tasks and given != wanted:
        for index, least in enumerate(wanted):
            if given[index] < least and sum(given) < max_tasks:
                given[index] += 1
    return [str(batch.batch_id) for batch, count in zip(batches, given, strict=True) for _ in range(count)]


def work_on_batch(settings: ServingSettings, batch_id: str) -> dict[str, int]:
    """Answer what waits of a batch, and return how many questions ended in which state.

    Raises:
        ServingError: The database or the embedding model is down, or there is no such batch.
    """

    async def answer() -> dict[str, int]:
        async with open_engine(settings) as engine:
            return dict(await work(engine, UUID(batch_id)))

    return asyncio.run(answer())
