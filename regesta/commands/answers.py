"""`regesta feedback` and `regesta lineage`: what an answer was worth, and where it comes from."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from regesta.commands.ask import api_client
from regesta.output import AsJson, console, print_json

Answer = Annotated[str, typer.Argument(help="Id of the answer, as `regesta ask --json` shows it.")]


class Rating(StrEnum):
    """A thumb."""

    UP = "up"
    DOWN = "down"


def feedback(
    answer: Answer,
    rating: Annotated[Rating, typer.Argument(help="up or down; down also takes the answer out of the cache.")],
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    corrected: Annotated[str | None, typer.Option(help="What should have been answered.")] = None,
    as_json: AsJson = False,
) -> None:
    """Rate an answer; your newest word about it counts."""
    body = {"answer_id": answer, "rating": rating.value, "reason": reason, "corrected_answer": corrected}
    saved = api_client().post("/v1/feedback", body)
    if as_json:
        print_json(saved)
    else:
        console.print(f"Saved: {saved['rating']}. Cached answers removed: {saved['evicted']}.")


def lineage(answer: Answer, as_json: AsJson = False) -> None:
    """Follow every sentence of an answer to its passages, versions, raw objects and runs."""
    found = api_client().get(f"/v1/answers/{answer}/lineage")
    if as_json:
        print_json(found)
        return
    console.print(f"[bold]{found['model']}[/] · {found['answered_at']} · {found['state']}")
    if found["is_withheld"]:
        console.print("Something it rests on may not be seen any more, so its text is not shown.")
    for sentence in found["sentences"]:
        console.print(f"  {sentence['text']}", markup=False, highlight=False)
    for citation in found["citations"]:
        _print_citation(citation)


def _print_citation(citation: dict[str, Any]) -> None:
    lines = [f"[{citation['number']}] {citation['evidence']}"]
    if citation["version"]:
        version, raw, run = citation["version"], citation["raw_object"], citation["run"]
        place = " › ".join(citation["passage"]["heading_path"] or [])
        lines += [
            f"v{version['number']} of {version['uri']} {place}".rstrip(),
            f"{raw['s3_key']} ({raw['byte_count']} bytes, {raw['media_type']})",
            f"run {run['id']} ({run['trigger']}, {run['started_at']})",
            " ".join(version["pipeline"]),
        ]
    console.print("\n     ".join(lines), style="dim", markup=False, highlight=False, soft_wrap=True)
