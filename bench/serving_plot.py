"""Draws what many streams at once do: to the first token, and to the cost of an event beside the least it can be."""

from __future__ import annotations

from collections.abc import Mapping

from corpus.settings import ROOT

FOLDER = ROOT / "docs" / "benchmarks"
COLOURS = ("#0b6e4f", "#b5651d", "#5b5ea6")
WIDTH, BAR, LABEL, MARGIN = 300, 20, 70, 20
Groups = Mapping[str, Mapping[str, float]]
"""Values by group (so many streams), then by what they are of."""


def draw(name: str, title: str, groups: Groups, limit: float | None = None) -> None:
    """Write a plot of bars, the longest as wide as the plot; `limit` is drawn as a line."""
    kinds = list(next(iter(groups.values())))
    widest = max([value for values in groups.values() for value in values.values()] + ([limit] if limit else []))
    scale = WIDTH / widest
    parts = [f'<text x="{MARGIN}" y="20" font-weight="bold">{title}</text>']
    for place, (kind, colour) in enumerate(zip(kinds, COLOURS, strict=False)):
        parts.append(f'<text x="{MARGIN + 140 * place}" y="40" fill="{colour}" font-weight="bold">{kind}</text>')
    top = 54
    for group, values in groups.items():
        middle = top + len(kinds) * BAR / 2 + 4
        parts.append(f'<text x="{MARGIN + LABEL - 8}" y="{middle}" text-anchor="end">{group}</text>')
        for colour, value in zip(COLOURS, values.values(), strict=False):
            length = round(value * scale, 1)
            parts.append(
                f'<rect x="{MARGIN + LABEL}" y="{top}" width="{length}" height="{BAR - 3}" fill="{colour}"/>'
                f'<text x="{MARGIN + LABEL + length + 5}" y="{top + 13}">{value:.3g}</text>'
            )
            top += BAR
        top += 10
    if limit:
        x = MARGIN + LABEL + limit * scale
        parts.append(f'<line x1="{x}" x2="{x}" y1="48" y2="{top}" stroke="#c00" stroke-dasharray="4 3"/>')
        parts.append(f'<text x="{x - 4}" y="{top + 12}" text-anchor="end" fill="#c00">bar: {limit:g}</text>')
    width = LABEL + WIDTH + 4 * MARGIN
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / name).write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top + 20}" font-family="sans-serif"'
        f' font-size="11"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n',
        "utf-8",
    )
