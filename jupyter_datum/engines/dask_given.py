"""A Dask cluster by its address, or one that a class of another package brings up.

By address the workers are the user's: they are used and left as they are. Nothing is installed
in the scheduler (that would have it unpickle code of ours); it is asked who is there, and says
by its own events when to ask again.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import pickle
import shlex
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ..errors import EngineError
from ..hashing import hex_digest
from .dask_ours import bring_up, class_of, give_back, imported
from .ends import TOLD_WITHIN, UNKNOWN, told_by_jobs, told_by_nanny
from .far import topic_of
from .given import GivenEngine
from .guest import Hello
from .local import require
from .post import Answered, Joined, Left, Post, Saying, Tell
from .processes import kill_tree

require("dask", "distributed")

#: Seconds between two looks who is there, when no event of the scheduler's says so.
_LOOK: Final = 1.0
_CONNECT_SECONDS: Final = 10.0
#: The same where it had been reached: it is gone, or comes back at once.
_AGAIN_SECONDS: Final = 5.0
#: Seconds after which a scheduler is asked again who is there; and after which one that says
#: nothing, though it is connected, is taken for hung: it may be busy.
_ANSWER_SECONDS: Final = 3.0
_SILENT_SECONDS: Final = 20.0
_CLOSE_SECONDS: Final = 10.0


class DaskPost(Post):
    """A client of a Dask scheduler."""

    channel = "dask"

    def __init__(self, options: Mapping[str, Any], tell: Tell) -> None:
        self._client: Any = None
        self._cluster: Any = None
        self._size = 0
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._keys = itertools.count()
        self._futures: dict[str, set[Any]] = {}
        #: Worker -> its nanny's address, or None.
        self._nannies: dict[str, str | None] = {}
        #: Worker -> what its cluster calls it.
        self._names: dict[str, Any] = {}
        #: Imported in this thread: some packages set handlers of signals when they are.
        self._class = class_of(options["cluster"]) if "cluster" in options else None
        self._complaints = _Complaints(self)
        if "module" in options:
            imported(options["module"])
        super().__init__(options, tell)

    def open(self) -> None:
        """See :meth:`Post.open`."""
        from distributed import Client

        if self._class is not None:
            asked = self.options.get("options", {})
            logging.getLogger("distributed").addHandler(self._complaints)
            self._cluster = bring_up(self._class, asked, str(self.logs), self.options["threads"])
            self._cluster.scale(self._size)
        where = self._cluster or self.options["address"]
        security = {} if self._cluster else {"security": _security(self.options)}
        longest = min(_CONNECT_SECONDS, _AGAIN_SECONDS)
        within = longest if self.options["again"] else _CONNECT_SECONDS
        self._client = Client(where, set_as_default=False, timeout=within, **security)
        with suppress(Exception):  # it only saves waiting
            self._client.subscribe_topic("all", lambda _: self._news.set())
        self._client.subscribe_topic(topic_of(self.options["id"]), self._said)

    def _said(self, event: tuple[float, Any]) -> None:
        _, said = event
        if isinstance(said, dict) and "worker" in said:
            self.tell(Saying(said["worker"], bytes(said.get("data", b""))))

    def watch(self) -> None:
        """See :meth:`Post.watch`."""
        answered = time.monotonic()
        while not self.closed.is_set():
            try:
                identity = self._client.scheduler.identity
                found = self._client.sync(identity, n_workers=-1, callback_timeout=_ANSWER_SECONDS)
                answered = time.monotonic()
                self._compare(found["workers"])
                self._fit()  # what has died is started anew by this
                self.note_jobs()
            except (OSError, TimeoutError) as exc:
                silent = time.monotonic() - answered > _SILENT_SECONDS
                lost = self._client.status != "running"  # nobody is there any more
                if silent or lost or self.closed.is_set():
                    raise EngineError(f"its scheduler does not answer ({exc})") from exc
            self._news.wait(_LOOK)
            self._news.clear()

    def _compare(self, workers: Mapping[str, Any]) -> None:
        for address, about in workers.items():
            self._names[address] = about.get("name")
            if address not in self._nannies and about.get("status") == "running":
                self._nannies[address] = about.get("nanny")
                self.tell(Joined(address, int(about.get("nthreads", 1))))
        for address in self._nannies.keys() - workers.keys():
            nanny = self._nannies.pop(address)
            self._names.pop(address, None)
            self._client.loop.add_callback(self._gone, address, nanny)

    async def _gone(self, address: str, nanny: str | None) -> None:
        hello = self.met.pop(address, None)
        lives, cause = await self._end_of(nanny, hello) if nanny and hello else (bool(nanny), None)
        if cause is None and self._cluster is not None:
            cause = told_by_jobs(self.logs)
        self.tell(Left(address, cause or UNKNOWN, lives))

    async def _end_of(self, nanny: str, hello: Hello) -> tuple[bool, str | None]:
        """Whether the nanny of a worker lives, and what it has logged of that one's end; it may
        be about to."""
        lives, out_of_memory = False, self.killed_for_memory(hello)
        with suppress(Exception):  # the nanny is gone too, or the cluster is being closed
            async with asyncio.timeout(2 * TOLD_WITHIN):
                until = self._client.loop.time() + TOLD_WITHIN
                while self._client.loop.time() < until:
                    logged = await self._client.rpc(nanny).get_logs(n=100)
                    lives, lines = True, [line for _, line in logged]
                    if cause := told_by_nanny(lines, hello.pid, out_of_memory=out_of_memory):
                        return lives, cause
                    await asyncio.sleep(TOLD_WITHIN / 10)
        return lives, None

    def call(self, key: str, set_id: int | None, function: Callable[..., Any], *args: Any) -> None:
        """See :meth:`Post.call`."""
        name = f"jupyter-datum-{id(self):x}-{next(self._keys)}"
        future = self._client.submit(
            function, *args, key=name, workers=[key], allow_other_workers=False, pure=False,
            retries=0, fifo_timeout=0,
        )  # fmt: skip
        self._futures.setdefault(key, set()).add(future)
        self._client.loop.add_callback(self._await, key, set_id, future)

    async def _await(self, key: str, set_id: int | None, future: Any) -> None:
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        try:
            value = await future
        except (FutureCancelledError, KilledWorker):
            self._news.set()  # the worker is gone, or about to be missed
            return
        except Exception as exc:
            self.tell(Answered(key, set_id, None, exc))
        else:
            self.tell(Answered(key, set_id, value, None))
        self._futures.get(key, set()).discard(future)

    def forget(self, key: str) -> None:
        """See :meth:`Post.forget`."""
        if futures := self._futures.pop(key, None):
            self._client.loop.add_callback(self._client.cancel, list(futures), force=True)

    def kill(self, key: str, pid: int) -> str | None:
        """See :meth:`Post.kill`: the worker's nanny ends it, and starts another one."""
        if not self._nannies.get(key):
            return "it has no nanny that would start it again; restart it by hand"
        self._client.loop.add_callback(self._end, key, pid)
        return None

    def recycles(self, key: str) -> bool:
        """See :meth:`Post.recycles`."""
        return self._cluster is not None and bool(self._nannies.get(key))

    async def _end(self, key: str, pid: int) -> None:
        with suppress(Exception):
            await self._client._run(kill_tree, pid, workers=[key], nanny=True)
        self._news.set()

    def scale(self, n: int) -> None:
        """See :meth:`Post.scale`."""
        self._size = n
        self._fit()

    def _fit(self) -> None:
        """Have the cluster at its size. It would end whichever workers it likes: so of those
        that are up none goes but by :meth:`release`."""
        with self._lock, suppress(RuntimeError):  # it is changing itself: the next look does it
            if self._cluster is not None:
                self._cluster.scale(max(self._size, len(self._nannies)))

    def release(self, key: str) -> None:
        """See :meth:`Post.release`."""
        name = self._names.get(key)
        if self._cluster is None or len(self._nannies) <= self._size:
            return
        if name in getattr(self._cluster, "worker_spec", ()):
            self._client.loop.add_callback(self._scale_down, name)
        else:  # one that does not know its workers by name: it learns from their end
            self._client.loop.add_callback(self._retire, key)

    async def _scale_down(self, name: Any) -> None:
        with suppress(Exception):  # the cluster is being closed
            await self._cluster.scale_down([name])

    async def _retire(self, key: str) -> None:
        with suppress(Exception):
            await self._client.scheduler.retire_workers(workers=[key], close_workers=True)

    def jobs(self) -> list[tuple[str, ...]]:
        """See :meth:`Post.jobs`: as dask-jobqueue has them."""
        found = [
            (getattr(job, "job_id", None), getattr(job, "cancel_command", None))
            for job in list(getattr(self._cluster, "workers", {}).values())
        ]
        return [(*shlex.split(command), str(job)) for job, command in found if job and command]

    @property
    def logs(self) -> Path | None:
        """See :attr:`Post.logs`."""
        asked = self.options.get("options", {}).get("log_directory")
        return Path(asked or self.options["logs"])

    def close(self) -> None:
        """See :meth:`Post.close`."""
        self._news.set()
        if self._client is not None:
            with suppress(Exception):  # else the scheduler complains of a closed connection
                self._client.unsubscribe_topic("all")
                self._client.unsubscribe_topic(topic_of(self.options["id"]))
            self._client.close(timeout=5)
        if self._cluster is not None:
            give_back(self._cluster, _CLOSE_SECONDS)
        logging.getLogger("distributed").removeHandler(self._complaints)


