"""What a runner that died has left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..loose import named_files, runs_go_on
from .case import MEND, Case, Finding


def unfinished(case: Case) -> Iterator[Finding]:
    """A run without an end has a runner that lives."""
    rows = case.conn.execute(
        "select r.uuid, t.name, r.interpreter from run r join transform t on t.id = r.transform"
        " where r.ended is null order by r.id"
    ).fetchall()
    for uuid, name, interpreter in rows:
        if interpreter not in case.live:
            what = f"run {uuid[:8]} of {name!r} was interrupted: its runner is gone"
            do = "run the cell again: a new runner takes the run up where it stopped"
            yield Finding("interrupted", what, do)


def publishing(case: Case) -> Iterator[Finding]:
    """The redo log is empty but while a runner publishes."""
    rows = case.conn.execute(
        "select r.uuid, r.interpreter, count(*) from publishing p"
        " left join run r on r.id = p.run group by p.run"
    ).fetchall()
    for uuid, interpreter, n in rows:
        if interpreter not in case.live:
            what = f"{n} files of run {(uuid or '?')[:8]} are between staging and their place"
            do = "run the cell again: a new runner first brings them to their place"
            yield Finding("publishing", what, do)


def results(case: Case) -> Iterator[Finding]:
    """Each result file is named by a row; those of attempts that died before they said so
    are not."""
    if case.live or runs_go_on(case.conn):
        return  # a row may be about to name them
    left = 0
    for paths in _result_files(case.project.dir / "results"):
        named = named_files(case.conn, [os.fsencode(path.name) for path in paths])
        for path in paths:
            if os.fsencode(path.name) in named:
                continue
            left += 1
            if case.repair:
                path.unlink(missing_ok=True)
    if left:
        what = f"{left} result files are named by no datum"
        yield Finding("leftovers", what, MEND, case.repair)


def _result_files(folder: Path) -> Iterator[list[Path]]:
    """Files below `folder`, some hundred at a time."""
    found: list[Path] = []
    for path, _, names in os.walk(folder):
        for name in names:
            found.append(Path(path, name))
            if len(found) == 500:
                yield found
                found = []
    if found:
        yield found


def journals(case: Case) -> Iterator[Finding]:
    """An ended run needs no journals and no claims."""
    if case.live:
        return  # it may be about to remove them
    for (uuid,) in case.conn.execute("select uuid from run where ended is not null"):
        left = [n for n in ("j", "claims") if (case.project.run(uuid) / n).exists()]
        if left and case.repair:
            for name in left:
                shutil.rmtree(case.project.run(uuid) / name, ignore_errors=True)
        if left:
            what = f"run {uuid[:8]} has ended, and its journals are still there"
            yield Finding("leftovers", what, MEND, case.repair)
