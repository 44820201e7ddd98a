"""Publishes three datums, and may be killed anywhere: run by ``test_kill_points.py``.

``python -m tests.outputs.publish_child ROOT VERSION PUBLISHER``. It looks for two files
that are not there, so that a trace shows where making and where publishing begin.
"""

from __future__ import annotations

import os
import sys
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


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
