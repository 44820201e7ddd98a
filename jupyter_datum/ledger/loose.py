"""Which files rows name: in ``.datum/results``, and the recipes of what ran or is to run.

Whatever takes a row's result away (another result, a datum that is pruned, a kept version
that is dropped) puts the name of its file into the table ``loose``: triggers, where rows that
have none do not pay for them. ``holds`` tells which datums to ask; it may know more than is so.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from .db import transaction


def loose_files(conn: sqlite3.Connection, limit: int = 500) -> list[bytes]:
    """Return names of files that a row has let go."""
    rows = conn.execute("select digest from loose order by digest limit ?", (limit,))
    return [bytes(row[0]) for row in rows]


def named_files(conn: sqlite3.Connection, names: Sequence[bytes]) -> set[bytes]:
    """Return those of these files that a row names."""
    marks = ",".join("?" * len(names))
    is_file = "substr(result_kind, -5) = '-file'"
    rows = conn.execute(
        "select h.digest from holds h join datum d on d.id = h.datum and d.result = h.digest"
        f" where h.digest in ({marks})"
        f" union select result from kept where result in ({marks}) and {is_file}"
        f" union select bundle from display where bundle in ({marks}) and kind = 'mime-file'"
        f" union select bundle from failed_display where bundle in ({marks})"
        " and kind = 'mime-file'",
        (*names, *names, *names, *names),
    )
    return {bytes(row[0]) for row in rows}


def forget_loose(conn: sqlite3.Connection, names: Sequence[bytes]) -> None:
    """These files are gone, or have a row again."""
    named = named_files(conn, names) if names else set()
    with transaction(conn):
        gone = [(name,) for name in names if name not in named]
        conn.executemany("delete from holds where digest = ?", gone)
        conn.executemany("delete from loose where digest = ?", [(name,) for name in names])


def note_files(conn: sqlite3.Connection, rows: Sequence[tuple[bytes, int]]) -> None:
    """These datums' results lie in files: (name, datum)."""
    conn.executemany("insert or ignore into holds (digest, datum) values (?, ?)", rows)


def runs_go_on(conn: sqlite3.Connection) -> bool:
    """Return whether any run has not ended: its workers may have written files that no row
    names yet."""
    found = conn.execute("select exists (select 1 from run where ended is null)").fetchone()
    return bool(found[0])


class Recipes(NamedTuple):
    """Digests of recipes, by what is needed of them.

    Parameters
    ----------
    whole : set of str
        Of runs whose maps are kept, of what is asked for and watched: to run them, or their
        like, again.
    code : set of str
        Of older runs that some datum's outcome is of: to look at it.
    rest : set of str
        Of all other runs: to tell what they were.
    """

    whole: set[str]
    code: set[str]
    rest: set[str]


def recipes_in_use(conn: sqlite3.Connection) -> Recipes:
    """Return the recipes that rows name."""
    whole = {
        recipe
        for (recipe,) in conn.execute(
            "select recipe from run where folded = 0 union select recipe from watch"
            " union select recipe from request where recipe is not null"
            " and state in ('open', 'taken')"
        )
    }
    code, rest = set[str](), set[str]()
    old = "select recipe, exists (select 1 from made m where m.run = r.id) from run r"
    for recipe, holds in conn.execute(f"{old} where folded = 1"):
        (code if holds else rest).add(recipe)
    return Recipes(whole, code, rest)
