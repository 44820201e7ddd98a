"""What runs in a backend of joblib: a call that starts a worker where it is, and looks after it.

``python -m jupyter_datum.engines.pilot FOLDER`` gives the calls to the backend, in a process of its
own: some backends fork, others import what the runner should not. Its orders are files of the
folder, and so is all that a call says and hears; so the backend carries nothing but the call.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from ..errors import EngineError
from ..locks import claim, is_locked, try_lock
from .children import begin
from .guest import Hello, package_version, python_version
from .inbox import numbered, put
from .processes import WORKER_MARK, OomWatch, death_cause, kill_left, kill_tree

#: Files of a worker's folder: who has come, what it gets, whether its call is alive, that it is to
#: be ended, and how it has ended.
HELLO: Final = "hello"
TERMS: Final = "terms"
ALIVE: Final = "alive"
END: Final = "end"
ENDED: Final = "ended"
#: Files of the engine's folder: its own lock, and a number's order and what has become of it.
ENGINE: Final = "engine"
ORDER: Final = ".order"
FAILED: Final = ".failed"

_CLAIMED: Final = "claimed"
#: Seconds between two looks at a worker and its folder, and at the engine's lock.
_LOOK: Final = 0.05
_LOOK_AT_ENGINE: Final = 1.0


def pilot(place: str, name: str) -> None:
    """Be the call: start a worker here, return when it has ended.

    Parameters
    ----------
    place : str
        The engine's folder.
    name : str
        The worker's, which is its folder in that.

    Raises
    ------
    EngineError
        If the folder is not seen from here.
    """
    folder = Path(place) / name
    if not (folder / TERMS).exists():
        raise EngineError(
            f"a call of the backend on {socket.gethostname()} does not see {str(folder)!r}: the "
            "project has to lie on a file system that both see"
        )
    if not claim(folder / _CLAIMED):
        return  # the backend has made the call twice
    with contextlib.suppress(FileNotFoundError), _held(folder / ALIVE):
        cause = _looked_after(Path(place), folder)
        put(folder / ENDED, cause.encode())


@contextlib.contextmanager
def _held(path: Path) -> Any:
    handle = try_lock(path)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _looked_after(place: Path, folder: Path) -> str:
    """Start the worker; return how it has ended."""
    mark = f"{os.getpid()}-{folder.name}-{place.name}"
    memory, looked, ended = OomWatch(), time.monotonic(), False
    variables = json.loads((folder / TERMS).read_bytes())
    with (folder / "log").open("wb") as log:
        worker = begin(folder, {**variables, WORKER_MARK: mark}, stdout=log, stderr=log)
    hello = Hello(worker.pid, socket.gethostname(), python_version(), package_version(), "")
    put(folder / HELLO, json.dumps(hello).encode())
    try:
        while worker.poll() is None:
            time.sleep(_LOOK)
            due = time.monotonic() - looked > _LOOK_AT_ENGINE
            looked = time.monotonic() if due else looked
            if (folder / END).exists() or (due and not is_locked(place / ENGINE)):
                ended = True
                kill_tree(worker.pid)
    finally:
        kill_tree(worker.pid)
        code = worker.wait()
        if worker.stdin is not None:
            worker.stdin.close()
        kill_left(worker.pid, mark)
    return death_cause(code, out_of_memory=not ended and memory.rose())


# -- who gives the calls to the backend --------------------------------------------------------


def main(place: Path) -> None:
    """Heed the orders of an engine for ever."""
    about = json.loads((place / TERMS).read_bytes())
    try:
        factory = about["factory"] and factory_of(about["factory"])
    except EngineError as exc:
        _say_failed(place, 0, str(exc))
        return
    done = 0
    while True:
        for number in numbered(place, ORDER):
            if number > done:
                done = number
                arguments = (place, number, about, factory)
                threading.Thread(target=_heed, args=arguments, daemon=True).start()
        time.sleep(_LOOK)


def _heed(place: Path, number: int, about: dict[str, Any], factory: Any) -> None:
    """Have the backend make one call for each worker of an order; they return when it has ended."""
    from joblib import delayed, parallel_config, register_parallel_backend

    names = json.loads((place / f"{number}{ORDER}").read_bytes())
    try:
        if isinstance(factory, type):
            register_parallel_backend(about["backend"], factory)
        elif factory:
            factory()
        with parallel_config(backend=about["backend"], **about["options"]):
            calls = _calls_of(max(2, len(names)))
            calls(delayed(pilot)(str(place), name) for name in names)
    except BaseException as exc:
        _say_failed(place, number, f"{type(exc).__name__}: {exc}")


def _calls_of(n: int) -> Any:
    """Return what has the backend make calls, `n` at once if it can, and makes none here."""
    from joblib import Parallel
    from joblib._parallel_backends import SequentialBackend

    class Elsewhere(Parallel):  # type: ignore[misc]
        """Of a backend that has room for one call at the moment joblib would ask nothing."""

        def _initialize_backend(self) -> int:
            room = int(super()._initialize_backend())
            if isinstance(self._backend, SequentialBackend):
                raise EngineError("joblib finds it of no use here")
            return max(2, room)

    return Elsewhere(n_jobs=n, batch_size=1, pre_dispatch="all")


def _say_failed(place: Path, number: int, text: str) -> None:
    with contextlib.suppress(OSError):  # the engine is gone
        put(place / f"{number}{FAILED}", text.encode(errors="backslashreplace"))


def factory_of(text: str) -> Any:
    """Return what ``module:name`` names: a class of a backend, or what registers one.

    Raises
    ------
    EngineError
        If there is none.
    """
    module, _, name = text.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as exc:
        raise EngineError(f"the backend's {text!r} cannot be imported: {exc}") from exc


if __name__ == "__main__":
    main(Path(sys.argv[1]))
