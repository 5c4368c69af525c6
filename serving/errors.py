"""Every error serving raises on purpose; `serving.api.problems` maps them to HTTP once."""

from __future__ import annotations

from typing import Literal

Reason = Literal[
    "unreachable", "slow", "rate-limited", "overloaded", "failing", "refused", "garbled", "broken-off", "open-circuit"
]
"""Why a language model did not answer."""


class ServingError(Exception):
    """A request could not be answered; the message may be shown to the caller.

    Attributes:
        status: The HTTP status it stands for.
        slug: Short stable name, the last part of the problem's `type`.
        title: What kind of problem it is, in words that do not change.
        retry_after: Seconds after which it is worth asking again; None when that is not known.
    """

    status = 500
    slug = "internal-error"
    title = "Something went wrong on our side"

    def __init__(self, detail: str = "", retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class NotAuthenticated(ServingError):
    """No key, or a key that is unknown or revoked."""

    status = 401
    slug = "not-authenticated"
    title = "A valid API key is needed"


class DatabaseBusy(ServingError):
    """The database did not answer in time."""

    status = 503
    slug = "database-unavailable"
    title = "The database cannot be reached"


class ModelUnavailable(ServingError):
    """The embedding model cannot be loaded, or changed too often while a question was asked."""

    status = 503
    slug = "model-unavailable"
    title = "The embedding model cannot be used"


class GeneratorUnavailable(ServingError):
    """The language model could not be reached, refused, was slow, broke off, or spoke garbage.

    Attributes:
        reason: Which of these.
        retry_after: Seconds the provider asks us to wait, when it says so.
    """

    status = 502
    slug = "generator-unavailable"
    title = "The language model did not answer"

    def __init__(self, message: str, reason: Reason = "unreachable", retry_after: float | None = None) -> None:
        super().__init__(message, None if retry_after is None else max(1, round(retry_after)))
        self.reason: Reason = reason


class ShuttingDown(ServingError):
    """This worker is being stopped before the answer was finished; another one answers."""

    status = 503
    slug = "shutting-down"
    title = "This server is being stopped"


class Stopped(ServingError):
    """Somebody with the same key stopped the answer before it was finished."""

    status = 409
    slug = "stopped"
    title = "The answer was stopped"


class OutsideRetention(ServingError):
    """What was served then is no longer kept, or the time has not come yet."""

    status = 422
    slug = "outside-retention"
    title = "There is no looking back to that time"


class NotFound(ServingError):
    """There is no such thing, or the key may not see it."""

    status = 404
    slug = "not-found"
    title = "There is no such thing here"


class NotAllowed(ServingError):
    """The key is valid, but not for this."""

    status = 403
    slug = "not-allowed"
    title = "The key may not do that"


class TooManyRequests(ServingError):
    """The key has asked too often in this minute."""

    status = 429
    slug = "too-many-requests"
    title = "Too many requests in a minute"


class TooManyStreams(ServingError):
    """The key has as many answers running as it may."""

    status = 429
    slug = "too-many-streams"
    title = "Too many answers at once"


class TokensSpent(ServingError):
    """The key has used the tokens of the day."""

    status = 429
    slug = "tokens-spent"
    title = "The tokens of the day are used up"


class WriteAtWork(ServingError):
    """A request with the same idempotency key has not been answered yet."""

    status = 409
    slug = "write-at-work"
    title = "The same write is still being worked on"


class IdempotencyKeyReused(ServingError):
    """The idempotency key belongs to another write, or is none."""

    status = 422
    slug = "idempotency-key-reused"
    title = "The idempotency key cannot be used for this"


class NotPossible(ServingError):
    """The state of the thing does not allow it; the message says what can be done instead."""

    status = 409
    slug = "not-possible"
    title = "That cannot be done in this state"


class TooLarge(ServingError):
    """More bytes than are taken at once."""

    status = 413
    slug = "too-large"
    title = "That is too large"


class UnsupportedType(ServingError):
    """Nothing here can read that kind of content."""

    status = 415
    slug = "unsupported-type"
    title = "This kind of content cannot be read"


class Refused(ServingError):
    """What was sent is not taken; the message says why."""

    status = 422
    slug = "refused"
    title = "That is not taken"


class ObjectStoreDown(ServingError):
    """The object store did not answer, so nothing was handed in."""

    status = 503
    slug = "object-store-unavailable"
    title = "The object store cannot be reached"


class CallerLeft(ServingError):
    """Whoever asked has hung up; nobody reads this, but the log counts it."""

    status = 499
    slug = "caller-left"
    title = "The caller hung up"
