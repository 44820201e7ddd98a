"""Workers are kept clean, are replaced when they are worn, and their end is explained."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from jupyter_datum.cli import main
from jupyter_datum.ledger import queries
from jupyter_datum.ledger.stragglers import stragglers
from jupyter_datum.server.reads import workers

from ..story import Story, eventually
from .test_faults import ENGINES

MESS = """
import os, random, signal, time, warnings
time.sleep(0.005)
seen = [os.getcwd(), os.environ.get("LEFT"), os.getenv("OMP_NUM_THREADS"), os.umask(0o022),
        len(warnings.filters), str(signal.getsignal(signal.SIGINT))]
first = random.random()
os.environ["LEFT"], os.environ["OMP_NUM_THREADS"] = "x", "99"
os.chdir("/")
os.umask(0o777)
random.seed(1)
warnings.simplefilter("error")
signal.signal(signal.SIGINT, signal.SIG_IGN) if datum.value % 2 else None
[os.getpid(), seen, first]
"""


@pytest.fixture
def numbers(story: Story) -> Story:
    story.namespace["numbers"] = list(range(14))
    return story


def test_a_datum_finds_its_worker_as_the_first_one_did(numbers: Story) -> None:
    row = numbers.run("job -i numbers --workers 1 --threads 3", MESS)
    assert (row.status, row.success) == ("success", 14)
    results = numbers.transform("job").results()
    assert len({pid for pid, _, _ in results}) == 1
    assert results[0][1][:3] == [str(numbers.folder), None, "3"]
    # The first one imports: what the process was like before that is not what it is after.
    assert len({str(seen) for _, seen, _ in results[1:]}) <= 2
    assert all(seen[:4] == results[0][1][:4] for _, seen, _ in results)
    assert len({first for *_, first in results}) == 14


@pytest.mark.parametrize("engine", ENGINES)
def test_a_worker_is_replaced_after_so_many_datums(numbers: Story, engine: str) -> None:
    line = f"job -i numbers --engine {engine} --workers 2 --max-datums-per-worker 5"
    row = numbers.run(line, "import os\nos.getpid()", within=100)
    assert (row.status, row.success, row.late) == ("success", 14, 0)
    by_worker = Counter(numbers.transform("job").results())
    assert max(by_worker.values()) <= 5 and len(by_worker) >= 3
    assert set(numbers.executions().values()) == {1}
    with numbers.ledger() as conn:
        query = "select distinct cause from worker where cause is not null and run = ?"
        causes = [cause for (cause,) in conn.execute(query, (row.id,))]
    assert causes == ["replaced: it has processed 5 datums (--max-datums-per-worker)"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_worker_that_has_grown_is_replaced(numbers: Story, engine: str) -> None:
    body = (
        "import builtins, os, time\n"
        "if datum.value in (3, 9): builtins.leak = bytearray(os.urandom(1) * 400_000_000)\n"
        "time.sleep(0.05)\n"
        "os.getpid()"
    )
    line = f"job -i numbers --engine {engine} --workers 1 --memory-limit 350MB"
    row = numbers.run(line, body, within=150)
    assert (row.status, row.success) == ("success", 14)
    pids = numbers.transform("job").results()
    assert len(set(pids)) == 3 and pids[3] not in pids[5:]
    assert set(numbers.executions().values()) == {1}


def test_a_limit_that_no_worker_keeps_ends_the_run_and_says_what_to_write(numbers: Story) -> None:
    row = numbers.run("job -i numbers --workers 2 --memory-limit 10MB", "datum.value")
    assert row.status == "error" and row.message is not None
    found = re.fullmatch(
        r"a worker holds \S+ MB of memory before its first datum, more than "
        r"--memory-limit 10.0 MB: "
        r"none could do anything. Allow more: (--memory-limit \S+)",
        row.message,
    )
    assert found, row.message
    assert numbers.run(f"job -i numbers --workers 2 {found[1]}", "datum.value").success == 14


def test_a_death_by_memory_is_named(numbers: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the kernel does when a limit is reached (SIGKILL, unasked) is done by the datum."""
    monkeypatch.setenv("MEM_LIMIT", "400000000")
    body = (
        "import os, time\n"
        "if datum.value == 3:\n"
        "    much = bytearray(os.urandom(1) * 380_000_000)\n"
        "    time.sleep(3)\n"
        "    os.kill(os.getpid(), 9)\n"
        "if datum.value == 4: os.kill(os.getpid(), 9)\n"
        "datum.value"
    )
    row = numbers.run("job -i numbers --workers 1 --tries 1", body)
    assert (row.success, row.failed) == (12, 2)
    with numbers.ledger() as conn:
        groups = {g.message.count("memory"): g for g in queries.failure_groups(conn, row.id)}
    assert set(groups) == {0, 1} and groups[0].message.endswith("killed by SIGKILL")
    assert "killed by SIGKILL, most likely out of memory: 4" in groups[1].message
    assert groups[1].message.endswith(" when last seen, limit 400 MB")
    assert set(numbers.executions().values()) == {1}


