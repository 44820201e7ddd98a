"""The transforms of a project, and which is fed by which: a picture of some tens of nodes."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from typing import Any, Final

from ..ledger import queries
from ..ledger.queries import RunRow, TransformRow
from ..words import text_of

#: Transforms that are drawn.
_MOST: Final = 200
_COUNTS: Final = ("total", "success", "failed", "recovered", "skipped", "cancelled", "running")
#: How a part of a fingerprint is called that stands for a declared file.
_FILE: Final = "file "

#: What is told of an absolute path: ``name``, for people, and ``path``, if it may be opened.
Told = Callable[[bytes], dict[str, Any]]


def plainly(path: bytes) -> dict[str, Any]:
    """Tell an absolute path as it is."""
    return {"name": text_of(path), "path": text_of(path)}


def graph(conn: sqlite3.Connection, *, most: int = _MOST, told: Told = plainly) -> dict[str, Any]:
    """Return the transforms, with the counts of their newest runs, and the edges between them.

    An edge leads from the transform in whose output folder an input of the other lies. What no
    transform makes are ``sources``, with how many files they have where each file is a datum;
    files that the cell declares are ``declared``; ``out`` is where its outputs are.
    """
    transforms = queries.transforms(conn, limit=most)
    outs = {os.path.normpath(row.out): row.name for row in transforms if row.out}
    edges, nodes = [], []
    for row in transforms:
        roots = conn.execute(
            "select name, path from root where transform = ? order by name", (row.id,)
        ).fetchall()
        feeders = {name: _feeder(os.path.normpath(path), outs) for name, path in roots}
        edges += [
            {"from": other, "to": row.name, "input": name}
            for name, other in feeders.items()
            if other is not None and other != row.name
        ]
        raw = {name: path for name, path in roots if feeders[name] is None}
        nodes.append(_node(conn, row, raw, len(roots), told))
    return {"transforms": nodes, "edges": edges}


def _node(
    conn: sqlite3.Connection, row: TransformRow, raw: dict[str, bytes], roots: int, told: Told
) -> dict[str, Any]:
    run = queries.latest_run(conn, row.name)
    files = run.total if run and len(raw) == roots == 1 and _of_files(conn, row.id) else None
    return {
        "name": row.name,
        "run": run.uuid if run else None,
        "status": run.status if run else None,
        "engine": run.engine if run else None,
        "counts": {word: getattr(run, word) for word in _COUNTS} if run else {},
        "raw": list(raw),
        "sources": [{"input": name, **told(path), "files": files} for name, path in raw.items()],
        "declared": _declared(conn, row, run, told),
        "out": told(row.out) if row.out and _has_made(conn, row.id) else None,
    }


def _of_files(conn: sqlite3.Connection, transform: int) -> bool:
    """Whether each datum of a transform is one whole file, and no part: its first one tells."""
    row = conn.execute(
        "select d.content is not null and instr(d.key, x'00') = 0"
        " from datum_key k join datum d on d.id = k.datum"
        " where k.transform = ? limit 1",
        (transform,),
    ).fetchone()
    return bool(row and row[0])


def _has_made(conn: sqlite3.Connection, transform: int) -> bool:
    """Whether a transform has made files; its first datums tell, all of them would be a scan."""
    row = conn.execute(
        "select 1 from (select datum from datum_key where transform = ? limit 1000) k"
        " join output o on o.datum = k.datum limit 1",
        (transform,),
    ).fetchone()
    return row is not None


def _declared(
    conn: sqlite3.Connection, row: TransformRow, run: RunRow | None, told: Told
) -> list[dict[str, Any]]:
    """Files that the newest version of the code declares beside its input."""
    found = conn.execute(
        "select parts from version where id = ?", (run.version if run else 0,)
    ).fetchone()
    parts = json.loads(found[0]) if found else {}
    words = [part.removeprefix(_FILE) for part in parts if part.startswith(_FILE)]
    folder = os.path.dirname(row.notebook) if row.notebook else None
    return [
        {"name": word, "path": told(_joined(folder, word))["path"] if folder else None}
        for word in words
    ]


def _joined(folder: bytes, word: str) -> bytes:
    return os.path.normpath(os.path.join(folder, os.fsencode(word)))


def _feeder(path: bytes, outs: dict[bytes, str]) -> str | None:
    """The transform in whose output folder a folder lies, or whose folder it is."""
    while True:
        if path in outs:
            return outs[path]
        above = os.path.dirname(path)
        if above == path:
            return None
        path = above
