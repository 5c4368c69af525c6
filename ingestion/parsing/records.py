"""JSON and JSON Lines: objects become sections, lists of alike objects tables; every value keeps its path."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ingestion.errors import Unparseable
from ingestion.items import Element, Parsed
from ingestion.parsing import about
from ingestion.parsing.tables import check_cells, table_element
from ingestion.parsing.text import decode

_NAMES = ("title", "name", "question", "label", "제목", "이름", "id", "key")
_LONG = 200
_DEEPEST = 6


def parse_json(data: bytes) -> Parsed:
    """Parse one JSON value, or one per line where the file is really JSON Lines."""
    text = decode(data)
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise Unparseable("too_large", "the JSON is nested too deep") from error
    except json.JSONDecodeError as error:
        value = _lines(text)
        if value is None:
            raise Unparseable("corrupt", f"the JSON is broken: {error}") from error
    return _parsed(value)


def parse_json_lines(data: bytes) -> Parsed:
    """Parse a file with one JSON value per line.

    Raises:
        Unparseable: A line is no JSON.
    """
    values = _lines(decode(data))
    if values is None:
        raise Unparseable("corrupt", "not every line is JSON")
    return _parsed(values)


def _lines(text: str) -> list[Any] | None:
    try:
        values = [json.loads(line) for line in text.split("\n") if line.strip()]
    except (json.JSONDecodeError, RecursionError):
        return None
    return values if len(values) > 1 else None


def _parsed(value: Any) -> Parsed:
    title = value.get("title") if isinstance(value, Mapping) else None
    return Parsed(tuple(_value(value, "", 1)), title=about.text_of(title) if isinstance(title, str) else None)


def _value(value: Any, path: str, level: int) -> Iterator[Element]:
    if isinstance(value, Mapping):
        yield from _object(value, path, level)
    elif isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
        yield from _list(value, path, level)
    elif text := _scalar(value):
        yield Element("text", f"{path}: {text}" if path else text)


def _object(value: Mapping[str, Any], path: str, level: int) -> Iterator[Element]:
    """Yield the plain values as lines, then a section for each value that has parts."""
    plain = {key: _scalar(one) for key, one in value.items() if not _has_parts(one)}
    if lines := [f"{key}: {text}" for key, text in plain.items() if text]:
        yield Element("text", "\n".join(lines))
    for key, one in value.items():
        if not _has_parts(one):
            continue
        if level > _DEEPEST:
            yield Element("text", "\n".join(f"{name}: {text}" for name, text in _flat(one, f"{path}{key}")))
        else:
            yield Element("heading", key or '""', level=level)
            yield from _value(one, "", level + 1)


def _list(values: Sequence[Any], path: str, level: int) -> Iterator[Element]:
    """Yield a table of objects without long texts; of others, a section for each."""
    if all(isinstance(one, Mapping) for one in values) and not any(map(_needs_section, values)):
        rows = [dict(_flat(one)) for one in values]
        header = list(dict.fromkeys(key for row in rows for key in row))
        check_cells(len(header) * len(rows))
        yield from filter(None, [table_element([header, *([row.get(key) for key in header] for row in rows)])])
        return
    for number, one in enumerate(values, 1):
        if not _has_parts(one) and not isinstance(one, Mapping):
            yield from _value(one, path, level)
        elif level > _DEEPEST:
            yield Element("text", "\n".join(f"{name}: {text}" for name, text in _flat(one, f"{path}{number}")))
        else:
            yield Element("heading", _name(one, number), level=level)
            yield from _value(one, "", level + 1)


def _name(value: Any, number: int) -> str:
    if isinstance(value, Mapping):
        for key in _NAMES:
            if isinstance(value.get(key), str | int) and (name := about.text_of(value[key])):
                return name[:_LONG]
    return str(number)


def _needs_section(value: Mapping[str, Any]) -> bool:
    return any(len(text) > _LONG or "\n" in text for _, text in _flat(value)) or any(
        isinstance(one, list) and _has_parts(one) for one in value.values()
    )


def _has_parts(value: Any) -> bool:
    if isinstance(value, list):
        return any(isinstance(one, Mapping | list) for one in value)
    return isinstance(value, Mapping) and bool(value)


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every plain value below one with its path, its steps joined by dots."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _flat(one, f"{path}.{key}" if path else str(key))
    elif _has_parts(value):
        for number, one in enumerate(value, 1):
            yield from _flat(one, f"{path}.{number}" if path else str(number))
    else:
        yield path, _scalar(value)


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(filter(None, map(_scalar, value)))
    return str(value)
