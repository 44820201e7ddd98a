"""First run, nothing to do, 1% changed, comment edited: small files, one output file each,
beside a plain loop with plain writes and GNU make."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from common import arguments, bench, show

LINE = 'size -i "in/**/*.txt" --workers 2'
BODY = "text = open(datum.path).read()\ndatum.out_file('.len').write_text(str(len(text)))\n"


def files(folder: Path, n: int) -> None:
    for i in range(n):
        path = folder / f"{i // 1000:03}" / f"{i:07}.txt"
        if i % 1000 == 0:
            path.parent.mkdir(parents=True)
        path.write_text(f"{i:08}" * 256)


def change(folder: Path, n: int) -> None:
    for i in range(0, n, 100):
        (folder / f"{i // 1000:03}" / f"{i:07}.txt").write_text("changed" + f"{i:08}" * 255)


def loop(source: Path, out: Path) -> float:
    start = time.perf_counter()
    for path, _, names in os.walk(source):
        target = out / Path(path).relative_to(source)
        target.mkdir(parents=True, exist_ok=True)
        for name in names:
            with open(f"{path}/{name}") as file:
                text = file.read()
            with open(target / f"{name[:-4]}.len", "w") as file:
                file.write(str(len(text)))
    return time.perf_counter() - start


def make(folder: Path) -> float:
    (folder / "Makefile").write_text(
        "IN := $(wildcard in/*/*.txt)\nOUT := $(IN:in/%.txt=made/%.len)\nall: $(OUT)\n"
        "made/%.len: in/%.txt\n\t@wc -c < $< > $@\n"
    )
    for path in (folder / "in").iterdir():
        (folder / "made" / path.name).mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    subprocess.run(["make", "-j2", "-s"], cwd=folder, check=True)
    return time.perf_counter() - start


def measure(n: int) -> list[dict[str, Any]]:
    with bench() as made:
        source = made.folder / "in"
        files(source, n)
        plain = loop(source, made.folder / "plain")
        peers = {"make, first run": make(made.folder)} if n <= 10_000 else {}
        if peers:
            peers["make, nothing to do"] = make(made.folder)
        time.sleep(2.1)  # files of the last two seconds are hashed once more: not what is asked
        ours = {}
        row, ours["first run"], _ = made.run(LINE, BODY)
        assert row.success == n, row
        row, ours["nothing to do"], _ = made.run(LINE, BODY)
        assert row.skipped == n, row
        row, ours["comment edited"], _ = made.run(LINE, "# why\n" + BODY)
        assert row.skipped == n, row
        change(source, n)
        if peers:
            peers["make, 1% changed"] = make(made.folder)
        row, ours["1% changed"], _ = made.run(LINE, BODY)
        assert row.success == len(range(0, n, 100)), row
        shutil.rmtree(made.folder / "plain")
    rows = [{"what": "plain loop, first run", "files": n, "s": plain}]
    rows += [{"what": name, "files": n, "s": s} for name, s in peers.items()]
    rows += [{"what": f"jupyter-datum, {name}", "files": n, "s": s} for name, s in ours.items()]
    for row_ in rows:
        row_["us a file"] = row_["s"] / n * 1e6
        row_["x plain loop"] = row_["s"] / plain
    return rows


def main() -> None:
    args = arguments(str(__doc__), "1000,10000,100000")
    show("small files", [row for n in args.sizes for row in measure(n)], args.json)


if __name__ == "__main__":
    main()
