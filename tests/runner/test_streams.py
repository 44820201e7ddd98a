"""Transforms that run at the same time: what follows what, and what waits for what."""

from __future__ import annotations

import uuid

import pytest

from jupyter_datum.ledger.queries import RunRow
from jupyter_datum.notebook.submit import request_run

from ..story import Story

#: A datum that waits until a file lets it go.
GATED = """
import os, time
while datum.value >= {gate} and not os.path.exists({path!r}):
    time.sleep(0.02)
"""


class Pipe:
    """Runs of one pipeline."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.id = uuid.uuid4().hex
        self.gate = story.folder / "gate"

    def start(self, line: str, body: str, *, gate: int | None = None) -> str:
        """Ask for a run; datums from `gate` on wait until the gate is opened."""
        if gate is not None:
            body = GATED.format(gate=gate, path=str(self.gate)) + body
        prepared = self.story.prepare(f"{line} --workers 1 --no-probe", body)
        with self.story.ledger() as conn:
            return request_run(conn, prepared, pipeline=self.id)

    def open(self) -> None:
        self.gate.touch()

    def ended(self, *runs: str) -> list[RunRow]:
        return [self.story.until(run, lambda row: row.ended is not None) for run in runs]


@pytest.fixture
def pipe(story: Story) -> Pipe:
    story.namespace["xs"] = list(range(30))
    return Pipe(story)


def once_each(story: Story) -> bool:
    """Whether nothing ran twice, in either transform."""
    return max(story.executions().values()) <= 2


def test_a_datum_starts_as_soon_as_the_one_that_it_needs_is_done(story: Story, pipe: Pipe) -> None:
    up = pipe.start("up -i $xs", "datum.out_file('.t').write_text('x')\ndatum.value", gate=12)
    low = pipe.start("low -i up", "[datum.value, datum.path.read_text()]")
    row = story.until(low, lambda row: row.success == 12, within=20)
    first = story.row(up)
    assert first is not None and first.ended is None and not row.planned
    pipe.open()
    one, two = pipe.ended(up, low)
    assert (one.success, two.success, two.status) == (30, 30, "success")
    assert two.note and "errors" not in two.note
    assert sorted(story.transform("low").results()) == [[i, "x"] for i in range(30)]
    assert not story.findings()
    again, more = pipe.ended(pipe.start("up -i $xs", "datum.value"), pipe.start("low -i up", "1"))
    assert (again.success, more.success) == (30, 30), "code changed: nothing is taken for done"
