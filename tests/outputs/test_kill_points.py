"""Kills the publisher at every system call that writes, and looks at what is left.

The counters of strace are per system call, so each call is a loop of its own: the process
is killed on entering the first one after publishing has begun, then the second, ...

Publishers that do things in a wrong order must fail here: else this test proves nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from jupyter_datum.outputs.publish import roll_forward, sweep

from .publish_child import MAKING, NAMES, PUBLISHING, contents
from .world import World, record

pytestmark = pytest.mark.slow

HERE = Path(__file__).parents[2]
#: Calls that change something on disk. A '?' for what not every processor has.
WRITING = (
    "write", "pwrite64", "fsync", "fdatasync", "syncfs", "ftruncate", "openat",
    "?rename", "?renameat", "?renameat2", "?unlink", "?unlinkat", "?mkdir", "?mkdirat",
    "?rmdir",
)  # fmt: skip
LOOKING = ("?stat", "?newfstatat", "?access", "?faccessat", "?faccessat2", "?statx")


class Point(NamedTuple):
    """The n-th time, since the tracer came, that the process enters a system call."""

    call: str
    n: int


class Nursery:
    """Bears children that publish: see ``publish_child.py``."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.outputs.publish_child"],
            cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip

    def bear(self, line: str, tracer: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Have a child do what `line` says, under a tracer that takes its pid as last word."""
        end = threading.Timer(60, os.killpg, (self._process.pid, signal.SIGKILL))
        end.start()  # what hangs is an error, not a test without an end
        try:
            pid = self._ask(line)
            with subprocess.Popen([*tracer, pid], stderr=subprocess.PIPE, text=True) as strace:
                assert strace.stderr is not None
                attached = strace.stderr.readline()
                assert "attached" in attached, attached + strace.stderr.read()
                code = int(self._ask(""))
        finally:
            end.cancel()
        said = Path(f"{line.split(' ', 2)[2]}.out").read_text()
        return subprocess.CompletedProcess(line, code, said)

    def close(self) -> None:
        self._process.communicate(timeout=60)

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


class Stage:
    """One place on disk where a child publishes a version, again and again.

    Paths in the ledger are absolute, so every try happens in the same folder, put back
    as it was before.
    """

    def __init__(self, folder: Path, version: int, nursery: Nursery) -> None:
        self.version = version
        self._nursery = nursery
        self.root = folder / "project"
        self._saved = folder / "saved"
        self.root.mkdir(parents=True)
        self._prepare()
        shutil.copytree(self.root, self._saved, symlinks=True)

    def _prepare(self) -> None:
        """What stands there before: nothing, or the version before."""
        world = World(self.root)
        run = world.run(b"1")
        if self.version == 2:
            world.publish(run, *(world.make(run, d, contents(1, d)) for d in NAMES[1]))
            world.end(run)
            sweep(world.conn, world.out, None)
            world.run(b"2")
        world.conn.close()

    def put_back(self) -> None:
        shutil.rmtree(self.root)
        shutil.copytree(self._saved, self.root, symlinks=True)

    def publish(self, kind: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Have a child publish, under strace; its stdout is all that it said."""
        self.put_back()
        trace = str(self.root.parent / "trace")
        return self._nursery.bear(
            f"{self.version} {kind} {self.root}", ["strace", "-f", "-o", trace, *options, "-p"]
        )

    def trace(self, kind: str = "Publisher") -> list[str]:
        """The calls of a child that nothing happens to, one a line."""
        done = self.publish(kind, "-y", "-e", "trace=" + ",".join((*WRITING, *LOOKING)))
        assert done.returncode == 0, done.stdout
        lines = (self.root.parent / "trace").read_text(errors="replace").splitlines()
        return [line for line in lines if "+++ exited" not in line]

    def points(self, begin: str, kind: str = "Publisher") -> list[Point]:
        """Where it can be killed from `begin` on."""
        count: Counter[str] = Counter()
        found: list[Point] = []
        begun = False
        for line in self.trace(kind):
            begun = begun or begin in line
            call = re.sub(r"^\d+\s+", "", line).partition("(")[0]
            count[call] += 1
            if begun and (call != "openat" or "O_CREAT" in line) and f"?{call}" not in LOOKING:
                found.append(Point(call, count[call]))
        return found


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Stage]]:
    """Makes the stage of a version, once."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: nothing can be killed at a system call")
    if subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], check=False).returncode:
        pytest.skip("strace may not trace here (no ptrace)")
    nursery = Nursery()
    yield cache(lambda version: Stage(tmp_path_factory.mktemp(f"v{version}"), version, nursery))
    nursery.close()


# -- what must hold ----------------------------------------------------------------------------


def no_file_is_half(stage: Stage) -> Iterator[str]:
    """Right after the kill: whatever stands under a final name is whole."""
    possible: dict[str, set[bytes]] = {}
    for version in range(1, stage.version + 1):
        for datum in NAMES[version]:
            for name, content in contents(version, datum).items():
                possible.setdefault(name, set()).add(content)
    world = World(stage.root)
    for name, content in world.files().items():
        if content not in possible.get(name, ()):
            yield f"{name} is no file that was made, or half of one"
    world.conn.close()


def each_datum_is_old_or_new(world: World, newest: int) -> Iterator[str]:
    """After the recovery: a datum's success and its files are of one version."""
    expected: dict[str, bytes] = {}
    for datum, version in world.conn.execute("select id, version from datum where state = 2"):
        expected |= contents(version, datum)
        if world.conn.execute("select outputs from datum where id = ?", (datum,)).fetchone() != (
            len(NAMES[version][datum]),
        ):
            yield f"datum {datum} does not count its outputs"
    if newest == 2 and world.conn.execute("select count(*) from datum").fetchone() != (3,):
        yield "a datum is lost"
    if world.files() != expected:
        yield f"{sorted(world.files())} stand there, succeeded have {sorted(expected)}"


