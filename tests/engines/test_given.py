"""Clusters that the user gave: their workers are used, and left as they were found."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from jupyter_datum.engines import choose_engine, engine_class, given
from jupyter_datum.engines.base import Engine, EngineSettings, Late, Log, Returned
from jupyter_datum.errors import EngineError, UsageError
from jupyter_datum.events import Begun, Done, Failed
from jupyter_datum.notebook.clusters import engine_of
from jupyter_datum.runner.tail import ended_in

from ..story import eventually
from .conftest import Crew, Work, outcomes

distributed = pytest.importorskip("distributed")

ADD = "datum.value + 1"
#: Starts a process in a session of its own, says which, and dies.
STRAY = """
import os, pathlib, signal, subprocess
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
pathlib.Path(datum.value).write_text(str(child.pid))
os.kill(os.getpid(), signal.SIGSEGV)
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A Dask cluster of somebody else's: two workers with nannies."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster


def reach(work: Work, text: str, environment: dict[str, str] | None = None) -> Engine:
    choice = choose_engine(text)
    settings = EngineSettings(str(work.project.dir), environment or {}, choice.options)
    return engine_class(choice)(settings)


@pytest.fixture
def crew(cluster: Any, work: Work) -> Iterator[Crew]:
    with reach(work, cluster.scheduler_address, {"TOLD": "yes"}) as engine:
        crew = Crew(engine, work)
        yield crew
    crew.check()


def results(done: list[Done | Failed]) -> list[bytes]:
    return [record.result.data for record in done if isinstance(record, Done) and record.result]


GATE = '''
"""As dask-gateway does it: addresses of its own, and keys that only the cluster object holds."""
from distributed import Security
from distributed.comm.registry import backends
from distributed.comm.tcp import TCPBackend, TCPConnector


class Pass(Security):
    def __init__(self, word):
        self.word = word

    def get_connection_args(self, role):
        return {"word": self.word}


class Connector(TCPConnector):
    async def connect(self, address, deserialize=True, **args):
        if args.pop("word", None) != "sesame":
            raise OSError("the gate is closed")
        return await super().connect(address, deserialize, **args)


class GateBackend(TCPBackend):
    def get_connector(self):
        return Connector()


backends["gate"] = GateBackend()
'''


def test_a_cluster_object_with_addresses_and_keys_of_its_own(
    cluster: Any, work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "datum_gate.py").write_text(GATE)
    monkeypatch.syspath_prepend(tmp_path)
    gate = importlib.import_module("datum_gate")
    address = cluster.scheduler_address.replace("tcp://", "gate://")
    given = SimpleNamespace(scheduler_address=address, security=gate.Pass("sesame"))
    text = engine_of("$given", {"given": given})
    assert text.startswith(f"{address}#") and "sesame" not in text
    kept = Path(choose_engine(text).options["security"]["credentials"])
    assert kept.stat().st_mode & 0o077 == 0
    # The runner is another process: it knows nothing of all this.
    backends = importlib.import_module("distributed.comm.registry").backends
    del backends["gate"], sys.modules["datum_gate"]
    with reach(work, text) as engine:
        crew = Crew(engine, work)
        (worker,) = crew.start(1)
        answer = crew.answer(crew.send(worker, work.transform(ADD), [1]))
        assert results(outcomes(answer)) == [b"2"]
    kept.write_bytes(b"another")
    with reach(work, text) as engine, pytest.raises(EngineError, match="run the cell again"):
        engine.start(1)
        while True:
            engine.events(1)


def test_its_workers_do_sets_in_the_order_sent(crew: Crew) -> None:
    workers = crew.start(2)
    recipe = crew.work.transform(ADD)
    sets = [crew.send(workers[n % 2], recipe, [n], first=n) for n in range(20)]
    for n, set_id in enumerate(sets):
        assert results(outcomes(crew.answer(set_id))) == [b"%d" % (n + 1)]
    for k in (0, 1):
        mine = [set_id for set_id in crew.returned() if crew.sent[set_id] == workers[k]]
        assert mine == sorted(mine)
    assert sorted(crew.work.executed()) == list(range(20))


#: Says how it finds the process, then leaves it in a mess.
MESS = """
import os, random, time, warnings
found = [os.environ["TOLD"], os.environ.get("LEFT"), os.getcwd(), os.umask(0o77)]
found.append(warnings.filters[0][0] == "error")
if datum.value != 1: open("dice", "a").write(f"{random.random()} ")
os.environ["LEFT"] = "x"
os.chdir("/")
warnings.simplefilter("error")
random.seed(1)
time.sleep(0.01)
found
"""


