"""Draws nDCG@10 of every way to search: one panel per set of questions."""

from __future__ import annotations

from collections.abc import Mapping

from bench.search_quality import Quality
from corpus.settings import ROOT

FILE = ROOT / "docs" / "benchmarks" / "search.svg"
COLOURS = ("#b5651d", "#5b5ea6", "#9aa0a6", "#0b6e4f")
WIDTH, BAR, LABEL, MARGIN = 260, 24, 110, 20


def draw(ranked: Mapping[str, Mapping[str, Quality]]) -> None:
    """Write the plot; `ranked` gives the quality of each way on each set."""
    panels = [_panel(place, name, ways) for place, (name, ways) in enumerate(ranked.items())]
    width = len(panels) * (LABEL + WIDTH + MARGIN) + MARGIN
    height = 60 + max(len(ways) for ways in ranked.values()) * (BAR + 6)
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif"'
        f' font-size="11"><rect width="100%" height="100%" fill="white"/>{"".join(panels)}</svg>\n',
        "utf-8",
    )


def _panel(place: int, name: str, ways: Mapping[str, Quality]) -> str:
    parts = [
        f'<g transform="translate({MARGIN + place * (LABEL + WIDTH + MARGIN)},40)">'
        f'<text x="{LABEL}" y="-12" font-weight="bold">{name}: nDCG@10</text>'
    ]
    for number, ((way, quality), colour) in enumerate(zip(ways.items(), COLOURS, strict=True)):
        top, length = number * (BAR + 6), round(quality.ndcg * WIDTH, 1)
        parts.append(
            f'<text x="{LABEL - 8}" y="{top + 16}" text-anchor="end">{way}</text>'
            f'<rect x="{LABEL}" y="{top}" width="{length}" height="{BAR}" fill="{colour}"/>'
            f'<text x="{LABEL + length - 6}" y="{top + 16}" text-anchor="end" fill="white">{quality.ndcg:.3f}</text>'
        )
    return "".join([*parts, "</g>"])
