"""Find XML whose entities would grow while it is parsed, or reach outside the file."""

from __future__ import annotations

import codecs
import re

from ingestion.errors import Unparseable

_DECLARATIONS = tuple("<!ENTITY".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
DECLARATION_BYTES = max(map(len, _DECLARATIONS))
"""The longest sign of a declaration; who looks through a file in pieces lets them overlap by so much."""
_DECLARED = re.compile(r"""<!ENTITY\s+(%\s+)?([^\s%"'>]+)\s+(?:"([^"]*)"|'([^']*)'|(SYSTEM|PUBLIC)\b)""")
_USED = re.compile(r"[&%]([^\s&%;#]+);")
_PREDEFINED = {"amp": 1, "lt": 1, "gt": 1, "quot": 1, "apos": 1}


def declares_entities(data: bytes) -> bool:
    """Whether an entity is declared, in any encoding that XML parsers must read."""
    return any(declaration in data for declaration in _DECLARATIONS)


def check_entities(data: bytes, limit: int) -> None:
    """Refuse XML whose entities expand to more than `limit` characters in all, or come from outside.

    Raises:
        Unparseable: `bomb` or `unsafe`.
    """
    if not declares_entities(data):
        return
    text = _decode(data)
    sizes: dict[str, int] = {}
    for is_parameter, name, double, single, external in _DECLARED.findall(text):
        if external:
            raise Unparseable("unsafe", f"its XML takes the entity {name[:40]!r} from outside the file")
        key = f"%{name}" if is_parameter else name
        sizes.setdefault(key, _size(double or single, sizes, limit))
    used = sum(min(sizes.get(name, 0), limit + 1) for name in _USED.findall(text))
    if max([used, *sizes.values()]) > limit:
        raise Unparseable("bomb", f"its XML entities expand to more than {limit:,} characters")


def _size(value: str, sizes: dict[str, int], limit: int) -> int:
    """Return how long an entity's value becomes; one that is declared later or uses itself counts as too long."""
    nested = sum(_PREDEFINED.get(name, sizes.get(name, limit + 1)) for name in _USED.findall(value))
    return len(value) + nested


def _decode(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    return data.replace(b"\x00", b"").decode("utf-8", errors="replace")
