"""Kinds of sources: each can be listed without downloading, and read document by document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingestion.connectors.protocol import Connector, Fetched, Listed, file_name

if TYPE_CHECKING:
    from ingestion.sources import Source
    from ingestion.workbench import Workbench

__all__ = ["Connector", "Fetched", "Listed", "connector_for", "file_name"]


def connector_for(source: Source, bench: Workbench) -> Connector:
    """Return the connector of a source, with what it needs from the workbench."""
    from ingestion.connectors.folder import FolderConnector
    from ingestion.connectors.http import HttpConnector
    from ingestion.connectors.s3 import S3Connector
    from ingestion.connectors.upload import UploadConnector

    limit = bench.settings.max_document_bytes
    match source.kind:
        case "s3":
            return S3Connector(bench.s3, source.uri)
        case "folder":
            return FolderConnector(source.uri, limit)
        case "http":
            return HttpConnector(source.uri, source.allowed_hosts, bench.settings.http_private_hosts, limit)
        case "upload":
            return UploadConnector(source.id, bench.store, bench.connect)
    raise ValueError(f"{source.kind!r} is no kind of source")
