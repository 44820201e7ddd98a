"""Publishes three datums, and may be killed anywhere: run by ``test_kill_points.py``.

``python -m tests.outputs.publish_child`` imports everything once, and forks a child for each line
``VERSION PUBLISHER ROOT`` that it reads. It tells the child's pid, lets it go at the next line, and
tells its exit status at the end: a tracer has time to attach, and hundreds of tries import nothing.
A child looks for two files that are not there, so that a trace shows where making and where
publishing begin.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path

from jupyter_datum.errors import OutputError
from jupyter_datum.events import Done
from jupyter_datum.ledger.writes import RunKey
from jupyter_datum.outputs import disk
from jupyter_datum.outputs.publish import Commit, Publisher
from jupyter_datum.outputs.publish.judge import Judge
from jupyter_datum.outputs.publish.moves import Move

from .world import World, record

_PR_SET_PTRACER = 0x59616D61
MAKING, PUBLISHING = "/begin-making", "/begin-publishing"

#: version -> datum -> the files that it makes: one, four, one; then other ones.
NAMES: dict[int, dict[int, tuple[str, ...]]] = {
    1: {1: ("one",), 2: ("two/a", "two/b", "c", "two/deep/d"), 3: ("three",)},
    2: {1: ("one",), 2: ("two/a", "c", "e", "new/f"), 3: ("three/x",)},
}


def contents(version: int, datum: int) -> dict[str, bytes]:
    """What a version of the code makes of a datum: 6 KB a file, more than one page."""
    return {name: f"{version} {datum} {name} ".encode() * 500 for name in NAMES[version][datum]}


class CommitsFirst(Publisher):
    """Says success before the files stand at their names. Must be caught."""

    def _carry_out(self, moves: Sequence[Move]) -> None:
        self.late = moves

    def _conclude(self, judge: Judge, commit: Commit) -> None:
        super()._conclude(judge, commit)
        super()._carry_out(self.late)


class RenamesFirst(Publisher):
    """Renames before the redo log says so. Must be caught."""

    renamed = False

    def _announce(self, group: Sequence[Done], judge: Judge) -> Judge:
        self._sync(judge.fresh)
        super()._carry_out(judge.fresh)
        self.renamed = True
        return super()._announce(group, judge)

    def _sync(self, moves: Iterable[Move]) -> None:
        if not self.renamed:
            super()._sync(moves)


class Forgetful(Publisher):
    """Announces without the record of success. Must be caught."""

    def _announce(self, group: Sequence[Done], judge: Judge) -> Judge:
        judge = super()._announce(group, judge)
        self._conn.execute("update publishing set record = x''")
        return judge


PUBLISHERS = {c.__name__: c for c in (Publisher, CommitsFirst, RenamesFirst, Forgetful)}


def main(root: str, version: int, kind: str) -> None:
    if version == 2:
        disk.SYNC_ALL = 2  # type: ignore[misc]  # by syncfs, as larger groups are
    world = World(Path(root))
    row = world.conn.execute("select max(id), transform, version, epoch from run").fetchone()
    run = RunKey(*row)
    os.path.exists(MAKING)
    group = [world.make(run, datum, contents(version, datum)) for datum in NAMES[version]]
    os.path.exists(PUBLISHING)
    publisher = PUBLISHERS[kind](world.conn, run=run, out=world.out)
    for _ in range(3):
        try:
            verdicts = publisher.publish(group, record(run))
        except OutputError as exc:
            print(exc, flush=True)
        else:
            reasons = [v.reason for v in verdicts if not v.ok]
            print(*reasons, sep="\n", flush=True)
            os._exit(len(reasons))  # closing the ledger would only add points
    os._exit(100)


def child(go: int, root: str, version: int, kind: str) -> None:
    """Wait for the tracer, then publish; what it prints goes to a file beside `root`."""
    with contextlib.suppress(OSError, AttributeError):  # Yama lets nobody but ancestors attach
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
    told = os.open(f"{root}.out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(told, 1)
    os.dup2(told, 2)
    os.read(go, 1)
    try:
        main(root, version, kind)
    except BaseException:
        traceback.print_exc()
    os._exit(101)


def serve() -> None:
    """Fork children until there is no line left."""
    for line in sys.stdin:
        version, kind, root = line.rstrip("\n").split(" ", 2)
        waits, go = os.pipe()
        pid = os.fork()
        if pid == 0:
            child(waits, root, int(version), kind)
        print(pid, flush=True)
        sys.stdin.readline()
        os.write(go, b"1")
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
        os.close(waits)
        os.close(go)


if __name__ == "__main__":
    serve()
