"""Workers that do not see the project's folder: what they begin, and when they stop."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from jupyter_datum.engines import far
from jupyter_datum.engines.courier import errand
from jupyter_datum.engines.worker import Session
from jupyter_datum.events import DatumSet, Done, Failed, SetReturn, frames, pack_set, unpack_return

from .conftest import RUN, Work
from .test_worker import SLOWLY, W, session

__all__ = ["session"]


def frames_of(answer: SetReturn) -> list[Any]:
    return [record for record, _ in frames(answer.frames) if isinstance(record, Done | Failed)]


def test_where_no_halt_is_seen_a_set_ends_after_a_while(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(far, "LONGEST", 0.5)
    session = far.FarSession(far.Teller("dask", "e"), recycles=False)
    recipe = work.transform(SLOWLY)
    for _ in range(2):  # the time of each set begins anew
        answer = session.run(work.set(W, recipe, range(50)))
        assert answer.status == "cut" and 1 <= len(frames_of(answer)) < 50
    session.leave()


def test_for_a_worker_that_does_not_see_the_folder_it_is_looked_whether_its_set_is_due(
    session: Session, work: Work
) -> None:
    recipe = work.transform("1")

    def status(datum_set: DatumSet) -> str | None:
        try:
            next(errand("e", pack_set(datum_set), set()))
        except StopIteration as end:
            return str(unpack_return(end.value).status)
        return None

    first, second = work.set(W, recipe, [0]), work.set(W, recipe, [0])
    work.project.halt(RUN).touch()
    assert status(first) == "refused"
    work.project.halt(RUN).unlink()
    assert status(first) is None, "nobody had claimed it"
    assert session.run(first).status == "refused"
    assert session.run(second).status == "done"
    assert status(second) == "refused", "taken back: somebody else has done it"
    shutil.rmtree(work.project.run(RUN))
    assert status(work.set(W, recipe, [0])) == "refused"
