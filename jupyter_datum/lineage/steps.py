"""Single steps through the ledger: each is one indexed query with a limit."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Final

from ..hashing import file_digest
from ..ledger.edges import makers_of
from ..ledger.feed import current_versions
from ..remote import is_url, url_of
from ..states import DatumState
from .model import COUNTED, SHOWN, File, Node, Some

#: Whether the file at a path is looked at.
Look = Callable[[bytes], bool]
#: Files up to this size are read to tell an edit from a touch; others are told by stat.
_READ: Final = 64 << 20
_NODE: Final = (
    "select d.id, t.name, d.key, d.state, d.attempt, d.began, d.seconds, r.uuid, r.pipeline,"
    " r.status, (select count(*) from version v where v.transform = d.transform"
    " and v.id <= d.version), d.version, d.transform, d.dirty, d.gone, d.outputs"
    " from datum d join transform t on t.id = d.transform join run r on r.id = d.run"
    " where d.id = ?"
)


def node(conn: sqlite3.Connection, datum: int, look: Look) -> Node | None:
    """Return a datum with its files, and no step further.

    Parameters
    ----------
    conn : sqlite3.Connection
    datum : int
    look : callable
        Tells of a path whether the file there is looked at: is it as recorded?
    """
    row = conn.execute(_NODE, (datum,)).fetchone()
    if row is None:
        return None
    identity, name, key, state, attempt, began, seconds, run, pipeline, status, number, *rest = row
    version, transform, dirty, gone, made = rest
    return Node(
        identity,
        name,
        key,
        DatumState(state),
        attempt,
        began,
        seconds,
        run,
        pipeline,
        status,
        number,
        current=version in current_versions(conn, transform),
        dirty=bool(dirty),
        gone=gone is not None,
        inputs=inputs(conn, datum, transform, look),
        outputs=outputs(conn, datum, made, look),
    )


def nodes(conn: sqlite3.Connection, ids: Sequence[int], count: int, look: Look) -> Some[Node]:
    """Return these datums (those that stand), of `count` in all."""
    found = (node(conn, identity, look) for identity in ids)
    return Some([each for each in found if each is not None], count)


# -- files -----------------------------------------------------------------------------------


def inputs(conn: sqlite3.Connection, datum: int, transform: int, look: Look) -> Some[File]:
    """Return the files that a datum was made from."""
    roots = roots_of(conn, transform)
    rows = conn.execute(
        "select name, rel, size, mtime_ns, content from input where datum = ?"
        " order by ordinal limit ?",
        (datum, SHOWN),
    ).fetchall()
    if rows:
        count = _counted(conn, "from input where datum = ?", datum)
    else:
        rows = conn.execute(
            "select '', key, size, mtime_ns, content from datum"
            " where id = ? and content is not null",
            (datum,),
        ).fetchall()
        count = len(rows)
    if not rows and (part := _part_of(conn, datum, roots, look)) is not None:
        return Some([part], 1)
    return Some([_input(row, roots, look) for row in rows], count)


def _part_of(
    conn: sqlite3.Connection, datum: int, roots: dict[str, bytes], look: Look
) -> File | None:
    """The file that lines are part of: a datum of `split(.., lines=N)` is its lines alone, so
    that no other runs when one is appended, and its key names the file."""
    (key,) = conn.execute("select key from datum where id = ?", (datum,)).fetchone() or (b"",)
    rel, part, _ = key.partition(b"\0")
    if not part or len(roots) != 1:
        return None
    path = _joined(next(iter(roots.values())), rel)
    now = ("" if os.path.exists(path) else "gone") if look(path) and not is_url(path) else ""
    return File(path, rel, 0, b"", now)


def _input(row: tuple[Any, ...], roots: dict[str, bytes], look: Look) -> File:
    name, rel, size, mtime_ns, content = row
    root = roots.get(name) or (next(iter(roots.values())) if len(roots) == 1 else None)
    path = _joined(root, rel) if root is not None else rel
    now = _now(path, size, mtime_ns, content) if root is not None and look(path) else ""
    return File(path, rel, size, content, now)


def _joined(root: bytes, rel: bytes) -> bytes:
    """A path, or the URL of an object (which may lie in an archive behind another URL)."""
    if is_url(root):
        return os.fsencode(url_of(os.fsdecode(root), os.fsdecode(rel)))
    return os.path.join(root, rel)


def outputs(conn: sqlite3.Connection, datum: int, count: int, look: Look) -> Some[File]:
    """Return the files that a datum made and owns."""
    rows = conn.execute(
        "select o.path, o.size, o.mtime_ns, o.digest, t.out from output o"
        " join transform t on t.id = o.transform where o.datum = ? limit ?",
        (datum, SHOWN),
    ).fetchall()
    return Some([_output(row, look) for row in sorted(rows)], max(count, len(rows)))


def _output(row: tuple[Any, ...], look: Look) -> File:
    path, size, mtime_ns, digest, out = row
    below = out is not None and path.startswith(os.path.join(out, b""))
    rel = path[len(os.path.join(out, b"")) :] if below else path
    return File(path, rel, size, digest, _now(path, size, mtime_ns, digest) if look(path) else "")


def output_at(conn: sqlite3.Connection, path: bytes, look: Look) -> tuple[File, int] | None:
    """Return the output at an absolute path, and the datum that made it."""
    made = makers_of(conn, [path]).get(path)
    if made is None:
        return None
    rows = conn.execute(
        "select o.path, o.size, o.mtime_ns, o.digest, t.out from output o"
        " join transform t on t.id = o.transform where o.datum = ?",
        (made,),
    )
    found = next((row for row in rows if row[0] == path), None)
    return (_output(found, look), made) if found else None


def _now(path: bytes, size: int, mtime_ns: int, content: bytes) -> str:
    """Whether a file is as recorded; a touched one is read, unless it is large. Nobody looks
    at objects: a store is asked by fsck and by plans, with one listing."""
    if is_url(path):
        return ""
    try:
        stat = os.stat(path)
        if stat.st_size != size:
            return "edited"
        if stat.st_mtime_ns == mtime_ns:
            return "same"
        if size <= _READ and os.path.isfile(path):
            return "same" if file_digest(path) == content else "edited"
        return "edited"
    except (OSError, ValueError):
        return "gone"


def roots_of(conn: sqlite3.Connection, transform: int) -> dict[str, bytes]:
    """Return the absolute folder of each input of a transform."""
    rows = conn.execute("select name, path from root where transform = ?", (transform,))
    return dict(rows.fetchall())


# -- steps from datum to datum ---------------------------------------------------------------


def up_of(conn: sqlite3.Connection, datum: int, look: Look) -> Some[Node]:
    """Return the datums that this one was made from."""
    rows = conn.execute("select up from edge where down = ? order by up limit ?", (datum, SHOWN))
    ids = [row[0] for row in rows]
    return nodes(conn, ids, _counted(conn, "from edge where down = ?", datum) if ids else 0, look)


def down_of(conn: sqlite3.Connection, datum: int, look: Look) -> Some[Node]:
    """Return the datums that were made from this one."""
    rows = conn.execute("select down from edge where up = ? order by down limit ?", (datum, SHOWN))
    ids = [row[0] for row in rows]
    return nodes(conn, ids, _counted(conn, "from edge where up = ?", datum) if ids else 0, look)


def readers_of(conn: sqlite3.Connection, path: bytes, look: Look) -> Some[Node]:
    """Return the datums that have read the file at an absolute path."""
    ids: dict[int, None] = {}
    for transform, name, rel in places_of(conn, path):
        ids.update(dict.fromkeys(keyed(conn, transform, rel)))
        rows = conn.execute(
            "select i.datum from input i join datum d on d.id = i.datum"
            " where i.rel = ? and i.name = ? and d.transform = ? limit ?",
            (rel, name, transform, COUNTED),
        )
        ids.update(dict.fromkeys(row[0] for row in rows))
    found = list(ids)
    return nodes(conn, found[:SHOWN], len(found), look)


def places_of(conn: sqlite3.Connection, path: bytes) -> list[tuple[int, str, bytes]]:
    """Return where a path lies under the input folders of transforms: a handful of rows."""
    rows = conn.execute("select transform, name, path from root")
    found = ((t, name, _below(path, root)) for t, name, root in rows)
    return [(t, name, rel) for t, name, rel in found if rel]


def _below(path: bytes, root: bytes) -> bytes:
    """The path under a root, folder or URL; empty if it lies elsewhere."""
    head, tail = _joined(root, b"\0").split(b"\0")
    if not path.startswith(head) or not path.endswith(tail):
        return b""
    return path[len(head) : len(path) - len(tail)]


def keyed(conn: sqlite3.Connection, transform: int, rel: bytes) -> list[int]:
    """Return the datum that is this very file, or those that are its lines."""
    return _single(conn, transform, rel) or _parts(conn, transform, rel)


def _single(conn: sqlite3.Connection, transform: int, rel: bytes) -> list[int]:
    """The datum that is this very file: its key is the path under the root."""
    rows = conn.execute(
        "select d.id from datum_key k join datum d on d.id = k.datum"
        " where k.transform = ? and k.key = ? and d.content is not null",
        (transform, rel),
    )
    return [row[0] for row in rows]


def _parts(conn: sqlite3.Connection, transform: int, rel: bytes) -> list[int]:
    """The datums that are lines of this file."""
    rows = conn.execute(
        "select d.id from datum_key k join datum d on d.id = k.datum"
        " where k.transform = ? and k.key > ? and k.key < ? and d.content is null"
        " and not exists (select 1 from input i where i.datum = d.id) limit ?",
        (transform, rel + b"\0", rel + b"\1", COUNTED),
    )
    return [row[0] for row in rows]


def everywhere(path: bytes) -> bool:
    """Look at every file."""
    return True


def _counted(conn: sqlite3.Connection, which: str, value: object) -> int:
    sql = f"select count(*) from (select 1 {which} limit {COUNTED})"
    return int(conn.execute(sql, (value,)).fetchone()[0])
