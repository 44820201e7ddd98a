"""One flat row for each output of each datum, streamed in key order."""

from __future__ import annotations

import datetime
import os
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from ...events import InputFile
from ...ledger import queries
from ...ledger.edges import inputs_digest
from ...ledger.known import inputs_of, outputs_of
from ...ledger.queries import DatumRow
from ...states import DatumState
from ...words import text_of
from .. import versions
from ..files import roots_of

_PAGE: Final = 2_000


class Row(NamedTuple):
    """What is known of one output, or of a datum without any.

    ``inputs`` counts the input files; ``input`` is the first of them, ``input_hash`` stands
    for all. A datum that has failed has a row, and each output of a former version that it has
    still one of that version. Hashes are BLAKE3 in hexadecimal digits.
    """

    transform: str
    datum: int
    key: str
    state: str
    code: int
    run: str
    began: str
    ms: float
    attempt: int
    inputs: int
    input: str
    input_hash: str
    output: str
    output_size: int | None
    output_hash: str


def rows(conn: sqlite3.Connection, name: str) -> Iterator[Row]:
    """Yield the rows of a transform, by key."""
    transform = queries.transform(conn, name)
    if transform is None:
        return
    roots = roots_of(conn, transform.id)
    codes = _codes(conn, transform.id)
    runs = dict(
        conn.execute("select id, uuid from run where transform = ?", (transform.id,)).fetchall()
    )
    after: bytes | None = None
    while page := queries.datums_page(conn, transform.id, after=after, limit=_PAGE):
        ids = [datum.id for datum in page]
        several, outputs = inputs_of(conn, ids), outputs_of(conn, ids)
        for datum in page:
            told = _input(datum, several.get(datum.id, []), roots)
            start = (
                name, datum.id, queries.key_text(datum.key), datum.state.name.lower(),
                codes.get(datum.version, 0), runs.get(datum.run, ""), moment(datum.began),
                round(datum.seconds * 1000, 3), datum.attempt, *told,
            )  # fmt: skip
            failed = datum.state is DatumState.FAILED
            for path, size, _, digest in sorted(outputs.get(datum.id, ())):
                made = _before(conn, datum, digest, told) if failed else None
                head = (*start[:3], *(made or start[3:]))
                yield Row._make((*head, text_of(path), size, digest.hex()))
            if failed or datum.id not in outputs:
                yield Row(*start, "", None, "")
        after = page[-1].key


def _before(
    conn: sqlite3.Connection, datum: DatumRow, digest: bytes, told: tuple[int, str, str]
) -> tuple[Any, ...] | None:
    """The columns from ``state`` to ``input_hash`` of the version that made an output which a
    datum has still, though it has failed since."""
    made = next((o for o in versions.former(conn, datum.id) if digest in o.contents), None)
    if made is None:
        return None
    mark = (made.content or made.digest or b"").hex()
    number, path, _ = told if mark == told[2] or made.content is not None else (0, "", "")
    return (
        DatumState(made.state).name.lower(), made.number, made.run, moment(made.began),
        round(made.seconds * 1000, 3), made.attempt, number, path, mark,
    )  # fmt: skip


def moment(at: float) -> str:
    """Return a moment in ISO 8601, UTC."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat(timespec="milliseconds")


def _codes(conn: sqlite3.Connection, transform: int) -> dict[int, int]:
    """Row ids of versions -> their numbers, from 1."""
    found = conn.execute("select id from version where transform = ? order by id", (transform,))
    return {row[0]: number for number, row in enumerate(found, 1)}


def _input(
    datum: DatumRow, several: Sequence[tuple[str, bytes, Any, bytes]], roots: dict[str, bytes]
) -> tuple[int, str, str]:
    """How many input files, the first, and a hash over all."""
    alone = next(iter(roots.values())) if len(roots) == 1 else None
    if several:
        name, rel, _, content = several[0]
        root = roots.get(name, alone)
        path = text_of(os.path.join(root, rel) if root else rel)
        if len(several) == 1:
            return 1, path, bytes(content).hex()
        files = [InputFile._make((n, r, *s, c)) for n, r, s, c in several]
        return len(several), path, inputs_digest(files).hex()
    if datum.content is None:
        return 0, "", ""
    path = text_of(os.path.join(alone, datum.key) if alone else datum.key)
    return 1, path, bytes(datum.content).hex()
