from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jupyter_datum.errors import LedgerError, LedgerVersionError
from jupyter_datum.ledger import db
from jupyter_datum.ledger.db import connect, data_version, transaction
from jupyter_datum.ledger.loose import loose_files, named_files
from jupyter_datum.ledger.schema import MIGRATIONS, VERSION
from jupyter_datum.ledger.versions import texts_of
from jupyter_datum.ledger.writes import version_id
from jupyter_datum.project import Project


def test_only_its_user_can_read_a_new_ledger_whatever_the_umask(project: Project) -> None:
    before = os.umask(0)
    try:
        conn = connect(project)
        modes = {p.name: p.stat().st_mode & 0o777 for p in project.dir.glob("ledger.sqlite*")}
    finally:
        os.umask(before)
    conn.close()
    assert modes == dict.fromkeys(
        ["ledger.sqlite", "ledger.sqlite-shm", "ledger.sqlite-wal"], 0o600
    )


def test_a_ledger_is_safe_against_power_cuts_and_patient(conn: sqlite3.Connection) -> None:
    def asked(name: str) -> object:
        return conn.execute(f"pragma {name}").fetchone()[0]

    assert asked("journal_mode") == db.journal_mode(conn) == "wal"
    assert (asked("synchronous"), asked("busy_timeout")) == (2, 5000)
    assert asked("user_version") == VERSION
    assert asked("trusted_schema") == 0


@pytest.mark.timeout(20)
@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("readonly", [False, True])
def test_a_fifo_in_its_place_is_refused_and_not_waited_for(
    project: Project, suffix: str, readonly: bool
) -> None:
    os.mkfifo(f"{project.ledger}{suffix}")
    with pytest.raises(LedgerError, match="not a regular file"):
        connect(project, readonly=readonly)


def test_a_link_or_a_folder_in_its_place_is_refused(project: Project, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"")
    project.ledger.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LedgerError, match="not a regular file"):
        connect(project)
    project.ledger.unlink()
    project.ledger.mkdir()
    with pytest.raises(LedgerError, match="not a regular file"):
        connect(project)


def test_what_is_no_database_is_named_and_left_as_it_is(project: Project) -> None:
    project.ledger.write_bytes(b"dear diary, " * 500)
    with pytest.raises(LedgerError, match=r"is damaged .* outputs stay"):
        connect(project)
    assert project.ledger.read_bytes() == b"dear diary, " * 500


def test_a_database_of_somebody_else_is_not_taken_for_a_ledger(project: Project) -> None:
    with sqlite3.connect(project.ledger) as other:
        other.execute("create table recipes (cake)")
    other.close()
    with pytest.raises(LedgerError, match="not a ledger of jupyter-datum"):
        connect(project)


def test_a_ledger_of_a_newer_version_says_so_and_is_not_touched(project: Project) -> None:
    conn = connect(project)
    conn.execute(f"pragma user_version = {VERSION + 1}")
    conn.close()
    for readonly in (False, True):
        with pytest.raises(LedgerVersionError, match="pip install --upgrade") as caught:
            connect(project, readonly=readonly)
        assert caught.value.args == (str(project.ledger), VERSION + 1, VERSION)


def test_a_migration_that_was_cut_off_leaves_nothing_behind(project: Project) -> None:
    dying = sqlite3.connect(project.ledger, isolation_level=None)
    dying.execute("begin immediate")
    for statement in list(db.statements(MIGRATIONS[0]))[:5]:
        dying.execute(statement)
    dying.close()
    conn = connect(project)
    assert conn.execute("select value from meta where name = 'next_datum'").fetchone() == (1,)
    conn.close()


def test_a_ledger_of_schema_four_is_brought_up_to_date(project: Project) -> None:
    old = sqlite3.connect(project.ledger, isolation_level=None)
    for script in MIGRATIONS[:4]:
        for statement in db.statements(script):
            old.execute(statement)
    old.execute("insert into transform values (1, 'up', null, null, null, 0)")
    old.execute(
        "insert into version (id, transform, fingerprint, parts, source, python, packages, created)"
        " values (1, 1, x'aa', '{\"cell\": \"1\", \"up\": \"2\"}', 'up()', '3.11', '{}', 0)"
    )
    old.execute(
        "insert into attempt (datum, run, attempt, state, epoch, began, seconds, failure)"
        " values (7, 1, 1, 3, 1, 0, 0, 1)"
    )
    old.execute("pragma user_version = 4")
    old.close()
    conn = connect(project)
    assert conn.execute("pragma user_version").fetchone() == (VERSION,)
    assert texts_of(conn, [1]) == {1: {}}
    for text in ("def up():\n    1", "def up():\n    2"):  # an old row takes texts once
        parts = {"cell": "1", "up": "2"}
        assert version_id(conn, 1, b"\xaa", parts, "up()", "3.11", {}, {"up": text}) == 1
    assert texts_of(conn, [1]) == {1: {"up": "def up():\n    1"}}
    # What a failed attempt displayed goes with it, and its file is swept then.
    conn.execute("insert into failed_display values (7, 1, 1, 'mime-file', x'616263')")
    assert named_files(conn, [b"abc"]) == {b"abc"} and loose_files(conn) == []
    conn.execute("delete from attempt where datum = 7")
    assert conn.execute("select count(*) from failed_display").fetchone() == (0,)
    assert loose_files(conn) == [b"abc"] and named_files(conn, [b"abc"]) == set()
    conn.close()


