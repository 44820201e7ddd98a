"""Child processes that run a package's own program, and end when this process ends.

For engines whose workers are not started by a pool. A child gets its variables before its
first import, leads its own process group, and ``waitpid`` tells the moment and the cause of
its death.
"""

from __future__ import annotations

import itertools
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ..errors import EngineError
from .processes import WORKER_MARK, OomWatch, death_cause, kill_left, kill_tree

#: Puts this very package on the path; the rest of the path is the interpreter's.
_BOOT: Final = """\
import sys
root = sys.argv.pop(1)
sys.path[0:1] = [] if root in sys.path[1:] else [root]
from jupyter_datum.engines.children import main
main()
"""


#: A worker that takes sets from a folder; it imports what this process would import.
_TAKE_SETS: Final = """\
import json, sys
sys.path[:] = json.loads(sys.argv.pop(1))
from jupyter_datum.engines.worker import worker_main
worker_main()
"""


def begin(inbox: Path, environment: Mapping[str, str], **streams: Any) -> subprocess.Popen[bytes]:
    """Start a worker that takes its sets from the folder `inbox`; it ends when its standard input
    does, that is with this process.

    Parameters
    ----------
    inbox : Path
    environment : mapping of str to str
        Variables set before its first import.
    **streams
        Where it prints, as :class:`subprocess.Popen` takes it.
    """
    # A process group of its own from the first moment; Windows has none.
    group: dict[str, Any] = {} if sys.platform == "win32" else {"process_group": 0}
    return subprocess.Popen(
        [sys.executable, "-c", _TAKE_SETS, json.dumps(sys.path), "--inbox", str(inbox)],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        **group,
        **streams,
    )


class Children:
    """Child processes, with a private folder for their files. Any thread may call this.

    All of them hold the reading end of one pipe: when it breaks, that is when this process
    has ended in whatever way, they end themselves with their process groups.

    Parameters
    ----------
    name : str
        Whose they are; part of the folder's name.
    environment : mapping of str to str
        Variables that each of them gets.
    exited : callable
        Told the name and the cause of death of each, in a thread.
    """

    def __init__(
        self, name: str, environment: Mapping[str, str], exited: Callable[[str, str], None]
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(
            prefix=f"jupyter-datum-{name}-", ignore_cleanup_errors=True
        )
        self.folder = Path(self._temporary.name)
        self._environment = environment
        self._exited = exited
        self._marks = (f"{os.getpid()}-{self.folder.name}-{n}" for n in itertools.count())
        self._memory = OomWatch()
        self._read, self._write = os.pipe()
        self._lock = threading.Lock()
        self._closed = False
        self._pids: dict[str, int] = {}
        self._reapers: list[threading.Thread] = []

    def spawn(
        self, child: str, module: str, *args: str, extra: Mapping[str, str], worker: bool = True
    ) -> int:
        """Start ``python -m module args`` under the name `child`; return its pid.

        Parameters
        ----------
        extra : mapping of str to str
            Variables that this one gets too, unless the common ones say otherwise.
        worker : bool
            Whether it will execute datum sets, so prepares for that first.
        """
        root = str(Path(__file__).parents[2])
        boot = [sys.executable, "-c", _BOOT, root, str(self._read), str(self.folder)]
        with self._lock, (self.folder / f"{child}.log").open("wb") as log:
            if self._closed:
                raise EngineError("the engine was closed while it was starting")
            mark = next(self._marks)
            process = subprocess.Popen(
                [*boot, "worker" if worker else "hub", module, *args],
                env={**os.environ, **extra, **self._environment, WORKER_MARK: mark},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(self._read,),
                process_group=0,
            )
            self._pids[child] = process.pid
            reaper = threading.Thread(
                target=self._reap, args=(child, process, mark), name=f"reap {child}", daemon=True
            )
            self._reapers = [thread for thread in self._reapers if thread.is_alive()]
            self._reapers.append(reaper)
            reaper.start()
        return process.pid

    def _reap(self, child: str, process: subprocess.Popen[bytes], mark: str) -> None:
        if hasattr(os, "waitid"):
            # As long as it is not reaped its pid, and so its group, is surely its own.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            del self._pids[child]
        kill_left(process.pid, mark)
        code = process.wait()
        with self._lock:
            cause = death_cause(code, out_of_memory=self._memory.rose())
        self._exited(child, cause)

    def kill(self, child: str) -> None:
        """End `child` and what it started, now. Its end is told as any other."""
        with self._lock:
            pid = self._pids.get(child)
            if pid is not None:
                kill_tree(pid)

    def output(self, child: str, size: int = 2000) -> str:
        """Return the end of what `child` has printed."""
        with suppress(OSError):
            text = (self.folder / f"{child}.log").read_bytes()[-size:]
            return text.decode(errors="replace").strip()
        return ""

    def close(self) -> None:
        """End all of them, wait for that, and remove the folder. Twice is safe."""
        with self._lock:
            closed, self._closed = self._closed, True
            for pid in self._pids.values():
                kill_tree(pid)
        if closed:
            return
        for reaper in self._reapers:
            reaper.join(10)
        os.close(self._read)
        os.close(self._write)
        self._temporary.cleanup()


def main() -> None:
    """Be a child: run a module as ``python -m`` does, and end when the parent has ended."""
    _, pipe, folder, kind, module, *args = sys.argv
    threading.Thread(target=_end_with_parent, args=(int(pipe), folder), daemon=True).start()
    if kind == "worker":
        from .worker import prepare

        prepare()
    sys.argv[:] = [module, *args]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _end_with_parent(pipe: int, folder: str) -> None:
    os.read(pipe, 1)  # nobody ever writes: it returns when the last writer is gone
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)
