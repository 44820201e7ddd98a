"""In which environment each run was made: Python, and the packages that its cell uses."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping

#: Python's version, and each package with its own.
Recorded = tuple[str, dict[str, str]]


def put_environment(
    conn: sqlite3.Connection, run: int, python: str, packages: Mapping[str, str]
) -> None:
    """Record the environment of a run; each stands there once. Part of the caller's
    transaction."""
    values = (python, json.dumps(dict(packages), sort_keys=True))
    conn.execute("insert or ignore into environment (python, packages) values (?, ?)", values)
    conn.execute(
        "update run set environment ="
        " (select id from environment where python = ? and packages = ?) where id = ?",
        (*values, run),
    )


def environments(conn: sqlite3.Connection, runs: Iterable[int]) -> dict[int, Recorded]:
    """Return the environments of runs, as far as they were recorded."""
    rows = conn.execute(
        "select r.id, e.python, e.packages from json_each(?) j join run r on r.id = j.value"
        " join environment e on e.id = r.environment",
        (json.dumps(list(runs)),),
    )
    return {run: (str(python), _object(packages)) for run, python, packages in rows}


def environment_of(conn: sqlite3.Connection, run: int) -> Recorded:
    """Return the environment of a run; of one that an older version has made, that of the
    first run with its code."""
    if found := environments(conn, [run]):
        return found[run]
    row = conn.execute(
        "select v.python, v.packages from run r join version v on v.id = r.version where r.id = ?",
        (run,),
    ).fetchone()
    return (str(row[0]), _object(row[1])) if row else ("", {})


def _object(text: str) -> dict[str, str]:
    """A ledger may be somebody else's, and hold anything."""
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {}
    pairs = found.items() if isinstance(found, dict) else ()
    return {name: str(version) for name, version in pairs}
