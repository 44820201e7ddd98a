"""The ledger against a dict: random histories with crashes, seen through a second connection."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from jupyter_datum.ledger import keys, queries, requests, writes
from jupyter_datum.ledger.db import connect, transaction
from jupyter_datum.ledger.fsck import audit
from jupyter_datum.ledger.writes import Fenced, RunKey
from jupyter_datum.project import create
from jupyter_datum.states import DatumState, RunStatus

from .build import PYTHON, done, fail, failed, new_run, run_files, succeed

DATUMS = st.lists(st.integers(1, 40), min_size=1, max_size=12, unique=True)
SIGNATURES = st.sampled_from(["ValueError", "OSError", "killed by SIGSEGV"])


@dataclass
class Outcome:
    """What the model holds of a datum."""

    state: DatumState
    run: int
    version: int
    attempt: int
    result: bytes | None
    signature: str | None


@dataclass
class Run:
    """What the model holds of a run."""

    key: RunKey
    uuid: str
    executions: int = 0
    groups: Counter[str] = field(default_factory=Counter)


def key_of(datum: int) -> bytes:
    """Not in the order of ids, as keys of items."""
    return (datum * 7919 % 256).to_bytes(1, "big") + b"%d" % datum


class Ledger(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.project = create(self.folder)
        self.conn = connect(self.project)
        self.reader = connect(self.project, readonly=True)
        writes.allocate_datums(self.conn, 40)
        self.epoch = requests.register_runner(self.conn, PYTHON, "1")
        self.datums: dict[int, Outcome] = {}
        self.runs: list[Run] = []
        self.active: Run | None = None
        self.attempts: set[tuple[int, int, int]] = set()
        self.codes = 0

    def teardown(self) -> None:
        self.conn.close()
        self.reader.close()
        shutil.rmtree(self.folder)

    # -- what may happen ---------------------------------------------------------------------

    @precondition(lambda self: self.active is None)
    @rule(edited=st.booleans())
    def begin(self, edited: bool) -> None:
        self.codes += edited
        public = uuid.uuid4().hex
        key = new_run(self.conn, code=b"%d" % self.codes, epoch=self.epoch, public=public)
        self.active = Run(key, public)
        self.runs.append(self.active)

    @precondition(lambda self: self.active is not None)
    @rule(good=DATUMS, bad=DATUMS, signature=SIGNATURES, final=st.booleans(), crash=st.booleans())
    def commit(
        self, good: list[int], bad: list[int], signature: str, final: bool, crash: bool
    ) -> None:
        """One group: some succeed, some fail (for good or not), counters go along."""
        assert self.active is not None
        bad = [i for i in bad if i not in good]
        right = [
            done(i, key=key_of(i), attempt=self.next(i), result=b"%d" % self.next(i)) for i in good
        ]
        wrong = [failed(i, key=key_of(i), attempt=self.next(i), signature=signature) for i in bad]
        before = {i: self.counted(i) for i in (*good, *bad)}
        try:
            with transaction(self.conn):
                succeed(self.conn, self.active.key, *right)
                fail(self.conn, self.active.key, *wrong, final=final)
                gone = Counter(b for i, b in before.items() if b and (i in good or final))
                writes.add_counters(
                    self.conn,
                    self.active.key,
                    success=len(good) - gone["success"],
                    failed=len(bad) * final - gone["failed"],
                    executions=len(good) + len(bad),
                )
                if crash:
                    raise InterruptedError
        except InterruptedError:
            return self.restart()
        self.active.executions += len(good) + len(bad)
        for record in right:
            self.record(record.datum, record.attempt, DatumState.SUCCESS, None)
        for record in wrong:
            self.attempts.add((record.datum, self.active.key.id, record.attempt))
            if final:
                self.record(record.datum, record.attempt, DatumState.FAILED, signature)

    def next(self, datum: int) -> int:
        """The number of a datum's next attempt in the active run."""
        assert self.active is not None
        run = self.active.key.id
        seen = [a for d, r, a in self.attempts if (d, r) == (datum, run)]
        known = self.datums.get(datum)
        return 1 + max([*seen, known.attempt if known and known.run == run else 0])

    def counted(self, datum: int) -> str | None:
        """As what the active run counts a datum already."""
        known = self.datums.get(datum)
        assert self.active is not None
        return known.state.word if known and known.run == self.active.key.id else None

    def record(self, datum: int, attempt: int, state: DatumState, signature: str | None) -> None:
        assert self.active is not None
        key, old = self.active.key, self.datums.get(datum)
        if old and old.signature and old.run == key.id:
            self.active.groups[old.signature] -= 1
        if signature:
            self.active.groups[signature] += 1
        result = b"%d" % attempt if signature is None else old.result if old else None
        self.datums[datum] = Outcome(state, key.id, key.version, attempt, result, signature)
        if attempt > 1:
            self.attempts.add((datum, key.id, attempt))

    @rule()
    def restart(self) -> None:
        """The runner dies; the next one takes its run over, and fences it."""
        self.conn.close()
        self.conn = connect(self.project)
        old, self.epoch = self.epoch, requests.register_runner(self.conn, PYTHON, "1")
        assert self.epoch > old
        if self.active is not None:
            dead = self.active.key
            self.active.key = dead._replace(epoch=self.epoch)
            writes.take_over(self.conn, self.active.key)
            with pytest.raises(Fenced):
                succeed(self.conn, dead, 1)

    @precondition(lambda self: self.active is not None)
    @rule()
    def end(self) -> None:
        assert self.active is not None
        run = self.active.key.id
        mine = {i: o for i, o in sorted(self.datums.items()) if o.run == run}
        bad = sum(o.state is DatumState.FAILED for o in mine.values())
        counts = {"total": len(mine), "failed": bad, "success": len(mine) - bad}
        status = RunStatus.FAILED if bad else RunStatus.SUCCESS
        writes.end_run(self.conn, self.active.key, status, None, counts)
        states = bytes(o.state for o in mine.values())
        run_files(self.project.run(self.active.uuid), list(mine), states)
        self.active = None
        assert audit(self.project) == []

    # -- what must always hold ---------------------------------------------------------------

    @invariant()
    def datums_are_those_of_the_dict(self) -> None:
        expected = {key_of(i): o for i, o in self.datums.items()}
        if self.active is not None and not self.runs:
            return
        transform = self.runs[0].key.transform if self.runs else 1
        waiting = self.reader.execute("select count(*) from unkeyed").fetchone()[0]
        found = queries.known(self.reader, transform, None, 1000)
        if not waiting:
            assert [row[0] for row in found] == sorted(expected)
        for row in found:
            o = expected[row[0]]
            assert (row[2], row[3], row[12]) == (o.state, o.version, o.run)
        for datum, o in self.datums.items():
            held = queries.datum_by_id(self.reader, datum)
            assert held and (held.attempt, held.result) == (o.attempt, o.result)

    @invariant()
    def counters_are_those_of_the_dict(self) -> None:
        if self.active is None:
            return
        mine = [o for o in self.datums.values() if o.run == self.active.key.id]
        counts = queries.counts(self.reader, self.active.key.id)
        assert counts.success == sum(o.state is DatumState.SUCCESS for o in mine)
        assert counts.failed == sum(o.state is DatumState.FAILED for o in mine)
        row = queries.run_by_uuid(self.reader, self.active.uuid)
        assert row and row.executions == self.active.executions

    @invariant()
    def groups_are_those_of_the_dict(self) -> None:
        for run in self.runs:
            found = queries.failure_groups(self.reader, run.key.id)
            assert {g.signature: g.datums for g in found} == +run.groups
            if run is self.active:
                held = {i for i, o in self.datums.items() if o.run == run.key.id and o.signature}
                assert {g.sample for g in found} <= held
        now = Counter(o.signature for o in self.datums.values() if o.signature)
        groups = queries.failed_groups(self.reader, self.runs[0].key.transform if self.runs else 1)
        assert {g.signature: g.datums for g in groups} == now

    @invariant()
    def attempts_are_all_kept(self) -> None:
        rows = self.reader.execute("select datum, run, attempt from attempt")
        assert set(rows) == self.attempts


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_keys_that_wait_are_a_part_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same histories where the keys of three new datums are many already."""
    monkeypatch.setattr(keys, "FEW", 3)
    monkeypatch.setattr(keys, "MANY", 20)
    TestLedger("runTest").runTest()
