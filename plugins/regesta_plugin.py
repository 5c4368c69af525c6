"""Regesta inside the Airflow UI: a page with sources, runs and everything that needs a person."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin


def _page() -> Any:
    """Build the page's app; only the API server needs it."""
    from regesta_page.app import app

    return app


class RegestaPlugin(AirflowPlugin):
    """Adds the page to the navigation."""

    name = "regesta"
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [{"app": _page(), "url_prefix": "/regesta", "name": "Regesta"}]
    external_views: ClassVar[list[dict[str, Any]]] = [
        {"name": "Regesta", "href": "/regesta/", "destination": "nav", "url_route": "regesta"}
    ]
