"""Outputs behind a URL stand as they were put: by the store's own word for what they are."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator

from ...outputs.porter import Porter
from ...outputs.standing import Standing
from ...remote import is_url
from .case import RERUN, Case, Finding


def far_files(case: Case) -> Iterator[Finding]:
    """One listing for each URL that is a transform's output folder, and signed as that."""
    rows = case.conn.execute("select id, name, out from transform order by id").fetchall()
    for transform, name, out in rows:
        if not out or not is_url(out):
            continue
        if out not in case.signed(case.conn, case.project, transform):
            what = f"the outputs of {name!r} in {os.fsdecode(out)} were not looked at: you have"
            yield Finding("outputs", f"{what} not signed for this place", "run its cell")
            continue
        standing = Standing(out, Porter(os.fsdecode(out), {}, case.project.log))
        try:
            yield from _findings(case.conn, out, standing)
        except OSError as exc:
            what = f"the outputs in {os.fsdecode(out)} cannot be looked at: {exc}"
            yield Finding("outputs", what, "set the store's variables in the environment")
        finally:
            standing.close()


def _findings(conn: sqlite3.Connection, out: bytes, standing: Standing) -> Iterator[Finding]:
    missing = changed = 0
    sample = b""
    for path, size, token in _outputs(conn, out.rstrip(b"/") + b"/"):
        try:
            now = standing.lstat(path)
        except FileNotFoundError:
            missing, sample = missing + 1, path
            continue
        if (now.st_size, now.st_mtime_ns) != (size, token):
            changed, sample = changed + 1, path
    where, one = os.fsdecode(out), os.fsdecode(sample)
    if missing:
        yield Finding("outputs", f"{missing} outputs in {where} are gone, as {one!r}", RERUN)
    if changed:
        what = f"{changed} outputs in {where} are not as they were made, as {one!r}"
        yield Finding("outputs", what, "run the cell again with --replace-edited")


def _outputs(conn: sqlite3.Connection, start: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The outputs below a URL, page by page; there `folded` is the path itself."""
    after, end = start, start[:-1] + b"0"  # the character behind the slash
    sql = (
        "select folded, size, mtime_ns from output where folded > ? and folded < ?"
        " order by folded limit 1000"
    )
    while rows := conn.execute(sql, (after, end)).fetchall():
        yield from rows
        after = rows[-1][0]
