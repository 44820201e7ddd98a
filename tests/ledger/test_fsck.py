from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_datum.hashing import bytes_digest
from jupyter_datum.ledger import queries, requests, writes
from jupyter_datum.ledger.db import connect
from jupyter_datum.ledger.fsck import Finding, audit
from jupyter_datum.ledger.writes import RunKey
from jupyter_datum.project import Project

from .build import PYTHON, new_run, succeed, whole_run


def put_output(conn: sqlite3.Connection, path: Path, datum: int, data: bytes = b"picture") -> None:
    """An output as the publisher leaves it."""
    path.write_bytes(data)
    name = os.fsencode(path)
    transform = conn.execute("select transform from datum where id = ?", (datum,)).fetchone()[0]
    row = (name, name, transform, datum, len(data), path.stat().st_mtime_ns, bytes_digest(data))
    conn.execute("insert into output values (?, ?, ?, ?, ?, ?, ?, null)", row)
    conn.execute("update datum set outputs = outputs + 1 where id = ?", (datum,))


@pytest.fixture
def run(project: Project, conn: sqlite3.Connection, tmp_path: Path) -> RunKey:
    """A ledger with history: five runs, two transforms, failures, mended ones, outputs."""
    whole_run(project, conn, 4, bad=(2, 3))
    whole_run(project, conn, 3, bad=(1,), code=b"2")
    whole_run(project, conn, 2, name="other")
    run, _ = whole_run(project, conn, 5, bad=(5,), code=b"3")
    put_output(conn, tmp_path / "one.png", 10)
    put_output(conn, tmp_path / "two.png", 10, b"other picture")
    return run


def checks(findings: list[Finding]) -> set[str]:
    assert all(f.what and f.do for f in findings)
    return {f.check for f in findings}


def newest(conn: sqlite3.Connection) -> str:
    return queries.runs(conn, limit=1)[0].uuid


def test_a_sound_ledger_has_no_findings(project: Project, run: RunKey) -> None:
    assert audit(project) == []
    assert audit(project, repair=True) == []


Damage = Callable[[sqlite3.Connection, Project], object]


def sql(text: str) -> Damage:
    return lambda conn, project: conn.execute(text)


#: What is done to the ledger; which check tells of it.
MENDABLE: dict[str, tuple[str, Damage]] = {
    "a counter that is wrong": (
        "counters",
        sql("update run set success = success + 1, cancelled = -1 where id = 4"),
    ),
    "a counter that does not add up": ("counters", sql("update run set skipped = 7 where id = 1")),
    "a datum still running after the end": (
        "counters",
        sql("update run set running = 1 where id = 1"),
    ),
    "a run that says success with failures": (
        "false success",
        sql("update run set status = 'success' where id = 4"),
    ),
    "a group that counts wrong": ("failures", sql("update failure set datums = 9 where run = 4")),
    "an id that would be given twice": (
        "ids",
        sql("update meta set value = 3 where name = 'next_datum'"),
    ),
    "a key that leads nowhere": ("keys", sql("delete from datum_key where datum = 11")),
    "a key that leads to another": (
        "keys",
        sql("update datum_key set datum = 12 where datum = 11"),
    ),
    "an output of nobody": ("owners", sql("update output set datum = 999")),
    "a datum with another number of outputs": (
        "owners",
        sql("update datum set outputs = 5 where id = 11"),
    ),
    "a states file that is gone": (
        "states",
        lambda conn, project: (project.run(newest(conn)) / "states").unlink(),
    ),
    "a states file that is cut short": (
        "states",
        lambda conn, project: (project.run(newest(conn)) / "states").write_bytes(b"\2"),
    ),
    "journals of a run that has ended": (
        "leftovers",
        lambda conn, project: (project.run(newest(conn)) / "j").mkdir(),
    ),
    "a result file that is gone": (
        "results",
        sql(
            "update datum set result_kind = 'json-file', result = cast('ab12' as blob)"
            " where id = 10"
        ),
    ),
}


@pytest.mark.parametrize(("check", "damage"), MENDABLE.values(), ids=MENDABLE)
def test_damage_is_told_and_mended_on_request(
    project: Project, conn: sqlite3.Connection, run: RunKey, check: str, damage: Damage
) -> None:
    damage(conn, project)
    found = audit(project)
    assert check in checks(found)
    assert not any(f.repaired for f in found), "nothing is mended unasked"
    assert audit(project) == found
    mended = audit(project, repair=True)
    assert all(f.repaired for f in mended if f.check == check)
    assert checks(audit(project)) <= ({"results"} if check == "results" else set())


