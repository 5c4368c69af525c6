"""Every error ingestion raises on purpose."""


class IngestionError(Exception):
    """Ingestion could not go on; the message says what happened and what to do."""


class SourceNotFound(IngestionError):
    """No source has this name."""


class SourceUnavailable(IngestionError):
    """The source could not be listed or read."""


class SourceRefused(SourceUnavailable):
    """The source answered, and said no: trying again changes nothing."""


class ListingShrank(IngestionError):
    """Far fewer documents are listed than are known; a person must confirm the removals."""


class RunSuperseded(IngestionError):
    """A newer run of the same source has begun, so this one may no longer publish."""


class RunUnbalanced(IngestionError):
    """Not every discovered document has an outcome."""


class ModelSwitched(IngestionError):
    """Another embedding model serves than the one that embedded this batch; it must be embedded again."""


class ValidationFailed(IngestionError):
    """A batch as a whole cannot be right; nothing of it was published."""


class GovernanceFailed(IngestionError):
    """dbt could not build or a dbt test failed."""


class Unparseable(IngestionError):
    """A document's content cannot be used; it is quarantined with this reason, never dropped.

    Attributes:
        kind: Short machine-readable word, such as `empty`, `corrupt`, `encrypted`, `unsupported`.
    """

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
