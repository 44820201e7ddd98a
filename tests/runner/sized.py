"""Files, the cell that measures them, and what a run of it would do."""

from __future__ import annotations

import os
import time
from pathlib import Path

from jupyter_datum.runner.foreseen import Preview
from jupyter_datum.runner.preview import preview

from ..story import Story

LINE = "size -i in/*.txt -o out"
BODY = "datum.out_file('.len').write_text(str(len(datum.path.read_text())))\ndatum.stem"
ALL = 6


def write(path: Path, text: str) -> None:
    """A file of an hour ago; its ctime is now, whatever is done."""
    path.write_text(text)
    hour_ago = time.time() - 3600
    os.utime(path, (hour_ago, hour_ago))


def plan(story: Story, line: str = LINE, body: str = BODY) -> Preview:
    prepared = story.prepare(line, body)
    with story.ledger() as conn:
        return preview(conn, story.project, prepared.recipe, {"only": []})


def executed(story: Story) -> int:
    return sum(story.executions().values())
