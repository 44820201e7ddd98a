"""First run, nothing to do, 1% changed, comment edited: small files, one output file each,
beside a plain loop with plain writes, joblib.Memory, and those of make, ninja, Snakemake and DVC
that are installed.

A peer that took over `PATIENCE` seconds for something is not tried with more files, and one that
takes `LIMIT` is stopped (its figure is then a lower bound).
"""

from __future__ import annotations

import contextlib
import json
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


def memory(folder: Path) -> float:
    """joblib.Memory over path and time stamp: what people put round the loop's body."""
    from joblib import Memory, Parallel, delayed

    cached = Memory(folder / "memory", verbose=0).cache(_length)
    start = time.perf_counter()
    stamps = (
        (entry.path, entry.stat().st_mtime_ns)
        for part in os.scandir(folder / "in")
        for entry in os.scandir(part.path)
    )
    Parallel(n_jobs=2, batch_size=100)(delayed(cached)(*stamp) for stamp in stamps)
    return time.perf_counter() - start


def _length(path: str, stamp: int) -> None:
    target = Path(path.replace("/in/", "/remembered/"))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(str(len(Path(path).read_text())))


def make(folder: Path) -> float:
    (folder / "Makefile").write_text(
        "IN := $(wildcard in/*/*.txt)\nOUT := $(IN:in/%.txt=made/%.len)\nall: $(OUT)\n"
        "made/%.len: in/%.txt\n\t@wc -c < $< > $@\n"
    )
    for path in (folder / "in").iterdir():
        (folder / "made" / path.name).mkdir(parents=True, exist_ok=True)
    return _timed(["make", "-j2", "-s"], folder)


def ninja(folder: Path) -> float:
    lines = ["rule length\n  command = wc -c < $in > $out\n"]
    for path in sorted((folder / "in").glob("*/*.txt")):
        name = path.relative_to(folder / "in").with_suffix("")
        lines.append(f"build ninja/{name}.len: length in/{name}.txt\n")
    (folder / "build.ninja").write_text("".join(lines))
    return _timed(["ninja", "-j2", "--quiet"], folder)


def snakemake(folder: Path) -> float:
    (folder / "Snakefile").write_text(
        'names, = glob_wildcards("in/{name}.txt")\n'
        'rule all:\n    input: expand("snake/{name}.len", name=names)\n'
        'rule length:\n    input: "in/{name}.txt"\n    output: "snake/{name}.len"\n'
        '    shell: "wc -c < {input} > {output}"\n'
    )
    return _timed(["snakemake", "-j2", "--quiet", "all"], folder)


def dvc(folder: Path) -> float:
    """One stage a file, as `foreach` has it."""
    if not (folder / ".dvc").exists():
        _timed(["dvc", "init", "--no-scm", "-q"], folder)
        for path in (folder / "in").iterdir():
            (folder / "dvc" / path.name).mkdir(parents=True, exist_ok=True)
    names = [
        str(path.relative_to(folder / "in").with_suffix("")) for path in folder.glob("in/*/*.txt")
    ]
    stage = {
        "foreach": sorted(names),
        "do": {
            "cmd": "wc -c < in/${item}.txt > dvc/${item}.len",
            "deps": ["in/${item}.txt"],
            "outs": ["dvc/${item}.len"],
        },
    }
    (folder / "dvc.yaml").write_text(json.dumps({"stages": {"length": stage}}))
    return _timed(["dvc", "repro", "-q"], folder)


def _timed(command: list[str], folder: Path) -> float:
    start = time.perf_counter()
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=LIMIT)
    return time.perf_counter() - start


PEERS = {
    "joblib.Memory": memory,
    "make": make,
    "ninja": ninja,
    "snakemake": snakemake,
    "dvc": dvc,
}
#: Seconds; see above.
PATIENCE = 20.0
LIMIT = 120.0
_slow: set[str] = set()


def peers(folder: Path, what: str) -> dict[str, float]:
    """Seconds of each peer that is here and was quick enough so far."""
    found = {}
    for name, run in PEERS.items():
        if name in _slow or (run is not memory and shutil.which(name) is None):
            continue
        found[f"{name}, {what}"] = seconds = run(folder)
        if seconds > PATIENCE:
            _slow.add(name)
    return found


def measure(n: int) -> list[dict[str, Any]]:
    with bench() as made:
        source = made.folder / "in"
        files(source, n)
        plain = loop(source, made.folder / "plain")
        told = {**peers(made.folder, "first run"), **peers(made.folder, "nothing to do")}
        time.sleep(2.1)  # files of the last two seconds are hashed once more: not what is asked
        ours = {}
        row, ours["first run"], _ = made.run(LINE, BODY)
        assert row.success == n, row
        row, ours["nothing to do"], _ = made.run(LINE, BODY)
        assert row.skipped == n, row
        row, ours["comment edited"], _ = made.run(LINE, "# why\n" + BODY)
        assert row.skipped == n, row
        change(source, n)
        told |= peers(made.folder, "1% changed")
        row, ours["1% changed"], _ = made.run(LINE, BODY)
        assert row.success == len(range(0, n, 100)), row
        shutil.rmtree(made.folder / "plain")
    told = {"plain loop, first run": plain, **told}
    told |= {f"jupyter-datum, {name}": s for name, s in ours.items()}
    return [
        {"what": what, "files": n, "s": s, "us a file": s / n * 1e6, "x plain loop": s / plain}
        for what, s in told.items()
    ]


def main() -> None:
    args = arguments(str(__doc__), "100,1000,10000,100000")
    show("small files", [row for n in args.sizes for row in measure(n)], args.json)


if __name__ == "__main__":
    main()