def test_states_are_rebuilt_from_what_the_ledger_holds(
    project: Project, conn: sqlite3.Connection, run: RunKey
) -> None:
    folder = project.run(newest(conn))
    before = {name: (folder / name).read_bytes() for name in ("plan", "states")}
    for name in before:
        (folder / name).unlink()
    audit(project, repair=True)
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_a_datum_whose_result_is_gone_is_made_again(
    project: Project, conn: sqlite3.Connection, run: RunKey
) -> None:
    MENDABLE["a result file that is gone"][1](conn, project)
    audit(project, repair=True)
    row = queries.datum_by_id(conn, 10)
    assert row and row.dirty


def change(name: str, data: bytes | None) -> Damage:
    def damage(conn: sqlite3.Connection, project: Project) -> None:
        if data is None:
            (project.root / name).unlink()
        else:
            (project.root / name).write_bytes(data)

    return damage


#: Damage that only another run or a person can mend.
TOLD: dict[str, tuple[str, Damage]] = {
    "an output that is gone": ("outputs", change("one.png", None)),
    "an output of another size": ("outputs", change("one.png", b"?")),
    "an output with other content": ("outputs", change("one.png", b"PICTURE")),
    "a run whose runner is gone": ("interrupted", sql("update run set ended = null where id = 4")),
    "files between staging and their place": (
        "publishing",
        sql(
            "insert into publishing (grp, epoch, run, transform, datum, attempt, staged, final,"
            " size, digest, record) values (1, 1, 4, 1, 1, 1, x'', x'', 0, x'', x'')"
        ),
    ),
    "a success too many": ("rows", sql("update datum set state = 2, failure = null where run = 4")),
    "a failure without a reason": ("failures", sql("update datum set failure = 77 where id = 14")),
    "two owners of a path": (
        "owners",
        sql(
            "insert into output select x'00', path, transform, 11, size, mtime_ns, digest, null"
            " from output limit 1"
        ),
    ),
    "a row that names what is not there": ("ledger", sql("update run set version = 99")),
}


@pytest.mark.parametrize(("check", "damage"), TOLD.values(), ids=TOLD)
def test_damage_that_needs_a_run_or_a_person_is_told(
    project: Project, conn: sqlite3.Connection, run: RunKey, check: str, damage: Damage
) -> None:
    damage(conn, project)
    assert check in checks(audit(project))


def test_without_digests_only_sizes_are_compared(project: Project, run: RunKey) -> None:
    change("one.png", b"PICTURE")(connect(project), project)
    assert audit(project, digests=False) == []


def test_missing_outputs_are_named(project: Project, run: RunKey) -> None:
    change("one.png", None)(connect(project), project)
    [finding] = audit(project)
    assert finding.what == f"1 output gone: {str(project.root / 'one.png')!r}"
    assert "run the cell again" in finding.do


def test_a_damaged_file_is_one_finding_and_no_exception(project: Project) -> None:
    conn = connect(project)
    whole_run(project, conn, 2000)
    conn.close()
    data = project.ledger.read_bytes()
    for damaged in (
        data[: len(data) // 2],
        data[:4096] + os.urandom(8192) + data[12288:],
        b"x" * 999,
    ):
        project.ledger.write_bytes(damaged)
        findings = audit(project)
        assert checks(findings) == {"ledger"}
    assert audit(Project(project.root / "nowhere", "u")) != []


def test_while_a_runner_lives_its_work_is_no_finding_and_nothing_is_mended(
    project: Project, conn: sqlite3.Connection, run: RunKey
) -> None:
    requests.register_runner(conn, PYTHON, "1")
    succeed(conn, new_run(conn), 99)
    writes.allocate_datums(conn, 100)
    conn.execute("update run set skipped = 7 where id = 1")
    (project.run(newest(conn)) / "j").mkdir(parents=True)
    code = (
        "import sys; from pathlib import Path; from jupyter_datum.locks import try_lock;"
        "lock = try_lock(Path(sys.argv[1])); print('locked', flush=True); sys.stdin.readline()"
    )
    command = [sys.executable, "-c", code, str(project.lock(PYTHON))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as runner:
        assert runner.stdout and runner.stdout.readline() == b"locked\n"
        findings = audit(project, repair=True)
        runner.communicate(b"\n")
    assert checks(findings) == {"counters"}
    assert not findings[0].repaired
    assert "interrupted" in checks(audit(project))
