"""`regesta ask` and `regesta search`: the API from a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer
from rich.panel import Panel

from regesta.client import ApiClient
from regesta.output import AsJson, console, print_json
from regesta.stack.settings import StackSettings

Source = Annotated[list[str] | None, typer.Option("--source", help="Only this source; repeatable.")]
Tag = Annotated[list[str] | None, typer.Option("--tag", help="Only documents with this tag; repeatable.")]
AsOf = Annotated[datetime | None, typer.Option("--as-of", help="Look back to this time (UTC): what was served then.")]


def api_client() -> ApiClient:
    """Return a client of this machine's API with its first key."""
    settings = StackSettings()
    key = settings.api_key.get_secret_value() if settings.api_key else None
    return ApiClient(settings.api_url, key)


def ask(question: str, source: Source = None, tag: Tag = None, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Ask a question; the answer streams in, then its citations."""
    client, filters = api_client(), _filters(source, tag)
    if as_json:
        print_json(client.answer(question, filters, _time(as_of)))
        return
    if not print_answer(client.ask(question, filters, _time(as_of))):
        raise typer.Exit(1)


def _filters(source: list[str] | None, tag: list[str] | None) -> dict[str, Any]:
    return {name: value for name, value in (("sources", source), ("tags", tag)) if value}


def _time(as_of: datetime | None) -> str | None:
    return (as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)).isoformat() if as_of else None


def print_answer(events: Any) -> bool:
    """Print an answer as it arrives, then what it cites; return whether it was finished."""
    is_complete = False
    for kind, data in events:
        if kind == "meta" and data["degraded"]:
            console.print(f"[yellow]Degraded: {data['reason']} Quoting the documents instead.[/]")
        elif kind == "token":
            console.print(data["text"], end="", markup=False, highlight=False, soft_wrap=True)
        elif kind == "error":
            console.print(f"\n[red]{data['detail']}[/]")
        elif kind == "done":
            is_complete = data["state"] == "complete"
            console.print()
            for entry in data["citations"]:
                place = " › ".join(entry["heading_path"])
                console.print(
                    f"  [{entry['number']}] {entry['title']} (v{entry['version']}) {place}\n      {entry['uri']}",
                    style="dim", markup=False, highlight=False, soft_wrap=True,
                )  # fmt: skip
    return is_complete


def search(
    query: str,
    top_k: Annotated[int, typer.Option("--top-k", "-k", min=1, max=100)] = 5,
    mode: Annotated[Literal["hybrid", "text", "vector"], typer.Option()] = "hybrid",
    source: Source = None,
    tag: Tag = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Search passages: full text and vectors together, or one of them."""
    reply = api_client().search(query, top_k, mode, _filters(source, tag), _time(as_of))
    if as_json:
        print_json(reply)
        return
    if not reply["hits"]:
        console.print("Nothing was found. `regesta documents list` shows what there is to find.")
    for hit in reply["hits"]:
        ranks = f"text {hit['text_rank'] or '–'}, vector {hit['vector_rank'] or '–'}"
        title = f"{hit['rank']}. {hit['title']} (v{hit['version']}) · {ranks}"
        text = hit["text"] if len(hit["text"]) <= 400 else hit["text"][:400] + " …"
        console.print(Panel(text, title=title, subtitle=hit["uri"], title_align="left", subtitle_align="left"))
