"""Put something else in the place of findings, until none is left."""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence, Set

from corpus.masking.engine import find
from corpus.masking.findings import DEFAULT_TYPES, Finding, Kind, NameFinder, Policy

_HASH_DIGITS = 8
_COUNTRY_CODE = re.compile(r"(?:\+ ?|00)?82[-. ]*\(?0?\)?|\+?1[-. ](?=\(?[2-9])")


def replace(
    text: str,
    kind: Kind,
    policy: Policy,
    key: bytes,
    types: Set[str],
    before: str = "",
    names: NameFinder | None = None,
) -> tuple[str, Counter[str]]:
    """Return a text without findings, and how many of each type it held.

    What is put in changes the neighbourhood of what stays, so the text is looked at again until nothing is found;
    that is also why masked text masks to itself. Every pass takes characters away for good, so passes end.
    """
    counts: Counter[str] = Counter()
    while found := find(text, kind, types, before, names):
        counts.update(finding.type for finding in found)
        text = _rewrite(text, found, policy, key)
    return text, counts


def masked(text: str) -> str:
    """Return a text with the type of each finding in its place, as a log may keep it."""
    return replace(text, "text", "mask", b"", DEFAULT_TYPES)[0]


def _rewrite(text: str, found: Sequence[Finding], policy: Policy, key: bytes) -> str:
    """Replace findings; where nothing comes in their place, two blanks that would meet become one."""
    pieces: list[str] = []
    position, last = 0, "\n"
    for finding in found:
        kept = text[position : finding.start]
        substitute = _substitute(text[finding.start : finding.end], finding.type, policy, key)
        last = (kept or last)[-1]
        following = text[finding.end : finding.end + 1] or "\n"
        position = finding.end
        if not substitute and last in " \n" and following == " ":
            position += 1
        elif not substitute and kept.endswith(" ") and following == "\n":
            kept = kept[:-1]
        pieces += [kept, substitute]
        last = substitute[-1:] or last
    return "".join([*pieces, text[position:]])


def _substitute(value: str, entity: str, policy: Policy, key: bytes) -> str:
    if policy == "drop":
        return ""
    if policy == "mask":
        return f"[{entity}]"
    message = f"{entity}:{normalise(value, entity)}".encode()
    return f"[{entity}:{hmac.digest(key, message, 'sha256').hex()[:_HASH_DIGITS]}]"


def normalise(value: str, entity: str) -> str:
    """Return what two spellings of one value share: digits and capitals only, phones without their country code."""
    value = unicodedata.normalize("NFKC", value)
    if entity == "PHONE":
        match = _COUNTRY_CODE.match(value)
        prefix = "" if match is None or "82" not in match[0] else "0"
        value = prefix + value[match.end() if match else 0 :]
    if entity in {"EMAIL", "IP_ADDRESS", *("PERSON", "PLACE", "DATE")}:
        return " ".join(value.lower().split())
    if entity == "CRYPTO_WALLET":
        return value  # these tell capitals apart
    return re.sub(r"[^0-9A-Z]", "", value.upper())
