"""Short ways to rows and records, for the tests of the ledger."""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path

from jupyter_datum.events import (
    Done,
    Failed,
    Failure,
    InputFile,
    LogSegment,
    OutputFile,
    Result,
)
from jupyter_datum.ledger import files, writes
from jupyter_datum.ledger.db import transaction
from jupyter_datum.ledger.writes import RunKey
from jupyter_datum.project import Project
from jupyter_datum.states import DatumState, RunStatus

PYTHON = "/usr/bin/python3"


def new_run(
    conn: sqlite3.Connection,
    *,
    name: str = "thumbs",
    code: bytes = b"1",
    epoch: int = 1,
    public: str | None = None,
) -> RunKey:
    transform = writes.transform_id(conn, name, "book.ipynb", "cell", b"/data/" + name.encode())
    version = writes.version_id(conn, transform, code, {"cell": code.hex()}, "1 + 1", "3.11", {})
    run = writes.create_run(
        conn,
        uuid=public or uuid.uuid4().hex,
        transform=transform,
        version=version,
        recipe="r" * 32,
        interpreter=PYTHON,
        engine="joblib",
        workers=2,
        options={"tries": 3},
        origin="kernel",
        requested=1.0,
        epoch=epoch,
    )
    return RunKey(run, transform, version, epoch)


def file(rel: bytes, size: int = 10, name: str = "in") -> InputFile:
    return InputFile(name, rel, size, 11, 12, 13, b"c" * 32)


def done(
    datum: int,
    *,
    key: bytes | None = None,
    attempt: int = 1,
    inputs: tuple[InputFile, ...] = (),
    outputs: tuple[OutputFile, ...] = (),
    result: bytes | None = b"[1]",
    log: LogSegment | None = None,
    metrics: dict[str, float] | None = None,
    dirty: bool = False,
) -> Done:
    return Done(
        datum - 1, datum, b"%06d" % datum if key is None else key, attempt, 1, 1, 5.0, 0.5,
        inputs, outputs, Result("json", result, len(result)) if result is not None else None,
        log, metrics, dirty,
    )  # fmt: skip


def failed(
    datum: int,
    *,
    key: bytes | None = None,
    attempt: int = 1,
    signature: str = "ValueError",
    message: str = "bad pixel",
    inputs: tuple[InputFile, ...] = (),
    partial: tuple[OutputFile, ...] = (),
) -> Failed:
    failure = Failure(
        type=signature,
        message=message,
        traceback=f"Traceback: {message}",
        phase="cell",
        signature=signature,
        place="cell line 4",
        transient=False,
        fatal=False,
    )
    return Failed(
        datum - 1, datum, b"%06d" % datum if key is None else key, attempt, 1, 1, 5.0, 0.5,
        inputs, failure, LogSegment(3, 4, 0), partial,
    )  # fmt: skip


def succeed(conn: sqlite3.Connection, run: RunKey, *datums: int | Done) -> None:
    rows = [(d if isinstance(d, Done) else done(d), "w1") for d in datums]
    writes.put_successes(conn, run, rows)


def fail(conn: sqlite3.Connection, run: RunKey, *datums: int | Failed, final: bool = True) -> None:
    rows = [(d if isinstance(d, Failed) else failed(d), "w1", final) for d in datums]
    writes.put_failures(conn, run, rows)


def whole_run(
    project: Project, conn: sqlite3.Connection, n: int = 5, bad: tuple[int, ...] = (), **new: object
) -> tuple[RunKey, str]:
    """A run over `n` datums that has ended, with everything that a runner writes."""
    public = uuid.uuid4().hex
    run = new_run(conn, public=public, **new)  # type: ignore[arg-type]
    first = writes.allocate_datums(conn, n)
    ids = range(first, first + n)
    good = [i for i in ids if i - first + 1 not in bad]
    with transaction(conn):
        succeed(conn, run, *(done(i)._replace(position=i - first) for i in good))
        if bad:
            wrong = [failed(i)._replace(position=i - first) for i in ids if i not in good]
            fail(conn, run, *wrong)
        counts = {"total": n, "success": len(good), "failed": len(bad)}
        status = RunStatus.FAILED if bad else RunStatus.SUCCESS
        writes.end_run(conn, run, status, None, counts)
    states = bytes(DatumState.SUCCESS if i in good else DatumState.FAILED for i in ids)
    run_files(project.run(public), list(ids), states)
    return run, public


def run_files(folder: Path, ids: list[int], states: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    plan, file = files.PlanFile(folder / "plan"), files.StatesFile(folder / "states")
    plan.append(ids)
    file.write(0, states)
    plan.close()
    file.close()
