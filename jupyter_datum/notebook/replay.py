"""``replay``: a recorded datum in the kernel, with all that its cell found, to be stepped through.

Nothing of it is published or recorded. What the cell reads is what a worker would read; what it
writes goes to a private folder that ends with the datum.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ..datum import Datum
from ..errors import RunError, UsageError
from ..hashing import file_digest
from ..ledger import db, queries
from ..ledger.known import inputs_of
from ..ledger.queries import DatumRow
from ..ledger.rows import AttemptRow
from ..outcomes.made import recipe_of
from ..outputs.names import check_rel
from ..outputs.staging import kept
from ..project import Project, find
from ..remote import is_url
from ..states import DatumState
from ..transform.command import COMMANDS
from ..transform.payload import Loaded, load_payload
from ..transform.recipe import Recipe, read_payload
from .context import context_of, shell_here
from .display import tell
from .place import KernelPlace
from .recorded import called, datum_at, find_datum
from .render import one_line

#: Bytes of partial output that are copied: the folder for them may be in memory.
_MOST: Final = 1 << 30


class Replayed(Datum):
    """A datum as a recorded attempt had it: works as ``datum`` does in a cell."""

    __slots__ = ("changed", "partial")

    #: Input files that are not what the attempt read: changed since, or gone.
    changed: list[Path]
    #: A folder with a copy of what the failed attempt had written; None if that was nothing.
    partial: Path | None

    def read_files(self) -> tuple[tuple[str, str, bytes], ...]:
        """Return input name, absolute path and relative path of each file."""
        return self._files


def replay(name: str, which: str | int = "failed", project: str | None = None) -> Replayed:
    """See :func:`jupyter_datum.replay`."""
    shell = shell_here()
    home = _home(project, shell)
    with contextlib.closing(db.connect(home)) as conn:
        row = find_datum(conn, home, name, str(which))
        if row is None:
            raise _unknown(conn, name, which)
        # The code of its last attempt, and not that of a later run of others.
        recipe = recipe_of(conn, home, row)
        found, place = datum_at(conn, home, row, recipe, kind=Replayed)
        assert isinstance(found, Replayed)
        found.changed = list(_changed(conn, row, found))
        failed = _last_failure(conn, row)
        found.partial = _partial(conn, row, failed, place)
    given = _give(shell.user_ns, home, recipe, found) if shell is not None else []
    tell("\n".join(_told(recipe.name, row, found, failed, given)))
    return found


def _home(folder: str | None, shell: Any) -> Project:
    given = folder or os.environ.get("DATUM_PROJECT")
    start = Path(given) if given else context_of(shell.user_ns if shell else {}).folder
    home = find(start)
    if home is None:
        raise UsageError(f"no .datum folder at or above {str(start)!r}: run a cell there first")
    return home


def _unknown(conn: sqlite3.Connection, name: str, which: str | int) -> Exception:
    if queries.transform(conn, name) is not None:
        return RunError(
            f"{name} has no datum {which!r}: give a key, its place, 'id:N', or 'failed'"
        )
    names = ", ".join(each.name for each in queries.transforms(conn)) or "none yet"
    return UsageError(f"no transform is named {name!r}; there are: {names}")


# -- what is different now, and what the attempt left ------------------------------------------


def _changed(conn: sqlite3.Connection, row: DatumRow, datum: Replayed) -> Iterator[Path]:
    """Files on this machine whose bytes are not those that the attempt read."""
    several = inputs_of(conn, [row.id]).get(row.id, [])
    known = {(name, rel): content for name, rel, _, content in several}
    for name, path, rel in datum.read_files():
        recorded = known.get((name, rel), row.content)
        if recorded and not rel.endswith(b"/") and not _is_same(path, recorded):
            yield Path(path)


def _is_same(path: str, recorded: bytes) -> bool:
    with contextlib.suppress(OSError):
        return file_digest(path) == recorded
    return False


def _last_failure(conn: sqlite3.Connection, row: DatumRow) -> AttemptRow | None:
    if row.state != DatumState.FAILED:
        return None
    attempts = queries.attempts(conn, row.id, limit=5)
    return next((each for each in attempts if each.state == DatumState.FAILED), None)


def _partial(
    conn: sqlite3.Connection, row: DatumRow, failed: AttemptRow | None, place: KernelPlace
) -> Path | None:
    """Copy what the attempt had written: the kept files themselves stay as they are."""
    transform = conn.execute("select transform from datum where id = ?", (row.id,)).fetchone()
    out = queries.out_of(conn, transform[0])
    if failed is None or not failed.partial or out is None or is_url(out):
        return None
    folder: Path | None = None
    left = _MOST
    for staged, rel in json.loads(failed.partial):
        source, name = kept(out, os.path.basename(staged)), os.fsencode(rel)
        if check_rel(name) is None and os.path.isfile(source) and not os.path.islink(source):
            left -= os.path.getsize(source)
            if left < 0:
                where = os.fsdecode(os.path.dirname(source))
                print(f"it had written more than {_MOST >> 30} GB: the rest is in {where!r}")
                break
            folder = place.folder("partial")
            target = folder / os.fsdecode(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return folder


# -- the names that the cell reads --------------------------------------------------------------


def _give(namespace: dict[str, Any], project: Project, recipe: Recipe, datum: Datum) -> list[str]:
    """Put what the recorded cell found into the kernel, where the kernel has nothing by that
    name; return these names. What the kernel has is newer, and may be the mend."""
    loaded = _loaded(project, recipe)
    if any(name not in namespace for name in loaded.setup_names()):
        loaded.set_up(datum.device)
    wanted = loaded.names()
    namespace.update(COMMANDS)
    given = [name for name in wanted if name not in namespace]
    namespace.update({name: wanted[name] for name in given})
    return given


def _loaded(project: Project, recipe: Recipe) -> Loaded:
    """The signed code of a recipe, read once: replaying another datum must not load it again."""
    known = _LAST.get(recipe.payload)
    if known is None:
        known = load_payload(read_payload(project, recipe.payload))
        _LAST.clear()
        _LAST[recipe.payload] = known
    return known


_LAST: dict[str, Loaded] = {}


# -- words --------------------------------------------------------------------------------------


def _told(
    name: str, row: DatumRow, datum: Replayed, failed: AttemptRow | None, given: list[str]
) -> list[str]:
    key = one_line(called(datum, row.key))
    lines = [f"datum is {key} of {name}, as attempt {row.attempt} had it; nothing is published"]
    if failed is not None and failed.message:
        lines.append(f"it failed with: {one_line(failed.message)}")
    if given:
        lines.append(f"from the record, since this kernel has no such names: {', '.join(given)}")
    if datum.changed:
        names = ", ".join(one_line(str(path)) for path in datum.changed[:3])
        more = len(datum.changed) - 3
        rest = f" and {more} more" if more > 0 else ""
        lines.append(f"changed since that attempt: {names}{rest}")
    if datum.partial is not None:
        lines.append(f"what it had written is in datum.partial: {datum.partial}")
    return lines
