"""The reckoning: files, ledger and the count of executions against the plain model."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from jupyter_datum.runner.watcher import MARK

from ..story import eventually
from .drive import Soak
from .parts import Part

#: What a run's folder may hold when it has ended.
_KEPT = {"plan", "states", "logs"}


class Said(NamedTuple):
    """A line of the cell's own account: where it stands, what was said, by which call."""

    at: int
    word: str
    who: str
    unit: int
    what: str


def problems(soak: Soak) -> list[str]:
    """Return what is wrong; the runner is ended on the way."""
    found = [
        f"fsck: {finding}"
        for finding in soak.story.findings()
        if not (soak.lost_outputs and " gone: " in finding.what)  # of a datum that is
    ]
    for part in soak.world.parts:
        found += [f"{part.name} ({part.kind}): {text}" for text in _part(soak, part)]
    found += _twice(soak)
    soak.stop_runner()
    return found + list(_left(soak)) + [f"rough: {text}" for text in soak.rough]


# -- what was made ---------------------------------------------------------------------------


def _part(soak: Soak, part: Part) -> Iterator[str]:
    wanted = soak.world.expected(part)
    results = soak.story.transform(part.name).results()
    order = list(wanted) if part.kind in ("items", "batch") else sorted(wanted)
    if list(results) != [wanted[key] for key in order]:
        yield f"results are {list(results)}, not {[wanted[key] for key in order]}"
    with soak.story.ledger() as conn:
        rows = conn.execute(
            "select o.path, d.gone is not null, d.key from output o join datum d on d.id = o.datum"
            " join transform t on t.id = d.transform where t.name = ?",
            (part.name,),
        ).fetchall()
    texts = sorted(f"{part.code} {digest}" for digest in wanted.values())
    made = sorted(Path(os.fsdecode(path)).read_text().strip() for path, gone, _ in rows if not gone)
    if made != texts:
        yield f"outputs hold {_less(made, texts)}, and lack {_less(texts, made)}"
    known = {os.fsdecode(path) for path, _, _ in rows}
    for path in soak.world.out(part).rglob("*"):
        if path.is_file() and str(path) not in known:
            yield f"{path.relative_to(soak.disk)} is nobody's"
    if part.above is not None:
        yield from _edges(soak, part, wanted)


def _less(some: list[str], others: list[str]) -> list[str]:
    return list((Counter(some) - Counter(others)).elements())


def _edges(soak: Soak, part: Part, wanted: dict[str, str]) -> Iterator[str]:
    with soak.story.ledger() as conn:
        found = conn.execute(
            "select down.key, up.key from edge e join datum down on down.id = e.down"
            " join datum up on up.id = e.up join transform t on t.id = down.transform"
            " where t.name = ? and down.gone is null",
            (part.name,),
        ).fetchall()
    edges = sorted((os.fsdecode(down), os.fsdecode(up)) for down, up in found)
    if edges != sorted((key, key) for key in wanted):
        yield f"edges are {edges}"


# -- what was executed -----------------------------------------------------------------------


def account(log: Path) -> list[Said]:
    """Read what the cells said."""
    found, at = [], 0
    for line in log.read_bytes().splitlines(keepends=True) if log.exists() else ():
        word, who, unit, what = line.decode().split(" ", 3)
        found.append(Said(at, word, who, int(unit), what.strip()))
        at += len(line)
    return found


def _twice(soak: Soak) -> list[str]:
    """Whose success was executed again, though nothing had been lost: only the last call of
    a process may have been, since that process may have been killed after it."""
    said = account(soak.log)
    last: dict[str, int] = {}
    for line in said:
        last[line.who] = max(line.unit, last.get(line.who, 0))
    lost = Counter(soak.lost_outputs)
    by_what: dict[str, list[Said]] = defaultdict(list)
    for line in said:
        by_what[line.what].append(line)
    return [
        f"executed again: {what} after {end}"
        for what, lines in by_what.items()
        for i, end in enumerate(lines)
        if end.word == "end" and end.unit < last[end.who]
        and any(later.word == "begin" for later in lines[i + 1 :])
        and not _excused(soak, end, lost)
    ]  # fmt: skip


def _excused(soak: Soak, end: Said, lost: Counter[tuple[str, str]]) -> bool:
    name, _, code, digest = end.what.split("|")
    if (name, f"{code} {digest}") in lost:
        return True
    number = max(i for i, (start, *_) in enumerate(soak.history) if start <= end.at)
    _, editing, harmed = soak.history[number]
    part = next(part for part in soak.world.parts if part.name == name)
    return harmed or (editing and part.reads_files)


# -- what is left ----------------------------------------------------------------------------


def _left(soak: Soak) -> Iterator[str]:
    folder = soak.story.project.dir
    if not eventually(lambda: not _marked(soak.story.project.uuid), within=15):
        yield f"processes are left: {_marked(soak.story.project.uuid)}"
    for run in (folder / "runs").iterdir():
        for path in run.iterdir():
            if path.name not in _KEPT:
                yield f"{path.relative_to(folder)} is left: {_listed(path)}"
    for path in folder.iterdir():
        if path.name.startswith(("token-", "reserve", "jobs", "ledger.sqlite-journal")):
            yield f"{path.name} is left"
    for path in (soak.disk / "out").rglob(".datum-staging/*"):
        if path.is_dir() and path.name != "failed" and not any(path.iterdir()):
            continue
        if path.name != "failed":
            yield f"{path.relative_to(soak.disk)} is left: {_listed(path)}"


def _listed(path: Path) -> list[str]:
    return sorted(p.name for p in path.iterdir())[:5] if path.is_dir() else []


def _marked(project: str) -> list[str]:
    """Processes that a runner of this project has started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                variables = (entry / "environ").read_bytes().split(b"\0")
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
            except OSError:
                continue
            if any(v.startswith(f"{MARK}={project}".encode()) for v in variables) and command:
                found.append(f"{entry.name} {command[-80:].decode(errors='replace')}")
    return found
