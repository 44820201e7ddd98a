"""What every engine promises (`jupyter_datum.engines.base`), held against real workers."""

from __future__ import annotations

import sys
import time

import psutil
import pytest

from jupyter_datum.engines import ENGINES, get_engine, known_engines
from jupyter_datum.engines.base import Down, Engine, EngineSettings, Refused
from jupyter_datum.errors import EngineError, EngineNotInstalledError, UnknownEngineError
from jupyter_datum.events import Begun, Done, Failed

from .conftest import Crew, Work, outcomes

ADD = "datum.value + 1"
#: A cell that does what the datum's value says.
DO = "import ctypes, os, signal, subprocess, sys, time\nexec(datum.value)"


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def values(done: list[Done | Failed]) -> list[bytes]:
    assert all(isinstance(record, Done) for record in done), done
    return [record.result.data for record in done if isinstance(record, Done) and record.result]


def test_each_set_comes_back_once_with_a_record_for_each_datum(crew: Crew) -> None:
    workers = crew.start(crew.most)
    recipe = crew.work.transform(ADD)
    sets = [
        crew.send(workers[n % len(workers)], recipe, [n * 10, n * 10 + 1], first=2 * n)
        for n in range(8)
    ]
    for n, set_id in enumerate(sets):
        assert values(outcomes(crew.answer(set_id))) == [b"%d" % (n * 10 + k) for k in (1, 2)]
    assert sorted(crew.work.executed()) == list(range(16))


def test_sets_of_a_worker_are_executed_in_the_order_sent(crew: Crew) -> None:
    (worker, *_) = crew.start(1)
    recipe = crew.work.transform(ADD)
    sets = [crew.send(worker, recipe, [n], first=n) for n in range(10)]
    crew.answer(sets[-1])
    assert list(crew.returned()) == sets
    assert crew.work.executed() == list(range(10))


def test_records_come_back_as_they_stand_in_the_journal(crew: Crew) -> None:
    (worker, *_) = crew.start(1)
    recipe = crew.work.transform(ADD)
    first = crew.answer(crew.send(worker, recipe, [1, 2]))
    second = crew.answer(crew.send(worker, recipe, [3], first=2))
    assert (first.start, first.stop) == (0, second.start)
    assert outcomes(first) + outcomes(second) == [
        record for record in crew.work.journal(worker) if not isinstance(record, Begun)
    ]


def test_a_large_set_arrives_whole(crew: Crew) -> None:
    (worker, *_) = crew.start(1)
    recipe = crew.work.transform("len(datum.value)")
    answer = crew.answer(crew.send(worker, recipe, ["x" * 1_000_000] * 3))
    assert values(outcomes(answer)) == [b"1000000"] * 3


def test_variables_are_set_before_the_first_import(crew: Crew) -> None:
    """The interpreter's own look at its environment is from before any import."""
    (worker, *_) = crew.start(1)
    recipe = crew.work.transform(
        "raw = open('/proc/self/environ', 'rb').read() if datum.value else b'OMP_NUM_THREADS=3'\n"
        "'OMP_NUM_THREADS=3' in raw.decode(errors='replace').split('\\0')"
    )
    answer = crew.answer(crew.send(worker, recipe, [sys.platform == "linux"]))
    assert values(outcomes(answer)) == [b"true"]


def test_a_worker_leads_its_own_process_group(crew: Crew) -> None:
    (worker, *_) = crew.start(1)
    recipe = crew.work.transform("import os\n[os.getpid(), os.getpgrp()]")
    pid = crew.pid(worker)
    answer = crew.answer(crew.send(worker, recipe, [0]))
    assert values(outcomes(answer)) == [b"[%d,%d]" % (pid, pid)]


# -- what user code does to a datum ------------------------------------------------------------

HOSTILE = {
    "raise ValueError('no')": ("ValueError", "cell"),
    "raise ValueError('y' * 10**7)": ("ValueError", "cell"),
    "raise KeyboardInterrupt": ("KeyboardInterrupt", "cell"),
    "raise GeneratorExit": ("GeneratorExit", "cell"),
    "sys.exit(3)": ("SystemExit", "cell"),
    "def f(): f()\nf()": ("RecursionError", "cell"),
    "raise type('Odd', (Exception,), {'__init__': lambda s, a, b: None})(1, 2)": ("Odd", "cell"),
    "raise type('Mute', (Exception,), {'__str__': lambda s: 1 / 0})()": ("Mute", "cell"),
    "raise type('Blind', (Exception,), {'__repr__': lambda s: exit()})()": ("Blind", "cell"),
    "raise UnicodeError('\\udcff\\ud800')": ("UnicodeError", "cell"),
    "raise BaseExceptionGroup('all', [SystemExit(1)])": ("BaseExceptionGroup", "cell"),
    "answer = (x for x in [])": ("TypeError", "result"),
    "import threading; answer = threading.Lock()": ("TypeError", "result"),
    "answer = type('Trap', (), {'__reduce__': lambda s: sys.exit(4)})()": ("SystemExit", "result"),
    "answer = []\nfor _ in range(10**6): answer = [answer]": ("PicklingError", "result"),
    "datum.metrics['x'] = 2**70": ("OverflowError", "result"),
    "datum.metrics['x'] = object()": ("TypeError", "result"),
    "os.symlink('/etc/passwd', datum.out / 'x')": ("OutputError", "output"),
}


