"""Versions of a transform's code that count as one, because a user has said so."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from ..errors import RunError
from ..hashing import hex_digest
from .db import transaction
from .fence import storable

#: Marks read at once: a user makes some, not thousands.
_LINKS: Final = 10_000


class Mark(NamedTuple):
    """``version`` counts as ``same_as`` since ``at``; ``by`` is who said so."""

    version: int
    same_as: int
    at: float
    by: str


def equivalent_versions(conn: sqlite3.Connection, version: int) -> frozenset[int]:
    """Return `version` and all that are marked as equivalent to it, over any chain."""
    found, fresh = {version}, [version]
    while fresh:
        one = fresh.pop()
        rows = conn.execute(
            "select same_as from version where id = ?1 and same_as is not null"
            " union select id from version where same_as = ?1 and transform ="
            " (select transform from version where id = ?1)",
            (one,),
        ).fetchall()
        more = {row[0] for row in rows} - found
        found |= more
        fresh += more
    return frozenset(found)


def marks(conn: sqlite3.Connection, transform: int) -> list[Mark]:
    """Return what was marked as equivalent, newest first."""
    rows = conn.execute(
        "select id, same_as, same_at, coalesce(same_by, '') from version where transform = ?"
        " and same_as is not null order by same_at desc limit ?",
        (transform, _LINKS),
    )
    return [Mark(*row) for row in rows]


def mark_equivalent(conn: sqlite3.Connection, transform: int, version: int, by: str) -> Mark:
    """Let `version` count as the newest other one that has made results; return what was
    recorded.

    Raises
    ------
    RunError
        If no other version has made any.
    """
    with transaction(conn):
        same = equivalent_versions(conn, version)
        other = _newest_but(conn, transform, same)
        if other is None:
            raise RunError("no other version of the code has made results: nothing to mark")
        end = version
        while (row := _same_as(conn, end)) is not None:
            end = row
        mark = Mark(end, other, time.time(), by)
        conn.execute(
            "update version set same_as = ?, same_at = ?, same_by = ? where id = ?",
            (mark.same_as, mark.at, mark.by, mark.version),
        )
    return mark


def unmark_equivalent(conn: sqlite3.Connection, transform: int, version: int) -> Mark:
    """Take the newest mark about `version` back; return it.

    Raises
    ------
    RunError
        If there is none.
    """
    with transaction(conn):
        same = equivalent_versions(conn, version)
        found = [mark for mark in marks(conn, transform) if mark.version in same]
        if not found:
            raise RunError("this version of the code is not marked as equivalent to another")
        conn.execute(
            "update version set same_as = null, same_at = null, same_by = null where id = ?",
            (found[0].version,),
        )
    return found[0]


def changed_parts(conn: sqlite3.Connection, version: int, parts: dict[str, str]) -> list[str]:
    """Return the names of the parts in which a version differs from `parts`: what changed
    since the nearest of those that count as it."""
    found = (differing(conn, one, parts) for one in sorted(equivalent_versions(conn, version)))
    return min(found, key=len)


def differing(conn: sqlite3.Connection, version: int, parts: dict[str, str]) -> list[str]:
    """Return the names of the parts in which this very version differs from `parts`."""
    row = conn.execute("select parts from version where id = ?", (version,)).fetchone()
    before = dict(json.loads(row[0])) if row else {}
    names = [name for name in parts if before.get(name) != parts[name]]
    return names + [name for name in before if name not in parts]


def put_texts(conn: sqlite3.Connection, texts: Mapping[str, str]) -> str:
    """Keep texts of helpers, each content once; return which part has which, as JSON. Part of
    the caller's transaction."""
    bodies = {part: storable(text) for part, text in texts.items()}
    digests = {part: hex_digest(body.encode()) for part, body in bodies.items()}
    conn.executemany(
        "insert into helper values (?, ?) on conflict do nothing",
        [(digests[part], body) for part, body in bodies.items()],
    )
    return json.dumps(digests)


def texts_of(conn: sqlite3.Connection, versions: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return the texts of the helpers of versions, by part, as far as they were kept."""
    found: dict[int, dict[str, str]] = {version: {} for version in versions}
    rows = conn.execute(
        "select v.id, t.key, h.body from version v join json_each(?) j on j.value = v.id"
        " join json_each(v.texts) t join helper h on h.digest = t.value",
        (json.dumps(list(versions)),),
    )
    for version, part, body in rows:
        found[version][part] = body
    return found


def _newest_but(conn: sqlite3.Connection, transform: int, but: frozenset[int]) -> int | None:
    row = conn.execute(
        # What a run has brought back stands now, by the code that it ran with.
        "select version from run where transform = ? and (success > 0"
        " or json_extract(note, '$.reasons.\"restored from kept results\"') > 0)"
        " and version not in (select value from json_each(?)) order by id desc limit 1",
        (transform, json.dumps(sorted(but))),
    ).fetchone()
    return int(row[0]) if row else None


def _same_as(conn: sqlite3.Connection, version: int) -> int | None:
    row = conn.execute("select same_as from version where id = ?", (version,)).fetchone()
    return None if row is None or row[0] is None else int(row[0])
