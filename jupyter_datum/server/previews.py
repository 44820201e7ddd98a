"""The beginning of a file that a datum has read or written, for people to look at.

Only files that the ledger has recorded of the datum, and of these only what the server shows
anyway: below its folder, by the real path, nothing hidden. What a failed attempt had written
is looked for in the staging folder of its own output folder. The answer is data: a picture in
base64, a table or a text as text, and nothing that a browser would take for a page.
"""

from __future__ import annotations

import base64
import os
import sqlite3
import stat
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from ..ledger import queries
from ..outputs.staging import FAILED, FOLDER, kept
from ..project import Project
from ..remote import is_url
from . import rowlook, shapes, sniff
from .details import folders, input_place, source_of
from .errors import not_found
from .parquet import parquet_table
from .paths import contents_path
from .reads import run_of
from .tables import TABLES, Table, lines_table

#: Bytes of a file that are looked at, and of a picture or of raw bytes that are sent.
HEAD: Final = 1 << 16
LARGEST: Final = 8 << 20
#: Pixels of a picture that a browser is made to unpack, and characters of a text.
_PIXELS: Final = 50_000_000
_TEXT: Final = 16_000

_NO_FOLDER: Final = (
    "its folder is not known: someone else has recorded the transform, or the folder is gone"
)
SIDES: Final = ("input", "output", "partial", "row")


class Place(NamedTuple):
    """Where a recorded file lies, and what it was; ``why`` it cannot be shown, if so. Of a row
    of a table: what the process is ``asked`` that looks it up, and when the datum ``began``."""

    path: bytes = b""
    rel: bytes = b""
    size: int | None = None
    mtime_ns: int | None = None
    digest: bytes = b""
    why: str | None = None
    asked: dict[str, Any] | None = None
    began: float = 0.0


def place(
    conn: sqlite3.Connection,
    project: Project,
    identity: int,
    which: tuple[str, int],
    attempt: tuple[str, int] | None,
    root: Path | None,
) -> Place:
    """Return where a file of a datum lies.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    identity : int
        Of the datum.
    which : tuple
        One of :data:`SIDES`, and the file's number among them.
    attempt : tuple or None
        Run (uuid) and number of the attempt whose partial files are meant.
    root : Path or None
        The folder that the server shows.

    Raises
    ------
    ApiError
        ``not-found``.
    """
    row = queries.datum_by_id(conn, identity)
    if row is None:
        raise not_found("datum")
    side, n = which
    if side == "row":
        question, why = rowlook.asked(source_of(conn, project, row)[0], row.key, project, root)
        return Place(asked=question, began=row.began or 0.0, why=why or None)
    roots, out = folders(conn, project, row)
    if side == "partial":
        found = _partial(conn, identity, n, attempt, out)
    else:
        found = _input(conn, row, n, roots) if side == "input" else _output(conn, identity, n)
    if found is None:
        return Place(why="there is no such file of this datum")
    return _checked(found, root, out if side == "partial" else None)


def _input(
    conn: sqlite3.Connection, row: queries.DatumRow, n: int, roots: dict[str, bytes]
) -> Place | None:
    found = conn.execute(
        "select name, rel, size, mtime_ns, content from input where datum = ? and ordinal = ?",
        (row.id, n),
    ).fetchone()
    if found is None and n == 0:
        found = conn.execute(
            "select '', key, size, mtime_ns, content from datum where id = ? and content is not"
            " null",
            (row.id,),
        ).fetchone()
    if found is None:
        return None
    name, rel, size, mtime_ns, content = found
    path = input_place(name, bytes(rel), roots)
    if path is None:
        return Place(why=_NO_FOLDER)
    return Place(path, bytes(rel), size, mtime_ns, bytes(content or b""))


def _output(conn: sqlite3.Connection, identity: int, n: int) -> Place | None:
    rows = sorted(queries.outputs_of(conn, [identity]).get(identity, []))
    if n >= len(rows):
        return None
    path, size, mtime_ns, digest = rows[n]
    return Place(path, os.path.basename(path), size, mtime_ns, digest)


def _partial(
    conn: sqlite3.Connection,
    identity: int,
    n: int,
    attempt: tuple[str, int] | None,
    out: bytes | None,
) -> Place | None:
    if attempt is None or out is None:
        return None
    run = run_of(conn, attempt[0])
    found = conn.execute(
        "select partial from attempt where datum = ? and run = ? and attempt = ?",
        (identity, run.id, attempt[1]),
    ).fetchone()
    files = shapes.partial_files(found[0] if found else None)
    if n >= len(files):
        return None
    staged, rel = files[n]
    if staged != os.path.basename(staged) or staged in ("", ".", ".."):
        return None
    return Place(kept(out, staged), os.fsencode(rel))


