"""What people type for a source, made into its kind and the one address it is stored under."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from ingestion.connectors.folder import SCHEME, folder_uri
from ingestion.connectors.http_fetch import normalised
from ingestion.connectors.s3 import split_s3_uri
from ingestion.errors import IngestionError, SourceRefused

SourceKind = Literal["s3", "folder", "http", "upload"]
_BY_SCHEME: dict[str, SourceKind] = {
    "s3": "s3", "file": "folder", "http": "http", "https": "http", "upload": "upload"
}  # fmt: skip
_FORMS = "s3://bucket/prefix, a folder, the http(s) address of a sitemap, list or page, or upload://"


def source_address(name: str, uri: str, kind: str = "auto") -> tuple[SourceKind, str]:
    """Return kind and address of a source.

    Args:
        name: The source's name; uploads are named after it.
        kind: What the address must be of; `auto` takes it from the address.

    Raises:
        IngestionError: The address is of no kind, or of another one.
    """
    scheme = uri.partition("://")[0].lower() if "://" in uri else "file"
    found = _BY_SCHEME.get(scheme)
    if kind not in ("auto", *get_args(SourceKind)):
        raise IngestionError(f"There is no kind of source {kind!r}; kinds are {', '.join(get_args(SourceKind))}.")
    if found is None or kind not in ("auto", found):
        wanted = "of no kind we know" if found is None else f"of kind {found}, not {kind}"
        raise IngestionError(f"{uri!r} is {wanted}. An address is one of: {_FORMS}.")
    return found, _stored(name, uri, found)


def _stored(name: str, uri: str, kind: SourceKind) -> str:
    try:
        match kind:
            case "s3":
                split_s3_uri(uri)
                return uri
            case "http":
                return normalised(uri)
            case "folder":
                return _folder(uri)
            case "upload":
                return _upload(name, uri)
    except ValueError as error:
        raise IngestionError(f"{error}.") from error
    except SourceRefused as error:
        raise IngestionError(f"The address was refused: {error}.") from error


def _folder(uri: str) -> str:
    """Return an absolute address; the folder must be there, so that a slip of the pen is noticed now."""
    text = uri.removeprefix(SCHEME)
    path = Path(text).expanduser()
    if uri.startswith(SCHEME) and not path.is_absolute():
        raise ValueError(f"{uri!r} names a host or a relative path; write file:///absolute/path, or just the path")
    path = Path(path.absolute().as_posix())
    if not path.is_dir():
        raise ValueError(f"{path} is no folder on this machine; write the path of one, or s3://… for a bucket")
    return folder_uri(path)


def _upload(name: str, uri: str) -> str:
    own = f"upload://{name}"
    if uri not in ("upload://", own):
        raise ValueError(f"an upload source is addressed by its own name: write upload:// or {own}")
    return own
