"""What all checks of an audit share."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, NamedTuple

from ...project import Project
from ..db import transaction

#: What to do about that which only needs to be counted or indexed anew.
MEND: Final = "run fsck with --repair when no runner lives"
#: What to do about outputs and results that are gone.
RERUN: Final = "run the cell again: it makes them anew, and skips the rest"


#: Gives the output places of a transform (by row id) that this user has signed for.
Signed = Callable[[sqlite3.Connection, Project, int], Collection[bytes]]


class Finding(NamedTuple):
    """A promise that does not hold: what is so, and what to do."""

    check: str
    what: str
    do: str
    repaired: bool = False


@dataclass(frozen=True)
class Case:
    """A ledger under audit.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    live : frozenset of str
        Interpreters whose runner lives.
    repair : bool
        Mend what can be mended.
    digests : bool
        Read every output.
    signed : callable
        Gives the output places of a transform that this user has signed for: no other URL is
        contacted, since anybody may have written it into the ledger.
    """

    conn: sqlite3.Connection
    project: Project
    live: frozenset[str]
    repair: bool
    digests: bool
    signed: Signed

    def mended(self, finding: Finding, sql: str, *values: object) -> Finding:
        """Carry out `sql` if repairs are asked for, and say so."""
        if not self.repair:
            return finding
        with transaction(self.conn):
            self.conn.execute(sql, values)
        return finding._replace(repaired=True)