def _checked(found: Place, root: Path | None, out: bytes | None) -> Place:
    """Let only what the server shows through, and name it by its real path."""
    if found.why is not None:
        return found
    if is_url(found.path):
        return Place(why="it lies in an object store, which the server does not read")
    real = os.path.realpath(found.path)
    if out is not None:
        folder = os.path.join(os.path.realpath(out), FOLDER, FAILED, b"")
        top = root is not None and os.path.realpath(out) == os.fsencode(root)
        shown = (top or contents_path(root, out) is not None) and real.startswith(folder)
    else:
        shown = contents_path(root, found.path) is not None
    if not shown:
        return Place(why="it lies outside of the folder that this server shows")
    return found._replace(path=real)


# -- looking -------------------------------------------------------------------------------


def look(found: Place, *, raw: bool = False) -> dict[str, Any]:
    """Return what a file shows; it is opened, and nothing is waited for.

    Parameters
    ----------
    found : Place
    raw : bool
        Give its bytes, whatever it is.
    """
    if found.why is not None:
        return _nothing(found.why)
    if found.asked is not None:
        return {**_NOTHING, **rowlook.look(found.asked, found.began)}
    try:
        file = _open(found.path)
    except FileNotFoundError:
        return _nothing("it is not there any more")
    except (OSError, ValueError) as exc:
        return _nothing(f"it cannot be opened ({type(exc).__name__})")
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return _nothing("it is not a regular file")
        return _looked(found, file, status, raw)


def _open(path: bytes) -> BinaryIO:
    flags = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(path, flags | getattr(os, "O_NONBLOCK", 0)), "rb")


def _looked(found: Place, file: BinaryIO, status: os.stat_result, raw: bool) -> dict[str, Any]:
    head = file.read(HEAD)
    mime = sniff.mime_of(head, found.rel)
    facts = {
        "mime": mime,
        "size": status.st_size,
        "modified": status.st_mtime,
        "changed": _changed(found, status),
        "digest": found.digest.hex() or None,
    }
    if raw:
        shown = _bytes(file, status.st_size)
    elif mime in sniff.PICTURES:
        shown = _picture(file, head, mime, status.st_size)
    elif mime in TABLES and (table := _table(file, head, mime, status.st_size)) is not None:
        shown = table
    else:
        shown = _text(head, mime, status.st_size)
    return {**_NOTHING, **facts, **shown}


def _changed(found: Place, status: os.stat_result) -> bool:
    """Whether it is another file than the one that was recorded."""
    if found.size is None:
        return False
    return found.size != status.st_size or found.mtime_ns not in (None, 0, status.st_mtime_ns)


def _bytes(file: BinaryIO, size: int) -> dict[str, Any]:
    file.seek(0)
    data = base64.b64encode(file.read(LARGEST)).decode("ascii")
    return {"kind": "bytes", "data": data, "more": size > LARGEST}


def _picture(file: BinaryIO, head: bytes, mime: str, size: int) -> dict[str, Any]:
    pixels = sniff.size_of(head, mime)
    if size > LARGEST:
        return {"why": f"pictures of up to {LARGEST >> 20} MB are shown here", "pixels": pixels}
    if pixels is None or pixels[0] * pixels[1] > _PIXELS:
        return {"why": "the picture is too large to be shown here", "pixels": pixels}
    return {**_bytes(file, size), "kind": "image", "pixels": pixels}


def _table(file: BinaryIO, head: bytes, mime: str, size: int) -> dict[str, Any] | None:
    found: Table | str | None
    if mime == sniff.PARQUET:
        found = parquet_table(file)
    else:
        found = lines_table(sniff.text_of(head) or "", mime, whole=size <= len(head))
    if isinstance(found, str):
        return {"why": found}
    return None if found is None else {"kind": "table", **found._asdict()}


def _text(head: bytes, mime: str, size: int) -> dict[str, Any]:
    text = sniff.text_of(head) if mime.startswith("text/") else None
    if text is None:
        return {"why": "there is no preview of files like this"}
    return {"kind": "text", "text": text[:_TEXT], "more": size > HEAD or len(text) > _TEXT}


_NOTHING: Final[dict[str, Any]] = {
    "kind": "none", "why": None, "mime": None, "size": None, "modified": None, "changed": False,
    "digest": None, "pixels": None, "data": None, "columns": None, "rows": None, "text": None,
    "more": False,
}  # fmt: skip


def _nothing(why: str) -> dict[str, Any]:
    return {**_NOTHING, "why": why}
