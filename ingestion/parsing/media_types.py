"""Tell what a file is by its name and its first bytes."""

from __future__ import annotations

import mimetypes

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_BY_EXTENSION = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".txt": "text/plain",
    ".text": "text/plain",
    ".html": "text/html",
    ".htm": "text/html",
    ".docx": DOCX,
    ".pdf": "application/pdf",
}


def media_type(name: str, data: bytes) -> str:
    """Return the media type of a file.

    The content wins where it has a signature, so that a PDF under another name is still read; a name that
    promises a format the bytes do not have is left to that format's parser to refuse.
    """
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    extension = "." + name.rpartition(".")[2].lower() if "." in name else ""
    if extension in _BY_EXTENSION:
        return _BY_EXTENSION[extension]
    guessed, _ = mimetypes.guess_type(name)
    return guessed or "application/octet-stream"
