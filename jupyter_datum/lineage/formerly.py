"""Names that are no more: of datums whose file was renamed, of outputs that were renamed or
pruned."""

from __future__ import annotations

import math
import os
import sqlite3

from ..ledger import queries
from ..ledger.former import Former, called, former_names, last, rel_of
from ..remote import is_url
from ..words import text_of, when
from .files import output_at
from .model import File
from .now import Look


def key(conn: sqlite3.Connection, transform: int, text: str) -> Former | None:
    """Return the datum that once had the key `text`."""
    return called(conn, transform, "key", os.fsencode(text)) or called(
        conn, transform, "key", queries.key_bytes(text)
    )


def output(conn: sqlite3.Connection, path: bytes) -> Former | None:
    """Return the output that once stood at an absolute path or URL, the last of them."""
    outs = conn.execute("select id, out from transform where out is not null").fetchall()
    found = (
        called(conn, transform, "output", rel_of(path, out))
        for transform, out in outs
        if is_url(out) == is_url(path)
    )
    return max(filter(None, found), key=lambda was: was.at, default=None)


def made(conn: sqlite3.Connection, was: Former, path: bytes, look: Look) -> tuple[File, int] | None:
    """Return such an output as it is now, and the datum that made it."""
    now = last(conn, was).now
    (out,) = conn.execute(
        "select t.out from datum d join transform t on t.id = d.transform where d.id = ?",
        (was.datum,),
    ).fetchone()
    found = output_at(conn, os.path.join(out or b"", now), look) if now is not None else None
    return found or (File(path, was.name, was.size, was.digest or b"", "gone"), was.datum)


def until(conn: sqlite3.Connection, was: Former) -> float:
    """Return when such an output was pruned; for ever if it is there under another name."""
    end = last(conn, was)
    return end.at if end.now is None else math.inf


def said(conn: sqlite3.Connection, was: Former) -> str:
    """Say what has become of an output."""
    now = last(conn, was).now
    name = text_of(was.name)
    if was.now is None:
        return f"{name} was pruned {when(was.at)}"
    if now is None:
        return f"{name} was renamed to {text_of(was.now)} {when(was.at)}, and pruned since"
    return f"{name} was renamed to {text_of(now)} {when(was.at)}, with its input"


def pruned(conn: sqlite3.Connection, datum: int, since: float, until: float) -> list[Former]:
    """Return the outputs of a datum that were pruned in some time."""
    names = former_names(conn, datum, "output")
    return [each for each in names if each.now is None and since <= each.at < until]
