"""The page's one route. Airflow does not guard plugin routes, so this one asks for a signed-in user itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends, FastAPI, Header
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape

from regesta_page.words import WORDS

Language = Literal["en", "ko"]

app = FastAPI(title="Regesta", docs_url=None, redoc_url=None, openapi_url=None)
_templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape())


@app.get("/", response_class=HTMLResponse, dependencies=[Depends(requires_access_view(AccessView.PLUGINS))])
def page(lang: Language | None = None, accept_language: Annotated[str, Header()] = "en") -> str:
    """Show sources, recent runs, and what was quarantined or failed in them."""
    language: Language = lang or ("ko" if accept_language.lower().startswith("ko") else "en")
    return render(language, **read())


def read() -> dict[str, Any]:
    """Read what the page shows."""
    from ingestion.runs import recent_problems, recent_runs
    from ingestion.settings import IngestionSettings
    from ingestion.sources import list_sources
    from ingestion.workbench import Workbench

    with Workbench(IngestionSettings()).connect() as connection:
        return {
            "sources": list_sources(connection),
            "runs": recent_runs(connection, limit=25),
            "problems": recent_problems(connection, limit=100),
        }


def render(language: Language, **shown: Any) -> str:
    """Return the page in one of its languages."""
    return _templates.get_template("page.html").render(language=language, t=WORDS[language], **shown)
