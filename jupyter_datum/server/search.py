"""The rows of a table: what is known at once, the rest searched for beside the looks of others.

An order of a million rows takes a second or two, and much longer on a disk that is busy. It is
looked for in a thread of its own, once for all who ask for the same, and no longer than somebody
waits for it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time

from .differences import other_run
from .filters import parse
from .matches import Order, matches
from .reader import Reader
from .reads import run_of
from .source import Source
from .views import Asked, Found, Known, Search, View


async def rows_of(
    reader: Reader, run: str, filter_: str, sort: str = "pos", other: str | None = None
) -> View:
    """Return which rows of a run a table shows, in which order.

    Parameters
    ----------
    reader : Reader
    run : str
        uuid.
    filter_, sort : str
        What :func:`.filters.parse` and :class:`.matches.Order` read.
    other : str or None
        uuid of the run that it is compared with.

    Raises
    ------
    ApiError
        ``bad-request``, ``not-found``, ``folded``; ``narrow-the-filter`` if it takes too long.
    """
    parse(filter_), Order.read(sort)

    def look(conn: sqlite3.Connection) -> tuple[Asked, Known]:
        row = run_of(conn, run)
        source = Source(conn, reader.project, row)
        asked = Asked(row.uuid, filter_, sort, other_run(conn, source, other) if other else None)
        return asked, reader.views.known(conn, row, asked)

    asked, known = await reader.read(look)
    return known.view or await _searched(reader, asked, known)


async def _searched(reader: Reader, asked: Asked, known: Known) -> View:
    """Wait for a search, one that is under way if it can be."""
    search = reader.searches.get(asked)
    if search is None:
        search = reader.searches[asked] = Search()
        search.task = asyncio.create_task(_search(reader, asked, known, search))
        search.task.add_done_callback(lambda task: task.cancelled() or task.exception())
    assert search.task is not None
    search.waiting += 1
    try:
        return await asyncio.shield(search.task)
    finally:
        search.waiting -= 1
        if not search.waiting and reader.searches.get(asked) is search:
            del reader.searches[asked]  # it has ended, or ends now


async def _search(reader: Reader, asked: Asked, known: Known, search: Search) -> View:
    def find(conn: sqlite3.Connection) -> Found:
        began = time.monotonic()
        source = Source(conn, reader.project, run_of(conn, asked.run))
        places = matches(conn, source, parse(asked.filter), Order.read(asked.sort), asked.other)
        return Found(View(places, len(places)), time.monotonic() - began)

    found = await reader.search(find, lambda: not search.waiting)
    await reader.read(lambda _: reader.views.keep(asked, found, known.version))
    return found.view