def test_a_worker_is_left_as_it_was_found(cluster: Any, crew: Crew) -> None:
    def state() -> tuple[object, ...]:
        import os
        import sys
        import warnings

        from jupyter_datum.engines import guest

        mask = os.umask(0)
        os.umask(mask)
        return (
            os.getpid(), os.getcwd(), sys.path, dict(os.environ), os.getpgrp(), mask,
            warnings.filters[:], sorted(guest._guests),
        )  # fmt: skip

    with distributed.Client(cluster, set_as_default=False) as client:
        before = client.run(state)
        (worker,) = crew.start(1)
        recipe = crew.work.transform(MESS)
        answer = crew.answer(crew.send(worker, recipe, [0, 1]))
        here = os.fsencode(crew.work.project.root)
        clean = b'["yes",null,"%s",18,false]' % here
        assert results(outcomes(answer)) == [clean] * 2, "the second datum finds it clean too"
        again = crew.answer(crew.send(worker, recipe, [2], first=2))
        assert results(outcomes(again)) == [clean]
        seen = (crew.work.project.root / "dice").read_text().split()
        assert len(set(seen)) == 2, "each set has random numbers of its own"
        crew.engine.close()
        after = client.run(state)
        for address, there in before.items():
            assert list(map(str, after[address])) == list(map(str, there))


def test_a_worker_of_the_user_is_never_taken_for_worn(crew: Crew) -> None:
    """It may hold more than our datums."""
    (worker,) = crew.start(1)
    recipe = crew.work.transform(ADD)
    for first in (0, 4):
        answer = crew.answer(crew.send(worker, recipe, range(4), first=first, most=3, memory=1))
        assert len(outcomes(answer)) == 4 and not answer.worn


def test_what_is_printed_is_kept(crew: Crew) -> None:
    (worker,) = crew.start(1)
    done = outcomes(crew.answer(crew.send(worker, crew.work.transform("print('hi')"), [0])))
    log = crew.work.project.worker_log("0" * 32, 1, worker).read_bytes()
    assert [d.log and log[d.log.offset : d.log.offset + d.log.length] for d in done] == [b"hi\n"]


def test_a_killed_worker_comes_back_by_its_nanny_under_another_name(crew: Crew) -> None:
    workers = crew.start(2)
    recipe = crew.work.transform("import time\ntime.sleep(datum.value)")
    crew.send(workers[0], recipe, [600], first=0)
    crew.work.until_executed(0)
    crew.engine.kill(workers[0])
    assert crew.cause(workers[0]) == "killed by SIGKILL"
    crew.until(lambda: len(crew.up()) == 2, within=100)
    (fresh,) = set(crew.up()) - set(workers)
    assert outcomes(crew.answer(crew.send(fresh, recipe, [0], first=1)))
    assert outcomes(crew.answer(crew.send(workers[1], recipe, [0], first=2)))
    assert sorted(crew.work.executed()) == [0, 1, 2]


def test_a_death_takes_no_other_worker_along(crew: Crew) -> None:
    workers = crew.start(2)
    recipe = crew.work.transform("import os\nos._exit(3) if datum.value else 'fine'")
    fatal = crew.send(workers[0], recipe, [0, 1, 0], first=0)
    after = crew.send(workers[0], recipe, [0], first=3)
    assert crew.cause(workers[0]) == "exited with code 3", "as its nanny has seen it"
    last = crew.work.journal(workers[0])[-1]
    assert isinstance(last, Begun)
    assert (last.set_id, last.position) == (fatal, 1)
    crew.until(lambda: len(crew.up()) == 2, within=100)
    for n, worker in enumerate(crew.up(), 4):
        assert outcomes(crew.answer(crew.send(worker, recipe, [0], first=n)))
    assert {fatal, after}.isdisjoint(crew.returned())
    executed = crew.work.executed()
    assert len(executed) == len(set(executed))


def test_scale_uses_more_or_fewer_and_ends_none(cluster: Any, crew: Crew) -> None:
    with distributed.Client(cluster, set_as_default=False) as client:
        before = client.run(os.getpid)
        first = crew.start(1)
        both = crew.start(2)
        assert set(first) < set(both)
        assert len(crew.start(1)) == 1
        assert crew.start(0) == []
        (again,) = crew.start(1)
        assert again not in both
        assert outcomes(crew.answer(crew.send(again, crew.work.transform(ADD), [1])))
        assert client.run(os.getpid) == before


def test_nobody_waits_any_more_for_what_a_worker_is_at(crew: Crew) -> None:
    """As when the runner is killed: its lock is free then. The worker itself stays."""
    (worker,) = crew.start(1)
    root = crew.work.project.root
    waits = STRAY.replace("os.kill(os.getpid(), signal.SIGSEGV)", "child.wait()")
    recipe = crew.work.transform(waits)
    crew.send(worker, recipe, [str(root / "one"), "two"])
    assert eventually(
        lambda: (root / "one").exists() and (root / "one").stat().st_size > 0, within=60
    )
    stray = int((root / "one").read_text())
    crew.engine.close()
    assert eventually(lambda: not psutil.pid_exists(stray), within=60)
    with reach(crew.work, str(crew.engine.settings.options["address"])) as engine:
        after = Crew(engine, crew.work)
        for n, there in enumerate(after.start(2), 2):
            assert outcomes(after.answer(after.send(there, crew.work.transform("1"), [0], first=n)))
    assert crew.work.executed()[:1] == [0] and 1 not in crew.work.executed()
    assert [type(r) for r in crew.work.journal(worker) if r.position == 0] == [Begun]


