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


class ModelUnavailable(ServingError):
    """The embedding model cannot be loaded, or changed too often while a question was asked."""

    status = 503
    slug = "model-unavailable"
    title = "The embedding model cannot be used"


class GeneratorUnavailable(ServingError):
    """The language model could not be reached, refused, or broke off."""

    status = 502
    slug = "generator-unavailable"
    title = "The language model did not answer"


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
