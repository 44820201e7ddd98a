"""A project with one transform, and what workers do for it; also used by killed processes."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_datum.events import Done
from jupyter_datum.hashing import file_digest
from jupyter_datum.ledger import writes
from jupyter_datum.ledger.db import connect
from jupyter_datum.ledger.writes import RunKey
from jupyter_datum.outputs.publish import Publisher, Verdict
from jupyter_datum.outputs.staging import FOLDER, Staging
from jupyter_datum.project import Project, create
from jupyter_datum.states import RunStatus

Files = Mapping[str, bytes] | Mapping[bytes, bytes]


class World:
    """One project in a folder.

    Parameters
    ----------
    root : Path
        The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.project: Project = create(root)
        self.conn: sqlite3.Connection = connect(self.project)
        self.out = os.fsencode(root / "out")

    # -- the runner ----------------------------------------------------------------------

    def run(self, code: bytes, *, epoch: int = 1, name: str = "t", out: bytes = b"") -> RunKey:
        """A new run of the code `code` by the runner of `epoch`."""
        conn = self.conn
        transform = writes.transform_id(conn, name, None, None, out or self.out)
        version = writes.version_id(conn, transform, code, {}, "", "3.11", {})
        run = writes.create_run(
            conn,
            uuid=uuid.uuid4().hex,
            transform=transform,
            version=version,
            recipe="r" * 32,
            interpreter="python",
            engine="joblib",
            workers=1,
            options={},
            origin="cli",
            requested=1.0,
            epoch=epoch,
        )
        return RunKey(run, transform, version, epoch)

    def last_run(self, epoch: int) -> RunKey:
        """The newest run, taken over by the runner of `epoch`."""
        row = self.conn.execute("select max(id), transform, version from run").fetchone()
        key = RunKey(row[0], row[1], row[2], epoch)
        writes.take_over(self.conn, key)
        return key

    def end(self, run: RunKey) -> None:
        writes.end_run(self.conn, run, RunStatus.SUCCESS)

    def publisher(self, run: RunKey, **options: Any) -> Publisher:
        return Publisher(self.conn, run=run, out=options.pop("out", self.out), **options)

    def publish(self, run: RunKey, *dones: Done, **options: Any) -> list[Verdict]:
        publisher = self.publisher(run, **options)
        return publisher.publish(dones, record(run))

    # -- a worker ------------------------------------------------------------------------

    def staging(self, run: RunKey, worker: str = "w1", out: bytes = b"") -> Staging:
        return Staging(out or self.out, run.epoch, worker)

    def make(
        self, run: RunKey, datum: int, files: Files, *, attempt: int = 1, out: bytes = b""
    ) -> Done:
        """What a worker's attempt at `datum` gives, if its code writes `files`."""
        staging = self.staging(run, out=out)
        if files:
            write(Path(os.fsdecode(staging.folder)), files)
        return done(datum, run, attempt)._replace(
            outputs=tuple(staging.collect(datum, attempt)),
        )

    # -- what is there -------------------------------------------------------------------

    def files(self) -> dict[str, bytes]:
        """Everything under the output folder but staging: path -> content."""
        return dict(tree(Path(os.fsdecode(self.out))))

    def staged(self) -> list[str]:
        """Everything that is left in staging."""
        folder = Path(os.fsdecode(self.out)) / os.fsdecode(FOLDER)
        return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())

    def owned(self) -> dict[str, int]:
        """Path under the output folder -> datum that owns it."""
        rows = self.conn.execute("select path, datum from output")
        return {os.fsdecode(os.path.relpath(path, self.out)): datum for path, datum in rows}

    def violations(self) -> list[str]:
        """What is wrong with outputs: success without its files, files without a success."""
        found = []
        owned = set()
        for path, size, mtime, digest in self.conn.execute(
            "select path, size, mtime_ns, digest from output"
        ):
            owned.add(os.fsdecode(os.path.relpath(path, self.out)))
            try:
                status = os.lstat(path)
            except FileNotFoundError:
                found.append(f"{path!r} is recorded and gone")
                continue
            if (status.st_size, status.st_mtime_ns) != (size, mtime):
                found.append(f"{path!r} is recorded with another size or time")
            if file_digest(path) != digest:
                found.append(f"{path!r} is recorded with another content")
        found += [f"{path!r} is there and not recorded" for path in set(self.files()) - owned]
        found += [
            f"datum {datum} counts {counted} outputs and owns {n}"
            for datum, counted, n in self.conn.execute(
                "select d.id, d.outputs, count(o.path) from datum d"
                " left join output o on o.datum = d.id group by d.id"
                " having d.outputs <> count(o.path)"
            )
        ]
        orphans = "select count(*) from output where datum not in (select id from datum)"
        if self.conn.execute(orphans).fetchone()[0]:
            found.append("an output is recorded for a datum that is not")
        return found

    def announced(self) -> int:
        """How many steps stand in the redo log."""
        return int(self.conn.execute("select count(*) from publishing").fetchone()[0])


def record(run: RunKey) -> Any:
    """What a runner commits with a group."""

    def commit(conn: sqlite3.Connection, verdicts: list[Verdict]) -> None:
        writes.put_successes(conn, run, [(v.done, "w1") for v in verdicts if v.ok])

    return commit


def done(datum: int, run: RunKey, attempt: int = 1) -> Done:
    return Done(
        datum - 1, datum, b"in%d" % datum, attempt, run.epoch, 1, 5.0, 0.5, (), (), None, None,
        None, False,
    )  # fmt: skip


def write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        path = folder / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def tree(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and inside.parts[0] != os.fsdecode(FOLDER):
            yield str(inside), path.read_bytes()


def reasons(verdicts: list[Verdict]) -> list[str]:
    return [verdict.reason for verdict in verdicts if verdict.reason is not None]


def out(world: World) -> Path:
    return Path(os.fsdecode(world.out))


def sound(world: World) -> None:
    assert world.violations() == []
    assert world.announced() == 0
