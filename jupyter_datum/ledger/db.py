"""Opens the ledger: safely, whoever made the file and whatever lies in its place.

Write-ahead logging where the file system can do it, else a rollback journal: on a network
file system two hosts would not see each other's log. What SQLite is about to open is
looked at first: a FIFO in place of the file would make it wait for ever.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ..errors import LedgerError, LedgerOlderError, LedgerVersionError
from ..outputs.disk import is_full
from ..project import Project
from .schema import MIGRATIONS, VERSION

#: Seconds that a statement waits for another process's transaction.
BUSY: Final = 5.0
#: The same for a runner: what it has to write is finished work, and nobody can ask it for
#: anything meanwhile.
PATIENT: Final = 60.0
#: Seconds within which a ledger that another process makes at this moment has its tables.
_BORN_WITHIN: Final = 1.0
#: File systems on which other hosts may have the same file open.
NETWORK: Final = (
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "lustre", "gpfs", "beegfs", "ceph",
    "fuse.glusterfs", "fuse.sshfs",
)  # fmt: skip
_BUSY_CODES: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
#: What a file system without shared memory answers, at once or at the first write.
_NO_WAL_CODES: Final = (sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)

#: Files of ledgers without a log that were looked at, by device and inode: they stay open.
_HEADS: Final[dict[tuple[int, int], int]] = {}
_LOOKED: Final = threading.Lock()


def connect(project: Project, *, readonly: bool = False, busy: float = BUSY) -> sqlite3.Connection:
    """Open the ledger of `project`, made first if there is none.

    Statements commit by themselves; several go into one :func:`transaction`.

    Parameters
    ----------
    project : Project
    readonly : bool
        Write nothing, and make nothing. A ledger that belongs to another user is always
        opened so.
    busy : float
        Seconds that a statement waits for another process's transaction.

    Raises
    ------
    LedgerVersionError
        If a newer version of this package wrote it.
    LedgerOlderError
        If an older one did, and it is only to be read: it is upgraded when it is opened to write.
    LedgerError
        If it is not a regular file, not a ledger, damaged, missing (when `readonly`), or
        cannot be opened.
    """
    path = project.ledger
    _check_regular(path)
    try:
        if readonly or is_foreign(project):
            return _connect_to_read(path)
        _create(path)
        conn = _patiently(path)
        conn.execute(f"pragma busy_timeout = {round(1000 * busy)}")
        return conn
    except sqlite3.Error as exc:
        raise LedgerError(_sentence(path, exc)) from exc
    except OSError as exc:
        raise LedgerError(f"the ledger {str(path)!r} cannot be opened: {exc.strerror}") from exc


def is_foreign(project: Project) -> bool:
    """Return whether another user owns the ledger (it is then read-only, and so marked)."""
    if sys.platform == "win32":
        return False
    try:
        return os.lstat(project.ledger).st_uid != os.getuid()
    except FileNotFoundError:
        return False


@contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Everything inside becomes durable in one commit, or not at all.

    The write lock is taken at the start: a read that turns into a write later would fail
    at once, whatever the busy timeout. Inside another transaction this one is part of it.
    """
    if conn.in_transaction:
        yield conn
        return
    conn.execute("begin immediate")
    try:
        yield conn
        conn.execute("commit")
    except BaseException:
        if conn.in_transaction:  # SQLite may have rolled back by itself (full disk)
            conn.execute("rollback")
        raise


@contextmanager
def reading(conn: sqlite3.Connection) -> Iterator[None]:
    """All that is read inside is of one moment."""
    conn.execute("begin")
    try:
        yield
    finally:
        if conn.in_transaction:  # SQLite may have rolled back by itself
            conn.execute("rollback")


def data_version(conn: sqlite3.Connection) -> int:
    """Return a number that changes when another connection has committed (27 us)."""
    return int(conn.execute("pragma data_version").fetchone()[0])


def journal_mode(conn: sqlite3.Connection) -> str:
    """Return ``"wal"``, or ``"delete"`` where the file system cannot do it."""
    return str(conn.execute("pragma journal_mode").fetchone()[0])


