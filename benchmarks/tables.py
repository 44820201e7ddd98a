"""How fast and in how much memory a table of a million rows is listed.

``python -m benchmarks.tables [--rows 1000000]``: writes a CSV and a Parquet file, and plans a
transform over each, one datum a row, with the very process that a runner uses. Prints JSON and
a table: time to the first datums, time for all, peak memory of the lister and of who planned.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = ("id", "image", "label", "score")


def write(folder: Path, rows: int) -> None:
    """Write ``t.csv`` and ``t.parquet``, a block at a time."""
    with (folder / "t.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for i in range(rows):
            writer.writerow(
                (f"r{i:08}", f"images/{i % 1000:03}/{i:08}.jpg", f"s{i % 1000}", i / rows)
            )
    schema = pa.schema([(name, pa.string()) for name in COLUMNS[:3]] + [("score", pa.float64())])
    with pq.ParquetWriter(folder / "t.parquet", schema) as parquet:
        for start in range(0, rows, 100_000):
            numbers = range(start, min(rows, start + 100_000))
            columns = [
                [f"r{i:08}" for i in numbers],
                [f"images/{i % 1000:03}/{i:08}.jpg" for i in numbers],
                [f"s{i % 1000}" for i in numbers],
                [i / rows for i in numbers],
            ]
            parquet.write_table(pa.table(columns, schema=schema))


def high_water(pid: int) -> int:
    """Most memory that a process has had since its program began, in bytes; 0 if it is gone.

    Not ``ru_maxrss``: that outlives ``exec``, and shows what started the process.
    """
    try:
        with open(f"/proc/{pid}/status") as file:
            found = [line for line in file if line.startswith("VmHWM")]
    except OSError:
        return 0
    return int(found[0].split()[1]) << 10 if found else 0


class Peak(threading.Thread):
    """Looks at a process every few milliseconds until it ends."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.bytes = 0

    def run(self) -> None:
        """Look."""
        while found := high_water(self._pid):
            self.bytes = max(self.bytes, found)
            time.sleep(0.005)


def plan(folder: str, source: str) -> None:
    """List a source to its end, as a plan does (in a process of its own, for its memory)."""
    from jupyter_datum.inputs import input_from_json
    from jupyter_datum.notebook.context import Context
    from jupyter_datum.notebook.submit import prepare
    from jupyter_datum.project import find_or_create
    from jupyter_datum.runner.lister import Lister, listed_apart
    from jupyter_datum.transform.cell import Cell

    project = find_or_create(Path(folder))
    cell = Cell("datum.value", "<cell>", 1)
    made = prepare(f"t -i {source}", cell, {"__name__": "__main__"}, Context(project.root, None))
    apart = listed_apart(input_from_json(made.recipe.input, project), project, made.recipe)
    begun = time.perf_counter()
    listing = apart.list(frozenset(), [])
    assert isinstance(listing, Lister)
    peak = Peak(listing._process.pid)
    peak.start()
    next(listing)
    first = time.perf_counter() - begun
    count = 1 + sum(1 for _ in listing)
    seconds = time.perf_counter() - begun
    own = high_water(os.getpid())
    print(json.dumps({"rows": count, "first_s": first, "all_s": seconds,
                      "lister_mb": peak.bytes / 2**20, "planner_mb": own / 2**20}))  # fmt: skip


CASES = {
    "CSV, key": 'rows("t.csv",key="id")',
    "CSV, positions": 'rows("t.csv")',
    "CSV, size=1000": 'rows("t.csv",size=1000)',
    "CSV, by": 'rows("t.csv",by="label")',
    "Parquet, key": 'rows("t.parquet",key="id")',
    "Parquet, row groups": 'rows("t.parquet",size="rowgroup",frame="arrow")',
}


def main() -> None:
    """Measure all cases."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--plan", nargs=2)
    given = parser.parse_args()
    if given.plan:
        plan(*given.plan)
        return
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), given.rows)
        for name, source in CASES.items():
            command = [sys.executable, "-m", "benchmarks.tables", "--plan", folder, source]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[name] = json.loads(done.stdout)
    print(json.dumps(found, indent=1))
    print("| table | datums | first | all | a row | lister | planner |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, row in found.items():
        each = row["all_s"] / given.rows * 1e6
        cells = [name, f"{row['rows']:,}", f"{row['first_s']:.2f} s", f"{row['all_s']:.1f} s"]
        cells += [f"{each:.1f} us", f"{row['lister_mb']:.0f} MB", f"{row['planner_mb']:.0f} MB"]
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
