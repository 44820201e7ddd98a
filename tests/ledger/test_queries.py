from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_datum.errors import RunError
from jupyter_datum.events import OutputFile
from jupyter_datum.ledger import queries, writes
from jupyter_datum.ledger.db import transaction
from jupyter_datum.ledger.rows import FailureGroup
from jupyter_datum.ledger.writes import RunKey
from jupyter_datum.states import DatumState

from .build import PYTHON, done, fail, failed, new_run, succeed

KEYS = st.lists(st.binary(max_size=4), unique=True, max_size=30)


class Rollback(Exception):
    pass


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=KEYS, page=st.integers(1, 7), bad=st.sets(st.integers(0, 29)))
def test_pages_by_key_are_the_whole_in_order(
    conn: sqlite3.Connection, keys: list[bytes], page: int, bad: set[int]
) -> None:
    try:
        with transaction(conn):
            run = new_run(conn)
            other = new_run(conn, name="other")
            succeed(conn, other, *(done(500 + i, key=key) for i, key in enumerate(keys)))
            for i, key in enumerate(keys):
                if i in bad:
                    fail(conn, run, failed(i + 1, key=key))
                else:
                    succeed(conn, run, done(i + 1, key=key))
            check_pages(conn, run, keys, page, bad)
            raise Rollback
    except Rollback:
        pass


def check_pages(
    conn: sqlite3.Connection, run: RunKey, keys: list[bytes], page: int, bad: set[int]
) -> None:
    number = {key: i + 1 for i, key in enumerate(keys)}
    read: list[bytes] = []
    while rows := queries.known(conn, run.transform, read[-1] if read else None, page):
        assert all(row[1] == number[row[0]] for row in rows)
        read += [row[0] for row in rows]
    assert read == sorted(keys)
    wrong = sorted(key for i, key in enumerate(keys) if i in bad)
    right = sorted(set(keys) - set(wrong))
    for state, expected in ((3, wrong), (2, right), (None, sorted(keys)), (4, [])):
        read = []
        while found := queries.datums_page(
            conn,
            run.transform,
            after=read[-1] if read else None,
            limit=page,
            state=None if state is None else DatumState(state),
        ):
            read += [row.key for row in found]
        assert read == expected
    assert [r.key for r in queries.results_by_key(conn, run.transform, batch=page)] == right
    looked_up = queries.lookup(conn, run.transform, [*keys, b"never"])
    assert {key: row[1] for key, row in looked_up.items()} == number


def test_what_is_known_has_the_columns_that_the_planner_reads(conn: sqlite3.Connection) -> None:
    run = new_run(conn)
    succeed(conn, run, done(4, key=b"k"))
    file = (None, None, None, None, None)
    row = (b"k", 4, 2, run.version, *file, 0.5, 0, 0, run.id, None, None, None, 5.0)
    assert queries.known(conn, run.transform, None, 9) == [row]
    assert queries.lookup(conn, run.transform, [b"k", b"l"]) == {b"k": row}
    assert queries.lookup(conn, run.transform, []) == {}
    found = queries.datum_by_key(conn, run.transform, b"k")
    assert found and found.id == 4
    assert queries.datum_by_key(conn, run.transform, b"l") is None


def test_thousands_of_keys_are_looked_up_at_once(conn: sqlite3.Connection) -> None:
    run = new_run(conn)
    succeed(conn, run, *range(1, 3001))
    writes.index_keys(conn)
    found = queries.lookup(conn, run.transform, [b"%06d" % i for i in range(1, 5000)])
    assert sorted(row[1] for row in found.values()) == list(range(1, 3001))


def test_failed_datums_come_by_id_of_a_transform_a_run_or_a_group(
    conn: sqlite3.Connection,
) -> None:
    first = new_run(conn)
    fail(conn, first, 1, 2, failed(3, signature="OSError"), 4)
    second = new_run(conn)
    fail(conn, second, 5)
    succeed(conn, second, 1)
    t = first.transform

    def ids(**which: int) -> list[int]:
        return [row.id for row in queries.failed_datums(conn, t, **which)]

    assert ids() == [2, 3, 4, 5]
    assert ids(after=2, limit=2) == [3, 4]
    assert ids(run=first.id) == [2, 3, 4]
    groups = {g.signature: g.id for g in queries.failure_groups(conn, first.id)}
    assert ids(group=groups["OSError"]) == [3]
    assert ids(group=groups["ValueError"], after=2) == [4]


def test_results_come_in_the_order_asked_for_and_only_of_successes(
    conn: sqlite3.Connection,
) -> None:
    run = new_run(conn)
    succeed(conn, run, *(done(i, result=b"%d" % i) for i in range(1, 8)))
    fail(conn, run, 4)
    rows = queries.results(conn, [7, 0, 4, 2, 1], batch=2)
    assert [(row.id, row.result) for row in rows] == [(7, b"7"), (2, b"2"), (1, b"1")]


def test_outputs_are_told_by_datum(conn: sqlite3.Connection) -> None:
    run = new_run(conn)
    succeed(conn, run, done(1, outputs=(OutputFile("s", b"a", 1, b"d"),)), 2)
    row = (b"/out/a", run.transform, 1, 5, 6, b"d")
    conn.execute("insert into output values (?, ?, ?, ?, ?, ?, ?, null)", (b"/out/a", *row))
    assert queries.outputs_of(conn, [1, 2, 3]) == {1: [(b"/out/a", 5, 6, b"d")]}
    assert queries.outputs_of(conn, []) == {}
    detail = queries.datum_detail(conn, 1)
    assert detail and detail.outputs == [(b"/out/a", 5, 6, b"d")]
    assert queries.transform_of_out(conn, b"/data/thumbs") == "thumbs"
    assert queries.transform_of_out(conn, b"/elsewhere") is None


