"""One soak: rounds of edits, runs and harm, then a quiet end, then the reckoning."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil

from jupyter_datum.errors import DatumError, LedgerError
from jupyter_datum.ledger import requests
from jupyter_datum.ledger.queries import RunRow
from jupyter_datum.notebook.submit import request_run
from jupyter_datum.runner.client import runner_alive
from jupyter_datum.states import ENDED, RunStatus

from ..story import Story
from .harm import Harm
from .parts import Part, World

#: Seconds in which a round must have ended, whatever is done to it.
PATIENCE = 180.0
#: Bytes of the disk that a project lies on.
DISK = "160m"


class Stuck(AssertionError):
    """A run does not end."""


class Soak:
    """A project, what is done with it and what is done to it.

    Parameters
    ----------
    folder : Path
        Empty.
    seed : int
    engine : str
    harms : list of str, optional
        Only these; an empty list does no harm.
    rounds : int, optional
        Else by chance.
    rate : float
        Harms in a second.
    """

    def __init__(
        self,
        folder: Path,
        seed: int,
        engine: str,
        *,
        harms: list[str] | None = None,
        rounds: int | None = None,
        rate: float = 1.0,
    ) -> None:
        self.rng = rng = random.Random(seed)
        self.engine, self.rate = engine, rate
        self.rounds = rounds or rng.randint(2, 5)
        self.log, self.once = folder / "executed", folder / "once"
        self.once.mkdir()
        clock = folder / "clock"
        clock.write_bytes(bytes(8))
        os.environ["JUPYTER_DATUM_SOAK_CLOCK"] = str(clock)
        os.environ["JUPYTER_DATUM_IDLE_SECONDS"] = str(rng.choice((1, 600)))
        os.environ["PYTHONPATH"] = os.pathsep.join(
            [str(Path(__file__).parent / "clock"), str(Path(__file__).parents[2])]
        )
        self.disk = folder / "disk"
        self.disk.mkdir()
        self.mounted = _mount(self.disk)
        self.story = Story(self.disk)
        self.world = World(self.disk, rng)
        self.harm = Harm(self.story.project, rng, clock, disk=self.mounted)
        known = list(self.harm.kinds)
        self.kinds = known if harms is None else [kind for kind in known if kind in harms]
        self.pause = rng.choice((0.0, 0.1, 0.4, 0.8))
        #: Of each round: where its executions begin, whether files were edited in it, whether
        #: the disk was harmed.
        self.history: list[tuple[int, bool, bool]] = []
        self.lost_outputs: list[tuple[str, str]] = []
        self.rough: list[str] = []
        #: How often the runner had been killed when a dead one was last seen.
        self.dead_runner = 0

    def say(self, text: str) -> None:
        """Note what is done, for whoever looks for the cause of a problem."""
        self.harm.told.append(f"{time.strftime('%X')} {text}")

    # -- all of it -------------------------------------------------------------------------

    def play(self) -> None:
        """Work under harm, then finish in peace.

        Raises
        ------
        Stuck
        """
        for number in range(self.rounds):
            self.say(f"-- round {number + 1} of {self.rounds}")
            if number:
                self._edit()
            self._round()
        self.finish()

    def _edit(self) -> None:
        for _ in range(self.rng.randint(0, 6)):
            edit = self.rng.choice(self.world.edits())
            self.say(edit.__name__)
            edit()
        if self.rng.random() < 0.3 and (lost := self.world.lose_output()):
            self.lost_outputs.append(lost)
            self.say(f"lost {lost}")

    def _executed(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def _round(self) -> None:
        start = self._executed()
        editing = self.rng.random() < 0.3
        chosen = [part for part in self.world.parts if self.rng.random() < 0.8]
        pipeline = uuid.uuid4().hex if self.rng.random() < 0.4 else ""
        told = len(self.harm.told)
        runs = [run for part in chosen if (run := self.start(part, pipeline))]
        self._through(runs, editing=editing)
        self.harm.lift(all_of_it=True)
        harmed = any("disk (" in t or "read-only (" in t for t in self.harm.told[told:])
        self.history.append((start, editing, harmed))

    def start(self, part: Part, pipeline: str = "", more: str = "") -> str | None:
        """Ask for a run of a part as it stands; None if that was refused at once."""
        story = self.story
        story.namespace[f"items_{part.name}"] = list(part.items)
        line = f"{part.line(self.engine, self.rng)} {more}"
        body = part.cell(self.log, self.once, self.pause)
        try:
            with story.ledger() as conn:
                prepared = story.prepare(line, body, counted=False)
                run = request_run(conn, prepared, pipeline=pipeline)
        except DatumError as exc:
            self.say(f"{part.name} was refused: {exc}")
            return None
        except Exception as exc:
            self.rough.append(f"{part.name}: {type(exc).__name__}: {exc}")
            return None
        self.say(f"started {part.name} ({part.kind}) as {run[:8]}: {line}")
        return run

    # -- while runs go on ------------------------------------------------------------------

    def _through(self, runs: list[str], *, editing: bool, harming: bool = True) -> list[RunRow]:
        """See runs to their ends, with harm on the way."""
        end, last = time.monotonic() + PATIENCE, time.monotonic()
        quiet = time.monotonic() + self.rng.uniform(1, 12)
        open_runs = list(runs)
        rows: list[RunRow] = []
        while open_runs:
            time.sleep(0.03)
            now = time.monotonic()
            if now > end:
                raise Stuck(f"{[r[:8] for r in open_runs]} did not end in {PATIENCE:.0f} s")
            if harming and self.kinds and now < quiet:
                self._harm(now - last, open_runs, editing=editing)
            last = now
            self.harm.lift()
            with contextlib.suppress(LedgerError):  # the disk is full: it cannot be opened
                self._see(open_runs, rows)
                self._revive()
        return rows

    def _see(self, open_runs: list[str], rows: list[RunRow]) -> None:
        for run in list(open_runs):
            row = self._look(run)
            if row is not None:
                rows.append(row)
            if row is not None or self._refused(run):
                open_runs.remove(run)

    def _harm(self, seconds: float, runs: list[str], *, editing: bool) -> None:
        if self.rng.random() < self.rate * seconds:
            self.harm.begin(self.kinds)
        if editing and self.rng.random() < seconds:
            edit = self.rng.choice(self.world.file_edits())
            self.say(f"meanwhile {edit.__name__}")
            with contextlib.suppress(OSError):  # the disk is full for us too
                edit()
        if self.rng.random() < 0.15 * seconds and not self.harm.locked:
            kind = self.rng.choice(("pause", "cancel", "hold"))
            self._tell(kind, self.rng.choice(runs))

    def _tell(self, kind: str, run: str) -> None:
        self.say(f"{kind} {run[:8]}")
        try:
            self.story.tell(kind, run)
        except DatumError as exc:
            self.say(f"{kind} was refused: {exc}")
        except Exception as exc:
            self.rough.append(f"{kind}: {type(exc).__name__}: {exc}")

    def _look(self, run: str) -> RunRow | None:
        """The run's row if it has ended. One that is paused goes on when nothing is wrong."""
        row = self.story.row(run)
        if row is None:
            return None
        if row.status in ENDED:
            self.say(f"{row.name} {run[:8]} ended: {row.status} {row.message or ''}")
            return row
        if row.status == RunStatus.PAUSED and not self.harm.busy and self.rng.random() < 0.1:
            self._tell("resume", run)
        return None

    def _refused(self, run: str) -> bool:
        with self.story.ledger() as conn:
            state, answer = requests.answered(conn, run)
        if state == "refused" and self.story.row(run) is None:
            self.say(f"{run[:8]} was refused: {answer}")
            return True
        return False

    def _revive(self) -> None:
        """What a waiting cell does: see that a runner lives."""
        if not runner_alive(self.story.project, sys.executable) and not self.harm.busy:
            if self.harm.killed_runner == self.dead_runner and self._at_work():
                self.rough.append(f"the runner died by itself at {time.strftime('%X')}")
            self.dead_runner = self.harm.killed_runner
            self.say("a new runner")
            try:
                self.story.next_runner()
            except DatumError as exc:
                self.say(f"it did not start: {exc}")

    def _at_work(self) -> bool:
        with self.story.ledger() as conn:
            sql = "select exists (select 1 from run where ended is null)"
            return bool(conn.execute(sql).fetchone()[0])

    # -- the end ---------------------------------------------------------------------------

    def finish(self) -> None:
        """Run everything in peace until nothing is left to be done."""
        self.say("-- in peace")
        self.world.mend_files()
        self.history.append((self._executed(), False, False))
        for part in self.world.parts:
            for _ in range(5):
                run = self.start(part)
                rows = self._through([run] if run else [], editing=False, harming=False)
                if rows and rows[0].status == RunStatus.SUCCESS:
                    break
            else:
                raise Stuck(f"{part.name} does not come to a good end")
        for part in self.world.parts:
            run = self.start(part)
            (row,) = self._through([run] if run else [], editing=False, harming=False)
            if row.success or row.status != RunStatus.SUCCESS:
                raise AssertionError(f"{part.name} runs again though nothing changed: {row}")

    def stop_runner(self) -> None:
        """End the runner as a system does that shuts down."""
        runner = self.harm.runner()
        if runner is not None:
            runner.send_signal(signal.SIGTERM)
            psutil.wait_procs([runner], timeout=30)

    def close(self) -> None:
        """Leave nothing behind."""
        self.harm.lift(all_of_it=True)
        self.story.close()
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.disk)], check=False)
        shutil.rmtree(self.disk, ignore_errors=True)


def _mount(folder: Path) -> bool:
    """Give the project a disk of its own, if this user may."""
    if not sys.platform.startswith("linux"):
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
