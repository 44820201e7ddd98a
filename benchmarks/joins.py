"""Joins and groups of many paths: time and memory of listing them, each in a process of its own.

No cell runs: what is measured is what a runner does before and while the first datums run.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from common import arguments, bench, show

#: What is listed: (name, expression over two halves of the files).
CASES = {
    "plain glob of all": "glob('*/*.*', root)",
    "union": "union(glob('a*/*.x', root, name='a'), glob('a*/*.y', root, name='b'))",
    "join, one to one": (
        "join(glob('a*/(*).x', root, name='a', on='$1'), glob('a*/(*).y', root, name='b', on='$1'))"
    ),
    "outer join, none shared": (
        "join(glob('a*/(*).x', root, name='a', on='x$1', outer=True), "
        "glob('a*/(*).y', root, name='b', on='y$1', outer=True))"
    ),
    "group, two files each": (
        "group(glob('a*/(*).x', root, name='a', by='$1'), "
        "glob('a*/(*).y', root, name='b', by='$1'))"
    ),
    "group, 1,000 files each": "group(glob('(*)/*.*', root, by='$1'))",
    "cross with two points": "cross(glob('*/*.*', root), grid(C=[1, 2]))",
}


def files(folder: Path, n: int) -> None:
    for i in range(n // 2):
        if i % 500 == 0:
            part = folder / f"a{i // 500:04}"
            part.mkdir()
        for ending in "xy":
            os.close(os.open(f"{part}/{i:07}.{ending}", os.O_CREAT | os.O_WRONLY))


def child(expression: str, root: str) -> None:
    """List it; tell seconds, datums, and what the process came to need for that."""
    from jupyter_datum import inputs

    names = {name: getattr(inputs, name) for name in inputs.__all__}
    source = eval(expression, {**names, "root": root})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    count = paths = 0
    first = 0.0
    for listed in source.list(frozenset(), []):
        count += 1
        paths += len(listed.files)
        first = first or time.perf_counter() - start
    seconds = time.perf_counter() - start
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps([count, paths, seconds, first, more / 1024]))


def measured(expression: str, root: Path) -> list[Any]:
    command = [sys.executable, __file__, "--child", expression, str(root)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return list(json.loads(found.stdout))


def measure(n: int) -> list[dict[str, Any]]:
    rows = []
    with bench() as b:
        root = b.folder / "in"
        root.mkdir()
        files(root, n)
        measured(CASES["plain glob of all"], root)  # directories into memory
        for name, expression in CASES.items():
            count, paths, seconds, first, more = measured(expression, root)
            rows.append(
                {
                    "input": name,
                    "files": n,
                    "datums": count,
                    "paths": paths,
                    "seconds": round(seconds, 1),
                    "us a file": round(seconds / n * 1e6, 1),
                    "first datum, s": round(first, 2),
                    "memory for it, MiB": round(more, 1),
                }
            )
    return rows


def main() -> None:
    args = arguments(str(__doc__), "1000000")
    show("joins and groups", [row for n in args.sizes for row in measure(n)], args.json)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
    else:
        main()
