"""Ids are given once, and every datum is found by its key."""

from __future__ import annotations

from collections.abc import Iterator

from .case import MEND, Case, Finding


def ids(case: Case) -> Iterator[Finding]:
    """New datums get ids that were never given."""
    top, following = case.conn.execute(
        "select coalesce(max(id), 0), (select value from meta where name = 'next_datum') from datum"
    ).fetchone()
    if following <= top:
        what = f"the next datum would get id {following}, but there is one of id {top}"
        sql = "update meta set value = ? where name = 'next_datum'"
        yield case.mended(Finding("ids", what, MEND), sql, top + 1)


def keys(case: Case) -> Iterator[Finding]:
    """Every datum is found by its key; while a run is active the newest may wait."""
    row = case.conn.execute(
        "select count(*) from datum d left join datum_key k on k.transform = d.transform"
        " and k.key = d.key where k.datum is not d.id"
        # The nearest range tells at once; only where ranges overlap all have to be asked.
        " and d.id > coalesce("
        "(select hi from unkeyed where lo <= d.id order by lo desc limit 1), 0)"
        " and not exists (select 1 from unkeyed u where d.id between u.lo and u.hi)"
    ).fetchone()
    if row[0]:
        yield case.mended(
            Finding("keys", f"{row[0]} datums are not found by their key", MEND),
            "insert or replace into datum_key select transform, key, id from datum"
            " order by transform, key, id",
        )
