"""Dask on this machine: a scheduler in this process, workers in processes of their own.

Dask's scheduler is used as a post office. It would re-run a finished set whose result died
with its worker, steal queued sets, pause or end workers by memory and drop those that are
silent for five minutes (a C call that holds the interpreter lock is); all of that is
switched off, since what runs where, and again, is decided above all engines alike.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
from collections.abc import Mapping
from typing import Any, Final

from .base import Returned
from .local import Hub, HubLost, LocalEngine, Lost, Ready, Tell, require

require("dask", "distributed")

#: How long after its last connection a worker may take to end.
_CUT_OFF_SECONDS: Final = 1.0
_SCHEDULER: Final[dict[str, Any]] = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.worker-ttl": None,
    "distributed.scheduler.http.routes": [],
    "distributed.admin.low-level-log-length": 100,
    # A stopped worker does not read; the kernel would cut the connection after this.
    "distributed.comm.timeouts.tcp": "1 day",
}
_WORKER: Final[dict[str, Any]] = {
    "distributed.comm.timeouts.tcp": "1 day",
    "distributed.worker.http.routes": [],
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.profile.enabled": False,
}


class DaskHub(Hub):
    """A scheduler with our client, both in one thread of this process."""

    def __init__(
        self, name: str, environment: Mapping[str, str], tell: Tell, start_within: float
    ) -> None:
        self._cluster: Any = None
        self._client: Any = None
        self._keys = itertools.count()
        self._futures: dict[str, set[Any]] = {}
        #: Worker -> the last answer waited for, in the scheduler's thread.
        self._fetches: dict[str, asyncio.Task[None]] = {}
        #: Worker -> address, written by the scheduler's thread.
        self._addresses: dict[str, str] = {}
        super().__init__(name, environment, tell, start_within)

    def open(self) -> None:
        """See :meth:`Hub.open`."""
        import dask
        from distributed import Client, LocalCluster

        dask.config.set(_SCHEDULER)  # for good: each new connection looks at it
        self._cluster = LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            silence_logs=logging.CRITICAL,
            # The address: None would listen on port 8787. The extensions: spans never
            # forget a task, the others (stealing, shuffling, queues) are of no use.
            scheduler_kwargs={
                "dashboard": False,
                "dashboard_address": "127.0.0.1:0",
                "extensions": {},
            },
        )
        self._client = Client(self._cluster, set_as_default=False)
        self._client.sync(self._watch)
        # Workers wait for this file: so none is there before we look.
        address = json.dumps({"address": self._cluster.scheduler_address})
        self._address_file.with_suffix(".part").write_text(address)
        os.replace(self._address_file.with_suffix(".part"), self._address_file)

    @property
    def _address_file(self) -> Any:
        return self.children.folder / "scheduler.json"

    async def _watch(self) -> None:
        from distributed.diagnostics.plugin import SchedulerPlugin

        hub = self

        class Watch(SchedulerPlugin):  # type: ignore[misc]
            """Tells who comes and goes; called by the scheduler."""

            def add_worker(self, scheduler: Any, worker: str) -> None:
                name = scheduler.workers[worker].name
                hub._addresses[name] = worker
                hub.tell(Ready(name))

            def remove_worker(self, scheduler: Any, worker: str, **_: Any) -> None:
                # Cut off: it is dead, and that is about to be told with the cause; or it
                # lives and cannot be reached, and then it must not work on.
                for name in [n for n, a in list(hub._addresses.items()) if a == worker]:
                    lost = Lost(name, "the scheduler has lost its connection to it")
                    scheduler.loop.call_later(_CUT_OFF_SECONDS, hub.tell, lost)

            async def close(self) -> None:
                hub.tell(HubLost(hub, "its scheduler was closed", ""))

        self._cluster.scheduler.add_plugin(Watch(), name="jupyter-datum")

    def spawn(self, worker: str, number: int, slot: Mapping[str, str]) -> int:
        """See :meth:`Hub.spawn`."""
        options = {
            "scheduler_file": str(self._address_file),
            "name": worker,
            "nthreads": 1,
            "memory_limit": 0,
            "host": "127.0.0.1",
            "dashboard": False,
            "dashboard_address": "127.0.0.1:0",
            "extensions": {},
            "local_directory": str(self.children.folder),
        }
        spec = json.dumps({"cls": "distributed.Worker", "opts": options})
        return self.children.spawn(
            worker,
            "distributed.cli.dask_spec",
            f"--spec={spec}",
            extra={_variable(key): str(value) for key, value in _WORKER.items()} | dict(slot),
        )

    def send(self, worker: str, set_id: int, data: bytes) -> None:
        """See :meth:`Hub.send`."""
        from .worker import execute

        future = self._client.submit(
            execute,
            data,
            key=("datum-set", next(self._keys)),
            workers=[self._addresses[worker]],
            allow_other_workers=False,
            pure=False,
            retries=0,
            fifo_timeout=0,  # what is sent in one 100 ms would have no order among itself
        )
        self._futures.setdefault(worker, set()).add(future)
        self._client.loop.add_callback(self._await, worker, set_id, future)

    def _await(self, worker: str, set_id: int, future: Any) -> None:
        fetch = self._fetch(worker, set_id, future, self._fetches.get(worker))
        self._fetches[worker] = asyncio.ensure_future(fetch)

    async def _fetch(
        self, worker: str, set_id: int, future: Any, before: asyncio.Task[None] | None
    ) -> None:
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        try:
            data = await future
            if before is not None:  # two results may overtake each other on their way
                await asyncio.wait([before])
        except (FutureCancelledError, KilledWorker):
            return  # the worker is gone: its Down says so
        except Exception as exc:
            self.tell(Lost(worker, f"{type(exc).__name__}: {exc}"))
        else:
            self.tell(Returned(worker, set_id, bytes(data)))
        self._futures.get(worker, set()).discard(future)

    def forget(self, worker: str) -> None:
        """See :meth:`Hub.forget`."""
        futures = self._futures.pop(worker, None)
        self._addresses.pop(worker, None)
        self._fetches.pop(worker, None)
        if futures:
            self._client.loop.add_callback(self._client.cancel, list(futures), force=True)

    def close(self) -> None:
        """See :meth:`Hub.close`."""
        if self._client is not None:
            self._client.close(timeout=2)
        if self._cluster is not None:
            self._cluster.close(timeout=5)


def _variable(key: str) -> str:
    """Return the variable by which Dask reads a configuration key."""
    return "DASK_" + key.upper().replace(".", "__").replace("-", "_")


class DaskEngine(LocalEngine):
    """Workers of a Dask cluster on this machine, one process with one thread each."""

    name = "dask"
    hub_class = DaskHub
