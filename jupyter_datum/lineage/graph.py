"""The transforms of a project, and which is fed by which: a picture of some tens of nodes."""

from __future__ import annotations

import os
import sqlite3
from typing import Any, Final

from ..ledger import queries

#: Transforms that are drawn.
_MOST: Final = 200
_COUNTS: Final = ("total", "success", "failed", "recovered", "skipped", "cancelled", "running")


def graph(conn: sqlite3.Connection, *, most: int = _MOST) -> dict[str, Any]:
    """Return the transforms, with the counts of their newest runs, and the edges between them.

    An edge leads from the transform in whose output folder an input of the other lies.
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
        run = queries.latest_run(conn, row.name)
        counts = {word: getattr(run, word) for word in _COUNTS} if run else {}
        nodes.append({
            "name": row.name,
            "run": run.uuid if run else None,
            "status": run.status if run else None,
            "counts": counts,
            "raw": [name for name, other in feeders.items() if other is None],
        })  # fmt: skip
    return {"transforms": nodes, "edges": edges}


def _feeder(path: bytes, outs: dict[bytes, str]) -> str | None:
    """The transform in whose output folder a folder lies, or whose folder it is."""
    while True:
        if path in outs:
            return outs[path]
        above = os.path.dirname(path)
        if above == path:
            return None
        path = above
