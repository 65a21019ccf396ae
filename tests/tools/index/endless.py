"""A reader that never comes to an end, in the way that the file's name says."""

import time
from pathlib import Path

from tools.index.document import Document


def read(path: Path, source: str) -> Document:
    while True:
        if path.name == "waits":
            time.sleep(1)