def test_what_is_settled_in_a_run_is_not_what_was_settled_before_it(
    conn: sqlite3.Connection,
) -> None:
    first = new_run(conn)
    succeed(conn, first, 1, 2)
    second = new_run(conn)
    succeed(conn, second, 2)
    fail(conn, second, 3)
    fail(conn, second, 4, final=False)
    assert queries.settled_in(conn, second.id, [1, 2, 3, 4, 5]) == {2, 3}


def test_runs_come_newest_first_in_pages(conn: sqlite3.Connection) -> None:
    made = [new_run(conn, name=name) for name in ("a", "b", "a", "a")]
    ids = [run.id for run in made]
    page = queries.runs(conn, limit=2)
    assert [run.id for run in page] == ids[:1:-1]
    assert [run.id for run in queries.runs(conn, before=page[-1].id)] == ids[1::-1]
    mine = queries.runs(conn, transform=made[0].transform)
    assert [run.name for run in mine] == ["a", "a", "a"]
    newest = queries.latest_run(conn, "a")
    assert newest and newest.id == ids[-1]
    assert queries.latest_run(conn, "c") is None
    assert queries.run_by_uuid(conn, "none") is None
    with pytest.raises(RunError, match="no run 99"):
        queries.counts(conn, 99)


def test_transforms_come_by_name_in_pages(conn: sqlite3.Connection) -> None:
    for name in "cab":
        new_run(conn, name=name)
    assert [t.name for t in queries.transforms(conn, limit=2)] == ["a", "b"]
    assert [t.name for t in queries.transforms(conn, after="b")] == ["c"]


def test_a_key_is_shown_without_harm() -> None:
    assert queries.key_text(b"a\xff\n.jpg") == "a\\xff\\n.jpg"
    assert queries.key_text(b"a.jpg\x00row=1") == "a.jpg | row=1"
    assert queries.key_bytes("a.jpg | row=1") == b"a.jpg\x00row=1"
    assert queries.key_text(b"\x18\xee\x00\x00") == "\\x18\\xee\\x00\\x00"  # a digest


LISTS: dict[str, Callable[[sqlite3.Connection], object]] = {
    "known": lambda c: queries.known(c, 1, b"k", 9),
    "lookup": lambda c: queries.lookup(c, 1, [b"k"]),
    "page": lambda c: queries.datums_page(c, 1, after=b"k"),
    "failed page": lambda c: queries.datums_page(c, 1, after=b"k", state=DatumState.FAILED),
    "failed": lambda c: queries.failed_datums(c, 1, after=3),
    "group": lambda c: queries.failed_datums(c, 1, group=1),
    "groups now": lambda c: queries.failed_groups(c, 1),
    "results": lambda c: list(queries.results(c, [1, 2])),
    "settled": lambda c: queries.settled_in(c, 1, [1]),
    "outputs": lambda c: queries.outputs_of(c, [1]),
    "detail": lambda c: queries.datum_detail(c, 1),
    "unfinished": lambda c: queries.unfinished_runs(c, PYTHON),
    "latest": lambda c: queries.latest_run(c, "thumbs"),
    "runs": lambda c: queries.runs(c, transform=1, before=9),
}


@pytest.mark.parametrize("ask", LISTS.values(), ids=LISTS)
def test_no_query_walks_a_table_of_datums_or_skips_rows(
    conn: sqlite3.Connection, ask: Callable[[sqlite3.Connection], object]
) -> None:
    succeed(conn, new_run(conn), 1)
    said: list[str] = []
    conn.set_trace_callback(said.append)
    ask(conn)
    conn.set_trace_callback(None)
    assert said
    for sql in said:
        plan = [row[3] for row in conn.execute(f"explain query plan {sql}")]
        walked = [step for step in plan if step.startswith("SCAN") and "VIRTUAL" not in step]
        assert [w for w in walked if w.split()[1] not in ("failure", "f", "(subquery-1)")] == []
        assert "offset" not in sql.lower()
        if "order by" in sql and "group by" not in sql and "from failure" not in sql:
            assert not any("TEMP B-TREE FOR ORDER" in step for step in plan), plan


def test_the_headline_of_a_group_is_what_all_of_it_say() -> None:
    message = "bad CRC in /raw/a 7.tif at 0x7f2e, expected 3, got '/raw/b.tif'"
    one = FailureGroup(1, "s", "ValueError", message, "cell line 2", "run", 1, 0.0, 0.0, 1)
    assert one.headline == message
    assert one._replace(datums=2).headline == (
        "bad CRC in ‹path› ‹n›.tif at ‹address›, expected ‹n›, got ‹path›"
    )


@pytest.mark.parametrize(
    ("message", "headline"),
    [
        ("<b>12</b> no <br /> end", "<b>‹n›</b> no <br /> end"),
        ("</x/y> and </tmp/a.tif>", "<‹path› and <‹path›"),
        ("1/2 km/h of /raw", "‹n›/‹n› km/h of ‹path›"),
    ],
)
def test_a_tag_in_a_message_is_no_path(message: str, headline: str) -> None:
    one = FailureGroup(1, "s", "ValueError", message, "cell line 2", "run", 2, 0.0, 0.0, 1)
    assert one.headline == headline
