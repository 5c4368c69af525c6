"""Every error serving raises on purpose; `serving.api.problems` maps them to HTTP once."""


class ServingError(Exception):
    """A request could not be answered; the message may be shown to the caller.

    Attributes:
        status: The HTTP status it stands for.
        slug: Short stable name, the last part of the problem's `type`.
        title: What kind of problem it is, in words that do not change.
    """

    status = 500
    slug = "internal-error"
    title = "Something went wrong on our side"


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


class GeneratorUnavailable(ServingError):
    """The language model could not be reached, refused, or broke off."""

    status = 502
    slug = "generator-unavailable"
    title = "The language model did not answer"
