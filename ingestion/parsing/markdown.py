"""Markdown with tables, fenced code and footnotes, and the front matter that says what the file is."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from ingestion.items import Parsed
from ingestion.parsing import about, markup
from ingestion.parsing.text import decode

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?)^\1[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_EXTENSIONS = ("tables", "fenced_code", "footnotes", "def_list", "sane_lists", "md_in_html")
_SETTINGS = {"footnotes": {"BACKLINK_TEXT": "", "SUPERSCRIPT_TEXT": " [{}]"}}


def parse_markdown(data: bytes) -> Parsed:
    """Parse Markdown; front matter in YAML or TOML becomes title and metadata."""
    text = re.sub(r"\r\n?", "\n", decode(data)).lstrip("\ufeff")
    about_file, body = front_matter(text)
    return Parsed(
        markdown_elements(body),
        title=about.text_of(about_file.get("title")),
        metadata=_metadata(about_file),
    )


def markdown_elements(text: str) -> Any:
    """Return the elements of Markdown text without front matter."""
    import markdown

    return markup.elements(
        markup.parse_fragment(markdown.markdown(text, extensions=list(_EXTENSIONS), extension_configs=_SETTINGS))
    )


def front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Split off the block of settings a file may begin with; what is no such block stays text."""
    found = _FRONT_MATTER.match(text)
    if not found:
        return {}, text
    settings = _load(found[1], found[2])
    return ({}, text) if settings is None else (settings, text[found.end() :])


def _load(fence: str, block: str) -> dict[str, Any] | None:
    import yaml

    try:
        settings = tomllib.loads(block) if fence == "+++" else yaml.safe_load(block)
    except (yaml.YAMLError, tomllib.TOMLDecodeError, ValueError):
        return None
    return {str(key).lower(): value for key, value in settings.items()} if isinstance(settings, dict) else None


def _metadata(settings: dict[str, Any]) -> dict[str, Any]:
    authors = settings.get("author") or settings.get("authors") or []
    return about.metadata(
        author=about.names(authors if isinstance(authors, list) else [authors]),
        published_at=about.iso_date(_any(settings, "date", "published", "published_at", "publishdate")),
        created_at=about.iso_date(_any(settings, "created", "created_at")),
        modified_at=about.iso_date(_any(settings, "updated", "modified", "lastmod", "last_updated", "modified_at")),
        tags=about.tags(_any(settings, "tags", "keywords", "categories")),
        publication_state=_state(settings),
    )


def _any(settings: dict[str, Any], *keys: str) -> Any:
    return next((settings[key] for key in keys if settings.get(key) and settings[key] is not True), None)


def _state(settings: dict[str, Any]) -> str | None:
    if settings.get("archived") is True:
        return "archived"
    if isinstance(settings.get("draft"), bool):
        return "draft" if settings["draft"] else "published"
    if isinstance(settings.get("published"), bool):
        return "published" if settings["published"] else "draft"
    return about.publication_state(_any(settings, "status", "state", "publication_state"))