def violations(stage: Stage) -> list[str]:
    """What is wrong after a kill, a recovery, and the rest of the run."""
    found = list(no_file_is_half(stage))
    world = World(stage.root)
    run = world.last_run(epoch=2)
    roll_forward(world.conn, run, world.out, record(run))
    found += world.violations()
    found += each_datum_is_old_or_new(world, stage.version)
    if world.announced():
        found.append("the redo log is not empty")
    if not found:
        found += the_rest_can_run(world, stage.version)
    world.conn.close()
    return found


def the_rest_can_run(world: World, version: int) -> Iterator[str]:
    """What has not succeeded in this run is made again; the end is that of a run unharmed."""
    run = world.last_run(epoch=2)
    done = {row[0] for row in world.conn.execute("select id from datum where run = ?", (run.id,))}
    again = [world.make(run, d, contents(version, d), attempt=2) for d in NAMES[version]]
    verdicts = world.publish(run, *(done_ for done_ in again if done_.datum not in done))
    yield from (verdict.reason or "" for verdict in verdicts if not verdict.ok)
    world.end(run)
    sweep(world.conn, world.out, None)
    yield from world.violations()
    if world.files() != {k: v for d in NAMES[version] for k, v in contents(version, d).items()}:
        yield "the end is not that of a run unharmed"
    if world.staged():
        yield f"staging holds {world.staged()}"


def killed_at(stage: Stage, kind: str, point: Point) -> list[str]:
    """Kill a publisher there, and return what is wrong then."""
    # Not with --seccomp-bpf, though that is faster: strace 6.1 sends no signal then.
    signal = f"inject={point.call}:signal=KILL:when={point.n}"
    done = stage.publish(kind, "-e", f"trace={point.call}", "-e", signal)
    assert done.returncode != 0, f"{point} was not reached"
    return [f"{point.call} {point.n}: {wrong}" for wrong in violations(stage)]


# -- the tests -----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
def test_killed_at_any_call_nothing_is_lost_half_or_doubled(
    stage: Callable[[int], Stage], version: int
) -> None:
    here = stage(version)
    points = here.points(PUBLISHING)
    assert {point.call for point in points} >= {"pwrite64", "fdatasync", "fsync", "write"}
    assert len(points) > 30
    assert [wrong for point in points for wrong in killed_at(here, "Publisher", point)] == []


def test_killed_while_a_worker_stages_nothing_is_seen(stage: Callable[[int], Stage]) -> None:
    here = stage(2)
    before = here.points(MAKING)[: -len(here.points(PUBLISHING))]
    points = [p for p in before if p.call in ("write", "rename", "renameat", "rmdir")][::2]
    assert [wrong for point in points for wrong in killed_at(here, "Publisher", point)] == []


@pytest.mark.parametrize("kind", ["CommitsFirst", "RenamesFirst", "Forgetful"])
@pytest.mark.parametrize("version", [1, 2])
def test_a_publisher_in_a_wrong_order_is_caught(
    stage: Callable[[int], Stage], version: int, kind: str
) -> None:
    here = stage(version)
    calls = ("rename", "renameat", "unlink", "pwrite64", "fsync")
    points = [p for p in here.points(PUBLISHING, kind) if p.call in calls]
    points.sort(key=lambda p: calls.index(p.call))
    assert any(killed_at(here, kind, point) for point in points)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        ("pwrite64", "ENOSPC", "the disk is full"),
        ("pwrite64", "EIO", "cannot be written"),
        ("fdatasync", "EIO", "cannot be written"),
        ("fsync", "EIO", "cannot be published"),
        ("syncfs", "EIO", "cannot be published"),
        ("rename", "ENOSPC", "the disk is full"),
        ("mkdir", "ENOSPC", "the disk is full"),
        ("unlink", "EIO", "cannot be published"),
    ],
)
def test_an_error_of_the_disk_is_one_sentence_and_the_second_try_succeeds(
    stage: Callable[[int], Stage], call: str, error: str, says: str
) -> None:
    reached = 0
    for here in (stage(1), stage(2)):
        points = [point for point in here.points(PUBLISHING) if point.call == call]
        for point in points[:: max(1, len(points) // 4)]:
            inject = f"inject={call}:error={error}:when={point.n}"
            done = here.publish("Publisher", "-e", f"trace={call}", "-e", inject)
            reached += says in done.stdout
            assert done.returncode == 0, f"{point}: {done.stdout}"
            assert violations(here) == [], point
    assert reached


def test_bytes_reach_the_disk_before_the_ledger_says_so(stage: Callable[[int], Stage]) -> None:
    """A kill loses nothing that was written, but a power cut does: so look at the order."""
    for here in (stage(1), stage(2)):
        order = list(steps(here.trace()))
        first, last = order.index("ledger"), len(order) - 1 - order[::-1].index("ledger")
        assert "sync" in order[:first]
        renames = [i for i, step in enumerate(order) if step in ("rename", "unlink")]
        assert first < min(renames)
        assert "sync" in order[max(renames) : last]
        assert "rename" not in order[last:]


def steps(trace: list[str]) -> Iterator[str]:
    """The order of what matters: syncs of outputs, commits, renames and removals of outputs."""
    begun = False
    for line in trace:
        begun = begun or PUBLISHING in line
        call = re.sub(r"^\d+\s+", "", line).partition("(")[0]
        if not begun or "/.datum-fold" in line:
            continue
        if call == "fdatasync" and "ledger" in line:
            yield "ledger"
        elif call in ("fsync", "syncfs"):
            yield "sync"
        elif call in ("rename", "renameat", "unlink") and "= 0" in line:
            yield call.removesuffix("at")