def test_nothing_that_user_code_raises_or_returns_harms_its_neighbours(crew: Crew) -> None:
    (worker, *_) = crew.start(1)
    recipe = crew.work.transform(
        "import os, sys\nanswer = None\nscope = {'datum': datum, 'os': os, 'sys': sys}\n"
        "exec(datum.value, scope)\nscope.get('answer')"
    )
    codes = [code for hostile in HOSTILE for code in (hostile, "answer = 'fine'")]
    answer = crew.answer(crew.send(worker, recipe, codes))
    done = outcomes(answer)
    assert values(done[1::2]) == [b'"fine"'] * len(HOSTILE)
    found = {}
    for code, record in zip(HOSTILE, done[::2], strict=True):
        assert isinstance(record, Failed), (code, record)
        found[code] = (record.failure.type.rpartition(".")[2], record.failure.phase)
    assert found == HOSTILE
    bad = done[::2][list(HOSTILE).index("datum.metrics['x'] = object()")]
    assert isinstance(bad, Failed)
    assert bad.failure.message.startswith("the metric 'x' is <object ")
    assert len(answer.frames) < 400_000  # the text of ten megabytes among them
    assert crew.work.executed() == list(range(len(codes)))
    assert crew.up() == [worker]


def test_what_is_printed_is_kept_for_each_datum(crew: Crew) -> None:
    (worker, *_) = crew.start(1)
    recipe = crew.work.transform(DO)
    codes = ["print('one')", "pass", "print('three', file=sys.stderr); datum.log('four')"]
    done = outcomes(crew.answer(crew.send(worker, recipe, codes)))
    log = crew.work.project.worker_log("0" * 32, 1, worker).read_bytes()
    texts = [d.log and log[d.log.offset : d.log.offset + d.log.length] for d in done]
    assert texts[:2] == [b"one\n", None]
    assert sorted((texts[2] or b"").split()) == [b"four", b"three"]


# -- what user code does to its worker ---------------------------------------------------------

DEATHS = {
    "os.kill(os.getpid(), signal.SIGKILL)": "SIGKILL",
    "ctypes.string_at(0)": "SIGSEGV",
    "os._exit(3)": "code 3",
}


@pytest.mark.parametrize("code", DEATHS)
def test_a_death_is_named_and_takes_no_other_worker_along(crew: Crew, code: str) -> None:
    workers = crew.start(crew.most)
    recipe = crew.work.transform(DO)
    before = crew.send(workers[0], recipe, ["pass"], first=0)
    crew.answer(before)
    fatal = crew.send(workers[0], recipe, ["pass", code, "pass"], first=1)
    after = crew.send(workers[0], recipe, ["pass"], first=4)
    assert DEATHS[code] in crew.cause(workers[0])
    assert list(crew.returned()) == [before]
    last = crew.work.journal(workers[0])[-1]
    assert isinstance(last, Begun)
    assert (last.set_id, last.position) == (fatal, 2)
    assert {fatal, after}.isdisjoint(crew.returned())
    for worker in workers[1:]:
        assert outcomes(crew.answer(crew.send(worker, recipe, ["pass"], first=5)))
    (fresh,) = set(crew.start(crew.most)) - set(workers)
    assert outcomes(crew.answer(crew.send(fresh, recipe, ["pass"], first=6)))
    executed = crew.work.executed()
    assert len(executed) == len(set(executed))  # nothing ran twice


def test_an_idle_worker_that_dies_is_missed(crew: Crew) -> None:
    workers = crew.start(crew.most)
    psutil.Process(crew.pid(workers[0])).kill()
    assert "SIGKILL" in crew.cause(workers[0])
    assert crew.up() == workers[1:]


def test_set_sent_to_a_dead_worker_is_answered_by_its_down(crew: Crew) -> None:
    (worker, *_) = crew.start(1)
    psutil.Process(crew.pid(worker)).kill()
    set_id = crew.send(worker, crew.work.transform(ADD), [1])
    crew.cause(worker)
    crew.send(worker, crew.work.transform(ADD), [1])
    crew.events += crew.engine.events(0.1)
    assert set_id not in crew.returned()
    assert crew.all(Refused) == []


