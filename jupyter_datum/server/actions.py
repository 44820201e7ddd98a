"""What the server asks of a runner. None of it needs a kernel, and none of it reads a pickle.

The interpreter comes from a recipe that this user has signed, and from nowhere else.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Final

from ..ledger import queries
from ..ledger.alike import expect, expect_no_more
from ..ledger.queries import RunRow
from ..runner.ask import ask_again, ask_for_run, fit_to_run, recorded, tell_run
from ..runner.client import ensure_runner
from ..runner.towatch import ask_to_stop_watching, ask_to_watch, with_what_feeds_it
from ..transform.recipe import Recipe
from . import bodies, reads
from .errors import bad_request, not_found, refused
from .reader import Reader
from .rows import chosen
from .search import rows_of

#: What goes with a kind of request.
_WITH: Final = {"scale": "workers", "on-error": "on_error"}


class Actions:
    """The effects that a page can have."""

    async def start(self, reader: Reader, asked: dict[str, Any]) -> str:
        """Run the code of a transform that was recorded last, or for a plan (``recipe``);
        return the run's uuid."""
        which, key = asked.pop("transform"), asked.pop("key", None)
        planned = asked.pop("recipe", None)

        def act(conn: sqlite3.Connection) -> str:
            if planned is not None:
                return _planned(conn, reader, which, planned, asked, key)
            row = _latest(conn, reads.transform_id(conn, which))
            return _again(conn, reader, row, asked, key)

        return await reader.write(act)

    async def retry(self, reader: Reader, run: str, body: dict[str, Any]) -> str:
        """Run datums of a run again with its code, or with what a kernel has recorded of it
        since (``recipe``); return the new run's uuid."""
        asked = bodies.checked(body, bodies.RETRY, "what")
        what, digest = asked["what"], asked.get("recipe")
        if "filter" in what or "positions" in what:
            # What is found is told as ranges.
            rows = what.get("positions") or await rows_of(reader, run, what["filter"])
            ranges = await reader.read(lambda conn: chosen(conn, reader.project, run, rows))
            what = {"ranges": ranges}

        def act(conn: sqlite3.Connection) -> str:
            row = reads.run_of(conn, run)
            _check_theirs(conn, row, what)
            if digest is not None:
                _check_named(reader, digest, row.name)
            return _again(conn, reader, row, what, asked.get("key"), digest)

        return await reader.write(act)

    async def expect(
        self, reader: Reader, run: str, body: dict[str, Any], user: str
    ) -> dict[str, Any] | None:
        """Mark a group of failures of a run as expected of its transform, or take that back;
        return the mark."""
        asked = bodies.checked(body, bodies.EXPECTED, "group")

        def act(conn: sqlite3.Connection) -> dict[str, Any] | None:
            _check_theirs(conn, reads.run_of(conn, run), {"group": asked["group"]})
            if not asked.get("undo"):
                return expect(conn, asked["group"], user)._asdict()
            expect_no_more(conn, asked["group"])
            return None

        return await reader.write(act)

    async def watch(self, reader: Reader, body: dict[str, Any]) -> str:
        """Have the input of a transform watched, and of those that feed it, or not any more;
        return the request's uuid."""
        asked = bodies.checked(body, bodies.WATCH, "transform")
        name, stop = asked.pop("transform"), asked.pop("stop", False)
        if stop and asked:
            raise bad_request(f"{min(asked)!r} does not go with 'stop'")

        def act(conn: sqlite3.Connection) -> str:
            row = _latest(conn, reads.transform_id(conn, name))
            if stop:
                return ask_to_stop_watching(conn, reader.project, row)
            request = ""
            for each in with_what_feeds_it(conn, reader.project, row):
                known = queries.latest_run(conn, each)
                assert known is not None
                request = ask_to_watch(conn, reader.project, known, origin="server", **asked)
            return request

        return await reader.write(act)

    async def ask(self, reader: Reader, run: str, body: dict[str, Any]) -> str:
        """Ask for something about a run; return the request's uuid."""
        asked = bodies.checked(body, bodies.REQUEST, "kind")
        kind = asked.pop("kind")
        for each, field in _WITH.items():
            if (kind == each) != (field in asked):
                raise bad_request(f'{field!r} goes with "{each}", and with nothing else')

        def act(conn: sqlite3.Connection) -> str:
            row = reads.run_of(conn, run)
            if row.ended is not None:
                raise refused("this run has ended")
            recipe = recorded(reader.project, row)
            request = tell_run(conn, kind, row.uuid, recipe.interpreter, asked)
            ensure_runner(reader.project, recipe.interpreter)
            return request

        return await reader.write(act)


def _latest(conn: sqlite3.Connection, transform: int) -> RunRow:
    rows = queries.runs(conn, transform=transform, limit=1)
    if not rows:
        raise not_found("run of this transform")
    return rows[0]


def _again(
    conn: sqlite3.Connection,
    reader: Reader,
    row: RunRow,
    args: dict[str, Any],
    key: str | None,
    digest: str | None = None,
) -> str:
    """Ask for a run, once for each `key`: a click that is sent twice is one run."""
    if key is not None and _is_asked(conn, key):
        return key
    run, _ = ask_again(conn, reader.project, row, {**args, "origin": "server"}, key, digest)
    return run


def _planned(
    conn: sqlite3.Connection,
    reader: Reader,
    name: str | int,
    digest: str,
    args: dict[str, Any],
    key: str | None,
) -> str:
    """The same for what a kernel has recorded, so that it could be planned."""
    if key is not None and _is_asked(conn, key):
        return key
    recipe = _check_named(reader, digest, name)
    return ask_for_run(conn, reader.project, digest, recipe, {**args, "origin": "server"}, key)


def _check_named(reader: Reader, digest: str, name: str | int) -> Recipe:
    """Return a recipe, which must be of the transform that is meant."""
    recipe = fit_to_run(reader.project, digest)
    if recipe.name != name:
        raise refused(f"this recipe is of {recipe.name}, not of {name}")
    return recipe


def _is_asked(conn: sqlite3.Connection, key: str) -> bool:
    """Whether a run was asked for under this key."""
    known = conn.execute("select kind, run from request where uuid = ?", (key,)).fetchone()
    if known is not None and tuple(known) != ("run", key):
        raise refused("this key names another request")
    return known is not None


def _check_theirs(conn: sqlite3.Connection, row: RunRow, what: dict[str, Any]) -> None:
    """A group must be the run's own, and datums its transform's."""
    if "group" in what:
        sql = "select 1 from failure where id = ? and run = ?"
        if conn.execute(sql, (what["group"], row.id)).fetchone() is None:
            raise not_found("group of this run")
    if "datums" in what:
        ids = set(what["datums"])
        sql = (
            "select count(*) from json_each(?) j cross join datum d on d.id = j.value"
            " where d.transform = ?"
        )
        found = conn.execute(sql, (json.dumps(sorted(ids)), row.transform)).fetchone()[0]
        if found != len(ids):
            raise not_found("datum of this transform under one of these ids")
