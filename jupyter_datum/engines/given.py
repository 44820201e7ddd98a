"""Engines over a cluster that is not ours to start worker by worker.

Its workers come and go as they like. Each is greeted first (:func:`.guest.hello`): so that one
without this package, or with another Python, is told of and not used. A :class:`Post` knows the
library; all else is the same for Dask and ipyparallel.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import shutil
import socket
import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, ClassVar, Final

from ..errors import DatumError, EngineError
from ..locks import try_lock
from . import guest
from .base import Down, Engine, EngineSettings, Event, Late, Log, Refused, Returned, Told, Up
from .courier import errand, told_in
from .joblogs import last_lines
from .member import Member
from .post import CLOSE_SECONDS, Answered, Joined, Left, Message, Post, PostLost, Saying
from .terms import Terms
from .wanted import lock_of

#: A cluster in which nobody is left is an error after so many seconds.
_EMPTY_SECONDS: Final = 10.0
_LEAVE_SECONDS: Final = 3.0
GIVEN_BACK: Final = "given back"
#: Sets that a worker may have at once, so that it need not wait for the next one.
_AHEAD: Final = 2


class GivenEngine(Engine):
    """Workers of a cluster as it is found; a subclass names its :class:`Post`."""

    post_class: ClassVar[type[Post]]

    def __init__(self, settings: EngineSettings) -> None:
        super().__init__(settings)
        self._terms = Terms(self.name, settings)
        self._happened: SimpleQueue[Message] = SimpleQueue()
        self._news: list[Event] = []
        self._members: dict[str, Member] = {}
        self._used: dict[str, Member] = {}
        self._stranded: dict[str, Event] = {}  # cut off at work: their journals tell the rest
        self._numbers = itertools.count(1)
        self._post: Post | None = None
        self._closing: list[threading.Thread] = []
        self._wanted = 0
        #: Since when nobody is of use, though somebody is wanted.
        self._bare: float | None = None
        #: Whether anybody ever was of use.
        self._served = False
        #: Whether a worker that has gone is started anew by its nanny.
        self._returns = False
        self._problems: dict[str, str] = {}
        self._trouble: EngineError | None = None
        self._id = secrets.token_hex(8)
        self._since = 0.0
        self._logs = Path(settings.project_dir) / "jobs" / self._id
        #: Held as long as anybody waits for what workers do.
        self._lock: int | None = None
        self._token = Path(settings.project_dir) / f"token-{self._id}"

    # -- how many ------------------------------------------------------------------------

    def start(self, n: int) -> None:
        """See :meth:`Engine.start`."""
        self.scale(n)

    def scale(self, n: int) -> None:
        """See :meth:`Engine.scale`: of the workers that there are, up to `n` are used."""
        self._wanted = n
        if self._post is None and n > 0:
            self._token.write_text(self._id)
            self._lock = self._lock or try_lock(lock_of(str(self._token)))
            self._since = time.time()
            self._post = self.post_class(self._for_post(), self._happened.put)
        if self._post is not None:
            self._post.scale(n)
        staying = [member for member in self._used.values() if not member.leaving]
        for member in sorted(staying, key=lambda m: m.busy)[: max(0, len(staying) - n)]:
            member.leaving = True
            self._let_go(member)
        self._fill()

    def _fill(self) -> None:
        """Take workers into use, as many as are wanted."""
        for member in self._used.values():
            missing = self._wanted - sum(not m.leaving for m in self._used.values())
            if missing > 0 and member.leaving and member.ended is None:
                member.leaving = False
        missing = self._wanted - sum(not m.leaving for m in self._used.values())
        free = (m for m in self._members.values() if m.hello and not m.name and not m.busy)
        for member in itertools.islice(free, max(0, missing)):
            assert member.hello is not None
            member.name = f"{self.name[0]}{next(self._numbers)}"
            member.leaving, member.ended = False, None
            self._used[member.name] = member
            self._served = True
            # Not a process of ours: no pid, or the watcher would end it with the runner.
            self._news.append(Up(member.name, None, member.hello.host))

    def _let_go(self, member: Member) -> None:
        if member.leaving and not member.busy:
            self._out_of_use(member, GIVEN_BACK)

    def _out_of_use(self, member: Member, cause: str) -> None:
        if member.name is not None:
            del self._used[member.name]
            self._news.append(Down(member.name, cause, not member.far))
            member.name = None
            member.errand = None
            if cause == GIVEN_BACK and self._post is not None:
                self._post.release(member.key)
            member.waiting.clear()

    # -- sets ----------------------------------------------------------------------------

    def send(self, worker: str, set_id: int, data: bytes) -> None:
        """See :meth:`Engine.send`."""
        member = self._used.get(worker)
        if member is None:
            return  # its Down has been reported
        if member.leaving:
            self._news.append(Refused(worker, set_id, "the worker is being given back"))
            return
        member.waiting.append((set_id, data))
        self._dispatch(member)

    def _dispatch(self, member: Member) -> None:
        # A worker with several threads would begin them at once, in any order.
        ahead = _AHEAD if member.threads == 1 and not member.far else 1
        while member.waiting and len(member.sent) < ahead and self._post is not None:
            set_id, data = member.waiting.popleft()
            member.sent.append(set_id)
            if member.far:
                member.errand = errand(self._id, data, member.known)
                self._go_on(member, set_id, None)
            else:
                self._post.call(member.key, set_id, guest.execute, self._id, data)

    def _go_on(self, member: Member, set_id: int, value: Any) -> None:
        """The next call of a set whose files travel as bytes, or its end."""
        assert member.errand is not None and self._post is not None
        try:
            function, args = member.errand.send(value)
        except StopIteration as end:
            member.errand = None
            self._returned(member, set_id, end.value)
        except (DatumError, OSError, ValueError) as exc:
            self._answered(member, set_id, Answered(member.key, set_id, None, exc))
        else:
            member.asked = function
            self._post.call(member.key, set_id, function, *args)

    def kill(self, worker: str) -> None:
        """See :meth:`Engine.kill`; a worker that nobody can end is left alone instead."""
        if worker in self._stranded:
            self._news.append(self._stranded.pop(worker))
        member = self._used.get(worker)
        if member is None or self._post is None or member.hello is None:
            return
        reason = self._post.kill(member.key, member.hello.pid)
        if reason is None:
            member.ended = "killed by SIGKILL"
            return
        self._news.append(Log(f"worker {worker} ({member.key}) is left alone: {reason}"))
        self._out_of_use(member, f"left alone: {reason}")

    # -- what happens --------------------------------------------------------------------

    def events(self, timeout: float) -> list[Event]:
        """See :meth:`Engine.events`.

        Raises
        ------
        EngineError
            If the cluster cannot be reached or has no worker that can be used. Once.
        """
        until = time.monotonic() + timeout
        while True:
            left = 0.0 if self._news or self._trouble else max(0.0, until - time.monotonic())
            try:
                self._heed(self._happened.get(left > 0, left or None))
            except Empty:
                if self._news or self._trouble or time.monotonic() >= until:
                    break
        self._look_at_time()
        found, self._news = self._news, []
        if self._trouble is not None and not found:
            trouble, self._trouble = self._trouble, None
            raise trouble
        return found

    def _heed(self, message: Message) -> None:
        if isinstance(message, Joined):
            self._joined(message)
        elif isinstance(message, Left):
            self._left(message)
        elif isinstance(message, PostLost):
            self._lost(message)
        elif (member := self._members.get(message.key)) is not None:
            if isinstance(message, Saying):
                self._said(member, message.data)
            elif message.set_id is None:
                self._greeted(member, message)
            else:
                self._answered(member, message.set_id, message)

    def _said(self, member: Member, data: bytes) -> None:
        """What one that does not see the folder is at: its clock begins, or stops."""
        if member.name is not None and member.errand is not None:
            self._news.append(Told(member.name, data))

    def _joined(self, message: Joined) -> None:
        self._members[message.key] = Member(message.key, message.threads)
        post, asker = self._post, (socket.gethostname(), os.getpid())
        assert post is not None
        what = (self._id, str(self._token), self._terms.variables)
        how = (post.channel, post.recycles(message.key), asker)
        post.call(message.key, None, guest.hello, *what, *how)

    def _greeted(self, member: Member, message: Answered) -> None:
        if message.error is None:
            hello = guest.Hello(*message.value)
            problem = guest.greeting_problem(hello)
        else:
            problem = f"{type(message.error).__name__}: {message.error}"
        if problem is None:
            member.hello = hello
            if self._post is not None:
                self._post.met[message.key] = hello
            self._news += self._stranded.values()  # what they had goes to those there are again
            self._stranded.clear()
            member.far = hello.token != self._id
            if member.far and not member.name:
                where = self.settings.project_dir
                text = f"worker {member.key} does not see {where!r}: files travel as bytes"
                self._news.append(Log(text))
            self._fill()
        else:
            self._problems[member.key] = problem
            self._news.append(Log(f"worker {member.key} cannot be used: {problem}"))

    def _answered(self, member: Member, set_id: int, message: Answered) -> None:
        if set_id not in member.sent:
            return
        if message.error is not None:
            member.sent.remove(set_id)
            cause = member.ended or f"{type(message.error).__name__}: {message.error}"
            self._out_of_use(member, cause)
            member.hello = None  # of no use any more
            return
        if member.errand is not None:
            self._said(member, b"")  # it is at nothing: what it has done is on its way
            self._go_on(member, set_id, message.value)
        elif not member.far:
            self._returned(member, set_id, bytes(message.value))
        else:  # out of use since it was asked
            done = member.asked is guest.execute_far
            self._returned(member, set_id, told_in(message.value) if done else b"")

    def _returned(self, member: Member, set_id: int, answer: bytes) -> None:
        member.early[set_id] = answer
        while member.sent and member.sent[0] in member.early:
            done = member.sent.popleft()
            data = member.early.pop(done)
            if member.name is not None:
                self._news.append(Returned(member.name, done, data))
            elif data:
                self._news.append(Late(done, data))
        self._dispatch(member)
        self._let_go(member)
        self._fill()  # one left alone has come to its end after all

    def _left(self, message: Left) -> None:
        key, cause, self._returns = message
        member = self._members.pop(key, None)
        self._problems.pop(key, None)
        if member is None:
            return
        if self._post is not None:
            self._post.forget(key)
        self._out_of_use(member, GIVEN_BACK if member.leaving else member.ended or cause)
        self._fill()

    def _lost(self, message: PostLost) -> None:
        if message.post is not self._post:
            return
        used, here = list(self._used.values()), f"the cluster {self.describe()}"
        self._let_post_go()
        self._members.clear()
        if used:
            self._news.append(Log(f"{here} is gone: {message.cause}"))
        else:
            self._trouble = EngineError(f"{here} cannot be reached: {message.cause}")
        for member in used:
            name = member.name or ""
            self._out_of_use(member, f"lost with its cluster: {message.cause}")
            if member.sent and not (member.far or self._terms.ours):
                self._stranded[name] = self._news.pop()  # it may well end what it is at
        if self._stranded:
            self.scale(self._wanted)

    def _look_at_time(self) -> None:
        if self._post is None or self._used or self._wanted == 0:
            self._bare = None
            return
        now = time.monotonic()
        self._bare = self._bare or now
        if self._members and len(self._problems) == len(self._members):
            self._fail(f"has no worker that can be used: {next(iter(self._problems.values()))}")
        elif not self._terms.ours and now > self._bare + (within := self._within()):
            there = f"has {len(self._members)} workers, and none was free" if self._members else ""
            self._fail(f"{there or 'has no worker'} after {within:g} s; start some, then run again")

    def _within(self) -> float:
        """How long nobody may be of use. Those of a cluster may still come up; one that has not
        answered may be busy with somebody else's work; one that has a nanny comes back."""
        silent = any(member.hello is None for member in self._members.values())
        if silent or self._returns or not self._served:
            return self.start_within
        return min(_EMPTY_SECONDS, self.start_within)

    def _fail(self, text: str) -> None:
        self._bare, self._wanted = None, 0
        self._trouble = EngineError(f"the cluster {self.describe()} {text}")

    @property
    def start_within(self) -> float:
        """See :attr:`Engine.start_within`."""
        return self._terms.start_within

    def _for_post(self) -> dict[str, Any]:
        """The options, where jobs may write what they print, limits of threads, who asks, and
        whether the cluster is known to have been there."""
        more = {"logs": self._logs, "id": self._id, "threads": self._terms.threads}
        return {**self.settings.options, **more, "again": self._served}

    def output(self) -> str:
        """See :meth:`Engine.output`: of the batch job that has printed last."""
        if self._post is None:
            return ""
        folder = self._post.logs
        return (last_lines(folder, self._since) if folder else "") or self._post.complaint

    def describe(self) -> str:
        """Return what cluster it is, for people."""
        return str(self._terms)

    # -- the end -------------------------------------------------------------------------

    def _take_leave(self, post: Post) -> None:
        """Have idle workers forget us; a busy one is not waited for."""
        idle = {key for key, member in self._members.items() if member.hello and not member.sent}
        for key in self._members:
            post.forget(key)
        for key in idle:
            post.call(key, None, guest.leave, self._id)
        until = time.monotonic() + _LEAVE_SECONDS
        while idle and (left := until - time.monotonic()) > 0:
            with contextlib.suppress(Empty):
                idle.discard(getattr(self._happened.get(timeout=left), "key", ""))

    def _let_post_go(self) -> None:
        if self._post is not None:
            post, self._post = self._post, None
            self._closing.append(threading.Thread(target=post.shut, daemon=True))
            self._closing[-1].start()

    def close(self) -> None:
        """See :meth:`Engine.close`; the cluster and its workers stay."""
        if self._post is not None:
            with contextlib.suppress(Exception):
                self._take_leave(self._post)
        self._let_post_go()
        # Who still tries to connect has nothing to give back but what it brings up.
        patience = CLOSE_SECONDS if self._members or self._terms.ours else _LEAVE_SECONDS
        for closing in self._closing:
            closing.join(patience)
        self._closing.clear()
        self._members.clear()
        self._used.clear()
        self._stranded.clear()
        self._news.clear()
        self._token.unlink(missing_ok=True)
        if self._lock is not None:
            lock_of(str(self._token)).unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None
        shutil.rmtree(self._logs, ignore_errors=True)
