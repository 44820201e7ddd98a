"""Files in ``.datum/results`` that rows have let go: which of them no other row names.

Whatever takes a row's result away (another result, a datum that is pruned, a kept version
that is dropped) puts the name of its file into the table ``loose``: triggers, where rows that
have none do not pay for them. ``holds`` tells which datums to ask; it may know more than is so.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from .db import transaction


def loose_files(conn: sqlite3.Connection, limit: int = 500) -> list[bytes]:
    """Return names of files that a row has let go."""
    rows = conn.execute("select digest from loose order by digest limit ?", (limit,))
    return [bytes(row[0]) for row in rows]


def named_files(conn: sqlite3.Connection, names: Sequence[bytes]) -> set[bytes]:
    """Return those of these files that a row names."""
    marks = ",".join("?" * len(names))
    is_file = "substr(result_kind, -5) = '-file'"
    rows = conn.execute(
        "select h.digest from holds h join datum d on d.id = h.datum and d.result = h.digest"
        f" where h.digest in ({marks})"
        f" union select result from kept where result in ({marks}) and {is_file}"
        f" union select bundle from display where bundle in ({marks}) and kind = 'mime-file'"
        f" union select bundle from failed_display where bundle in ({marks})"
        " and kind = 'mime-file'",
        (*names, *names, *names, *names),
    )
    return {bytes(row[0]) for row in rows}


def forget_loose(conn: sqlite3.Connection, names: Sequence[bytes]) -> None:
    """These files are gone, or have a row again."""
    named = named_files(conn, names) if names else set()
    with transaction(conn):
        gone = [(name,) for name in names if name not in named]
        conn.executemany("delete from holds where digest = ?", gone)
        conn.executemany("delete from loose where digest = ?", [(name,) for name in names])


def note_files(conn: sqlite3.Connection, rows: Sequence[tuple[bytes, int]]) -> None:
    """These datums' results lie in files: (name, datum)."""
    conn.executemany("insert or ignore into holds (digest, datum) values (?, ?)", rows)


def runs_go_on(conn: sqlite3.Connection) -> bool:
    """Return whether any run has not ended: its workers may have written files that no row
    names yet."""
    found = conn.execute("select exists (select 1 from run where ended is null)").fetchone()
    return bool(found[0])
