"""What all benchmarks share: a project of their own, cells that are really run, a table."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from jupyter_datum.ledger import db, queries, requests
from jupyter_datum.ledger.queries import RunRow
from jupyter_datum.notebook.context import Context
from jupyter_datum.notebook.submit import prepare, request_run
from jupyter_datum.project import create
from jupyter_datum.states import ENDED, RunStatus
from jupyter_datum.transform.cell import Cell

# The peers' workers, which start in folders of their own, must find `identity` by name.
_HERE = str(Path(__file__).resolve().parent)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_HERE, os.environ.get("PYTHONPATH")]))


def identity(x: int) -> int:
    """The no-op that is mapped."""
    return x


class Bench:
    """A project in a fresh folder, with a runner of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = create(folder)
        self.namespace: dict[str, Any] = {"__name__": "__main__"}

    def run(self, line: str, body: str, *, within: float = 1_800) -> tuple[RunRow, float, float]:
        """Run a cell; return its row, the wall seconds of everything, and those to the first
        success."""
        start = time.perf_counter()
        first = 0.0
        with contextlib.closing(db.connect(self.project)) as conn:
            cell = Cell(body, "<cell>", 1)
            prepared = prepare(line, cell, self.namespace, Context(self.folder, None))
            run = request_run(conn, prepared)
            while time.perf_counter() - start < within:
                row = queries.run_by_uuid(conn, run)
                if row is not None and row.success and not first:
                    first = time.perf_counter() - start
                if row is not None and (row.status in ENDED or row.status == RunStatus.PAUSED):
                    return row, time.perf_counter() - start, first
                time.sleep(0.01)
        raise TimeoutError(f"no end within {within} s: {row}")

    def peak_mb(self) -> float:
        """Peak memory of the runner, in MB."""
        with contextlib.closing(db.connect(self.project)) as conn:
            runner = requests.runner(conn, sys.executable)
        assert runner is not None
        for line in Path(f"/proc/{runner.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
        return 0.0

    def close(self) -> None:
        """End the runner."""
        with contextlib.closing(db.connect(self.project)) as conn:
            runner = requests.runner(conn, sys.executable)
        if runner is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(runner.pid, signal.SIGKILL)


@contextlib.contextmanager
def bench() -> Iterator[Bench]:
    """A project that goes when it has been used."""
    with tempfile.TemporaryDirectory(prefix="datum-bench-") as name:
        os.environ["JUPYTER_DATA_DIR"] = str(Path(name) / "jupyter")
        folder = Path(name) / "project"
        folder.mkdir()
        made = Bench(folder)
        try:
            yield made
        finally:
            made.close()
            time.sleep(0.3)  # its workers end


def machine() -> dict[str, Any]:
    """Where and when this was measured."""
    model = "?"
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": model,
        "python": platform.python_version(),
        "date": date.today().isoformat(),
        "load": os.getloadavg()[0],
    }


def arguments(description: str, sizes: str) -> argparse.Namespace:
    """The options of all scripts."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--sizes", default=sizes, help="comma-separated")
    parser.add_argument("--json", help="write the figures there too")
    args = parser.parse_args()
    args.sizes = [int(size) for size in str(args.sizes).split(",")]
    return args


def show(title: str, rows: list[dict[str, Any]], path: str | None) -> None:
    """Print a table, and write JSON if asked to."""
    where = machine()
    print(f"{title}\n{where}")
    if rows:
        names = list(dict.fromkeys(name for row in rows for name in row))
        cells = [[_text(row.get(name, "")) for name in names] for row in rows]
        widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
        for line in (names, *cells):
            print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)))
    if path:
        Path(path).write_text(json.dumps({"machine": where, "rows": rows}, indent=1))


def _text(value: Any) -> str:
    return f"{value:,.3g}" if isinstance(value, float) else str(value)
