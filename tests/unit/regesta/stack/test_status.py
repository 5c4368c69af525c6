"""What a dead service is said to have died of."""

from __future__ import annotations

from pathlib import Path

from regesta.stack.settings import StackSettings
from regesta.stack.status import _ends

LOG = """\
2026-03-01 12:03:11,123 INFO spawned: 'serving' with pid 12
2026-03-01 12:03:12,001 WARN exited: s3 (exit status 1; not expected)
2026-03-01 12:04:11,123 WARN exited: serving (exit status 3; not expected)
2026-03-01 12:05:59,999 WARN exited: serving (terminated by SIGKILL; not expected)
2026-03-01 12:06:00,000 WARN stopped: airflow-scheduler (terminated by SIGTERM)
not a line of ours
"""


def test_the_last_end_counts_and_a_stop_is_none(tmp_path: Path) -> None:
    settings = StackSettings(_env_file=None, home=tmp_path)
    assert _ends(settings) == {}
    settings.logs.mkdir()
    (settings.logs / "supervisord.log").write_text(LOG)
    assert _ends(settings) == {
        "s3": "exited with status 1 at 12:03",
        "serving": "killed by signal 9 (SIGKILL) at 12:05",
    }
