"""A running ipyparallel cluster, or one that its launchers bring up (Slurm, MPI, SSH, ...).

By profile or connection file the engines are the user's: they are used and left as they are.
With ``launcher`` the cluster is ours: it grows and shrinks, and is given back.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ..errors import EngineError
from . import guest
from .ends import TOLD_WITHIN, UNKNOWN, told_by_jobs, told_by_launchers
from .far import KEY
from .given import GivenEngine
from .local import require
from .post import Answered, Joined, Left, Post, Saying, Tell

require("ipyparallel", "ipyparallel")

#: Seconds between two looks who is there, and whether the controller is.
_LOOK: Final = 0.1
_LOOK_AT_CONTROLLER: Final = 2.0
_CONNECT_SECONDS: Final = 10.0
#: The same where it had been reached: it is gone, or comes back at once.
_AGAIN_SECONDS: Final = 5.0


class IpyparallelPost(Post):
    """A client of a controller."""

    channel = "ipyparallel"

    def __init__(self, options: Mapping[str, Any], tell: Tell) -> None:
        self._client: Any = None
        self._cluster: Any = None
        self._size = 0
        #: Engines that were asked for and have not gone since.
        self._asked = 0
        self._released: set[str] = set()
        self._known: set[str] = set()
        #: When engines were seen to have gone of whose end nobody has told yet.
        self._missed: dict[str, tuple[float, bool]] = {}
        #: Engines whose greeting was not answered yet, with what to ask.
        self._silent: dict[str, tuple[Any, ...]] = {}
        #: The sets that workers are at which do not see the folder, with what they said last.
        self._calls: dict[str, tuple[Any, bytes]] = {}
        self._lock = threading.Lock()
        super().__init__(options, tell)

    @property
    def _ours(self) -> bool:
        return "launcher" in self.options

    def open(self) -> None:
        """See :meth:`Post.open`."""
        import ipyparallel

        if self._ours:
            check_launcher(self.options["launcher"])
            kept = {k: v for k, v in self.options.items() if k in ("profile", "cluster_id")}
            more = {**kept, **self.options.get("options", {})}
            self._cluster = ipyparallel.Cluster(engines=self.options["launcher"], **more)
            self._cluster.start_controller_sync()
            self._client = self._cluster.connect_client_sync()
            return
        given = {k: v for k, v in self.options.items() if k in ("profile", "cluster_id")}
        file = self.options.get("connection_file")
        if file and not os.path.isfile(file):
            raise EngineError("there is no such file; is the cluster running?")
        longest = min(_CONNECT_SECONDS, _AGAIN_SECONDS)
        within = longest if self.options["again"] else _CONNECT_SECONDS
        self._client = ipyparallel.Client(file, timeout=within, **given)

    def watch(self) -> None:
        """See :meth:`Post.watch`."""
        looked = time.monotonic()
        while not self.closed.wait(_LOOK):
            self._compare({str(number) for number in self._client.ids})
            self._grow()
            self.note_jobs()
            self._hear()
            for key, args in list(self._silent.items()):
                self._ask(key, None, guest.hello, args)
            if time.monotonic() - looked > _LOOK_AT_CONTROLLER:
                looked = time.monotonic()
                self._check_controller()

    def _hear(self) -> None:
        """What workers have said in the middle of a call lies with the call."""
        for key, (result, told) in list(self._calls.items()):
            said = result._metadata[0]["data"].get(KEY, b"")
            if said != told and key in self._calls:
                self._calls[key] = (result, said)
                self.tell(Saying(key, said))

    def _compare(self, there: set[str]) -> None:
        for key in sorted(there - self._known, key=int):
            self.tell(Joined(key))
        for key in self._known - there:
            cause = self._end_of(key)
            if cause is None:
                there = there | {key}  # who knows may be about to say so
                continue
            if key not in self._released:
                self._asked -= 1
            self._released.discard(key)
            self._missed.pop(key, None)
            self.met.pop(key, None)
            self.tell(Left(key, cause))
        self._known = there

    def _end_of(self, key: str) -> str | None:
        """Why an engine is gone; None if that may be told in a moment."""
        hello = self.met.get(key)
        if not self._ours or hello is None or key in self._released:
            return UNKNOWN
        now = time.monotonic()
        if key not in self._missed:
            self._missed[key] = now, self.killed_for_memory(hello)
        since, memory = self._missed[key]
        launchers = list(self._cluster.engines.values())
        cause = told_by_launchers(launchers, hello.pid, out_of_memory=memory)
        cause = cause or told_by_jobs(self.logs)
        return cause or (UNKNOWN if now > since + TOLD_WITHIN else None)

    def _grow(self) -> None:
        missing = self._size - self._asked
        if self._ours and missing > 0:
            self._asked += missing
            kept = {}
            if threads := self.options["threads"]:
                launcher = self._cluster.engine_launcher_class(parent=self._cluster)
                kept["environment"] = {**launcher.environment, **threads}
            self._cluster.start_engines_sync(n=missing, **kept)

    def _check_controller(self) -> None:
        """The library itself waits for ever; the connection says no word."""
        where = urlsplit(self._client._query_socket.LAST_ENDPOINT.decode().rstrip("\0"))
        try:
            socket.create_connection((where.hostname or "", where.port or 0), timeout=5).close()
        except OSError as exc:
            raise EngineError(f"its controller does not answer ({exc})") from exc

    def call(self, key: str, set_id: int | None, function: Callable[..., Any], *args: Any) -> None:
        """See :meth:`Post.call`."""
        if function is guest.hello:
            # The queue drops what is for an engine that has registered and not connected
            # yet: it is asked again and again, by :meth:`watch`.
            self._silent[key] = args
            return
        self._ask(key, set_id, function, args)

    def _ask(
        self, key: str, set_id: int | None, function: Callable[..., Any], args: tuple[Any, ...]
    ) -> None:
        def answered(result: Any) -> None:
            if set_id is None and function is guest.hello and not self._silent.pop(key, None):
                return
            if function is guest.execute_far:
                self._calls.pop(key, None)
            error = result.exception()
            if getattr(error, "ename", None) == "EngineError":
                return  # it has died: that is told with its cause when it is missed
            value = None if error else result.result()
            self.tell(Answered(key, set_id, value, error))

        with self._lock, suppress(IndexError):  # it has gone: that is about to be told
            self._client.history.clear()  # else it grows by a line with every set
            view = self._client[int(key)]
            result = view.apply_async(function, *args)
            if function is guest.execute_far:
                self._calls[key] = (result, b"")
            result.add_done_callback(answered)

    def forget(self, key: str) -> None:
        """See :meth:`Post.forget`; what was sent cannot be taken back, its answer is dropped."""
        self._silent.pop(key, None)
        self._calls.pop(key, None)

    def kill(self, key: str, pid: int) -> str | None:
        """See :meth:`Post.kill`: an engine of ours is ended by its nanny, and replaced."""
        if not self._ours:
            return "nobody would start this engine again; restart it by hand"
        with self._lock:
            self._client.send_signal(signal.SIGKILL, targets=[int(key)], block=False)
        return None

    def recycles(self, key: str) -> bool:
        """See :meth:`Post.recycles`."""
        return self._ours

    def scale(self, n: int) -> None:
        """See :meth:`Post.scale`; :meth:`watch` has the launcher start what is missing."""
        self._size = n

    def release(self, key: str) -> None:
        """See :meth:`Post.release`."""
        if self._ours and key in self._known and self._asked > self._size:
            self._asked -= 1
            self._released.add(key)
            with self._lock, suppress(Exception):
                self._client.shutdown(targets=[int(key)], block=False)

    def jobs(self) -> list[tuple[str, ...]]:
        """See :meth:`Post.jobs`: as the launchers of batch systems have them."""
        launchers = list(self._cluster.engines.values()) if self._cluster is not None else []
        return [
            (*launcher.delete_command, str(launcher.job_id))
            for launcher in launchers
            if getattr(launcher, "job_id", "") and launcher.state != "after"
        ]

    @property
    def logs(self) -> Path | None:
        """See :attr:`Post.logs`."""
        return Path(self._cluster.profile_dir) / "log" if self._cluster is not None else None

    def close(self) -> None:
        """See :meth:`Post.close`."""
        if self._client is not None:
            self._client.close(linger=0)
        if self._cluster is not None:
            self._cluster.stop_cluster_sync()


def check_launcher(name: str) -> None:
    """Refuse a launcher that is neither one of ipyparallel's nor a class by its whole name.

    Raises
    ------
    EngineError
        Names those there are.
    """
    there = {entry.name.lower() for entry in entry_points(group="ipyparallel.engine_launchers")}
    if "." not in name and name.lower() not in there:
        names = ", ".join(sorted(there))
        raise EngineError(f"launcher = {name!r}: ipyparallel has none of this name, but {names}")


class GivenIpyparallelEngine(GivenEngine):
    """Engines of a running ipyparallel cluster, or of one that a launcher brings up."""

    name = "ipyparallel"
    post_class = IpyparallelPost
    knows = frozenset(
        {"profile", "connection_file", "cluster_id", "launcher", "options", "start_timeout"}
    )
