"""Two that follow the same run, through files and rows as a runner writes them, step by step and
without a clock: a look happens when the test says so."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgpack
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from jupyter_datum.inputs import follow
from jupyter_datum.inputs.follow import Following, Step, WasListed
from jupyter_datum.ledger import db, writes
from jupyter_datum.ledger.db import transaction
from jupyter_datum.ledger.feed import Given, given
from jupyter_datum.ledger.files import PlanFile, StatesFile
from jupyter_datum.states import DatumState, RunStatus

from ..ledger.build import done, fail, failed, new_run, succeed
from ..story import Story

S = DatumState


@pytest.fixture(autouse=True)
def no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "_LOOK", 0.0)
    monkeypatch.setattr(follow, "_AGAIN", 0.0)


class Follower:
    """One who follows, and what it has heard."""

    def __init__(self, machine: FollowMachine) -> None:
        self._conn = db.connect(machine.story.project, readonly=True)
        self._steps: Iterator[Step] = Following(machine.public).steps(
            self._conn, machine.story.project
        )
        self._machine = machine
        self.heard: list[bytes] = []
        self.to_come: list[bytes] | None = None
        self.ended = False

    def look(self) -> None:
        for step in self._steps:
            if step is None:
                return
            if isinstance(step, WasListed):
                assert self.to_come is None, "told once"
                self.to_come = list(step.to_come)
                self._machine.check_to_come(self)
            else:
                assert isinstance(step, Given) and step.good
                self.heard.append(step.key)
        self.ended = True

    def close(self) -> None:
        close = getattr(self._steps, "close", None)
        if close is not None:
            close()
        self._conn.close()


class FollowMachine(RuleBasedStateMachine):
    """A runner's writing, cut into its parts, and two that look between them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.story = Story(self.folder)
        self.story.namespace["xs"] = [1]
        digest = self.story.prepare("up -i $xs", "1", counted=False).digest
        self.conn = db.connect(self.story.project)
        self.public = "f" * 32
        self.old = new_run(self.conn, name="up")
        writes.end_run(self.conn, self.old, RunStatus.SUCCESS)
        self.run_key = new_run(self.conn, name="up", public=self.public)
        self.conn.execute("update run set recipe = ?, options = '{}'", (digest,))
        self.files = self.story.project.run(self.public)
        self.files.mkdir(parents=True)
        self.plan, self.states = PlanFile(self.files / "plan"), StatesFile(self.files / "states")
        self.listing = (self.files / "listing").open("wb", buffering=0)
        #: Of each position: what the runner knows, committed; and what it has shown.
        self.known: list[DatumState] = []
        self.ids: list[int] = []
        self.runs: list[int] = []
        self.planned = False
        self.followers = [Follower(self), Follower(self)]

    def key(self, position: int) -> bytes:
        return b"%06d" % position

    @precondition(lambda self: not self.planned)
    @rule(skips=st.lists(st.booleans(), min_size=1, max_size=4))
    def plan_more(self, skips: list[bool]) -> None:
        for skip in skips:
            position = len(self.known)
            identity = writes.allocate_datums(self.conn, 1)
            if skip:
                record = done(identity, key=self.key(position))
                with transaction(self.conn):
                    succeed(self.conn, self.old, record)
            else:
                self.runs.append(position)
                row = (position, identity, self.key(position), 1, (), None, {})
                self.listing.write(msgpack.packb(row))
            self.ids.append(identity)
            self.known.append(S.SKIPPED if skip else S.PENDING)
            self.plan.append([identity])

    @precondition(lambda self: self.known and not self.planned)
    @rule()
    def plan_ends(self) -> None:
        self.planned = True
        with transaction(self.conn):
            writes.update_run(self.conn, self.run_key, planned=1, note=json.dumps({}))

    def of(self, *states: DatumState) -> list[int]:
        return [position for position in self.runs if self.known[position] in states]

    @precondition(lambda self: self.of(S.PENDING, S.FAILED))
    @rule(data=st.data(), good=st.booleans())
    def settle(self, data: st.DataObject, good: bool) -> None:
        position = data.draw(st.sampled_from(self.of(S.PENDING, S.FAILED)))
        identity, key = self.ids[position], self.key(position)
        with transaction(self.conn):
            if good:
                record = done(identity, key=key)._replace(position=position)
                succeed(self.conn, self.run_key, record)
            else:
                wrong = failed(identity, key=key)._replace(position=position)
                fail(self.conn, self.run_key, wrong)
        self.known[position] = S.SUCCESS if good else S.FAILED

    @precondition(lambda self: self.known)
    @rule()
    def show(self) -> None:
        """States are written a moment after the commit."""
        self.states.write(0, bytes(self.known))

    @rule(who=st.sampled_from([0, 1]))
    def look(self, who: int) -> None:
        self.followers[who].look()

    def good(self) -> set[bytes]:
        return {
            self.key(i) for i, state in enumerate(self.known) if state in (S.SUCCESS, S.SKIPPED)
        }

    def check_to_come(self, follower: Follower) -> None:
        """What is to come and what was heard is all that there is, and nothing is in both."""
        assert self.planned and follower.to_come is not None
        both = [*follower.to_come, *follower.heard]
        assert sorted(both) == [self.key(i) for i in range(len(self.known))]

    @invariant()
    def each_good_datum_is_heard_once(self) -> None:
        for follower in self.followers:
            assert len(follower.heard) == len(set(follower.heard))
            assert set(follower.heard) <= self.good()

    def teardown(self) -> None:
        """When the run has ended, what was heard and what the ledger gives is all that is good;
        and whoever looked once more before had been told what was to come."""
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            stack.callback(self.conn.close)
            for follower in self.followers:
                stack.callback(follower.close)
            self.finish()

    def finish(self) -> None:
        if self.known:
            self.show()
        for follower in self.followers:
            follower.look()
            follower.look()
            assert self.good() == set(follower.heard), "all that was shown is heard"
            assert (follower.to_come is not None) == (self.planned and bool(self.known))
        writes.end_run(self.conn, self.run_key, RunStatus.SUCCESS)
        for follower in self.followers:
            follower.look()
            assert follower.ended
        left = {datum.key for datum in given(self.conn, self.run_key.transform) if datum.good}
        assert left == self.good()


FollowMachine.TestCase.settings = settings(
    max_examples=12, stateful_step_count=12, deadline=None, derandomize=True
)
TestFollowing = FollowMachine.TestCase
