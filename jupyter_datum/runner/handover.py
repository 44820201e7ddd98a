"""How values of environment variables get from a live kernel to a runner, past the disk.

The runner listens on a socket of mode 0600 and takes values only from processes of its own
user; the kernel sends them only to a process of its own user. Connection and values last as
long as the run: a runner that takes the run up after another one has died is told them too.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import stat
import struct
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Final

from ..ledger import db, queries, requests
from ..project import Project, interpreter_id
from ..states import ENDED

#: Longest path of a socket that every system takes.
_LONGEST: Final = 100
#: Bytes of a message; an environment is smaller.
_LARGEST: Final = 4 << 20
#: Seconds between two tries to reach a runner that is being started.
_AGAIN: Final = 0.1
#: Seconds after which a client that has not said what it wants is left.
_PATIENCE: Final = 5.0
#: Seconds after which a socket is looked at by others; one that is just being made is younger.
_OLD: Final = 86_400.0
#: How many of them one runner looks at.
_SWEPT: Final = 500


class Receiver:
    """The runner's end: knows the values of the runs whose kernels live.

    Parameters
    ----------
    project : Project
    interpreter : str
        Whose lock the caller holds: a socket that is there already is a dead runner's.
    """

    def __init__(self, project: Project, interpreter: str) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, dict[str, str]] = {}
        self._kernels: dict[str, list[socket.socket]] = {}
        self._path, self._socket = _listen(project, interpreter)
        if self._socket is not None:
            threading.Thread(target=self._accept, name="environment", daemon=True).start()

    def values(self, run: str) -> dict[str, str] | None:
        """Return what a kernel has told for `run`, or None."""
        with self._lock:
            return self._values.get(run)

    def lend(self, watch: str, run: str) -> None:
        """Let `run` have what was told for the watch that has asked for it."""
        with self._lock:
            if watch in self._values:
                self._values[run] = self._values[watch]

    def forget(self, run: str) -> None:
        """The run is over: its values are let go, and its kernel is told."""
        with self._lock:
            self._values.pop(run, None)
            kernels = self._kernels.pop(run, [])
        for kernel in kernels:
            with contextlib.suppress(OSError), kernel:
                kernel.sendall(b"end\n")

    def close(self) -> None:
        """Listen no more. Kernels whose runs go on look for the next runner."""
        if self._socket is not None and self._path is not None:
            self._path.unlink(missing_ok=True)
            self._socket.close()

    def _accept(self) -> None:
        assert self._socket is not None
        while True:
            try:
                kernel, _ = self._socket.accept()
            except OSError:
                return
            # One that stalls must not keep the others waiting.
            threading.Thread(target=self._hear, args=(kernel,), daemon=True).start()

    def _hear(self, kernel: socket.socket) -> None:
        try:
            kernel.settimeout(_PATIENCE)
            if not _same_user(kernel):
                raise ValueError("a process of another user")
            message = json.loads(_line(kernel))
            run, values = str(message["run"]), dict(message["values"])
        except (OSError, ValueError, KeyError, TypeError):
            kernel.close()
            return
        with self._lock:
            self._values[run] = {str(name): str(value) for name, value in values.items()}
            self._kernels.setdefault(run, []).append(kernel)


def offer(project: Project, interpreter: str, run: str, values: Mapping[str, str]) -> None:
    """Tell `values` to whichever runner has `run`, until it is over or this process ends."""
    threading.Thread(
        target=_offer, args=(project, interpreter, run, dict(values)), daemon=True, name="offer"
    ).start()


def _offer(project: Project, interpreter: str, run: str, values: dict[str, str]) -> None:
    message = json.dumps({"run": run, "values": values}).encode() + b"\n"
    wait = _AGAIN
    while True:
        for path in _places(project, interpreter):
            if _told(path, message):
                return
        if _over(project, run):
            return
        time.sleep(wait)
        wait = min(2.0, wait * 1.1)


def _told(path: Path, message: bytes) -> bool:
    """Tell one runner, and stay until it ends (False) or says that the run has (True)."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as runner:
        runner.connect(str(path))
        if not _same_user(runner):
            return False
        runner.sendall(message)
        return runner.recv(16) == b"end\n"
    return False


def _over(project: Project, run: str) -> bool:
    """Whether nobody will ask for the values any more."""
    try:
        with contextlib.closing(db.connect(project, readonly=True)) as conn:
            row = queries.run_by_uuid(conn, run)
            refused = requests.answered(conn, run)[0] == "refused"
    except Exception:  # the project is gone, or cannot be read: then no runner can either
        return True
    return refused or (row is not None and row.status in ENDED)


# -- sockets -------------------------------------------------------------------------------


def _listen(project: Project, interpreter: str) -> tuple[Path | None, socket.socket | None]:
    """Listen at the first place where that works; a system without such sockets has none."""
    for path in _places(project, interpreter):
        if path.parent != project.dir:
            _sweep(path.parent)
        listener = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        try:
            path.unlink(missing_ok=True)
            listener.bind(str(path))
            path.chmod(0o600)
            listener.listen(64)
            return path, listener
        except OSError as exc:  # a file system without sockets
            listener.close()
            print(f"no socket at {path.name}: {exc.strerror}", flush=True)
        finally:
            os.umask(before)
    return None, None


def _places(project: Project, interpreter: str) -> Iterator[Path]:
    """Yield where the runner's socket may be: a folder of this user's, and the project.

    The first one must not hang on variables: kernel and runner may differ in them. In the
    project a socket is second choice: what a killed runner leaves keeps some tools from
    copying the folder, and its path may be too long.
    """
    if sys.platform == "win32":
        return
    own = project.dir / f"runner-{interpreter_id(interpreter)}.sock"
    folder = Path(f"/tmp/jupyter-datum-{os.getuid()}")
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    private = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o077
    if private and status.st_uid == os.getuid():
        name = blake2b(os.fsencode(own), digest_size=12).hexdigest()
        yield folder / f"{name}.sock"
    if len(os.fsencode(own)) <= _LONGEST:
        yield own


def _sweep(folder: Path, most: int = _SWEPT) -> None:
    """Remove what killed runners of former days have left in `folder`, a part at a time."""
    before = time.time() - _OLD
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in itertools.islice(entries, most):
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_mtime < before and _deserted(entry.path):
                    os.unlink(entry.path)


def _deserted(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)  # a full queue is no reason to wait
        try:
            client.connect(path)
        except ConnectionRefusedError:
            return True
    return False


def _same_user(peer: socket.socket) -> bool:
    """Whether at the other end is a process of this user."""
    if sys.platform == "win32":
        return False
    if sys.platform == "linux":
        data = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        uid = struct.unpack("3i", data)[1]
    else:  # LOCAL_PEERCRED of the BSDs and macOS: version and uid stand first
        uid = struct.unpack("2I", peer.getsockopt(0, 1, 8))[1]
    return bool(uid == os.getuid())


def _line(peer: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n"):
        part = peer.recv(65536)
        if not part or len(data) > _LARGEST:
            raise ValueError("a message that does not end")
        data += part
    return data
