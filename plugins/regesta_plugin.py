"""Regesta inside the Airflow UI: what the corpus holds, what needs a person, and the buttons for it."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

PREFIX = "/regesta"


def _page() -> Any:
    """Build the page's app; only the API server needs it."""
    from regesta_page.app import app

    return app


def _address() -> str:
    """Return the page's path as the browser sees it: below that of Airflow itself."""
    return urlsplit(conf.get("api", "base_url", fallback="") or "/").path.rstrip("/") + f"{PREFIX}/"


class RegestaPlugin(AirflowPlugin):
    """Adds the page to the navigation."""

    name = "regesta"
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [{"app": _page(), "url_prefix": PREFIX, "name": "Regesta"}]
    external_views: ClassVar[list[dict[str, Any]]] = [
        {"name": "Regesta", "href": _address(), "destination": "nav", "url_route": "regesta"}
    ]
