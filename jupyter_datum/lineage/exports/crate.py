"""A Process Run Crate: a folder of results that says by itself how each was made.

Above a number of datums their own actions are left out; the table in the crate has them all.
"""

from __future__ import annotations

import datetime
import os
import sqlite3
from collections.abc import Iterable
from itertools import chain, groupby
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from ...errors import RunError, UsageError
from ...hashing import file_digest
from ...inputs import Input
from ...ledger import queries
from ...ledger.environments import environment_of
from ...ledger.queries import RunRow, TransformRow
from ...remote import is_url
from ...words import counted, text_of
from .rows import Row, moment, rows
from .table import write_table

_PROFILE: Final = "https://w3id.org/ro/wfrun/process/0.5"
#: Datums that have an action of their own.
_ACTIONS: Final = 10_000
#: Input files of one of these.
_READ: Final = 1_000
#: It must say something, and nobody has told us.
_LICENSE: Final = "None is stated: ask whoever this crate is from how it may be used."
_TABLE: Final = "datums.csv"


def write_crate(
    conn: sqlite3.Connection, name: str, folder: Path, source: Input | None = None
) -> tuple[int, int]:
    """Write a crate of a transform's outputs into an empty (or new) `folder`; return how many
    files it holds, and how many are left out: they are gone, or not as they were made.

    Raises
    ------
    UsageError
        If the folder holds something, or the library is missing.
    RunError
        If the transform has not run.
    """
    try:
        from rocrate.rocrate import ROCrate
    except ImportError as exc:
        raise UsageError("a crate needs rocrate: pip install 'jupyter-datum[crate]'") from exc
    transform, run = queries.transform(conn, name), queries.latest_run(conn, name)
    if transform is None or run is None:
        raise RunError(f"{name} has not run")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{str(folder)!r} is not empty: a crate wants a folder of its own")
    folder.mkdir(parents=True, exist_ok=True)
    write_table(conn, name, folder / _TABLE, source)
    crate = ROCrate(version="1.1")  # the one that the profile builds on
    crate.name = f"Results of {name}"
    crate.description = f"Made by the notebook cell {name}, one datum at a time"
    crate.license = _LICENSE
    crate.root_dataset["conformsTo"] = crate.add(
        _thing(crate, _PROFILE, "CreativeWork", {"name": "Process Run Crate", "version": "0.5"})
    )
    crate.add_file(folder / _TABLE, _TABLE, properties={"encodingFormat": "text/csv"})
    counts = _fill(crate, conn, transform, run, source)
    crate.write(folder)
    return counts


def _fill(
    crate: Any, conn: sqlite3.Connection, transform: TransformRow, run: RunRow, source: Input | None
) -> tuple[int, int]:
    program, agents = _program(crate, conn, transform, run), _agents(crate, conn, transform.id)
    crate.root_dataset["mentions"] = []
    results: list[Any] = []
    count = left = 0
    lines = rows(conn, transform.name, source)
    for _, edges in groupby(lines, lambda row: (row.datum, row.state)):
        first, read, made = _gathered(edges)
        there = [(row, path) for row in made if (path := _as_made(conn, row)) is not None]
        files = [_add(crate, transform, row, path) for row, path in there]
        left += len(made) - len(files)
        if not files and first.state not in ("success", "failed"):
            continue
        results += files[: _ACTIONS - len(results)]
        if count < _ACTIONS:
            action = _action(crate, program, first, [_input(crate, row) for row in read], files)
            if first.state == "failed":
                action["error"] = _error(conn, first.datum)
            if first.run in agents:
                action["agent"] = agents[first.run]
            crate.root_dataset.append_to("mentions", action)
        count += len(files)
    whole = crate.add_action(
        program,
        identifier=f"#run-{run.uuid}",
        result=_one_or_all(results),
        properties={
            "name": f"run {run.uuid[:8]} of {transform.name}",
            "description": f"the newest run, over {counted(run.total, 'datum')}",
            "startTime": moment(run.started or run.requested),
            **({"endTime": moment(run.ended)} if run.ended else {}),
            "actionStatus": _status(run.status == "success"),
        },
    )
    if run.uuid in agents:
        whole["agent"] = agents[run.uuid]
    crate.root_dataset.append_to("mentions", whole)
    return count, left