def test_a_worker_without_a_nanny_is_left_alone_and_used_again_later(work: Work) -> None:
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, protocol="tcp://",
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        reach(work, cluster.scheduler_address) as engine,
    ):  # fmt: skip
        crew = Crew(engine, work)
        (worker,) = crew.start(1)
        gate = work.project.root / "gate"
        recipe = work.transform(
            "import os, time\nwhile not os.path.exists(datum.value): time.sleep(0.01)"
        )
        late = crew.send(worker, recipe, [str(gate)])
        work.until_executed(0)
        engine.kill(worker)
        assert "no nanny" in crew.cause(worker)
        assert any("left alone" in event.text for event in crew.all(Log))
        gate.touch()
        crew.until(lambda: len(crew.up()) == 1)
        (again,) = crew.up()
        assert outcomes(crew.answer(crew.send(again, recipe, [str(gate)], first=1)))
        assert late not in crew.returned()
        (told,) = crew.all(Late)
        assert (told.set_id, ended_in(told.data)) == (late, 1)
        crew.check()


def test_a_lost_scheduler_is_said_and_workers_are_down(work: Work, monkeypatch: Any) -> None:
    from jupyter_datum.engines import dask_given

    monkeypatch.setattr(dask_given, "_CONNECT_SECONDS", 1.0)
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    )
    with closing(cluster), reach(work, cluster.scheduler_address) as engine:
        crew = Crew(engine, work)
        (worker,) = crew.start(1)
        cluster.close()
        assert "cluster" in crew.cause(worker), "it was at nothing"
        engine.scale(1)
        with pytest.raises(EngineError, match=r"tcp://.*cannot be reached"):
            crew.until(lambda: False)


def test_workers_are_down_once_the_cluster_that_was_lost_is_back(crew: Crew) -> None:
    """Until then the one at work may go on: what it has begun is not sent to another."""
    workers = crew.start(2)
    gate = crew.work.project.root / "gate"
    recipe = crew.work.transform(
        "import os, time\nwhile not os.path.exists(datum.value): time.sleep(0.01)"
    )
    crew.send(workers[0], recipe, [str(gate)])
    crew.work.until_executed(0)
    assert isinstance(crew.engine, given.GivenEngine) and crew.engine._post is not None
    crew.engine._happened.put(given.PostLost(crew.engine._post, "it is cut off"))
    assert crew.cause(workers[1]) == "lost with its cluster: it is cut off", "it was at nothing"
    assert workers[0] in crew.up() and not crew.all(Returned)
    assert crew.cause(workers[0]) == "lost with its cluster: it is cut off"
    gate.touch()
    crew.until(lambda: len(crew.up()) == 2)
    for n, worker in enumerate(crew.up(), 1):
        assert outcomes(crew.answer(crew.send(worker, recipe, [str(gate)], first=n)))
    assert sorted(crew.work.executed()) == [0, 1, 2]


def test_a_cluster_in_which_nobody_is_left_is_said(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody came in the time to start; and the last one went, which has no nanny."""
    options = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "processes": False}
    with distributed.LocalCluster(n_workers=0, protocol="tcp://", **options) as cluster:
        choice = choose_engine(cluster.scheduler_address)
        settings = EngineSettings(str(work.project.dir), {}, choice.options, start_within=0.5)
        with engine_class(choice)(settings) as engine:
            engine.start(1)
            with pytest.raises(EngineError, match=r"has no worker after 0.5 s; start some"):
                Crew(engine, work).until(lambda: False)
        monkeypatch.setattr(given, "_EMPTY_SECONDS", 0.7)
        with reach(work, cluster.scheduler_address) as engine:
            cluster.scale(1)
            crew = Crew(engine, work)
            (worker,) = crew.start(1)
            cluster.scale(0)
            assert "no longer in the cluster" in crew.cause(worker)
            with pytest.raises(EngineError, match=r"has no worker after 0.7 s"):
                crew.until(lambda: False)


def test_an_address_where_nobody_answers_is_said(work: Work, monkeypatch: Any) -> None:
    from jupyter_datum.engines import dask_given

    monkeypatch.setattr(dask_given, "_CONNECT_SECONDS", 0.5)
    with reach(work, "tcp://127.0.0.1:9") as engine:
        engine.start(1)
        with pytest.raises(EngineError, match=r"tcp://127.0.0.1:9.*cannot be reached"):
            Crew(engine, work).until(lambda: False)


def test_an_option_that_it_does_not_know_is_refused(work: Work) -> None:
    with pytest.raises(UsageError, match="colour"):
        from jupyter_datum.engines.dask_given import GivenDaskEngine

        GivenDaskEngine(EngineSettings(str(work.project.dir), {}, {"colour": "red"}))
