"""A project with real recipes and payloads, and an engine in somebody's hands."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.engines import choose_engine, engine_class, known_engines
from jupyter_datum.engines.base import Down, Engine, EngineSettings, Event, Refused, Returned, Up
from jupyter_datum.errors import EngineNotInstalledError
from jupyter_datum.events import (
    DatumSet,
    Done,
    Failed,
    Record,
    SetItem,
    SetReturn,
    frames,
    pack_set,
    unpack_return,
)
from jupyter_datum.hashing import encode_value
from jupyter_datum.project import Project, create
from jupyter_datum.transform.capture import capture
from jupyter_datum.transform.cell import Cell
from jupyter_datum.transform.payload import build_payload
from jupyter_datum.transform.recipe import Recipe, write_payload, write_recipe

RUN = "0" * 32
EPOCH = 1


class Work:
    """A project, and what is needed to have a cell run in it.

    Every cell of :meth:`transform` can call ``executed(datum)``: it adds a line to a file.
    """

    def __init__(self, root: Path) -> None:
        self.project: Project = create(root)
        self.out = root / "out"
        self.data = root / "data"
        self._executions = root / "executions"
        self._sets = 0
        for folder in ("j", "claims", "logs"):
            (self.project.run(RUN) / folder).mkdir(parents=True)

    def transform(self, body: str, **names: Any) -> str:
        """Record a cell, with the kernel's `names`; return its recipe's digest."""
        first = f"open({str(self._executions)!r}, 'a').write(f'{{datum.index}}\\n')\n"
        cell = Cell(first + body, "<cell>", 1)
        captured = capture(cell, names, self.project.root)
        recipe = Recipe(
            project=self.project.uuid,
            path=str(self.project.root),
            name="work",
            interpreter=sys.executable,
            sys_path=sys.path,
            cwd=str(self.project.root),
            input={"items": "none", "count": 0},
            out=str(self.out),
            options={},
            payload=write_payload(self.project, build_payload(cell, captured)),
            fingerprint="00" * 16,
            parts={},
            modules="",
            untracked=[],
            source=cell.body,
            filename=cell.filename,
            notebook=None,
            cell_id=None,
            python="",
        )
        return write_recipe(self.project, recipe)

    def executed(self) -> list[int]:
        """The index of each datum that was executed, in order."""
        if not self._executions.exists():
            return []
        return [int(line) for line in self._executions.read_text().split()]

    def until_executed(self, index: int, within: float = 60.0) -> None:
        """Wait until a datum has begun."""
        end = time.monotonic() + within
        while index not in self.executed():
            assert time.monotonic() < end, f"datum {index} was not begun in {within:g} s"
            time.sleep(0.01)

    def files(self, **contents: bytes) -> list[SetItem]:
        """One datum for each file, which is made."""
        self.data.mkdir(exist_ok=True)
        items = []
        for n, (name, content) in enumerate(contents.items()):
            (self.data / name).write_bytes(content)
            rel = name.encode()
            items.append(SetItem(n, 100 + n, rel, 1, (("in", rel, None),), None, {}))
        return items

    def set(self, worker: str, recipe: str, values: Any, **fields: Any) -> DatumSet:
        """A set of one datum for each of `values` (or of items as they are)."""
        self._sets += 1
        first = fields.pop("first", 0)
        items = [
            value
            if isinstance(value, SetItem)
            else SetItem(n, 100 + n, b"%020d" % n, 1, (), encode_value(value), {})
            for n, value in enumerate(values, first)
        ]
        header: dict[str, Any] = {
            "project_dir": str(self.project.dir),
            "run": RUN,
            "epoch": EPOCH,
            "worker": worker,
            "set_id": self._sets,
            "generation": 1,
            "recipe": recipe,
            "roots": {"in": os.fsencode(self.data)},
            "out": os.fsencode(self.out),
            "sync": True,
            "tries": 3,
            "seen": False,
            "failures": {},
            "most": 0,
            "memory": 0,
            "batch": 0,
            "heard": -1,
            "printed": 1 << 20,
        }
        return DatumSet(**{**header, **fields}, items=items)

    def journal(self, worker: str) -> list[Record]:
        """What a worker has journaled."""
        path = self.project.journal(RUN, EPOCH, worker)
        return [record for record, _ in frames(path.read_bytes())]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))  # the key
    root = tmp_path / "project"
    root.mkdir()
    return Work(root)


def outcomes(answer: SetReturn) -> list[Done | Failed]:
    """The outcome of each datum of a set that came back."""
    assert answer.status == "done"
    records = [record for record, _ in frames(answer.frames)]
    return [record for record in records if isinstance(record, Done | Failed)]


@dataclass
class Crew:
    """An engine, and all that it has reported."""

    engine: Engine
    work: Work
    events: list[Event] = field(default_factory=list)
    sent: dict[int, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.engine.name

    @property
    def most(self) -> int:
        """How many workers this engine can have, up to two."""
        return 1 if self.name == "serial" else 2

    def until(self, enough: Callable[[], Any], within: float = 60.0) -> None:
        """Take events until `enough` is true."""
        end = time.monotonic() + within
        while not enough():
            assert time.monotonic() < end, f"not within {within:g} s; so far: {self.events}"
            self.events += self.engine.events(0.5)

    def all(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def up(self) -> list[str]:
        """Workers that are up, oldest first."""
        down = {event.worker for event in self.all(Down)}
        return [event.worker for event in self.all(Up) if event.worker not in down]

    def pid(self, worker: str) -> int:
        (pid,) = [event.pid for event in self.all(Up) if event.worker == worker]
        assert pid is not None
        return int(pid)

    def start(self, n: int) -> list[str]:
        """Have `n` workers; return their names."""
        self.engine.scale(n) if self.events else self.engine.start(n)
        self.until(lambda: len(self.up()) == n)
        return self.up()

    def send(self, worker: str, recipe: str, values: Any, **fields: Any) -> int:
        """Send a set; return its id."""
        datum_set = self.work.set(worker, recipe, values, **fields)
        self.sent[datum_set.set_id] = worker
        self.engine.send(worker, datum_set.set_id, pack_set(datum_set))
        return datum_set.set_id

    def answer(self, set_id: int) -> SetReturn:
        """Wait for a set to come back."""
        self.until(lambda: set_id in self.returned())
        return self.returned()[set_id]

    def returned(self) -> dict[int, SetReturn]:
        return {event.set_id: unpack_return(event.data) for event in self.all(Returned)}

    def cause(self, worker: str) -> str:
        """Wait for a worker's end; return why."""
        self.until(lambda: worker not in self.up())
        (cause,) = [event.cause for event in self.all(Down) if event.worker == worker]
        return str(cause)

    def check(self) -> None:
        """What holds at any time: each set answered at most once, nothing after a Down."""
        answered = [event.set_id for event in self.events if isinstance(event, Returned | Refused)]
        assert len(answered) == len(set(answered))
        gone: set[str] = set()
        names: set[str] = set()
        for event in self.events:
            if isinstance(event, Up):
                assert event.worker not in names
                names.add(event.worker)
            if isinstance(event, Up | Down | Returned | Refused):
                assert event.worker not in gone
            if isinstance(event, Down):
                gone.add(event.worker)


@pytest.fixture(params=[*known_engines(), "joblib:multiprocessing"])
def crew(request: pytest.FixtureRequest, work: Work) -> Iterator[Crew]:
    try:
        choice = choose_engine(request.param)
        engine = engine_class(choice)(
            EngineSettings(str(work.project.dir), {"OMP_NUM_THREADS": "3"}, choice.options)
        )
    except EngineNotInstalledError as exc:
        pytest.skip(str(exc))
    crew = Crew(engine, work)
    yield crew
    engine.close()
    engine.close()  # twice is safe
    crew.check()