def test_statements_are_cut_where_they_end_and_not_in_a_comment() -> None:
    script = "create table a (x -- one; two\n); insert into a values (';');"
    assert [s.strip() for s in db.statements(script)] == [
        "create table a (x -- one; two\n);",
        "insert into a values (';');",
    ]


def test_processes_that_create_it_at_once_all_get_it(project: Project) -> None:
    code = (
        "import sys; from pathlib import Path; from jupyter_datum import project as p;"
        "from jupyter_datum.ledger import db, writes;"
        "here = p.find(Path(sys.argv[1])); sys.stdin.readline(); conn = db.connect(here);"
        "print(writes.allocate_datums(conn, 10))"
    )
    command = [sys.executable, "-c", code, str(project.root)]
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
    firsts = [int(racer.communicate()[0]) for racer in racers]
    assert sorted(firsts) == [1, 11, 21, 31]


def test_a_transaction_is_all_or_nothing(conn: sqlite3.Connection) -> None:
    with pytest.raises(RuntimeError), transaction(conn):
        conn.execute("insert into meta values ('a', 1)")
        with transaction(conn):  # part of the outer one
            conn.execute("insert into meta values ('b', 1)")
        raise RuntimeError
    assert not conn.in_transaction
    assert conn.execute("select count(*) from meta").fetchone() == (1,)


def test_a_writer_waits_for_another_and_does_not_fail(
    project: Project, conn: sqlite3.Connection
) -> None:
    began = threading.Event()

    def write() -> None:
        other = connect(project)
        with transaction(other):
            began.set()
            other.execute("update meta set value = value + 1")
        other.close()

    with transaction(conn):
        conn.execute("update meta set value = value + 1")
        thread = threading.Thread(target=write)
        thread.start()
        assert not began.wait(0.05)
    thread.join()
    assert conn.execute("select value from meta").fetchone() == (3,)


def test_commits_of_others_are_seen_by_a_number(project: Project, conn: sqlite3.Connection) -> None:
    reader = connect(project, readonly=True)
    before = data_version(reader)
    assert data_version(reader) == before
    conn.execute("update meta set value = 5")
    assert data_version(reader) != before
    reader.close()


def test_a_reader_makes_nothing_and_writes_nothing(project: Project) -> None:
    with pytest.raises(LedgerError, match=r"no ledger .* yet"):
        connect(project, readonly=True)
    assert not project.ledger.exists()
    connect(project).close()
    reader = connect(project, readonly=True)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("delete from meta")
    reader.close()


def test_an_empty_file_is_no_ledger_for_a_reader(project: Project) -> None:
    project.ledger.write_bytes(b"")
    with pytest.raises(LedgerError, match="schema version 0"):
        connect(project, readonly=True)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root may chown")
def test_a_ledger_of_another_user_is_only_read(project: Project) -> None:
    connect(project).close()
    os.chown(project.ledger, 12345, -1)
    assert db.is_foreign(project)
    conn = connect(project)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        conn.execute("delete from meta")
    conn.close()


def test_where_memory_cannot_be_shared_a_rollback_journal_is_used(tmp_path: Path) -> None:
    # This way of locking knows no shared memory, as a network file system.
    path = tmp_path / "ledger.sqlite"
    conn = sqlite3.connect(f"{path.as_uri()}?vfs=unix-dotfile", uri=True, isolation_level=None)
    with pytest.warns(RuntimeWarning, match="without write-ahead logging"):
        db.choose_journal(conn, path)
    assert db.journal_mode(conn) == "delete"
    conn.execute("create table a (x)")
    conn.close()


def test_a_ledger_with_a_write_ahead_log_can_move_to_such_a_place(project: Project) -> None:
    connect(project).close()
    uri = f"{project.ledger.as_uri()}?vfs=unix-dotfile"
    conn = sqlite3.connect(uri, uri=True, isolation_level=None)
    with pytest.warns(RuntimeWarning, match="without write-ahead logging"):
        db.choose_journal(conn, project.ledger)
    assert db.journal_mode(conn) == "delete"
    assert conn.execute("select value from meta").fetchone() == (1,)
    other = sqlite3.connect(uri, uri=True, isolation_level=None)
    other.execute("update meta set value = 2")  # nobody holds it for himself
    other.close()
    conn.close()


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_another_connection_costs_none_its_locks(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "file_system", lambda path: "nfs")
    with pytest.warns(RuntimeWarning, match="without write-ahead logging"):
        conn = connect(project)
    assert db.journal_mode(conn) == "delete"
    tries = (
        "import sqlite3, sys\n"
        "conn = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)\n"
        "conn.execute('begin immediate')"
    )
    with db.transaction(conn):
        conn.execute("update meta set value = 2")
        with pytest.warns(RuntimeWarning, match="without write-ahead logging"):
            connect(project).close()
        done = subprocess.run(
            [sys.executable, "-c", tries, str(project.ledger)], capture_output=True, text=True
        )
        assert "database is locked" in done.stderr
    assert subprocess.run([sys.executable, "-c", tries, str(project.ledger)]).returncode == 0
    conn.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_type_of_a_file_system_is_known() -> None:
    assert db.file_system(Path("/proc/self")) == "proc"
    assert db.file_system(Path("/no/such/file")) == ""
