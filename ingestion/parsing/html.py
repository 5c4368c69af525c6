"""Web pages: the main text without menus, banners and footers, and what the page says about itself.

Structure comes from our own walk over the page, which loses nothing; trafilatura only judges which paragraphs
are main text, because what it returns itself has ordered lists, code and many headings flattened. Its judgement
counts when it kept most of the prose: on a short page it may keep next to nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from ingestion.items import Element, Parsed
from ingestion.parsing import about, markup
from ingestion.parsing.text import decode

_DROPPED = (
    "script", "style", "noscript", "template", "nav", "button", "select", "input", "textarea", "dialog", "iframe",
    "svg",
)  # fmt: skip
_PAGE_FRAME = ("header", "footer", "aside")
_ROLES = frozenset(
    ("navigation", "banner", "contentinfo", "search", "dialog", "alertdialog", "complementary", "menu", "menubar")
)
_NOTICES = re.compile(r"(^|[\s_-])(cookies?|consent|gdpr|skip|breadcrumbs?|nav(bar|igation)?)([\s_-]|$)", re.I)
_CONTENT = ("article", "main", "section")
_KEPT_SHARE = 0.75
_AUTHOR = ("author", "article:author", "dc.creator", "dcterms.creator", "og:article:author")
_PUBLISHED = ("article:published_time", "date", "dc.date", "dcterms.issued", "datepublished")
_MODIFIED = ("article:modified_time", "og:updated_time", "last-modified", "dcterms.modified", "datemodified")
_TAGS = ("keywords", "article:tag", "news_keywords", "dc.subject")


def parse_html(data: bytes) -> Parsed:
    """Parse a page; its `<title>` or Open Graph title is the title, its meta tags the metadata."""
    page = parse_page(decode(data))
    found = page_metadata(page)
    title = about.text_of(_first(page, ("og:title",)) or page.findtext(".//title"))
    return Parsed(main_elements(page), title=title, metadata=found)


def parse_page(text: str) -> Any:
    """Return the tree of a page; lxml refuses text that declares an encoding and guesses wrongly without one."""
    from lxml import html

    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    return html.document_fromstring(text.encode(errors="replace"), parser=parser)


def main_elements(page: Any) -> tuple[Element, ...]:
    """Return the elements of a page's main text."""
    cleaned = without_boilerplate(deepcopy(page))
    found = markup.elements(cleaned)
    main = _letters(_main_text(deepcopy(cleaned)))
    if len(main) < _KEPT_SHARE * _prose_length(cleaned):
        return found
    kept: list[Element] = []
    is_followed = False  # a heading stays if what it heads does
    for element in reversed(found):
        is_heading = element.kind == "heading"
        is_kept = element.kind in ("table", "code") or _is_main(element.text, main) or (is_heading and is_followed)
        is_followed = is_kept
        kept += [element] if is_kept else []
    return tuple(reversed(kept))


def _main_text(cleaned: Any) -> str:
    import trafilatura

    for node in cleaned.iter(*_PAGE_FRAME):  # what is left of these is notes and titles inside the main text
        node.tag = "div"
    return trafilatura.extract(cleaned, include_comments=False, with_metadata=False, favor_recall=True) or ""


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _is_main(text: str, main: str) -> bool:
    """Tell whether most of a paragraph, or of a list's lines, stands in the main text."""
    lines = [_letters(re.sub(r"^\s*(\d+\.|-)\s", "", line)) for line in text.splitlines()]
    return 2 * sum(len(line) for line in lines if line in main) >= sum(map(len, lines))


def without_boilerplate(page: Any) -> Any:
    """Remove from a tree what frames a page: menus, banners, footers, notices, controls. Changes the tree."""
    for node in list(page.iter(*_DROPPED)):
        node.drop_tree()
    for node in list(page.iter(*_PAGE_FRAME)):
        if not any(True for _ in node.iterancestors(*_CONTENT)):
            node.drop_tree()
    for node in list(page.iterdescendants()):
        if isinstance(node.tag, str) and node.tag not in ("html", "body", "main", "article") and _is_notice(node):
            node.drop_tree()
    return page


def _is_notice(node: Any) -> bool:
    if node.get("role", "").lower() in _ROLES or node.get("hidden") is not None or node.get("aria-hidden") == "true":
        return True
    return bool(_NOTICES.search(f"{node.get('class', '')} {node.get('id', '')}"))


def _prose_length(page: Any) -> int:
    """Count the letters outside links: menus are links, main text is not."""
    linked = sum(len(_letters("".join(link.itertext()))) for link in page.iter("a"))
    return len(_letters(page.text_content())) - linked


def page_metadata(page: Any) -> dict[str, Any]:
    """Return author, dates and tags of a page's meta tags, `<time>` elements and JSON-LD."""
    linked = next(_linked_data(page), {})
    times = [node.get("datetime") for node in page.xpath(".//time[@datetime]")]
    published = _first(page, _PUBLISHED) or linked.get("datePublished") or (times[0] if times else None)
    return about.metadata(
        author=about.names(list(_metas(page, _AUTHOR)) or _authors(linked)),
        published_at=about.iso_date(published),
        modified_at=about.iso_date(_first(page, _MODIFIED) or linked.get("dateModified")),
        tags=about.tags(",".join(_metas(page, _TAGS))),
    )


def _metas(page: Any, wanted: tuple[str, ...]) -> Iterator[str]:
    for node in page.iter("meta"):
        name = node.get("name") or node.get("property") or node.get("itemprop") or ""
        if name.lower() in wanted and (content := about.text_of(node.get("content"))):
            yield content


def _first(page: Any, wanted: tuple[str, ...]) -> str | None:
    """Return the first value in the order of the names wanted, not of the page."""
    return next((content for name in wanted for content in _metas(page, (name,))), None)


def _linked_data(page: Any) -> Iterator[dict[str, Any]]:
    for script in page.xpath(".//script[@type='application/ld+json']"):
        try:
            value = json.loads(script.text or "")
        except ValueError:  # a page whose script is broken is still a page
            continue
        graph = value.get("@graph", value) if isinstance(value, dict) else value
        for node in graph if isinstance(graph, list) else [graph]:
            if isinstance(node, dict) and "datePublished" in node:
                yield node


def _authors(linked: dict[str, Any]) -> list[object]:
    found = linked.get("author") or []
    return [author.get("name") if isinstance(author, dict) else author for author in
            (found if isinstance(found, list) else [found])]  # fmt: skip
