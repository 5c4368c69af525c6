"""What Word, PowerPoint and Excel files have in common: a zip archive with properties in it."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from ingestion.parsing import about


def core_metadata(properties: Any) -> dict[str, Any]:
    """Return the metadata of an Office file's core properties; python-docx, -pptx and openpyxl name them alike."""
    author = getattr(properties, "author", None) or getattr(properties, "creator", None)
    state = getattr(properties, "content_status", None) or getattr(properties, "contentStatus", None)
    return about.metadata(
        author=about.text_of(author),
        created_at=about.utc_date(properties.created),
        modified_at=about.utc_date(properties.modified),
        tags=about.tags(properties.keywords),
        publication_state=about.publication_state(state),
    )


def page_count(data: bytes) -> int | None:
    """Return how many pages the program that saved the file counted, if it said so."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if "docProps/app.xml" not in archive.namelist():
            return None
        found = re.search(rb"<Pages>(\d{1,6})</Pages>", archive.read("docProps/app.xml"))
    return int(found[1]) if found else None
