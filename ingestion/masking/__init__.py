"""Personal data out of a document, before anything is cut, embedded or stored: by the policy of its source.

What is looked for are numbers and addresses that name one person or open an account (`DEFAULT_TYPES`), in Korean
and English writing. Names, places and dates stay unless asked for. The recognisers are presidio's and ours in
presidio's form; they run without its language models and never touch the network.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import replace as changed
from importlib.metadata import version
from typing import Any, cast, get_args

from corpus.masking import DEFAULT_TYPES, NAME_TYPES, TYPES, Finding, Policy, engine, replacement
from corpus.masking.context import REACH
from corpus.masking.engine import CERTAIN
from ingestion.items import Element, ElementKind, Parsed
from ingestion.masking.names import find_names

__all__ = ["DEFAULT_TYPES", "NAME_TYPES", "TYPES", "VERSION", "Finding", "Policy", "find", "leaks", "mask", "policy"]

VERSION = f"masking-1+presidio-{version('presidio-analyzer')}+phonenumbers-{version('phonenumbers')}"
"""Part of the pipeline's fingerprint: a new one masks every document anew."""

_UNTOUCHED = frozenset({"created_at", "modified_at", "published_at", "language", "publication_state"})


def mask(parsed: Parsed, policy: Policy, key: bytes, types: Set[str] = DEFAULT_TYPES) -> tuple[Parsed, dict[str, int]]:
    """Return a document with its personal data replaced, and the number of findings by type.

    Elements keep their number, order and kind; one that held nothing else is left empty by `drop`. Title and
    metadata are treated alike, for tags, keywords and entities repeat the text; the author's name stays even when
    names are asked for, because the registry is about who wrote what.

    Args:
        policy: `mask` leaves `[PHONE]`; `hash` leaves `[PHONE:3f9a2c71]`, equal for equal values; `drop` leaves
            nothing; `allow` does not look at all.
        key: Of the hashes; whoever has it can test guesses, so it is a secret.
        types: What to look for, of `TYPES`.

    Raises:
        ValueError: An unknown policy or type, or hashes without a key.
    """
    if policy == "allow":
        return parsed, {}
    _check(policy, key, types)
    counts: Counter[str] = Counter()
    elements: list[Element] = []
    before = ""
    for element in parsed.elements:
        text, found = replacement.replace(element.text, element.kind, policy, key, types, before, find_names)
        counts += found
        elements.append(element if text == element.text else changed(element, text=text))
        before = f"{before}\n{text}"[-REACH:]
    title, found = replacement.replace(parsed.title or "", "text", policy, key, types, names=find_names)
    counts += found
    metadata: dict[str, Any] = {}
    for name, value in parsed.metadata.items():
        wanted = types - NAME_TYPES if name == "author" else types
        metadata[name] = value if name in _UNTOUCHED else _masked_value(value, policy, key, wanted, counts)
    return Parsed(tuple(elements), title if parsed.title is not None else None, metadata), dict(sorted(counts.items()))


def find(text: str, kind: ElementKind = "text", types: Set[str] = DEFAULT_TYPES, before: str = "") -> list[Finding]:
    """Return the personal data in a text, people, places and dates included where they are asked for."""
    return engine.find(text, kind, types, before, find_names)


def leaks(text: str, types: Set[str] = DEFAULT_TYPES) -> bool:
    """Tell whether text that should be masked still holds personal data, beyond doubt.

    A passage puts words together that stood apart when its document was masked, and parts others, so only findings
    count that no word nearby can make or unmake: what `mask` has replaced in any document.
    """
    return any(finding.score >= CERTAIN for finding in find(text, types=types))


def policy(name: str) -> Policy:
    """Return a source's policy by its name.

    Raises:
        ValueError: There is no such policy.
    """
    for known in get_args(Policy):
        if name == known:
            return cast(Policy, known)
    raise ValueError(f"There is no policy {name!r} for personal data; use {', '.join(get_args(Policy))}.")


def _check(policy: Policy, key: bytes, types: Set[str]) -> None:
    if policy == "hash" and not key:
        raise ValueError("Hashing personal data needs a key; without one anybody could find the values by trying.")
    if unknown := types - TYPES:
        raise ValueError(f"There are no such types of personal data: {', '.join(sorted(unknown))}.")


def _masked_value(value: Any, policy: Policy, key: bytes, types: Set[str], counts: Counter[str]) -> Any:
    """Return a JSON value with its strings masked; list items of which nothing is left are left out."""
    if isinstance(value, str):
        text, found = replacement.replace(value, "text", policy, key, types, names=find_names)
        counts += found
        return text
    if isinstance(value, list):
        items = [(item, _masked_value(item, policy, key, types, counts)) for item in value]
        return [masked for item, masked in items if masked != "" or item == ""]
    if isinstance(value, dict):
        return {name: _masked_value(item, policy, key, types, counts) for name, item in value.items()}
    return value
