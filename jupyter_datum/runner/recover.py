"""What a new runner does with what an older one left: roll forward, then take up.

Publishing is rolled forward first (its redo log names every file), then every journal is
read to its end and what is finished in it is published, and only then anything is sent.
So nothing that was finished, whether committed or only journaled, runs again.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from itertools import islice

from ..errors import FrameError, OutputError
from ..events import Done, frames
from ..inputs.signed import output_folders
from ..ledger import queries, writes
from ..ledger.writes import RunKey
from ..outputs.porter import Porter
from ..outputs.publish import (
    Commit,
    Publisher,
    RemotePublisher,
    Verdict,
    roll_forward,
    stranded,
)
from ..project import Project
from ..remote import is_url
from .job import Job, staging_of

_GROUP = 500


def unfinished(conn: sqlite3.Connection, interpreter: str) -> list[queries.RunRow]:
    """Return the runs of `interpreter` that have not ended, oldest first."""
    return queries.unfinished_runs(conn, interpreter)


def recover(conn: sqlite3.Connection, job: Job, publisher: Publisher) -> int:
    """Bring a run that an older runner left to the state that its workers had reached.

    Returns
    -------
    int
        Datums that were finished and had not been recorded.
    """
    recorded = publisher.roll_forward(_commit(job.key, {}))
    records = journaled(job.project, job.uuid)
    while group := list(islice(records, _GROUP)):
        known = queries.settled_in(conn, job.key.id, [done.datum for done, _ in group])
        fresh = [(done, worker) for done, worker in group if done.datum not in known]
        workers = {done.datum: worker for done, worker in fresh}
        publisher.publish([done for done, _ in fresh], _commit(job.key, workers))
        recorded += len(fresh)
    return recorded


def finish_stranded(conn: sqlite3.Connection, project: Project, epoch: int) -> None:
    """Carry to its end what runs that have ended had begun to publish."""
    for run in stranded(conn, epoch):
        writes.take_over(conn, run)
        out = queries.out_of(conn, run.transform)
        if out is not None and out not in output_folders(conn, project, run.transform):
            print(f"run {run.id} wrote to {out!r}, which nobody here has signed for", flush=True)
        elif out is not None and is_url(out):
            _finish_far(conn, project, run, out)
        else:
            roll_forward(conn, run, out, _commit(run, {}))


def _finish_far(conn: sqlite3.Connection, project: Project, run: RunKey, out: bytes) -> None:
    """The same for a URL, with what credentials this process has; else it is left."""
    porter = Porter(os.fsdecode(out), {}, project.log)
    staging = staging_of(project, out)
    publisher = RemotePublisher(conn, run=run, out=out, staging=staging, porter=porter)
    try:
        publisher.roll_forward(_commit(run, {}))
    except OutputError as exc:
        print(f"what run {run.id} had begun to publish stays unfinished: {exc}", flush=True)
    finally:
        porter.close()


def _commit(run: RunKey, workers: dict[int, str]) -> Commit:
    """What is recorded with a group: what could be published. The rest (its staging is
    gone, its path is taken) runs again."""

    def write(conn: sqlite3.Connection, verdicts: list[Verdict]) -> None:
        good = [(v.done, workers.get(v.done.datum, "")) for v in verdicts if v.ok]
        writes.put_successes(conn, run, good)

    return write


def journaled(project: Project, run: str) -> Iterator[tuple[Done, str]]:
    """Yield what the journals of a run hold as finished, with the worker's name.

    A journal that is damaged gives what stands before the damage: the rest runs again.
    """
    folder = project.run(run) / "j"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        worker = path.name.partition("-")[2]
        try:
            for record, _ in frames(path.read_bytes()):
                if isinstance(record, Done):
                    yield record, worker
        except FrameError as exc:
            print(f"journal {path.name} of run {run}: {exc}", flush=True)
