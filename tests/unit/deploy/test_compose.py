"""The compose file: well-formed, no default passwords, watched, closed to the outside, true to the settings."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from dotenv import dotenv_values
from pydantic import AliasChoices

from corpus.settings import ROOT
from ingestion.settings import IngestionSettings
from regesta.stack.settings import StackSettings
from serving.settings import ServingSettings

FILE = ROOT / "docker-compose.yaml"
DEV_ENV = ROOT / "deploy" / "dev.env"
AIRFLOW = {"airflow-apiserver", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer", "airflow-init"}
DEV_ONLY = {"postgres", "s3", "s3-init"}

SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|KEY|URL")
# `$${` is a literal dollar for the shell inside the container, not a variable of ours.
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<operator>:?[-?+])?(?P<rest>[^}]*)")


@pytest.fixture(scope="module")
def model() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return loaded


@pytest.fixture(scope="module")
def services(model: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = model["services"]
    return found


@pytest.fixture(scope="module")
def compose() -> list[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # a package can bring it, too
    for name, *words in (["docker", "compose"], ["docker-compose"]):
        program = shutil.which(name, path=path)
        if program and subprocess.run([program, *words, "version"], capture_output=True).returncode == 0:
            return [program, *words]
    pytest.skip("neither `docker compose` nor `docker-compose` is installed: the file was not read by Compose itself")


def config(compose: list[str], env_file: Path, *profiles: str) -> subprocess.CompletedProcess[str]:
    """Have Compose read the file with one set of variables, whatever this machine's own settings are."""
    options = [word for profile in profiles for word in ("--profile", profile)]
    return subprocess.run(
        [*compose, "--file", FILE, "--env-file", env_file, *options, "config", "--format", "json"],
        env={name: os.environ[name] for name in ("PATH", "HOME", "DOCKER_CONFIG") if name in os.environ},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def variables() -> Iterator[re.Match[str]]:
    return VARIABLE.finditer(FILE.read_text("utf-8"))


def required() -> set[str]:
    return {found["name"] for found in variables() if found["operator"] == ":?"}


def test_compose_accepts_it_for_development(compose: list[str]) -> None:
    done = config(compose, DEV_ENV, "dev")
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["services"]) >= DEV_ONLY | AIRFLOW | {"api", "regesta-init"}


def test_compose_accepts_it_for_production_without_the_development_services(compose: list[str], tmp_path: Path) -> None:
    production = tmp_path / "production.env"
    production.write_text("".join(f"{name}=given\n" for name in required()))
    done = config(compose, production)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["services"]
    assert set(found) == AIRFLOW | {"api", "regesta-init"}
    connection = json.loads(found["airflow-scheduler"]["environment"]["AIRFLOW_CONN_REGESTA_S3"])
    assert connection == {"conn_type": "aws", "extra": {"region_name": "us-east-1"}}


def test_compose_refuses_it_without_settings(compose: list[str]) -> None:
    done = config(compose, Path(os.devnull), "dev")
    assert done.returncode != 0
    assert "REGESTA_OWNER_PASSWORD is missing a value: any long random text" in done.stderr


