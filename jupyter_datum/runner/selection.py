"""Why a datum runs, and which datums a run is about."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..ledger import queries
from ..ledger.bitmap import Bitmap
from ..transform.options import Options

NEW: Final = "new"
CHANGED: Final = "input changed"
STALE: Final = "code changed"
ENVIRONMENT: Final = "environment changed"
FAILED: Final = "failed before"
RECOVERED: Final = "recovered before"
DIRTY: Final = "input changed while it was processed"
MISSING: Final = "output missing"
EDITED: Final = "output edited by hand"
RENAMED: Final = "renamed"
RESTORED: Final = "restored from kept results"
FORCED: Final = "forced"
TOUCHED: Final = "touched, content unchanged"
UNCHANGED: Final = "unchanged"

#: Reasons for which nothing runs, whatever is selected but everything.
AT_REST: Final = frozenset({UNCHANGED, TOUCHED, RESTORED})
#: What ``--only`` means in reasons; without it every reason runs that is not AT_REST, and
#: an edited output only if it is to be replaced.
ONLY: Final = {
    "new": frozenset({NEW, CHANGED, DIRTY, MISSING, RENAMED}),
    "failed": frozenset({FAILED, RECOVERED}),
    "stale": frozenset({STALE, ENVIRONMENT}),
    "added": frozenset({NEW, RENAMED}),
    "changed": frozenset({CHANGED, DIRTY}),
    "missing": frozenset({MISSING}),
}


class GivesWay:
    """Which recorded datums keep no other from their output paths.

    Those that run again in this run, and, once the whole input was listed without an error,
    those that have left it.
    """

    def __init__(self) -> None:
        self.again = Bitmap()
        self.gone = Bitmap()
        #: Whether `gone` can be trusted.
        self.whole = False

    def __call__(self, datum: int) -> bool:
        """Tell of a datum by its row id."""
        return datum in self.again or (self.whole and datum in self.gone)


@dataclass(frozen=True)
class Selection:
    """Which datums of the input a run is about.

    Parameters
    ----------
    only : tuple of str
        Words of `ONLY`; empty for all that need it, or, beside `keys`, for none.
    force : bool
        Unchanged ones too.
    replace : bool
        Those whose outputs were edited by hand too.
    sample : int
        So many datums at most, the first ones that would run; 0 for no limit.
    watched : bool
        Nobody has asked for it: files may be in the middle of being written.
    among : Bitmap, optional
        Ids of the only datums that may run: a failure group, a selection.
    keys : frozenset of bytes
        Keys of datums that run if they are due, whatever `only` says of the others.
    """

    only: tuple[str, ...] = ()
    force: bool = False
    replace: bool = False
    sample: int = 0
    watched: bool = False
    among: Bitmap | None = None
    keys: frozenset[bytes] = frozenset()

    @property
    def unlimited(self) -> bool:
        """Whether a datum's reason alone decides if it runs."""
        return not (self.sample or self.watched or self.keys) and self.among is None

    def wants_key(self, key: bytes, reason: str) -> bool:
        """Return whether a datum with this key runs for this reason."""
        if not self.keys:
            return self.wants(reason)
        if key in self.keys:
            return reason not in AT_REST and reason != EDITED
        return bool(self.only) and self.wants(reason)

    def wants(self, reason: str) -> bool:
        """Return whether a datum with this reason runs."""
        if reason == EDITED:
            return self.replace or self.force
        if self.only:
            return any(reason in ONLY[word] for word in self.only)
        return self.force or reason not in AT_REST

    @property
    def whole(self) -> bool:
        """Whether the run is about the whole input."""
        return not (self.only or self.sample or self.keys) and self.among is None

    @property
    def tells_gone(self) -> bool:
        """Whether the run may conclude what is gone: it is about the whole input, or of a watch,
        which leaves nothing out but what has failed or is being written."""
        return self.whole or self.watched


def selection_of(
    conn: sqlite3.Connection, transform: int, options: Options, args: Mapping[str, Any]
) -> Selection:
    """Return what a request selects.

    Parameters
    ----------
    conn : sqlite3.Connection
    transform : int
    options : Options
    args : mapping
        ``group`` (id of a failure group), ``datums`` (ids) and ``ranges`` (first and last id
        each) narrow the run to these; ``keys`` (in hexadecimal) to these and what ``only`` says.
    """
    among: Bitmap | None = None
    if args.get("group") is not None:
        among = Bitmap(_of_group(conn, transform, int(args["group"])))
    elif args.get("datums") is not None:
        among = Bitmap(int(identity) for identity in args["datums"])
    elif args.get("ranges") is not None:
        among = Bitmap()
        for first, last in args["ranges"]:
            among.update(range(int(first), int(last) + 1))
    return Selection(
        tuple(options.only),
        options.force,
        options.replace_edited,
        options.sample or 0,
        args.get("settle") is not None,
        among,
        frozenset(bytes.fromhex(key) for key in args.get("keys") or ()),
    )


def _of_group(conn: sqlite3.Connection, transform: int, group: int) -> Iterator[int]:
    after = 0
    while rows := queries.failed_datums(conn, transform, group=group, after=after, limit=10_000):
        yield from (row.id for row in rows)
        after = rows[-1].id
