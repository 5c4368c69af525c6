"""When sources are synced by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from sql import queries

NIGHTLY_HOUR = 2
"""In UTC."""


def due_sources(connection: psycopg.Connection[Any], moment: datetime) -> list[str]:
    """Return the enabled sources whose schedule asks for a sync at a full hour.

    Only runs from before that hour count, so that a repeated task gets the same answer although runs have begun.
    """
    rows = connection.execute(queries("sources")["schedules"], {"moment": moment})
    return [name for name, schedule, since in rows if due(schedule, since, moment)]


def due(schedule: str, since: datetime, moment: datetime) -> bool:
    """Whether a source is to be synced now; a time that was missed is made up for at the next full hour.

    Args:
        schedule: `hourly`, `nightly` (02:00 UTC) or `manual`.
        since: When it was last synced, or added.
        moment: The full hour that is being scheduled for.
    """
    if schedule == "manual":
        return False
    last = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if schedule == "nightly":
        last -= timedelta(hours=(last.hour - NIGHTLY_HOUR) % 24)
    return since < last