def test_it_follows_the_compose_specification(model: dict[str, Any]) -> None:
    package = folder("check_jsonschema")
    assert package, "check-jsonschema, which carries the specification's schema, is in requirements/dev.txt"
    schema = json.loads((package / "builtin_schemas" / "vendor" / "compose-spec.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(model)] == []


def test_no_secret_has_a_default(services: dict[str, dict[str, Any]]) -> None:
    defaults = {
        found["name"]: found["rest"]
        for found in variables()
        if SECRET.search(found["name"]) and (found["operator"] or "-").endswith("-") and found["rest"]
    }
    assert defaults == {}
    literals = {
        f"{service}: {name}={value}"
        for service, content in services.items()
        for name, value in content.get("environment", {}).items()
        if SECRET.search(name) and not name.endswith(("_FILE", "_URL")) and value is not None and "${" not in value
    }
    assert literals == set()


def test_every_required_variable_says_how_and_is_in_the_development_file() -> None:
    silent = [found["name"] for found in variables() if found["operator"] == ":?" and len(found["rest"]) < 10]
    assert silent == []
    assert required() - set(dotenv_values(DEV_ENV)) == set()


def test_the_development_s3_server_does_not_start_without_keys(services: dict[str, dict[str, Any]]) -> None:
    [script] = services["s3"]["command"]
    for given in ({}, {"AWS_ACCESS_KEY_ID": "only the name"}):
        done = subprocess.run(
            [*services["s3"]["entrypoint"], script.replace("$$", "$")],
            env={"PATH": "", **given}, executable="/bin/sh", capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode != 0
        assert "set REGESTA_S3_" in done.stderr


def test_airflow_parts_have_their_official_names(services: dict[str, dict[str, Any]]) -> None:
    assert {name for name in services if name.startswith("airflow")} == AIRFLOW


def test_every_long_running_service_is_watched_and_starts_again(services: dict[str, dict[str, Any]]) -> None:
    one_shot = {name for name, service in services.items() if service["restart"] == "no"}
    assert one_shot == {"airflow-init", "regesta-init", "s3-init"}
    for name in services.keys() - one_shot:
        assert services[name]["restart"] == "unless-stopped", name
        assert services[name]["healthcheck"]["test"][0] == "CMD", name


def test_ports_are_published_on_this_machine_only(services: dict[str, dict[str, Any]]) -> None:
    published = {name: port for name, service in services.items() for port in service.get("ports", [])}
    assert set(published) == {"api", "airflow-apiserver", "postgres", "s3"}
    for name, port in published.items():
        assert re.fullmatch(r"127\.0\.0\.1:\$\{REGESTA_\w+_PORT:-\d+\}:\d+", port), name
    assert all("network_mode" not in service for service in services.values())


def test_production_parts_do_not_need_development_ones(services: dict[str, dict[str, Any]]) -> None:
    assert {name for name, service in services.items() if service.get("profiles") == ["dev"]} == DEV_ONLY
    for name in services.keys() - DEV_ONLY:
        needed = services[name].get("depends_on", {})
        assert all(needed[other].get("required") is False for other in needed.keys() & DEV_ONLY), name


def test_images_are_pinned(services: dict[str, dict[str, Any]]) -> None:
    images = {service["image"] for service in services.values()}
    assert all(re.search(r":(?!latest$)[\w.-]+$", image) for image in images), images


@pytest.mark.parametrize("name", ["docker-compose.yaml", "deploy/dev.env", "deploy/Dockerfile", "deploy/README.md"])
def test_every_setting_it_names_exists(name: str) -> None:
    named = set(re.findall(r"\bREGESTA_[A-Z0-9_]*[A-Z0-9]", (ROOT / name).read_text("utf-8")))
    assert named, "nothing was looked at"
    assert named - settings() == set()


def settings() -> set[str]:
    names = set()
    for program in (StackSettings, IngestionSettings, ServingSettings):
        for field, info in program.model_fields.items():
            alias = info.validation_alias
            names |= {f"REGESTA_{field.upper()}"} if alias is None else set()
            names |= {str(choice) for choice in alias.choices} if isinstance(alias, AliasChoices) else set()
    return names


def test_every_airflow_option_it_sets_exists(services: dict[str, dict[str, Any]]) -> None:
    package = folder("airflow")
    assert package
    sections = yaml.safe_load((package / "config_templates" / "config.yml").read_text("utf-8"))
    known = {f"AIRFLOW__{section}__{option}".upper() for section in sections for option in sections[section]["options"]}
    used = {name for name in services["airflow-apiserver"]["environment"] if name.startswith("AIRFLOW__")}
    assert used, "nothing was looked at"
    assert used - known == set()


def folder(package: str) -> Path | None:
    """Return where a package lies without importing it, which takes Airflow seconds."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None
