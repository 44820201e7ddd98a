"""Single steps through the ledger: each is one indexed query with a limit."""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..ledger.feed import current_versions
from ..ledger.former import called, former_names
from ..states import DatumState
from . import files, versions
from .model import COUNTED, SHOWN, File, Node, Some
from .now import Look, nowhere
from .versions import Outcome

#: What lies beyond a chain that is cut is counted so far.
_CUT: Final = 1_000


def node(
    conn: sqlite3.Connection, datum: int, look: Look, then: Outcome | None = None
) -> Node | None:
    """Return a datum with its files, and no step further.

    Parameters
    ----------
    conn : sqlite3.Connection
    datum : int
    look : callable
        Tells of a path whether the file there is looked at: is it as recorded?
    then : Outcome, optional
        The version that is told of; the present one by default.
    """
    row = conn.execute(
        "select t.name, d.key, d.transform, d.dirty, d.gone, d.outputs, d.state, t.out,"
        " d.position from datum d join transform t on t.id = d.transform where d.id = ?",
        (datum,),
    ).fetchone()
    if row is None:
        return None
    name, key, transform, dirty, gone, made, state, out, position = row
    told = then or versions.present(conn, datum)
    now = "" if told.present else "remade" if versions.is_good(state) else "failed"
    return Node(
        datum,
        name,
        key,
        DatumState(told.state),
        told.attempt,
        told.began,
        told.seconds,
        told.run,
        told.pipeline,
        told.run_status,
        told.number,
        current=told.version in current_versions(conn, transform),
        dirty=dirty == 1 and told.present,  # 2: its outputs were pruned
        gone=gone is not None,
        inputs=versions.inputs_then(conn, datum, transform, told, look),
        outputs=files.outputs(conn, datum, made, look)
        if told.present
        else _outputs_then(conn, told, out or b"", look),
        now=now,
        restored=told.restored,
        formerly=tuple(each.name for each in former_names(conn, datum, "key")),
        position=position,
    )


def _outputs_then(conn: sqlite3.Connection, told: Outcome, out: bytes, look: Look) -> Some[File]:
    first = [
        replace(files.once(conn, os.path.join(out, rel), rel, content, look), size=size)
        for rel, size, content in told.outputs[:SHOWN]
    ]
    return Some(first, len(told.outputs))


def nodes(conn: sqlite3.Connection, ids: Sequence[int], count: int, look: Look) -> Some[Node]:
    """Return these datums (those that stand), of `count` in all."""
    found = (node(conn, identity, look) for identity in ids)
    return Some([each for each in found if each is not None], count)


def maker(
    conn: sqlite3.Connection, datum: int, file: File, look: Look, until: float = math.inf
) -> Node | None:
    """Return the datum that made an output, in the version that did: it may have failed since,
    and has its former outputs still. Of what was pruned (`until`) it is the last one before."""
    now = versions.present(conn, datum)
    if versions.is_good(now.state) and now.began < until:
        return node(conn, datum, look)
    before = (o for o in versions.former(conn, datum) if o.began < until)
    made = (o for o in before if until < math.inf or file.content in o.contents)
    return node(conn, datum, look, next(made, None))


# -- steps from datum to datum ---------------------------------------------------------------


def up_of(conn: sqlite3.Connection, of: Node, look: Look) -> Some[Node]:
    """Return the datums that this one was made from, each in the version that it has read."""
    if of.inputs.rest == "unknown":
        return Some([], 0, "unknown")
    rows = conn.execute("select up from edge where down = ? order by up limit ?", (of.id, SHOWN))
    ids = [row[0] for row in rows]
    found = (_upper(conn, identity, of, look) for identity in ids)
    count = files.counted(conn, "from edge where down = ?", of.id) if ids else 0
    return Some([each for each in found if each is not None], count)


def _upper(conn: sqlite3.Connection, datum: int, reader: Node, look: Look) -> Node | None:
    then = versions.read_by(conn, datum, reader)
    if then is not None:
        return node(conn, datum, look, then)
    now = node(conn, datum, nowhere)
    if now is None:
        return None
    ours = {file.path for file in now.outputs.first}
    read = [replace(f, now="remade") for f in reader.inputs.first if f.path in ours]
    return Node(
        now.id, now.transform, now.key, DatumState.SUCCESS, 0, 0.0, 0.0, "", "", "", 0,
        current=False, dirty=False, gone=now.gone, inputs=Some([], 0, "unknown"),
        outputs=Some(read, len(read)), up=Some([], 0, "unknown"), now="unknown",
        position=now.position,
    )  # fmt: skip


def down_of(conn: sqlite3.Connection, datum: int, look: Look) -> Some[Node]:
    """Return the datums that were made from this one; those made from an earlier version of it
    are marked."""
    rows = conn.execute("select down from edge where up = ? order by down limit ?", (datum, SHOWN))
    ids = [row[0] for row in rows]
    found = nodes(conn, ids, files.counted(conn, "from edge where up = ?", datum), look)
    if not versions.has_former(conn, datum):
        return found
    return replace(found, first=[_marked(conn, datum, each) for each in found.first])


def _marked(conn: sqlite3.Connection, datum: int, reader: Node) -> Node:
    then = versions.read_by(conn, datum, reader)
    return reader if then is not None and then.present else replace(reader, now="earlier")


def cut(conn: sqlite3.Connection, datum: int, way: str) -> Some[Node]:
    """Return how many datums this one was made from (`way` is ``down``: it stands below them),
    or were made from it (``up``), and none of them."""
    which = "down" if way == "down" else "up"
    row = conn.execute(
        f"select count(*) from (select 1 from edge where {which} = ? limit ?)", (datum, _CUT)
    ).fetchone()
    return Some([], row[0], "cut" if row[0] else "", _CUT)


def readers_of(conn: sqlite3.Connection, path: bytes, look: Look) -> Some[Node]:
    """Return the datums that have read the file at an absolute path, or that read it when it was
    called so."""
    ids: dict[int, None] = {}
    places = files.places_of(conn, path)
    for transform, name, rel in places:
        ids.update(dict.fromkeys(keyed(conn, transform, rel)))
        rows = conn.execute(
            "select i.datum from input i join datum d on d.id = i.datum"
            " where i.rel = ? and i.name = ? and d.transform = ? limit ?",
            (rel, name, transform, COUNTED),
        )
        ids.update(dict.fromkeys(row[0] for row in rows))
    if not ids:
        once = (called(conn, transform, "input", rel) for transform, _, rel in places)
        ids.update(dict.fromkeys(was.datum for was in once if was is not None))
    found = list(ids)
    return nodes(conn, found[:SHOWN], len(found), look)


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
