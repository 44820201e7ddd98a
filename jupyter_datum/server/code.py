"""The code that an attempt ran: where it failed, and what it was fingerprinted over."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..ledger import queries
from ..ledger.environments import environment_of
from ..ledger.versions import texts_of
from ..project import Project
from .errors import not_found
from .frames import Sources
from .paths import contents_path
from .reads import run_of

#: Parts and packages of a version that are told.
_PARTS: Final = 200


def code(
    conn: sqlite3.Connection,
    project: Project,
    identity: int,
    which: tuple[str, int] | None,
    root: Path | None,
) -> dict[str, Any]:
    """Return the code of an attempt, the latest one by default.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    identity : int
        Of the datum.
    which : tuple or None
        Run (uuid) and number of the attempt.
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
    run, attempt, version = row.run, row.attempt, row.version
    if which is not None:
        named = run_of(conn, which[0])
        run, attempt, version = named.id, which[1], named.version
    text = conn.execute(
        "select traceback from attempt where datum = ? and run = ? and attempt = ?",
        (identity, run, attempt),
    ).fetchone()
    known = _version(conn, version)
    python, packages = environment_of(conn, run)
    sources = Sources(known["source"], project.root, root)
    return {
        **known,
        "python": python,
        "packages": _bounded(packages),
        "notebook": _notebook(conn, version, root),
        "blocks": sources.told(str(text[0])) if text and text[0] else [],
    }


def _version(conn: sqlite3.Connection, version: int) -> dict[str, Any]:
    found = conn.execute(
        "select hex(fingerprint), parts, source from version where id = ?",
        (version,),
    ).fetchone()
    digest, parts, source = found or ("", "{}", "")
    return {
        "fingerprint": digest.lower(),
        "parts": _texts(parts),
        "source": source,
        "values": constants(texts_of(conn, [version])[version]),
    }


def constants(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the texts that are one short line: numbers that were captured, and their like."""
    short = {name: text for name, text in texts.items() if len(text) <= _PARTS}
    return {name: text for name, text in list(short.items())[:_PARTS] if "\n" not in text}


def _texts(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return _bounded(found) if isinstance(found, dict) else {}


def _bounded(found: dict[str, Any]) -> dict[str, str]:
    return {name: str(value)[:_PARTS] for name, value in list(found.items())[:_PARTS]}


def _notebook(conn: sqlite3.Connection, version: int, root: Path | None) -> str | None:
    """The contents path of the notebook in which the cell stands, as it was last recorded."""
    found = conn.execute(
        "select t.notebook from version v join transform t on t.id = v.transform where v.id = ?",
        (version,),
    ).fetchone()
    return contents_path(root, bytes(found[0])) if found and found[0] else None
