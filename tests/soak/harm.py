"""What happens to the processes, the disk, the ledger and the clock while runs go on.

Each harm begins, and is lifted when its time is over. What it did is told in one line.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from jupyter_datum.project import Project

Lift = Callable[[], None]


def nothing() -> None:
    """There is nothing to lift."""


class Harm:
    """Does harm to one project.

    Parameters
    ----------
    project : Project
    rng : Random
    clock : Path
        Of the double for time.
    disk : bool
        Whether the project lies on a disk of its own, which may be filled.
    """

    def __init__(self, project: Project, rng: random.Random, clock: Path, *, disk: bool) -> None:
        self._project, self._rng, self._clock = project, rng, clock
        self._now: list[tuple[float, str, Lift]] = []
        self.told: list[str] = []
        #: While the ledger is kept locked nobody else can write to it.
        self.locked = False
        self.killed_runner = 0
        self.kinds: dict[str, Callable[[], tuple[float, Lift] | None]] = {
            "kill a process": self._kill_child,
            "kill a worker": self._kill_worker,
            "kill the runner": self._kill_runner,
            "stop a process": self._stop_child,
            "stop the runner": self._stop_runner,
            "lock the ledger": self._lock,
            "move the clock": self._move_clock,
        }
        if disk:
            self.kinds["fill the disk"] = self._fill
            self.kinds["make the outputs read-only"] = self._read_only

    # -- as time goes by -------------------------------------------------------------------

    def begin(self, kinds: list[str]) -> None:
        """Do one of `kinds`, chosen by chance."""
        name = self._rng.choice(kinds)
        if any(name == other for _, other, _ in self._now):
            return
        done = self.kinds[name]()
        if done is not None:
            seconds, lift = done
            self.told.append(f"{time.strftime('%X')} {name} ({seconds:.1f} s)")
            self._now.append((time.monotonic() + seconds, name, lift))

    def lift(self, *, all_of_it: bool = False) -> list[str]:
        """End what has lasted its time; return the names."""
        now = time.monotonic()
        over = [row for row in self._now if all_of_it or row[0] <= now]
        for row in over:
            self._now.remove(row)
            row[2]()
        return [name for _, name, _ in over]

    @property
    def busy(self) -> bool:
        """Whether any harm lasts."""
        return bool(self._now)

    # -- processes -------------------------------------------------------------------------

    def runner(self) -> psutil.Process | None:
        """The runner, if one lives."""
        with contextlib.suppress(sqlite3.Error, psutil.Error, OSError):
            with contextlib.closing(sqlite3.connect(self._project.ledger)) as conn:
                rows = conn.execute("select pid from runner order by epoch desc").fetchall()
            process = psutil.Process(rows[0][0])
            if "jupyter_datum.runner" in process.cmdline():
                return process
        return None

    def _children(self) -> list[psutil.Process]:
        runner = self.runner()
        with contextlib.suppress(psutil.Error):
            return runner.children(recursive=True) if runner else []
        return []

    def _signal(self, process: psutil.Process | None, number: int) -> bool:
        if process is None:
            return False
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            self.told.append(f"  {number} to {process.pid} {' '.join(process.cmdline())[-60:]!r}")
            process.send_signal(number)
            return True
        return False

    def _any(self, found: list[psutil.Process]) -> psutil.Process | None:
        return self._rng.choice(found) if found else None

    def _kill_child(self) -> tuple[float, Lift] | None:
        killed = self._signal(self._any(self._children()), signal.SIGKILL)
        return (0, nothing) if killed else None

    def _kill_worker(self) -> tuple[float, Lift] | None:
        with contextlib.closing(sqlite3.connect(self._project.ledger)) as conn:
            rows = conn.execute(
                "select w.pid from worker w join run r on r.id = w.run"
                " where r.ended is null and w.state <> 'gone' and w.pid is not null"
            ).fetchall()
        pids = {pid for (pid,) in rows}
        workers = [process for process in self._children() if process.pid in pids]
        return (0, nothing) if self._signal(self._any(workers), signal.SIGKILL) else None

    def _kill_runner(self) -> tuple[float, Lift] | None:
        if not self._signal(self.runner(), signal.SIGKILL):
            return None
        self.killed_runner += 1
        return 0, nothing

    def _stop(self, process: psutil.Process | None, most: float) -> tuple[float, Lift] | None:
        if process is None or not self._signal(process, signal.SIGSTOP):
            return None

        def go_on() -> None:
            with contextlib.suppress(psutil.Error, ProcessLookupError):
                process.send_signal(signal.SIGCONT)

        return self._rng.uniform(0.2, most), go_on

    def _stop_child(self) -> tuple[float, Lift] | None:
        return self._stop(self._any(self._children()), 3.0)

    def _stop_runner(self) -> tuple[float, Lift] | None:
        return self._stop(self.runner(), 8.0)

    # -- the ledger, the disk, the clock -----------------------------------------------------

    def _lock(self) -> tuple[float, Lift] | None:
        conn = sqlite3.connect(self._project.ledger, isolation_level=None, timeout=0.5)
        try:
            conn.execute("begin immediate")
        except sqlite3.Error:
            conn.close()
            return None
        self.locked = True

        def unlock() -> None:
            conn.execute("rollback")
            conn.close()
            self.locked = False

        return self._rng.uniform(0.5, 9.0), unlock

    def _move_clock(self) -> tuple[float, Lift] | None:
        day = 86_400.0
        offset = self._rng.choice((day, -3_600.0, -400 * day, 3_600.0, 0.0))
        self._clock.write_bytes(struct.pack("d", offset))
        return 0, nothing

    def _fill(self) -> tuple[float, Lift] | None:
        filler = self._project.root / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 16))
        with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(512))
        return self._rng.uniform(0.5, 3.0), lambda: filler.unlink(missing_ok=True)

    def _read_only(self) -> tuple[float, Lift] | None:
        out = str(self._project.root / "out")
        os.makedirs(out, exist_ok=True)
        if subprocess.run(["mount", "--bind", out, out], check=False).returncode:
            return None
        subprocess.run(["mount", "-o", "remount,bind,ro", out], check=True)

        def writable() -> None:
            # Open files keep it from being unmounted at once; being lazy is enough.
            subprocess.run(["umount", "-l", out], check=True)

        return self._rng.uniform(0.5, 3.0), writable