HANG = """
import ctypes, subprocess, sys
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
child = subprocess.Popen(sleep, start_new_session=True)
with open(datum.value, "w") as file:
    file.write(str(child.pid))
ctypes.PyDLL(None).usleep(600_000_000)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="usleep")
def test_kill_ends_a_call_that_holds_the_interpreter_and_its_grandchild(crew: Crew) -> None:
    workers = crew.start(crew.most)
    recipe = crew.work.transform(HANG)
    note = crew.work.project.root / "pid"
    crew.send(workers[0], recipe, [str(note)])
    # More than a pipe holds: who sends it waits for a worker that will not read any more.
    crew.send(workers[0], crew.work.transform(ADD), ["x" * 1_000_000], first=1)
    crew.work.until_executed(0)
    crew.until(lambda: note.exists() and note.read_text())
    grandchild = int(note.read_text())
    began = time.monotonic()
    crew.engine.kill(workers[0])
    assert "SIGKILL" in crew.cause(workers[0])
    pids = (crew.pid(workers[0]), grandchild)
    crew.until(lambda: not any(map(alive, pids)), within=began + 5 - time.monotonic())
    for worker in workers[1:]:
        answer = crew.answer(crew.send(worker, crew.work.transform(ADD), [1], first=2))
        assert values(outcomes(answer)) == [b"2"]
    assert sorted(crew.work.executed()) == ([0, 2] if workers[1:] else [0])


@pytest.mark.skipif(sys.platform != "linux", reason="a process's variables show only there")
def test_what_a_dead_worker_started_is_ended(crew: Crew) -> None:
    (worker, *_) = crew.start(1)
    note = crew.work.project.root / "pid"
    code = (
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
        f" start_new_session=True); open({str(note)!r}, 'w').write(str(child.pid)); os._exit(5)"
    )
    crew.send(worker, crew.work.transform(DO), [code])
    assert "code 5" in crew.cause(worker)
    crew.until(lambda: not alive(int(note.read_text())), within=5)


# -- how many there are ------------------------------------------------------------------------


def test_scale_up_and_down_and_to_nothing(crew: Crew) -> None:
    recipe = crew.work.transform(ADD)
    first = crew.start(1)
    both = crew.start(crew.most)
    assert set(first) <= set(both)
    sets = [crew.send(worker, recipe, [n], first=n) for n, worker in enumerate(both)]
    for set_id in sets:
        crew.answer(set_id)
    assert len(crew.start(1)) == 1
    assert crew.start(0) == []
    (again,) = crew.start(1)
    assert again not in both
    assert outcomes(crew.answer(crew.send(again, recipe, [9], first=9)))
    assert sorted(crew.work.executed()) == [*range(len(both)), 9]


def test_a_busy_worker_goes_after_its_set(crew: Crew) -> None:
    (worker, *_) = crew.start(1)
    gate = crew.work.project.root / "gate"
    recipe = crew.work.transform(
        "import os, time\nwhile not os.path.exists(datum.value): time.sleep(0.01)"
    )
    set_id = crew.send(worker, recipe, [str(gate)])
    crew.work.until_executed(0)
    crew.engine.scale(0)
    refused = crew.send(worker, recipe, [str(gate)], first=1)
    crew.until(lambda: [event.set_id for event in crew.all(Refused)] == [refused])
    assert crew.up() == [worker]
    gate.touch()
    assert outcomes(crew.answer(set_id))
    crew.cause(worker)
    assert [type(event) for event in crew.events][-1] is Down
    assert crew.work.executed() == [0]


def test_close_leaves_no_process(crew: Crew) -> None:
    here = psutil.Process()
    before = {process.pid for process in here.children(recursive=True)}
    workers = crew.start(crew.most)
    recipe = crew.work.transform("import time\ntime.sleep(600)")
    crew.send(workers[0], recipe, [0])
    crew.work.until_executed(0)
    crew.engine.close()
    left = [p for p in here.children(recursive=True) if p.pid not in before and alive(p.pid)]
    assert left == []


# -- the registry ------------------------------------------------------------------------------


def test_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownEngineError, match=r"'rya'.*serial, joblib, dask, ipyparallel"):
        get_engine("rya")


@pytest.mark.parametrize("name", known_engines())
def test_an_engine_bears_the_name_it_is_registered_under(name: str) -> None:
    try:
        engine = get_engine(name)
    except EngineNotInstalledError as exc:
        pytest.skip(str(exc))
    assert issubclass(engine, Engine)
    assert engine.name == name


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "lost", "jupyter_datum_lost_package.engine:Engine")
    with pytest.raises(EngineNotInstalledError, match=r"jupyter_datum_lost_package.*\[lost\]"):
        get_engine("lost")


def test_what_is_registered_and_no_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "odd", "json:dumps")
    with pytest.raises(EngineError, match="not an engine"):
        get_engine("odd")


@pytest.mark.parametrize("name", known_engines())
def test_an_unknown_option_is_refused(name: str, work: Work) -> None:
    from jupyter_datum.errors import UsageError

    try:
        engine = get_engine(name)
    except EngineNotInstalledError as exc:
        pytest.skip(str(exc))
    with pytest.raises(UsageError, match="colour"):
        engine(EngineSettings(str(work.project.dir), {}, {"colour": "red"}))