def _agents(crate: Any, conn: sqlite3.Connection, transform: int) -> dict[str, Any]:
    """Who asked for each of the newest runs."""
    rows = conn.execute(
        "select uuid, user from run where transform = ? and user <> '' order by id desc limit ?",
        (transform, _ACTIONS),
    ).fetchall()
    people = {
        user: crate.add(_thing(crate, f"#user-{quote(user)}", "Person", {"name": user}))
        for user in {user for _, user in rows}
    }
    return {run: people[user] for run, user in rows}


def _error(conn: sqlite3.Connection, datum: int) -> str:
    tries = queries.attempts(conn, datum, limit=1)
    return (tries[0].message if tries else None) or "failed"


def _gathered(edges: Iterable[Row]) -> tuple[Row, list[Row], list[Row]]:
    """Of the edges of a datum the first, one for each file that it read, one for each it made."""
    read: dict[str, Row] = {}
    made: dict[str, Row] = {}
    rest = iter(edges)
    first = next(rest)
    for row in chain([first], rest):
        if row.input and len(read) < _READ:
            read.setdefault(row.input, row)
        if row.output:
            made.setdefault(row.output, row)
    return first, list(read.values()), list(made.values())


def _as_made(conn: sqlite3.Connection, row: Row) -> str | None:
    """The path of an output, or its URL, if it is there and still what was made. Its name may
    be no text."""
    told = str(row.output)
    if is_url(told):
        return told
    paths = conn.execute("select path from output where datum = ?", (row.datum,))
    path = next((os.fsdecode(path) for (path,) in paths if text_of(path) == told), told)
    try:
        return path if file_digest(path).hex() == row.output_hash else None
    except OSError:
        return None


def _add(crate: Any, transform: TransformRow, row: Row, path: str) -> Any:
    """Add an output, under its name in the crate; one in a store stays there."""
    told = {"contentSize": str(row.output_size), "blake3": row.output_hash}
    told["encodingFormat"] = guess_type(path)[0] or "application/octet-stream"
    if is_url(path):
        return crate.add_file(quote(path, safe=":/"), properties=told)
    rel = os.path.relpath(str(row.output), text_of(transform.out or b""))
    return crate.add_file(path, os.path.join("out", rel), properties=told)


def _input(crate: Any, row: Row) -> Any:
    """Not a file of the crate: its content is known, it stays where it is."""
    told = {"name": row.input, "blake3": row.input_hash, "contentSize": str(row.input_size or "")}
    known = {name: text for name, text in told.items() if text}
    return crate.add(_thing(crate, f"#input-{quote(str(row.input))}", "CreativeWork", known))


def _program(crate: Any, conn: sqlite3.Connection, transform: TransformRow, run: RunRow) -> Any:
    python, packages = environment_of(conn, run.id)
    needs = [f"{package} {version}" for package, version in packages.items()]
    number = conn.execute(
        "select count(*) from version where transform = ? and id <= ?", (transform.id, run.version)
    ).fetchone()[0]
    told = {
        "name": transform.name,
        "text": queries.version_source(conn, run.version) or "",
        "version": str(number),
        "softwareRequirements": ", ".join([f"Python {python}", *needs]),
    }
    return crate.add(_thing(crate, f"#transform-{transform.name}", "SoftwareApplication", told))


def _action(crate: Any, program: Any, row: Row, read: list[Any], made: list[Any]) -> Any:
    began = datetime.datetime.fromisoformat(row.began)
    ended = began + datetime.timedelta(milliseconds=row.ms)
    return crate.add_action(
        program,
        identifier=f"#datum-{row.datum}-{row.state}",
        object=_one_or_all(read),
        result=_one_or_all(made),
        properties={
            "name": f"{row.transform}: {row.key}",
            "description": f"attempt {row.attempt} in run {row.run[:8]}, by code {row.code}",
            "startTime": row.began,
            "endTime": ended.isoformat(timespec="milliseconds"),
            "actionStatus": _status(row.state != "failed"),
        },
    )


def _one_or_all(things: list[Any]) -> Any:
    """What JSON-LD wants: one thing by itself."""
    return things[0] if len(things) == 1 else things


def _status(good: bool) -> str:
    return f"http://schema.org/{'Completed' if good else 'Failed'}ActionStatus"


def _thing(crate: Any, identifier: str, kind: str, properties: dict[str, Any]) -> Any:
    from rocrate.model.contextentity import ContextEntity

    return ContextEntity(crate, identifier, properties={"@type": kind, **properties})
