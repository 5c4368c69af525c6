"""How Airflow is configured: every option exists, and nothing listens beyond this machine."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr
from sqlalchemy import make_url

from regesta.stack import airflow
from regesta.stack.settings import StackSettings


@pytest.fixture
def settings(tmp_path: Path) -> StackSettings:
    return StackSettings(
        _env_file=None, home=tmp_path, airflow_database_password="p@ss/w:rd %", s3_access_key_id="key",
        s3_secret_access_key="se\"cr'et", s3_endpoint="http://127.0.0.1:8333",
    )  # fmt: skip


def test_every_option_exists_in_this_airflow(settings: StackSettings) -> None:
    found = importlib.util.find_spec("airflow")
    assert found is not None and found.submodule_search_locations
    text = (Path(found.submodule_search_locations[0]) / "config_templates" / "config.yml").read_text("utf-8")
    known = {
        f"AIRFLOW__{section}__{option}".upper()
        for section, content in yaml.safe_load(text).items()
        for option in content["options"]
    }
    used = {name for name in airflow.environment(settings) if name.startswith("AIRFLOW__")}
    assert used - known == set()


def test_a_password_with_odd_characters_reaches_the_database(settings: StackSettings) -> None:
    url = make_url(airflow.database_url(settings))
    assert (url.password, url.host, url.port, url.database) == ("p@ss/w:rd %", "127.0.0.1", 54329, "airflow")


@pytest.mark.parametrize(
    "given", ["postgres://u:p@db/x?sslmode=require", "postgresql+psycopg2://u:p@db/x?sslmode=require"]
)
def test_an_external_database_keeps_its_options_for_both_drivers(settings: StackSettings, given: str) -> None:
    external = settings.model_copy(update={"airflow_database_url": SecretStr(given)})
    database = {name: value for name, value in airflow.environment(external).items() if "SQL_ALCHEMY" in name}
    assert database == {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://u:p@db/x?sslmode=require",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": "postgresql+psycopg://u:p@db/x?sslmode=require",
    }


def test_transport_security_of_the_database_holds_for_airflow_too(settings: StackSettings) -> None:
    external = settings.model_copy(update={"database_url": "postgresql://db.example:5433/regesta?sslmode=verify-full"})
    assert airflow.database_url(external).endswith("@db.example:5433/airflow?sslmode=verify-full")


def test_the_s3_connection_is_json(settings: StackSettings) -> None:
    connection = json.loads(airflow.environment(settings)["AIRFLOW_CONN_REGESTA_S3"])
    assert connection["password"] == "se\"cr'et"
    assert connection["extra"]["endpoint_url"] == "http://127.0.0.1:8333"


def test_nothing_listens_on_every_address(settings: StackSettings) -> None:
    assert "127.0.0.1" in airflow.COMPONENTS["api-server"]
    for component in ("scheduler", "triggerer"):  # their log servers know no other address than all
        assert "--skip-serve-logs" in airflow.COMPONENTS[component]


def test_the_password_file_is_for_the_owner_only(settings: StackSettings) -> None:
    airflow.prepare(settings)
    path = Path(airflow.environment(settings)["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    assert path.stat().st_mode & 0o777 == 0o600
