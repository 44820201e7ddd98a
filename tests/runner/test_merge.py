"""A listing beside what is known: what is gone, and what this very run makes meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_datum.inputs.base import Listed
from jupyter_datum.ledger import db, writes
from jupyter_datum.project import create
from jupyter_datum.runner import merge
from jupyter_datum.runner.merge import Merge

from ..ledger.build import new_run, succeed


def _listed(*keys: int) -> Iterator[Listed]:
    return (Listed(b"%06d" % key, (), None, {}) for key in keys)


@pytest.mark.parametrize("held", [0, 1, 50_000], ids=["looked up", "too many", "in memory"])
@pytest.mark.parametrize("ordered", [True, False])
def test_what_a_run_makes_while_it_lists_is_not_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ordered: bool, held: int
) -> None:
    monkeypatch.setattr(merge, "_HELD", held)
    conn = db.connect(create(tmp_path))
    before = new_run(conn)
    first = writes.allocate_datums(conn, 5)
    succeed(conn, before, *range(first, first + 5))  # 1 to 5 are known
    run = new_run(conn)._replace(fresh=writes.allocate_datums(conn, 0))
    gone: list[int] = []
    listing = _listed(*([1, 3, 5, 6, 7] if ordered else [6, 5, 3, 7, 1]))
    walk = Merge(conn, run.transform, listing, ordered, lambda known: gone.append(known.id))
    pairs = []
    while taken := walk.take(2):
        new = [listed for listed, row in taken if row is None]
        ids = writes.allocate_datums(conn, len(new))
        for i, listed in enumerate(new):
            assert ids + i == int(listed.key)  # as they stand in the listing
            succeed(conn, run, ids + i)
        pairs += taken
    conn.close()
    assert sorted(gone) == [2, 4]
    assert {int(listed.key): row and row[1] for listed, row in pairs} == {
        1: 1, 3: 3, 5: 5, 6: None, 7: None,
    }  # fmt: skip
