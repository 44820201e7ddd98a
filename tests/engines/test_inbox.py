"""Workers that take their sets from a folder: a child of ours, and a kernel that waits."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from jupyter_datum.engines.base import EngineSettings, Up
from jupyter_datum.engines.inbox import InboxWorker
from jupyter_datum.engines.serial import SerialEngine
from jupyter_datum.engines.worker import Session
from jupyter_datum.errors import EngineError
from jupyter_datum.events import Begun, Done, Failed, Record

from .conftest import EPOCH, RUN, Crew, Work, outcomes

# -- processes of ours -------------------------------------------------------------------------


@pytest.fixture
def child(work: Work) -> Iterator[Crew]:
    with SerialEngine(EngineSettings(str(work.project.dir))) as engine:
        crew = Crew(engine, work)
        crew.start(1)
        yield crew


def test_what_children_and_c_code_print_is_in_the_log(child: Crew) -> None:
    (name,) = child.up()
    body = "import os, subprocess\nos.write(2, b'c code\\n')\nsubprocess.run(['echo', 'child'])\n1"
    answer = child.answer(child.send(name, child.work.transform(body), [0]))
    (done,) = outcomes(answer)
    assert done.log is not None
    log = child.work.project.worker_log(RUN, EPOCH, name).read_bytes()
    assert log[done.log.offset :][: done.log.length] == b"c code\nchild\n"


def test_a_worker_that_cannot_keep_its_journal_ends(child: Crew) -> None:
    (name,) = child.up()
    body = (
        "import os, resource\n"
        "limit = os.path.getsize(datum.value) + 10\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))"
    )
    path = child.work.project.journal(RUN, EPOCH, name)
    child.send(name, child.work.transform(body), [str(path), str(path)])
    assert "records could not be written" in child.cause(name)
    assert [type(record) for record in child.work.journal(name)] == [Begun]
    assert child.work.executed() == [0]


def test_streams_and_folder_are_set_right_for_the_next_set(child: Crew) -> None:
    (name,) = child.up()
    spoil = "import os, sys\nos.chdir('/')\nos.close(1)\nsys.stdout = None"
    child.answer(child.send(name, child.work.transform(spoil), [0]))
    body = "import os\nos.system('echo fine')\nos.getcwd()"
    (done,) = outcomes(child.answer(child.send(name, child.work.transform(body), [1], first=1)))
    assert isinstance(done, Done)
    assert done.result is not None
    assert json.loads(done.result.data) == str(child.work.project.root)
    assert done.log is not None
    assert done.log.length == 5


# -- a kernel as the worker --------------------------------------------------------------------

KERNEL = """
import signal, sys, time
from pathlib import Path
from jupyter_datum.engines.worker import kernel_worker
worker = kernel_worker(Path(sys.argv[1]), Path(sys.argv[2]))
print("waits", flush=True)
while True:
    try:
        worker.step() or time.sleep(0.001)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


@pytest.fixture
def kernel(work: Work) -> Iterator[subprocess.Popen[str]]:
    folder = work.project.run(RUN)
    arguments = [str(folder / "inbox"), str(folder / "kernel")]
    process = subprocess.Popen(
        [sys.executable, "-c", KERNEL, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waits\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def beside(work: Work) -> Iterator[Crew]:
    """A serial engine that knows where a kernel would wait."""
    folder = work.project.run(RUN)
    options = {"inbox": str(folder / "inbox"), "lock": str(folder / "kernel")}
    with SerialEngine(EngineSettings(str(work.project.dir), {}, options)) as engine:
        yield Crew(engine, work)


PID = "import os\nos.getpid()"


def pid_of(record: Record) -> int:
    assert isinstance(record, Done), record
    assert record.result is not None
    return int(record.result.data)


def test_the_kernel_that_waits_is_the_worker(kernel: subprocess.Popen[str], beside: Crew) -> None:
    (name,) = beside.start(1)
    assert [event.pid for event in beside.all(Up)] == [None]  # nobody may kill it
    recipe = beside.work.transform(PID)
    for n in range(3):
        (done,) = outcomes(beside.answer(beside.send(name, recipe, [n], first=n)))
        assert pid_of(done) == kernel.pid


def test_without_a_kernel_a_child_is_the_worker(beside: Crew) -> None:
    (name,) = beside.start(1)
    (done,) = outcomes(beside.answer(beside.send(name, beside.work.transform(PID), [0])))
    assert pid_of(done) == beside.pid(name)


def test_when_the_kernel_dies_a_child_takes_over(
    kernel: subprocess.Popen[str], beside: Crew
) -> None:
    (name,) = beside.start(1)
    kernel.kill()
    kernel.wait()
    beside.send(name, beside.work.transform("1"), [0])
    assert "kernel" in beside.cause(name)
    (child,) = beside.start(1)
    (done,) = outcomes(beside.answer(beside.send(child, beside.work.transform(PID), [1], first=1)))
    assert pid_of(done) == beside.pid(child)
    assert beside.work.executed() == [1]


@pytest.mark.parametrize(
    "hangs",
    [
        "import time\ntime.sleep(600)",
        "while True:\n    pass",
        # Caught once; the next interrupt ends it.
        "import time\ntry:\n    time.sleep(600)\nexcept BaseException:\n    time.sleep(600)",
    ],
)
def test_a_kernel_is_not_killed_but_its_datum_interrupted(
    kernel: subprocess.Popen[str], beside: Crew, hangs: str
) -> None:
    (name,) = beside.start(1)
    beside.send(name, beside.work.transform(hangs), [0, 1])
    beside.send(name, beside.work.transform("1"), [2], first=2)
    beside.work.until_executed(0)
    beside.engine.kill(name)
    assert beside.cause(name) == "interrupted"
    assert kernel.poll() is None
    (again,) = beside.start(1)  # and works on
    (done,) = outcomes(beside.answer(beside.send(again, beside.work.transform(PID), [3], first=3)))
    assert pid_of(done) == kernel.pid
    assert beside.work.executed() == [0, 3]


def test_a_kernel_that_stands_in_a_call_into_c_is_left_alone(
    kernel: subprocess.Popen[str], beside: Crew
) -> None:
    (name,) = beside.start(1)
    beside.send(name, beside.work.transform("import ctypes\nctypes.PyDLL(None).sleep(600)"), [0])
    beside.work.until_executed(0)
    beside.engine.kill(name)
    assert "left alone" in beside.cause(name)
    assert kernel.poll() is None
    (child,) = beside.start(1)
    assert beside.pid(child) != kernel.pid


def test_an_interrupt_fails_the_datum_at_work_and_begins_no_other(
    kernel: subprocess.Popen[str], beside: Crew
) -> None:
    (name,) = beside.start(1)
    recipe = beside.work.transform("import time\ntime.sleep(datum.value)")
    set_id = beside.send(name, recipe, [0, 600, 0])
    beside.work.until_executed(1)
    kernel.send_signal(signal.SIGINT)
    first, second = outcomes(beside.answer(set_id))
    assert isinstance(first, Done)
    assert isinstance(second, Failed)
    assert second.failure.type == "KeyboardInterrupt"
    assert second.failure.transient
    assert beside.work.executed() == [0, 1]
    assert kernel.stdout is not None
    assert kernel.stdout.readline() == "interrupted\n"


def test_two_kernels_cannot_take_the_sets_of_one_run(
    kernel: subprocess.Popen[str], work: Work
) -> None:
    folder = work.project.run(RUN)
    with pytest.raises(EngineError, match="another kernel"):
        InboxWorker(folder / "inbox", Session(own=False), folder / "kernel")
