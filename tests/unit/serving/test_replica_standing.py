"""Which server searches: by lag, by what was seen, by what failed."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import errors
from psycopg_pool import PoolTimeout

from serving.errors import DatabaseBusy, ModelUnavailable
from serving.replica_standing import Look, Reason, ReplicaBehind, Standing, reason_of

LIMIT, REST = 2.0, 10.0


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def standing(clock: Clock) -> Standing:
    return Standing(LIMIT, REST, clock)


def test_it_is_not_used_before_it_was_seen(standing: Standing) -> None:
    assert standing.refusal() == "unknown"
    assert standing.lag() == float("inf")


def test_an_idle_primary_is_no_lag(standing: Standing, clock: Clock) -> None:
    for _ in range(100):
        standing.saw(Look(clock.now, 500, 500))
        assert (standing.lag(), standing.refusal()) == (0, None)
        clock.now += LIMIT


def test_lag_is_the_time_since_it_was_where_the_primary_had_been(standing: Standing, clock: Clock) -> None:
    began = clock.now
    for step in range(4):  # the primary writes 100 bytes a second, the replica is a second and a half behind
        clock.now = began + step
        standing.saw(Look(clock.now, 100 * step, 100 * step - 150))
    assert standing.lag() == float("inf") or standing.lag() == 2
    standing.saw(Look(clock.now, 300, 200))
    assert standing.lag() == 1 and standing.refusal() is None
    clock.now += LIMIT - 1 + 0.1
    assert standing.refusal() == "lagging", "nobody has looked since"


def test_a_replica_that_replays_nothing_falls_behind_as_soon_as_something_is_written(
    standing: Standing, clock: Clock
) -> None:
    standing.saw(Look(clock.now, 500, 500))
    began = clock.now
    while clock.now < began + LIMIT:
        assert standing.refusal() is None
        clock.now += 0.5
        standing.saw(Look(clock.now, 501, 500))
    clock.now += 0.5
    assert standing.refusal() == "lagging"
    standing.saw(Look(clock.now, 501, 501))
    assert standing.refusal() is None


@pytest.mark.parametrize(
    "look",
    [
        {"replayed": None},
        {"replayed": 500, "is_standby": False},
        {"replayed": 500, "is_same_cluster": False},
    ],
)
def test_what_is_no_standby_of_this_primary_is_not_used(standing: Standing, clock: Clock, look: dict[str, int]) -> None:
    standing.saw(Look(clock.now, 500, 500))
    standing.saw(Look(clock.now, 500, **look))  # type: ignore[arg-type]
    assert standing.refusal() == "misfit"
    standing.missed()
    standing.saw(Look(clock.now, 600, 500))
    assert standing.refusal() == "lagging", "where it was before counts no more"


def test_one_that_does_not_answer_is_not_used_until_it_does(standing: Standing, clock: Clock) -> None:
    standing.saw(Look(clock.now, 500, 500))
    standing.missed()
    assert standing.refusal() == "unreachable"
    standing.saw(Look(clock.now, 500, 500))
    assert standing.refusal() is None


@pytest.mark.parametrize("reason", ["slow", "unreachable", "schema"])
def test_one_that_failed_a_search_rests_though_it_looks_well(standing: Standing, clock: Clock, reason: Reason) -> None:
    standing.failed(reason)
    for _ in range(int(REST)):
        standing.saw(Look(clock.now, 500, 500))
        assert standing.refusal() == reason
        clock.now += 1
    standing.saw(Look(clock.now, 500, 500))
    assert standing.refusal() is None


@pytest.mark.parametrize("reason", ["behind", "conflict", "pool", "model", "error"])
def test_what_concerns_one_search_only_changes_nothing(standing: Standing, clock: Clock, reason: Reason) -> None:
    standing.saw(Look(clock.now, 500, 500))
    standing.failed(reason)
    assert standing.refusal() is None


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(0, 50), st.integers(0, 60)), min_size=1, max_size=60))
def test_its_lag_is_never_said_to_be_less_than_it_is(steps: list[tuple[float, int, int]]) -> None:
    """Whatever is written and replayed: when something is not replayed that old, the lag says so."""
    clock = Clock()
    standing = Standing(LIMIT, REST, clock)
    written: list[tuple[float, int]] = [(float("-inf"), 0)]
    replayed = 0
    for seconds, wrote, replays in steps:
        clock.now += seconds
        written.append((clock.now, written[-1][1] + wrote))
        replayed = min(written[-1][1], replayed + replays)
        standing.saw(Look(clock.now, written[-1][1], replayed))
        missing = [when for when, position in written if position > replayed]
        truth = clock.now - missing[0] if missing else 0.0
        assert standing.lag() >= truth


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ReplicaBehind(), "behind"),
        (TimeoutError(), "slow"),
        (caused(DatabaseBusy(), PoolTimeout()), "pool"),
        (caused(DatabaseBusy(), errors.SerializationFailure()), "conflict"),
        (caused(DatabaseBusy(), errors.DeadlockDetected()), "conflict"),
        (caused(DatabaseBusy(), errors.AdminShutdown()), "unreachable"),
        (caused(DatabaseBusy(), errors.CannotConnectNow()), "unreachable"),
        (caused(DatabaseBusy(), errors.DatabaseDropped()), "unreachable"),
        (caused(DatabaseBusy(), errors.TooManyConnections()), "unreachable"),
        (caused(DatabaseBusy(), errors.QueryCanceled()), "slow"),
        (caused(DatabaseBusy(), psycopg.OperationalError("server closed the connection")), "unreachable"),
        (caused(ModelUnavailable(), errors.lookup("P0001")()), "error"),
        (errors.UndefinedFunction(), "schema"),
        (errors.InvalidSchemaName(), "schema"),
        (errors.InsufficientPrivilege(), "schema"),
        (errors.InternalError_(), "error"),
        (DatabaseBusy("without a cause"), "error"),
    ],
)  # fmt: skip
def test_why_a_search_failed_there(error: Exception, reason: Reason) -> None:
    assert reason_of(error) == reason


def test_a_model_that_does_not_serve_there_is_no_failure_of_the_replica() -> None:
    class NotServing(psycopg.DatabaseError):
        sqlstate = "RG001"

    assert reason_of(caused(ModelUnavailable(), NotServing())) == "model"
