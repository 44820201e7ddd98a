"""What the panel costs in the browser, at as many datums as ``--sizes`` says.

Runs ``ui-tests/bench/panel.spec.ts`` for each size, in Chromium on real runs of a real server:
opening, frame times, memory, bytes of the socket, a finished datum to its pixel. It needs what the
UI tests need: ``cd ui-tests && jlpm install``, and a Chromium (``DATUM_CHROMIUM``).
``DATUM_BENCH_TRACES=FOLDER`` keeps each trace, with samples of what ran (which costs time).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from common import arguments, show

UI_TESTS = Path(__file__).resolve().parent.parent / "ui-tests"


def measure(datums: int) -> tuple[list[dict[str, Any]], bool]:
    """Run the browser's half; return its rows, and whether all of it ended well."""
    with tempfile.TemporaryDirectory(prefix="datum-bench-") as folder:
        figures = Path(folder) / "figures.jsonl"
        env = {**os.environ, "DATUM_BENCH_N": str(datums), "DATUM_BENCH_JSON": str(figures)}
        command = ["jlpm", "bench", "panel.spec.ts"]
        done = subprocess.run(command, cwd=UI_TESTS, env=env, stdout=sys.stderr, check=False)
        lines = figures.read_text().splitlines() if figures.exists() else []
    rows = [{"datums": datums, **json.loads(line)} for line in lines]
    return rows, done.returncode == 0


def main() -> int:
    """Measure and print."""
    args = arguments(__doc__ or "", "1000000")
    rows: list[dict[str, Any]] = []
    well = True
    for size in args.sizes:
        found, ended_well = measure(size)
        rows += found
        well = well and ended_well
    show("the panel in Chromium", rows, args.json)
    return 0 if well and rows else 1


if __name__ == "__main__":
    sys.exit(main())
