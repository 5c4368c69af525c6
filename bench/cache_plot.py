"""Draws how precise hits are at every share of hits: one panel per data set, one line per way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

from corpus.settings import ROOT
from serving.caching.calibration import Scored

FILE = ROOT / "docs" / "benchmarks" / "cache.svg"
COLOURS = {"regesta": "#0b6e4f", "plain": "#b5651d", "gptcache": "#5b5ea6"}
WIDTH, HEIGHT, MARGIN, LOWEST = 300, 220, 46, 0.90
POINTS = 60


def draw(ways: Mapping[str, Mapping[str, Sequence[tuple[str, Scored]]]]) -> None:
    """Write the plot; `ways` gives the decisions of each way on each data set."""
    names = list(next(iter(ways.values())))
    panels = [_panel(place, name, {way: sets[name] for way, sets in ways.items() if name in sets})
              for place, name in enumerate(names)]  # fmt: skip
    legend = "".join(
        f'<text x="{MARGIN + 110 * place}" y="16" fill="{COLOURS[way]}" font-weight="bold">{way}</text>'
        for place, way in enumerate(ways)
    )
    total = len(names) * (WIDTH + MARGIN) + MARGIN
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {HEIGHT + 90}" font-family="sans-serif"'
        f' font-size="11"><rect width="100%" height="100%" fill="white"/>{legend}{"".join(panels)}</svg>\n',
        "utf-8",
    )


def _panel(place: int, name: str, ways: Mapping[str, Sequence[tuple[str, Scored]]]) -> str:
    left, top = MARGIN + place * (WIDTH + MARGIN), 44
    parts = [f'<g transform="translate({left},{top})"><text x="0" y="-8" font-weight="bold">{name}</text>']
    for precision in (0.90, 0.92, 0.94, 0.96, 0.97, 0.98, 0.99, 1.0):
        y = _y(precision)
        dash = "" if precision == 0.97 else ' stroke-dasharray="2 3"'
        parts.append(f'<line x1="0" x2="{WIDTH}" y1="{y}" y2="{y}" stroke="#bbb"{dash}/>')
        parts.append(f'<text x="-5" y="{y + 4}" text-anchor="end">{precision:.2f}</text>')
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<text x="{share * WIDTH}" y="{HEIGHT + 14}" text-anchor="middle">{share:.0%}</text>')
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT + 30}" text-anchor="middle">hits; precision above</text>')
    for way, found in ways.items():
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in _curve(found))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[way]}" stroke-width="2"/>')
    return "".join([*parts, "</g>"])


def _curve(found: Sequence[tuple[str, Scored]]) -> list[tuple[float, float]]:
    ordered = sorted((scored for _, scored in found), key=lambda scored: -scored.score)
    rights = list(accumulate(scored.is_right for scored in ordered))
    counts = [max(1, len(ordered) * step // POINTS) for step in range(2, POINTS + 1)]
    return [
        (count / len(ordered) * WIDTH, _y(rights[count - 1] / count))
        for count in counts
        if rights[count - 1] / count >= LOWEST
    ]


def _y(precision: float) -> float:
    return round((1 - precision) / (1 - LOWEST) * HEIGHT, 1)
