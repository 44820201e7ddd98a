"""The differential test: one seeded random job on each engine leaves the same behind, but for
times: outputs on disk, results, failures, attempts, logs, and all that the ledger tells of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..story import Story

ENGINES = ["joblib", "dask", "ipyparallel", "address"]

#: What a datum comes to is drawn by its value alone.
JOB = """
import os, random
from pathlib import Path
draw = random.Random(f"{seed} {datum.value}")
print("datum", datum.value)
fate = draw.choices(
    ["fine", "rich", "files", "raise", "math", "exit", "odd", "flaky", "death", "link"],
    [30, 6, 12, 4, 3, 2, 2, 3, 1, 2],
)[0]
if fate == "files":
    for n in range(draw.randint(1, 4)):
        datum.out_file(f".{n}.bin").write_bytes(draw.randbytes(draw.randint(0, 5000)))
    datum.metrics["weight"] = draw.random()
elif fate == "raise":
    datum.out_file(".part").write_text("cut short")
    raise ValueError(f"bad pixel {draw.randint(0, 9)}")
elif fate == "math":
    1 / 0
elif fate == "exit":
    raise SystemExit(draw.randint(1, 9))
elif fate == "flaky" and datum.attempt == 1:
    raise OSError(5, "the disk hiccups")
elif fate == "death" and datum.attempt == 1:
    os._exit(3)
elif fate == "link":
    os.symlink("/etc/passwd", datum.out / "x")
answer = {
    "rich": b"\\0" * draw.randint(1, 40000),
    "odd": (n for n in []),
}.get(fate, [datum.value, draw.random()])
answer
"""

#: What the ledger tells, without times, row ids, and who was at work where.
QUESTIONS = {
    "run": "select status, total, success, failed, recovered, skipped, cancelled, executions, late"
    " from run",
    "datums": "select key, state, attempt, dirty, outputs, metrics, result_kind, result,"
    " log is null from datum order by key",
    "attempts": "select d.key, a.attempt, a.state, a.message, a.phase, a.place, a.traceback,"
    " a.log is null from attempt a join datum d on d.id = a.datum order by d.key, a.attempt",
    # Not the message: a group shows that of whichever came first.
    "failures": "select signature, type, phase, datums from failure order by signature",
    "outputs": "select o.path, o.size, o.digest, d.key from output o"
    " join datum d on d.id = o.datum order by o.path",
    "left": "select count(*) from publishing",
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield f"{cluster.scheduler_address}#module=distributed.comm.tcp"


def ran(folder: Path, engine: str) -> dict[str, Any]:
    """Run the job in a folder of its own; return all that it left."""
    folder.mkdir()
    with contextlib.closing(Story(folder)) as story:
        story.namespace.update(numbers=list(range(120)), seed=2024)
        line = f"job -i numbers --engine {engine} --workers 2 --tries 2 --backoff 10ms --no-probe"
        row = story.run(line, JOB, within=100)
        assert row.engine == engine.partition("#")[0], "keys and modules are nobody's to read"
        found: dict[str, Any] = {"executions": story.executions(), "fsck": story.findings()}
        with story.ledger() as conn:
            for name, question in QUESTIONS.items():
                found[name] = [plain(folder, line) for line in conn.execute(question)]
            logs = [log for (log,) in conn.execute("select log from datum order by key") if log]
        found["logs"] = [printed(story, row.uuid, log) for log in logs]
        outputs = [path for path in (folder / "out" / "job").glob("*") if path.is_file()]
        found["files"] = {path.name: path.read_bytes() for path in outputs}
        return found


def plain(folder: Path, row: Any) -> tuple[Any, ...]:
    """A row without the name of the folder, and without how an engine tells of a death."""
    texts = []
    for cell in row:
        if isinstance(cell, str):
            cell = cell.replace(str(folder), "HERE")
            if "worker" in cell and ("code 3" in cell or "lost" in cell):
                cell = "it died"
        elif isinstance(cell, bytes):
            cell = cell.replace(os.fsencode(folder), b"HERE")
        texts.append(cell)
    return tuple(texts)


def printed(story: Story, run: str, log: str) -> str:
    """What an attempt printed, by its place in the log of its worker."""
    where, offset, length, *_ = log.split(":")
    text = (story.project.run(run) / "logs" / f"{where}.log").read_bytes()
    return text[int(offset) : int(offset) + int(length)].decode()


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return ran(tmp_path_factory.mktemp("reference") / "serial", "serial")


def test_the_job_has_some_of_everything(reference: dict[str, Any]) -> None:
    ((status, total, success, failed, *_, executions, _),) = reference["run"]
    assert (status, total, success + failed) == ("failed", 120, 120)
    assert executions > 120  # flaky ones, and a death
    assert {row[1] for row in reference["failures"]} >= {
        "ValueError", "ZeroDivisionError", "SystemExit", "OutputError",
    }  # fmt: skip
    assert any("it died" in row for row in reference["attempts"])
    assert len(reference["files"]) > 20
    assert reference["fsck"] == []


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_leaves_what_serial_leaves(
    reference: dict[str, Any], engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    pytest.importorskip({"address": "distributed", "dask": "distributed"}.get(engine, engine))
    text = request.getfixturevalue("address") if engine == "address" else engine
    found = ran(tmp_path / "here", text)
    for name, value in reference.items():
        assert found[name] == value, name
