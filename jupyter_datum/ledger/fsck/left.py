"""What a runner that died has left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

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
