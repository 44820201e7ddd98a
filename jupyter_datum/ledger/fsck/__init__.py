"""Audits everything that the ledger promises, and says what to do where it does not hold.

The same audit stands behind ``jupyter datum fsck`` and after every fault test. Nothing is
mended unless asked; what is mended is only what the ledger itself can tell (counters,
indexes, the files of a run), and never while a runner lives. Outputs are never touched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Final

from ...errors import LedgerError
from ...locks import is_locked
from ...project import Project
from ..db import connect
from . import counts, far, identity, left, outputs
from .case import Case, Finding, Signed

_MOVE_AWAY: Final = "move the .datum folder away: outputs stay, the history of runs goes with it"


def nobody(conn: sqlite3.Connection, project: Project, transform: int) -> tuple[bytes, ...]:
    """Take no place for signed."""
    return ()


#: All checks; what others count on comes first.
CHECKS: Final[tuple[Callable[[Case], Iterator[Finding]], ...]] = (
    identity.ids,
    identity.keys,
    left.unfinished,
    left.publishing,
    counts.rows,
    counts.states,
    counts.counters,
    counts.false_success,
    counts.groups,
    outputs.owners,
    outputs.files,
    far.far_files,
    outputs.results,
    left.journals,
    left.results,
)


def audit(
    project: Project, repair: bool = False, *, digests: bool = True, signed: Signed = nobody
) -> list[Finding]:
    """Check all invariants of a project's ledger, its run folders and its outputs.

    Parameters
    ----------
    project : Project
    repair : bool
        Mend what the ledger itself can tell; not while a runner lives.
    digests : bool
        Read every output and compare its digest; else only its size.
    signed : callable
        Gives the output places of a transform that this user has signed for; outputs behind
        any other URL are not looked at.

    Returns
    -------
    list of Finding
        Empty when all is well. To be called by a process that is not a runner.
    """
    try:
        conn = connect(project, readonly=not repair)
    except LedgerError as exc:
        return [Finding("ledger", str(exc), "see above; outputs are not in danger")]
    try:
        damage = list(_integrity(conn))
        return damage or list(_findings(conn, project, repair, digests, signed))
    except sqlite3.DatabaseError as exc:
        return [Finding("ledger", f"the ledger cannot be read to its end: {exc}", _MOVE_AWAY)]
    finally:
        conn.close()


def _integrity(conn: sqlite3.Connection) -> Iterator[Finding]:
    for (text,) in conn.execute("pragma integrity_check(10)"):
        if text != "ok":
            yield Finding("ledger", f"SQLite finds damage: {text}", _MOVE_AWAY)
    for table, row, parent, _ in conn.execute("pragma foreign_key_check"):
        what = f"row {row} of {table} names a {parent} that is not there"
        yield Finding("ledger", what, _MOVE_AWAY)


def _findings(
    conn: sqlite3.Connection, project: Project, repair: bool, digests: bool, signed: Signed
) -> Iterator[Finding]:
    known = conn.execute("select interpreter from runner union select interpreter from run")
    live = frozenset(i for (i,) in known.fetchall() if is_locked(project.lock(i)))
    case = Case(conn, project, live, repair and not live, digests, signed)
    for check in CHECKS:
        yield from check(case)


__all__ = ["Finding", "audit"]