def file_system(path: Path) -> str:
    """Return the type of the file system that `path` lies on; empty where nothing tells."""
    try:
        device = os.stat(path).st_dev
        number = f"{os.major(device)}:{os.minor(device)}"
        lines = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    except (OSError, AttributeError):  # no such file, or no os.major (Windows)
        return ""
    for line in reversed(lines):
        left, _, right = line.partition(" - ")
        if left.split()[2] == number:
            return right.split()[0]
    return ""


# -- the file --------------------------------------------------------------------------------


def _check_regular(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        name = f"{path}{suffix}"
        try:
            mode = os.lstat(name).st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as exc:
            raise LedgerError(f"the ledger {name!r} cannot be read: {exc.strerror}") from exc
        if not stat.S_ISREG(mode):
            raise LedgerError(
                f"{name!r} is not a regular file and is not opened as a ledger. Move it away: "
                "outputs stay, the history of runs goes with it"
            )


def _create(path: Path) -> None:
    """Make an empty file that only its user can read; SQLite gives its log the same mode."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    try:
        os.close(os.open(path, flags, 0o600))
    except FileExistsError:
        pass


def _open(path: Path, query: str) -> sqlite3.Connection:
    conn = sqlite3.connect(
        f"{path.as_uri()}?{query}",
        uri=True,
        timeout=BUSY,
        isolation_level=None,
        cached_statements=256,
    )
    # A ledger may come from anyone: its views and triggers must not call functions.
    conn.execute("pragma trusted_schema = off")
    conn.execute("pragma temp_store = memory")
    return conn


def _sentence(path: Path, exc: sqlite3.Error) -> str:
    name = repr(str(path))
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return (
            f"the ledger {name} is damaged ({exc}). Move it away: outputs stay, the history of "
            "runs goes with it"
        )
    if code in _BUSY_CODES:
        return f"the ledger {name} is kept busy by another process for {BUSY:g} s ({exc})"
    if is_full(str(path.parent)):
        return f"the disk is full: the ledger {name} cannot be opened. Make room, then try again"
    return f"the ledger {name} cannot be opened: {exc}"


def cannot_write(exc: sqlite3.OperationalError) -> LedgerError:
    """Return what a client is told whose request could not be written down."""
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    if code in _BUSY_CODES:
        why = f"another process keeps the ledger locked for more than {BUSY:g} s"
    elif code == sqlite3.SQLITE_FULL:
        why = "the disk is full: the ledger cannot be written"
    else:
        why = f"the ledger cannot be written ({exc})"
    return LedgerError(f"{why}. Nothing was asked for; when that is over, try again")


def is_transient(exc: Exception) -> bool:
    """Return whether it is the ledger's surroundings that failed (a full disk, a lock that
    another process keeps): the same statement may succeed later. One that SQLite does not
    understand, as for a table that is not there, never will."""
    if not isinstance(exc, sqlite3.OperationalError):
        return False
    code = getattr(exc, "sqlite_errorcode", sqlite3.SQLITE_ERROR)  # Python raises some itself
    return int(code) & 0xFF != sqlite3.SQLITE_ERROR


# -- writing ---------------------------------------------------------------------------------


def _patiently(path: Path) -> sqlite3.Connection:
    """Two who create at once disturb each other where no busy timeout applies: try again."""
    deadline = time.monotonic() + BUSY
    while True:
        try:
            return _connect_to_write(path)
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF not in _BUSY_CODES or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _connect_to_write(path: Path) -> sqlite3.Connection:
    conn = _open(path, "mode=rw")
    try:
        choose_journal(conn, path)
        conn.execute("pragma synchronous = full")
        conn.execute("pragma cache_size = -65536")  # KiB: key pages of a million datums
        conn.execute("pragma wal_autocheckpoint = 4000")
        _migrate(conn, path)
    except BaseException:
        conn.close()
        raise
    return conn


def choose_journal(conn: sqlite3.Connection, path: Path) -> None:
    """Set write-ahead logging if the file system can do it (tried by a write), else warn."""
    kind = file_system(path)
    if kind in NETWORK:
        _roll_back_mode(conn, path, kind)
        return
    try:
        if conn.execute("pragma journal_mode = wal").fetchone()[0] == "wal":
            _try_to_write(conn)
            return
    except sqlite3.OperationalError as exc:
        # A full disk has no room for the log's index; that is no want of the file system's.
        if exc.sqlite_errorcode & 0xFF not in _NO_WAL_CODES or is_full(str(path.parent)):
            raise
    _roll_back_mode(conn, path, kind)


def _try_to_write(conn: sqlite3.Connection) -> None:
    """Some file systems take the mode and fail at the first write. Ledgers in use had one."""
    if conn.execute("pragma user_version").fetchone()[0]:
        return
    with transaction(conn):  # another process may have filled the ledger since: keep what is
        version = int(conn.execute("pragma user_version").fetchone()[0])
        conn.execute(f"pragma user_version = {version}")


def _roll_back_mode(conn: sqlite3.Connection, path: Path, kind: str) -> None:
    if _header_says_wal(path):
        # Alone with the file, SQLite leaves a write-ahead log without sharing memory.
        conn.execute("pragma locking_mode = exclusive")
        conn.execute("pragma journal_mode = delete")
        conn.execute("pragma locking_mode = normal")
        conn.execute("pragma user_version").fetchone()  # the lock is given up at the next read
    warnings.warn(
        f"the ledger {str(path)!r} lies on a file system ({kind or 'of unknown type'}) without "
        "write-ahead logging: runs are slower, and only one host should use the project",
        RuntimeWarning,
        stacklevel=2,
    )


def _header_says_wal(path: Path) -> bool:
    """Whether the file asks for a write-ahead log; asking SQLite would open that log.

    The file is never closed: whoever closes any descriptor of a file loses all locks (POSIX's)
    that this process has on it, and another connection may be in the middle of a transaction.
    """
    if sys.platform == "win32":
        with path.open("rb") as head:
            return head.read(20)[18:] == b"\2\2"
    found = os.stat(path)
    with _LOOKED:
        file = _HEADS.get((found.st_dev, found.st_ino))
        if file is None:
            file = _HEADS[found.st_dev, found.st_ino] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    return os.pread(file, 2, 18) == b"\2\2"


def _migrate(conn: sqlite3.Connection, path: Path) -> None:
    if _version(conn, path) == VERSION:
        return
    with transaction(conn):
        found = _version(conn, path)  # another process may have been faster
        if found == 0 and conn.execute("select count(*) from sqlite_master").fetchone()[0]:
            raise LedgerError(
                f"{str(path)!r} is a database, but not a ledger of jupyter-datum. Move it away"
            )
        for script in MIGRATIONS[found:]:
            for statement in statements(script):
                conn.execute(statement)
        conn.execute(f"pragma user_version = {VERSION}")


def _version(conn: sqlite3.Connection, path: Path) -> int:
    found = int(conn.execute("pragma user_version").fetchone()[0])
    if found > VERSION:
        raise LedgerVersionError(str(path), found, VERSION)
    return found


def statements(script: str) -> Iterator[str]:
    """Yield the statements of `script` one by one: ``executescript`` would commit first."""
    statement = ""
    for piece in script.split(";")[:-1]:
        statement += piece + ";"
        if sqlite3.complete_statement(statement):  # a ';' in a comment completes nothing
            yield statement
            statement = ""


# -- reading ---------------------------------------------------------------------------------


def _connect_to_read(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise LedgerError(f"there is no ledger {str(path)!r} yet: nothing was run here")
    conn = _open(path, "mode=ro")
    try:
        _check_readable(conn, path)
    except sqlite3.OperationalError:
        conn.close()
        log = Path(f"{path}-wal")
        if log.exists() and log.stat().st_size:
            raise
        # A folder that we cannot write to has no room for the index of a write-ahead log;
        # the log is empty, so the file itself is whole.
        conn = _open(path, "mode=ro&immutable=1")
        _check_readable(conn, path)
    except BaseException:
        conn.close()
        raise
    return conn


def _check_readable(conn: sqlite3.Connection, path: Path) -> None:
    conn.execute("pragma query_only = on")
    found = _version(conn, path)
    end = time.monotonic() + _BORN_WITHIN
    while found == 0 and time.monotonic() < end:  # it is being made at this moment
        time.sleep(0.01)
        found = _version(conn, path)
    if found < VERSION:
        raise LedgerOlderError(str(path), found, VERSION)
    conn.execute("select value from meta where name = 'next_datum'").fetchone()