def test_a_datum_that_takes_far_longer_than_the_others_is_shown(
    numbers: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = numbers.folder / "gate"
    body = (
        "import os, time\n"
        f"while datum.value == 5 and not os.path.exists({str(gate)!r}): time.sleep(0.05)\n"
        "datum.value"
    )
    run = numbers.start("job -i numbers --workers 2", body)
    project = ["--project", str(numbers.folder)]

    def named() -> bool:
        row = numbers.row(run)
        with numbers.ledger() as conn:
            return bool(row) and any(worker["key"] for worker in queries.workers(conn, row.id))

    assert eventually(named, within=60)
    row = numbers.until(run, lambda row: row.success == 13)
    with numbers.ledger() as conn:
        (at,) = [worker for worker in queries.workers(conn, row.id) if worker["key"]]
        assert stragglers(conn, row, at["since"] + 5) == []
        (slow,) = stragglers(conn, row, at["since"] + 60)
        assert (slow.worker, slow.key, round(slow.seconds)) == (at["worker"], at["key"], 60)
        # As if it had begun a minute ago: the runner writes this row no more.
        conn.execute("update worker set since = since - 60 where worker = ?", (slow.worker,))
        seen = workers(conn, numbers.project, row)
        assert [worker["worker"] for worker in seen if worker["slow"]] == [slow.worker]
    assert main(["status", "job", *project]) == 0
    assert f"slow: datum {slow.position + 1} on {slow.worker} for 6" in capsys.readouterr().out
    assert main(["status", "job", "--json", *project]) == 0
    assert '"worker": "' + slow.worker in capsys.readouterr().out
    gate.touch()
    assert numbers.end(run).status == "success"


def test_what_a_worker_holds_is_told_and_why_one_is_gone(numbers: Story) -> None:
    gate = numbers.folder / "gate"
    body = (
        "import os, time\n"
        "if datum.value == 3 and datum.attempt == 1: os.kill(os.getpid(), 9)\n"
        "held = bytearray(os.urandom(1) * 60_000_000)\n"
        f"while datum.value == 13 and not os.path.exists({str(gate)!r}): time.sleep(0.05)\n"
        "datum.value"
    )
    run = numbers.start("job -i numbers --workers 1 --backoff 10ms", body)
    numbers.until(run, lambda row: row.success >= 3)

    def told() -> list[dict[str, Any]]:
        row = numbers.row(run)
        assert row is not None
        with numbers.ledger() as conn:
            return workers(conn, numbers.project, row)

    def large() -> bool:
        """The second worker holds what its datum has made; the first died of datum 3."""
        held = [worker["memory"] or 0 for worker in told() if worker["up"]]
        return len(told()) == 2 and bool(held) and held[0] > 60_000_000

    assert eventually(large, within=60)
    (there, gone) = told()
    assert there["device"] is None and there["behind"] >= 0 and there["cause"] is None
    assert gone["up"] is None and gone["state"] == "gone" and gone["gone"] > 1e9
    assert gone["cause"].startswith("killed by SIGKILL")
    gate.touch()
    assert numbers.end(run).status == "success"
    assert [worker["state"] for worker in told()] == ["idle", "gone"]


def test_a_running_cluster_is_scaled_paused_and_resumed_by_hand(
    numbers: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers.namespace["numbers"] = list(range(400))
    run = numbers.start(
        "job -i numbers --workers 1", "import os, time\ntime.sleep(0.05)\nos.getpid()"
    )
    project = ["--project", str(numbers.folder)]
    numbers.until(run, lambda row: row.success >= 3)

    def up() -> int:
        row = numbers.row(run)
        assert row is not None
        with numbers.ledger() as conn:
            return len(queries.workers(conn, row.id))

    assert up() == 1
    assert main(["scale", "job", "3", *project]) == 0
    assert eventually(lambda: up() == 3, within=60)
    assert numbers.until(run, lambda row: row.workers == 3)
    assert main(["pause", "job", *project]) == 0
    numbers.until(run, lambda row: row.status == "paused")
    assert main(["resume", "job", *project]) == 0
    assert main(["scale", "job", "1", *project]) == 0
    assert eventually(lambda: up() == 1, within=60)
    for wrong in ("0", "-1", "many", "1.5"):
        assert main(["scale", "job", *project, "--", wrong]) == 2
    assert "1 or more, not 'many'" in capsys.readouterr().err
    row = numbers.end(run)
    assert (row.status, row.success, row.workers) == ("success", 400, 1)
    assert set(numbers.executions().values()) == {1}
    assert numbers.findings() == []
