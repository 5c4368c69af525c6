"""How waiting batches are shared out among tasks."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import pytest

from serving.batch_running import share_out
from serving.batch_worker import Waiting


@pytest.mark.parametrize(
    ("counts", "shares"),
    [
        ([], []),
        ([1], [1]),
        ([500], [1]),
        ([501], [2]),
        ([10_000], [8]),
        ([10_000, 3], [7, 1]),
        ([10_000, 10_000], [4, 4]),
        ([1] * 10, [1] * 8),
    ],
)
def test_every_batch_gets_a_task_before_a_long_one_gets_more(counts: list[int], shares: list[int]) -> None:
    batches = [Waiting(UUID(int=index), count) for index, count in enumerate(counts)]
    given = Counter(share_out(batches, 500, 8))
    assert [given[str(batch.batch_id)] for batch in batches if given[str(batch.batch_id)]] == shares