class _Complaints(logging.Handler):
    """Notes the last error that a cluster logs which starts its workers in this process: nobody
    else would say why none comes up."""

    def __init__(self, post: Post) -> None:
        super().__init__(logging.ERROR)
        self._post = post

    def emit(self, record: logging.LogRecord) -> None:
        """Note it."""
        exc = record.exc_info[1] if record.exc_info else None
        text = record.getMessage()
        self._post.complaint = f"{text}: {type(exc).__name__}: {exc}" if exc else text


def _security(options: Mapping[str, Any]) -> Any:
    from distributed import Security

    files = options.get("security")
    if not files:
        return None
    if "credentials" in files:
        return _credentials(Path(files["credentials"]))
    return Security(
        tls_ca_file=files.get("ca"),
        tls_client_cert=files.get("cert"),
        tls_client_key=files.get("key"),
        require_encryption=True,
    )


def _credentials(path: Path) -> Any:
    """What a cluster object of the kernel held. The recipe, which is signed, names the file by
    its content."""
    try:
        data = path.read_bytes()
    except OSError:
        data = b""
    if hex_digest(data, 16) != path.stem:
        raise EngineError(
            "what the cluster object held to prove who you are is gone, or was changed: run the "
            "cell again with it"
        )
    return pickle.loads(data)


class GivenDaskEngine(GivenEngine):
    """Workers of a running Dask cluster, or of one that a class brings up."""

    name = "dask"
    post_class = DaskPost
    knows = frozenset({"address", "security", "module", "cluster", "options", "start_timeout"})
