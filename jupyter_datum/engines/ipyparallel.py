"""ipyparallel on this machine: a controller and engines, each a process of its own.

Sets travel by the controller's direct (MUX) queue, one engine each. All its files lie in a
temporary folder: the user's profiles are neither read nor written. The controller runs its
queues in threads (else it is nine processes) and keeps no record of tasks.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from ..errors import EngineError
from .base import Returned
from .local import Hub, HubLost, LocalEngine, Lost, Ready, Tell, require

require("ipyparallel", "ipyparallel")

_CONTROLLER: Final = "controller"
#: An engine counts as registered at its first heartbeat, so this is part of starting.
_BEAT_MILLISECONDS: Final = 250
#: Half a minute, as by default. A death is seen at once, and not by this.
_MISSES: Final = 30_000 // _BEAT_MILLISECONDS


class IpyparallelHub(Hub):
    """A controller with our client, which has a thread of its own."""

    def __init__(
        self, name: str, environment: Mapping[str, str], tell: Tell, start_within: float
    ) -> None:
        self._client: Any = None
        #: Worker -> engine id, for those that have answered.
        self._ids: dict[str, int] = {}
        #: The same for those that have not answered yet; ``_look`` is set while there are any.
        self._silent: dict[str, int] = {}
        self._look = threading.Event()
        self._closed = threading.Event()
        super().__init__(name, environment, tell, start_within)

    def open(self) -> None:
        """See :meth:`Hub.open`; afterwards goes on to look for engines that register."""
        self._spawn(
            _CONTROLLER,
            "ipyparallel.controller",
            "--ip=127.0.0.1",
            "--location=127.0.0.1",
            "--usethreads",
            "--nodb",
            "--log-level=ERROR",
            f"--HeartMonitor.period={_BEAT_MILLISECONDS}",
            f"--HeartMonitor.max_heartmonitor_misses={_MISSES}",
            worker=False,
        )
        from ipyparallel import Client

        file = self._wait_for(self._security / "ipcontroller-client.json")
        self._client = Client(str(file), timeout=30)
        self._greet()

    @property
    def _security(self) -> Path:
        return self.children.folder / "security"

    def _wait_for(self, file: Path) -> Path:
        until = time.monotonic() + self.start_within
        while not (file.exists() and file.read_bytes().endswith(b"}")):
            if self._closed.is_set() or time.monotonic() > until:
                raise EngineError(f"its controller did not come up within {self.start_within:g} s")
            time.sleep(0.02)
        return file

    def _spawn(
        self,
        child: str,
        module: str,
        *args: str,
        worker: bool = True,
        slot: Mapping[str, str] = MappingProxyType({}),
    ) -> int:
        places = [f"--{kind}-dir={self.children.folder}" for kind in ("ipython", "profile")]
        # Of a cluster in which the runner itself may run.
        foreign = {key: "" for key in os.environ if key.startswith("IPP_")}
        extra = {**foreign, **slot}
        return self.children.spawn(child, module, *places, *args, extra=extra, worker=worker)

    def spawn(self, worker: str, number: int, slot: Mapping[str, str]) -> int:
        """See :meth:`Hub.spawn`."""
        pid = self._spawn(
            worker,
            "ipyparallel.engine",
            f"--file={self._security / 'ipcontroller-engine.json'}",
            f"--IPEngine.id={number}",
            f"--IPEngine.wait_for_url_file={self.start_within}",
            f"--IPEngine.timeout={self.start_within}",
            "--IPEngine.enable_nanny=False",
            "--IPEngine.max_heartbeat_misses=0",
            "--log-level=WARN",
            slot=slot,
        )
        self._silent[worker] = number
        self._look.set()
        return pid

    def _greet(self) -> None:
        """Ask new engines for a first answer, until the hub is closed.

        The queue drops without a word what is for an engine that is registered but not
        yet connected to it. So an engine is asked again and again until it answers.
        """
        while not self._closed.is_set():
            self._look.wait()
            known = set(self._client.ids)
            for worker, number in list(self._silent.items()):
                if number in known:
                    self._ask(worker, number)
            if not self._silent:
                self._look.clear()
            self._closed.wait(0.05)

    def _ask(self, worker: str, number: int) -> None:
        def answered(result: Any) -> None:
            if result.exception() is None and self._silent.pop(worker, None) is not None:
                self._ids[worker] = number
                self.tell(Ready(worker))

        self._client[number].apply_async(os.getpid).add_done_callback(answered)

    def send(self, worker: str, set_id: int, data: bytes) -> None:
        """See :meth:`Hub.send`."""
        from .worker import execute

        def answered(result: Any) -> None:
            error = result.exception()
            if error is None:
                self.tell(Returned(worker, set_id, bytes(result.result())))
            else:
                self.tell(Lost(worker, f"{type(error).__name__}: {error}"))

        self._client.history.clear()  # else it grows by a line with every set
        self._client[self._ids[worker]].apply_async(execute, data).add_done_callback(answered)

    def forget(self, worker: str) -> None:
        """See :meth:`Hub.forget`."""
        self._silent.pop(worker, None)
        self._ids.pop(worker, None)

    def exited(self, child: str, cause: str) -> None:
        """See :meth:`Hub.exited`."""
        if child == _CONTROLLER:
            self._closed.set()
            self._look.set()
            self.tell(HubLost(self, f"its controller {cause}", self.children.output(child)))
        else:
            super().exited(child, cause)

    def close(self) -> None:
        """See :meth:`Hub.close`."""
        if self._client is not None:
            self._client.close(linger=0)


class IpyparallelEngine(LocalEngine):
    """Engines of an ipyparallel cluster on this machine."""

    name = "ipyparallel"
    hub_class = IpyparallelHub
