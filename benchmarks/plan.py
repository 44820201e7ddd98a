"""A plan with nothing to do, end to end: so many files, each with one output, all unchanged.

The files lie there, and a script writes the ledger that a first run would have written: what
is measured is listing, comparing and skipping, in the runner and in a preview.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from common import Bench, arguments, bench, show

from jupyter_datum.events import Done, InputFile
from jupyter_datum.hashing import bytes_digest, stat_of
from jupyter_datum.ledger import db, queries, writes
from jupyter_datum.ledger.db import transaction
from jupyter_datum.notebook.context import Context
from jupyter_datum.notebook.submit import prepare
from jupyter_datum.runner.foreseen import Preview
from jupyter_datum.runner.survey import Survey
from jupyter_datum.states import RunStatus
from jupyter_datum.transform.cell import Cell
from jupyter_datum.transform.recipe import Recipe

LINE = 'size -i "in/**/*.txt" -o out --workers 2'
BODY = "datum.out_file('.len').write_text('x')\n"
AGO = time.time() - 3600


def make(made: Bench, n: int) -> Recipe:
    """Write files, outputs, and what a first run would have recorded of them."""
    recipe = prepare(LINE, Cell(BODY, "<cell>", 1), {}, Context(made.folder, None)).recipe
    with contextlib.closing(db.connect(made.project)) as conn:
        transform = writes.transform_id(conn, "size", out=os.fsencode(str(recipe.out)))
        version = writes.version_id(
            conn, transform, bytes.fromhex(recipe.fingerprint), recipe.parts, recipe.source,
            recipe.python, recipe.packages,
        )  # fmt: skip
        run = writes.create_run(
            conn, uuid="0" * 32, transform=transform, version=version, recipe="0" * 64,
            interpreter=sys.executable, engine="joblib", workers=2, options={}, origin="kernel",
            requested=AGO, epoch=0,
        )  # fmt: skip
        key = writes.RunKey(run, transform, version, 0)
        for start in range(0, n, 1_000):
            rows = [_file(made.folder, i) for i in range(start, min(n, start + 1_000))]
            first = writes.allocate_datums(conn, len(rows))
            with transaction(conn):
                dones = [_done(first + i, start + i, *row[:3]) for i, row in enumerate(rows)]
                writes.put_successes(conn, key, [(done, "w") for done in dones])
                conn.executemany(
                    "insert into output values (?, ?, ?, ?, 1, ?, ?, null)",
                    [
                        (out, out, transform, first + i, mtime_ns, bytes_digest(b"x"))
                        for i, (_, _, _, out, mtime_ns) in enumerate(rows)
                    ],
                )
                conn.execute("update datum set outputs = 1 where id >= ?", (first,))
        writes.end_run(conn, key, RunStatus.SUCCESS)
    return recipe


def _file(folder: Path, i: int) -> tuple[bytes, Any, bytes, bytes, int]:
    rel = f"{i // 1000:04}/{i:07}.txt"
    path, out = folder / "in" / rel, folder / "out" / f"{rel[:-4]}.len"
    if i % 1000 == 0:
        path.parent.mkdir(parents=True)
        out.parent.mkdir(parents=True)
    for file in (path, out):
        handle = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(handle, b"x")
        os.close(handle)
    os.utime(path, (AGO, AGO))
    status = os.stat(path)
    return os.fsencode(rel), status, bytes_digest(b"x"), os.fsencode(out), os.stat(out).st_mtime_ns


def _done(datum: int, position: int, rel: bytes, status: Any, content: bytes) -> Done:
    file = InputFile("in", rel, *stat_of(status), content)
    began = time.time() + 60  # so that its stat was looked at long after its last change
    return Done(
        position, datum, rel, 1, 0, 0, began, 0.001, (file,), (), None, None, None, False
    )  # fmt: skip


def previewed(made: Bench, recipe: Recipe) -> dict[str, float]:
    """Seconds of a preview, those to its first rows, and its peak of memory."""
    first: list[float] = []

    def look(found: Preview) -> None:
        if not first:
            first.append(time.perf_counter() - start)

    start, cpu = time.perf_counter(), time.process_time()
    with contextlib.closing(db.connect(made.project)) as conn:
        found = Survey(conn, made.project, recipe, {}).run(look)
    assert found.would_run == 0, found.reasons
    return {
        "s": time.perf_counter() - start, "cpu": time.process_time() - cpu, "first": first[0],
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def measure(n: int) -> list[dict[str, Any]]:
    with bench() as made:
        recipe = make(made, n)
        seen = previewed(made, recipe)
        row, seconds, _ = made.run(LINE, BODY)
        assert row.skipped == n, row
        row, seconds, _ = made.run(LINE, BODY)
        floor = time.perf_counter()
        subprocess.run(["find", str(made.folder / "in"), "-printf", ""], check=True)
        floor = time.perf_counter() - floor
        runner = {"s": seconds, "us a file": seconds / n * 1e6, "MB": made.peak_mb()}
        with contextlib.closing(db.connect(made.project)) as conn:
            assert queries.latest_run(conn, "size")
    return [
        {"what": "run, nothing to do", "files": n, **runner},
        {
            "what": "preview", "files": n, "s": seen["s"], "us a file": seen["s"] / n * 1e6,
            "MB": seen["mb"], "cpu us a file": seen["cpu"] / n * 1e6,
            "first rows after s": seen["first"],
        },
        {"what": "find (for scale)", "files": n, "s": floor, "us a file": floor / n * 1e6},
    ]  # fmt: skip


def main() -> None:
    args = arguments(str(__doc__), "100000,1000000")
    show("nothing to do", [row for n in args.sizes for row in measure(n)], args.json)


if __name__ == "__main__":
    main()
