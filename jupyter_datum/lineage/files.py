"""Files that datums read and made, as the ledger has them, and what stands there now."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..ledger.edges import makers_of
from ..outputs.names import fold
from ..remote import is_url, url_of
from .model import COUNTED, SHOWN, File, Some
from .now import Look, content_now, folder_now, now_of


def inputs(conn: sqlite3.Connection, datum: int, transform: int, look: Look) -> Some[File]:
    """Return the files that a datum was made from."""
    roots = roots_of(conn, transform)
    rows = conn.execute(
        "select name, rel, size, mtime_ns, content from input where datum = ?"
        " order by ordinal limit ?",
        (datum, SHOWN),
    ).fetchall()
    if rows:
        count = counted(conn, "from input where datum = ?", datum)
    else:
        rows = conn.execute(
            "select '', key, size, mtime_ns, content from datum"
            " where id = ? and content is not null",
            (datum,),
        ).fetchall()
        count = len(rows)
    if not rows and (part := _part_of(conn, datum, roots, look)) is not None:
        return Some([part], 1)
    found = [_input(conn, datum, row, roots, look) for row in rows]
    return Some(_remade(conn, found), count)


def _remade(conn: sqlite3.Connection, found: Sequence[File]) -> list[File]:
    """Tell those that nobody has edited: what stands there now is a later output."""
    paths = [file.path for file in found if file.now == "edited"]
    rows = outputs_at(conn, paths) if paths else {}
    later = {path for path, row in rows.items() if now_of(path, *row[1:]) == "same"}
    return [replace(file, now="remade") if file.path in later else file for file in found]


def outputs_at(
    conn: sqlite3.Connection, paths: Sequence[bytes]
) -> dict[bytes, tuple[int, int, int, bytes]]:
    """Return (datum, size, mtime_ns, digest) of the outputs at these absolute paths: not many."""
    by_fold = {fold(path, True): path for path in paths} | {path: path for path in paths}
    rows = conn.execute(
        "select folded, datum, size, mtime_ns, digest from output"
        f" where folded in ({', '.join('?' * len(by_fold))})",
        list(by_fold),
    )
    return {by_fold[folded]: (datum, size, at, digest) for folded, datum, size, at, digest in rows}


def once(conn: sqlite3.Connection, path: bytes, rel: bytes, content: bytes, look: Look) -> File:
    """Return a file as it was once: of what was read or made then the content alone is known."""
    read = 0 if is_url(path) else look(path)
    if not read:
        return File(path, rel, None, content)
    row = outputs_at(conn, [path]).get(path)
    if row is not None:
        now = now_of(path, *row[1:], read)
        return File(path, rel, None, content, now if row[3] == content else "remade")
    return File(path, rel, None, content, content_now(path, content, read))


def _part_of(
    conn: sqlite3.Connection, datum: int, roots: dict[str, bytes], look: Look
) -> File | None:
    """The file that lines are part of: a datum of `split(.., lines=N)` is its lines alone, so
    that no other runs when one is appended, and its key names the file."""
    (key,) = conn.execute("select key from datum where id = ?", (datum,)).fetchone() or (b"",)
    rel, part, _ = key.partition(b"\0")
    if not part or len(roots) != 1:
        return None
    path = joined(next(iter(roots.values())), rel)
    now = ("" if os.path.exists(path) else "gone") if look(path) and not is_url(path) else ""
    return File(path, rel, None, b"", now)


def _input(
    conn: sqlite3.Connection,
    datum: int,
    row: tuple[Any, ...],
    roots: dict[str, bytes],
    look: Look,
) -> File:
    name, rel, size, mtime_ns, content = row
    root = roots.get(name) or (next(iter(roots.values())) if len(roots) == 1 else None)
    path = joined(root, rel) if root is not None else rel
    read = look(path) if root is not None and not is_url(path) else 0
    if rel.endswith(b"/") and root is not None:  # a folder that is a datum
        now = folder_now(conn, datum, root, rel, read) if read else ""
        return File(path, rel, None, content, now)
    now = now_of(path, size, mtime_ns, content, read) if read else ""
    return File(path, rel, size, content, now)


def joined(root: bytes, rel: bytes) -> bytes:
    """A path, or the URL of an object (which may lie in an archive behind another URL)."""
    if is_url(root):
        return os.fsencode(url_of(os.fsdecode(root), os.fsdecode(rel)))
    return os.path.join(root, rel)


def outputs(conn: sqlite3.Connection, datum: int, count: int, look: Look) -> Some[File]:
    """Return the files that a datum made and owns."""
    rows = conn.execute(
        "select o.path, o.size, o.mtime_ns, o.digest, o.ctime_ns, t.out from output o"
        " join transform t on t.id = o.transform where o.datum = ? limit ?",
        (datum, SHOWN),
    ).fetchall()
    return Some([_output(row, look) for row in sorted(rows)], max(count, len(rows)))


def _output(row: tuple[Any, ...], look: Look) -> File:
    path, size, mtime_ns, digest, ctime_ns, out = row
    below = out is not None and path.startswith(os.path.join(out, b""))
    rel = path[len(os.path.join(out, b"")) :] if below else path
    read = look(path)
    now = now_of(path, size, mtime_ns, digest, read, ctime_ns) if read else ""
    return File(path, rel, size, digest, now)


def output_at(conn: sqlite3.Connection, path: bytes, look: Look) -> tuple[File, int] | None:
    """Return the output at an absolute path, and the datum that made it."""
    made = makers_of(conn, [path]).get(path)
    if made is None:
        return None
    rows = conn.execute(
        "select o.path, o.size, o.mtime_ns, o.digest, o.ctime_ns, t.out from output o"
        " join transform t on t.id = o.transform where o.datum = ?",
        (made,),
    )
    found = next((row for row in rows if row[0] == path), None)
    return (_output(found, look), made) if found else None


def roots_of(conn: sqlite3.Connection, transform: int) -> dict[str, bytes]:
    """Return the absolute folder of each input of a transform."""
    rows = conn.execute("select name, path from root where transform = ?", (transform,))
    return dict(rows.fetchall())


def places_of(conn: sqlite3.Connection, path: bytes) -> list[tuple[int, str, bytes]]:
    """Return where a path lies under the input folders of transforms: a handful of rows."""
    rows = conn.execute("select transform, name, path from root")
    found = ((t, name, below(path, root)) for t, name, root in rows)
    return [(t, name, rel) for t, name, rel in found if rel]


def below(path: bytes, root: bytes) -> bytes:
    """The path under a root, folder or URL; empty if it lies elsewhere."""
    head, tail = joined(root, b"\0").split(b"\0")
    if not path.startswith(head) or not path.endswith(tail):
        return b""
    return path[len(head) : len(path) - len(tail)]


def counted(conn: sqlite3.Connection, which: str, value: object) -> int:
    sql = f"select count(*) from (select 1 {which} limit {COUNTED})"
    return int(conn.execute(sql, (value,)).fetchone()[0])
