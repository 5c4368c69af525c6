"""Airflow's four programs: how they are configured and run. Airflow itself is never imported here."""

from __future__ import annotations

import json
import os
import re
import sys
from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict

from corpus.settings import ROOT
from regesta.stack.airflow_client import AirflowClient
from regesta.stack.command import Command
from regesta.stack.settings import StackSettings, secret

__all__ = ["COMPONENTS", "DATABASE", "AirflowClient", "command", "environment", "prepare"]

DATABASE = "airflow"
"""Name of the metadata database in the embedded cluster, and of the role that owns it."""
COMPONENTS = {
    "api-server": ("api-server", "--host", "127.0.0.1"),
    # Their log servers would listen on every address; the API server reads the same folder itself.
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}


def command(settings: StackSettings, component: str) -> Command:
    """Return how to run one of `COMPONENTS`."""
    return Command(
        argv=(sys.executable, "-m", "airflow", *COMPONENTS[component]),
        folder=settings.airflow_home,
        environment=environment(settings),
        # The scheduler lets running tasks end, for this long; the API server holds nothing worth a wait.
        stop_seconds=3 if component == "api-server" else 20,
    )


def prepare(settings: StackSettings) -> None:
    """Write the file the password of the UI's one user is read from; only the owner may read it."""
    settings.airflow_home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = settings.airflow_home / "passwords.json"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({settings.airflow_user: secret(settings.airflow_password)}, file)


def environment(settings: StackSettings) -> dict[str, str]:
    """Return the variables every Airflow process of this home needs."""
    variables = {
        f"AIRFLOW__{section}__{name}": str(value)
        for section, options in _sections(settings).items()
        for name, value in options.items()
    }
    return {**variables, **_plain(settings)}


def _sections(settings: StackSettings) -> dict[str, dict[str, object]]:
    return {
        "CORE": _core(settings),
        "DATABASE": {
            "SQL_ALCHEMY_CONN": database_url(settings),
            # Left to itself it takes asyncpg, which knows no sslmode.
            "SQL_ALCHEMY_CONN_ASYNC": database_url(settings, "psycopg"),
            "CHECK_MIGRATIONS": False,  # `regesta up` has brought them up to date
        },
        "API": {
            "HOST": "127.0.0.1",
            "PORT": settings.airflow_port,
            "BASE_URL": settings.airflow_url,
            "WORKERS": 1,
            "SECRET_KEY": secret(settings.airflow_jwt_secret),
        },
        "API_AUTH": {"JWT_SECRET": secret(settings.airflow_jwt_secret)},
        "SCHEDULER": {
            # The wait between two steps of a run. 0.1 takes another 0.06 of a core when idle.
            "SCHEDULER_IDLE_SLEEP_TIME": 0.2,
            "ORPHANED_TASKS_CHECK_INTERVAL": 30,  # tasks of a killed scheduler run again soon
            "TASK_INSTANCE_HEARTBEAT_TIMEOUT": 60,
        },
        "DAG_PROCESSOR": {
            "REFRESH_INTERVAL": 10,  # new and changed files are noticed,
            "MIN_FILE_PROCESS_INTERVAL": 300,  # unchanged ones are left in peace
            "PARSING_PROCESSES": 2,
            "PRINT_STATS_INTERVAL": 0,
        },
        "LOGGING": {
            "BASE_LOG_FOLDER": settings.airflow_home / "logs",
            "COLORED_CONSOLE_LOG": False,
            "DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": settings.airflow_home / "logs" / "dag_processor",
            # Nobody listens there; unset, another Airflow on this machine would be asked for our logs.
            "WORKER_LOG_SERVER_PORT": settings.internal_ports.airflow_logs,
            "TRIGGER_LOG_SERVER_PORT": settings.internal_ports.airflow_logs,
        },
    }


def _core(settings: StackSettings) -> dict[str, object]:
    options: dict[str, object] = {
        "EXECUTOR": "LocalExecutor",
        "PARALLELISM": settings.airflow_parallelism,
        "DAGS_FOLDER": ROOT / "dags",
        "PLUGINS_FOLDER": ROOT / "plugins",
        "LOAD_EXAMPLES": False,
        "DAGS_ARE_PAUSED_AT_CREATION": False,
        "FERNET_KEY": secret(settings.airflow_fernet_key),
        "EXECUTION_API_SERVER_URL": f"{settings.airflow_url}/execution/",
        "SIMPLE_AUTH_MANAGER_USERS": f"{settings.airflow_user}:admin",
        "SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": settings.airflow_home / "passwords.json",
        "HOSTNAME_CALLABLE": "socket.gethostname",  # the default asks the name service
    }
    if sys.platform == "linux":
        # Workers share the scheduler's memory and start at once. Safe: the scheduler has loaded neither
        # torch nor onnxruntime, whose threads a fork would lose; tasks load those in their own process.
        options["MP_START_METHOD"] = "fork"
    return options


def _plain(settings: StackSettings) -> dict[str, str]:
    connection = {
        "conn_type": "aws",
        "login": settings.s3_access_key_id,
        "password": secret(settings.s3_secret_access_key) or None,
        "extra": {
            "endpoint_url": settings.s3_endpoint,
            "region_name": settings.s3_region,
            # A call that gets no answer is given up in seconds, not in the minutes botocore would wait.
            "config_kwargs": {"connect_timeout": 3, "read_timeout": 60, "retries": {"max_attempts": 3}},
        },
    }
    return {
        "AIRFLOW_HOME": str(settings.airflow_home),
        "AIRFLOW_CONN_REGESTA_S3": json.dumps(connection),
        "PYTHONPATH": str(ROOT),
        "SPT_NOENV": "1",  # setproctitle would overwrite the environment by which our processes are found
        "DO_NOT_TRACK": "1",
        "SCARF_ANALYTICS": "false",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def database_url(settings: StackSettings, driver: str = "psycopg2") -> str:
    """Return SQLAlchemy's URL of the metadata database."""
    if settings.airflow_database_url:
        url = settings.airflow_database_url.get_secret_value()
        return re.sub(r"^postgres(ql)?(\+\w+)?:", f"postgresql+{driver}:", url)
    server = conninfo_to_dict(settings.database_url)
    password = quote(secret(settings.airflow_database_password), safe="")
    where = f"{server.get('host', '127.0.0.1')}:{server.get('port', 5432)}"
    options = {name: str(value) for name, value in server.items() if name.startswith("ssl")}
    query = f"?{urlencode(options)}" if options else ""
    return f"postgresql+{driver}://{DATABASE}:{password}@{where}/{DATABASE}{query}"
