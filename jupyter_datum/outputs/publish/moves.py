"""The steps of a group: a file goes to its place, or one of a former version goes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from ..disk import holds, lstat
from ..names import folders_above, is_below


class Move(NamedTuple):
    """``staged`` to ``final``; where ``staged`` is empty, ``final`` goes.

    ``size``, ``mtime_ns`` and ``digest`` are those of the staged file, which a rename does
    not change; or those recorded of the file that goes: what was edited since stays. Read
    back from the redo log there is no ``mtime_ns``, and the content decides. ``ctime_ns`` is
    that of the file in its place, or that recorded of the one that goes.
    """

    datum: int
    attempt: int
    staged: bytes
    final: bytes
    size: int
    mtime_ns: int | None
    digest: bytes
    ctime_ns: int | None = None


def ordered(moves: Sequence[Move], out: bytes) -> list[Move]:
    """Return `moves` as they are carried out: renames, then removals, so that old or new is
    there at any time. But where a file becomes a folder, or a folder a file, what stands
    in the way goes first."""
    files = {move.final for move in moves if move.staged}
    folders = {folder for path in files for folder in folders_above(path, out)}

    def turn(move: Move) -> int:
        if move.staged:
            return 1
        above = folders_above(move.final, out)
        return 0 if move.final in folders or any(f in files for f in above) else 2

    return sorted(moves, key=turn)


def carry_out(move: Move, out: bytes) -> set[bytes]:
    """Do one step; doing it twice is doing it once. Return the folders that it changed.

    Raises
    ------
    OSError
        If it cannot be done.
    """
    if move.staged:
        return _place(move, out)
    if is_unedited(move.final, move.size, move.mtime_ns, move.digest, move.ctime_ns):
        os.unlink(move.final)
        return {os.path.dirname(move.final), *_prune(move.final, out)}
    return set()


def _place(move: Move, out: bytes) -> set[bytes]:
    folder = os.path.dirname(move.final)
    try:
        os.replace(move.staged, move.final)
        return {folder}
    except FileNotFoundError:
        if lstat(move.staged) is None:
            if is_placed(move):
                return {folder}
            raise
        os.makedirs(folder, exist_ok=True)
    except IsADirectoryError:
        _remove_empty(move.final)  # its files were of a former version, and went before
    os.replace(move.staged, move.final)
    return {folder, out, *folders_above(move.final, out)}


def is_torn(moves: Iterable[Move]) -> bool:
    """Return whether some file of one datum stands neither in staging nor at its final name:
    somebody has removed it, or the power went before it was durable."""
    return any(m.staged and lstat(m.staged) is None and not is_placed(m) for m in moves)


def is_placed(move: Move) -> bool:
    """Return whether the file stands at its final name."""
    status = lstat(move.final)
    return status is not None and status.st_size == move.size and holds(move.final, move.digest)


def is_unedited(
    path: bytes, size: int, mtime_ns: int | None, digest: bytes, ctime_ns: int | None
) -> bool:
    """Return whether `path` is as it was made; where its inode was changed since, and the time of
    the content was not, the content decides."""
    status = lstat(path)
    if status is None or status.st_size != size:
        return False
    if mtime_ns is None:
        return holds(path, digest)
    same = ctime_ns in (None, status.st_ctime_ns)
    return status.st_mtime_ns == mtime_ns and (same or holds(path, digest))


def placed(move: Move) -> Move:
    """Return a step with what is recorded of the file that it has put in its place."""
    status = lstat(move.final) if move.staged else None
    return move._replace(ctime_ns=status.st_ctime_ns) if status is not None else move


def all_folders(moves: Iterable[Move], out: bytes) -> set[bytes]:
    """Return every folder that `moves` may have changed."""
    finals = [move.final for move in moves]
    above = {folder for final in finals for folder in folders_above(final, out)}
    return {out, *above, *map(os.path.dirname, finals)}


def _prune(path: bytes, out: bytes) -> set[bytes]:
    """Remove the folders above `path` that became empty, as far as `out`."""
    changed: set[bytes] = set()
    if not is_below(path, out):
        return changed  # the transform had another output folder then
    for folder in folders_above(path, out):
        try:
            os.rmdir(folder)
        except OSError:
            break
        changed.add(os.path.dirname(folder))
    return changed


def _remove_empty(folder: bytes) -> None:
    for path, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):
            os.rmdir(path)
