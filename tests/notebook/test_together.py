"""Cells sent together run under one id; cells that a person starts do not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from jupyter_datum.notebook import together
from jupyter_datum.notebook.together import Together


class Clocks:
    """The front end's clock runs an hour ahead of the kernel's."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sent(self, at: float) -> datetime:
        return datetime(2026, 1, 1, 13) + timedelta(seconds=at)


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    found = Clocks()
    monkeypatch.setattr(together.time, "monotonic", found.monotonic)
    monkeypatch.delenv(together.PIPELINE, raising=False)
    return found


def run(clocks: Clocks, cells: Together, sent: float, began: float, ended: float) -> str:
    clocks.now = began
    cells.begin(clocks.sent(sent))
    found = cells.id
    clocks.now = ended
    cells.end()
    return found


def test_run_all_is_one_pipeline(clocks: Clocks) -> None:
    cells = Together()
    ids = [run(clocks, cells, 100 + i / 100, 100 + i * 5, 105 + i * 5) for i in range(4)]
    assert len(set(ids)) == 1
    assert run(clocks, cells, 140, 140, 141) != ids[0]


def test_cells_started_one_after_the_other_are_not(clocks: Clocks) -> None:
    cells = Together()
    first = run(clocks, cells, 100, 100, 103)
    assert run(clocks, cells, 104, 104, 107) != first


def test_whoever_executes_a_whole_notebook_names_it(
    clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(together.PIPELINE, "one")
    cells = Together()
    assert {run(clocks, cells, at, at, at + 1) for at in (100, 200)} == {"one"}
