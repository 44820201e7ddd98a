"""``python -m jupyter_datum.runner PROJECT INTERPRETER``: be the runner of a project."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from pathlib import Path

from ..ledger import db
from ..project import Project, find
from .client import start_runner
from .lastwords import print_forgivingly
from .lease import take_lock
from .loop import Runner
from .watching import waiting_for


def main(root: str, interpreter: str) -> int:
    """Run until there has been nothing to do for the idle time; 0 also if another one lives."""
    project = find(Path(root))
    if project is None:
        print(f"no project at {root!r}", file=sys.stderr)
        return 2
    lock = take_lock(project, interpreter)
    if lock is None:
        return 0  # somebody was faster
    print_forgivingly()
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Records come and go by thousands, and none of them is in a cycle: looking for cycles
    # after each few hundred of them costs a tenth of the runner's time.
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    with Runner(project, interpreter) as runner:
        signal.signal(signal.SIGTERM, lambda *_: runner.stop())
        runner.serve()
        stopped = runner.stopped
    os.close(lock)
    if not stopped:
        hand_on(project, interpreter)
    return 0


def hand_on(project: Project, interpreter: str) -> None:
    """Start the next runner if there is a request that nobody will answer, or a watch.

    A client that asked while this runner was ending (or draining, for one of another
    version) saw its lock and left it at that. Now that the lock is free nobody can.
    """
    if not project.ledger.exists():
        return
    with contextlib.closing(db.connect(project)) as conn:
        waiting = waiting_for(conn, interpreter)
    if waiting:
        start_runner(project, interpreter)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
