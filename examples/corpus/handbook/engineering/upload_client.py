"""Upload a file to Haneul Drive in parts, and go on after an interruption.

Sample code of the platform team for customers who write their own programs. Copy it, change it, keep it.
"""

import hashlib
import random
import time
from pathlib import Path
from typing import Any

PART_BYTES = 16 * 1024 * 1024
MAX_ATTEMPTS = 9
FIRST_PAUSE_SECONDS = 0.4


class UploadGaveUp(Exception):
    """A part could not be sent in MAX_ATTEMPTS attempts."""


def upload(session: Any, path: Path, folder_id: str) -> str:
    """Upload a file and return its id; parts the server already has are not sent again."""
    upload_id, known = session.begin(folder_id, path.name, path.stat().st_size)
    with path.open("rb") as file:
        for number, part in enumerate(iter(lambda: file.read(PART_BYTES), b"")):
            digest = hashlib.sha256(part).hexdigest()
            if known.get(number) != digest:
                send_part(session, upload_id, number, part, digest)
    return session.finish(upload_id)


def send_part(session: Any, upload_id: str, number: int, part: bytes, digest: str) -> None:
    """Send one part; after a refusal, pause twice as long as the last time, give or take a fifth."""
    for attempt in range(MAX_ATTEMPTS):
        if session.put(upload_id, number, part, digest):
            return
        pause = FIRST_PAUSE_SECONDS * 2**attempt
        time.sleep(pause * random.uniform(0.8, 1.2))
    raise UploadGaveUp(f"part {number} of upload {upload_id}")
