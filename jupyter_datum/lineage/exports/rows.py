"""One flat row for each edge from an input file to an output, streamed in key order."""

from __future__ import annotations

import datetime
import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from ...inputs import Input
from ...ledger import queries
from ...ledger.known import outputs_of
from ...ledger.queries import DatumRow
from ...outcomes import label_at
from ...states import DatumState
from ...words import text_of
from .. import versions
from ..files import joined, roots_of
from ..versions import Outcome

_PAGE: Final = 2_000


class Row(NamedTuple):
    """An edge: one input file and one output of a datum.

    A datum of two files that made three has six. One that made nothing (it gave a result, or
    failed) has a row for each input file without an output; one that has read no file, a row
    for each output without an input. What is not there is None. Each output of a former
    version that a failed datum has still is told of that version. Hashes are BLAKE3 in
    hexadecimal digits; of objects in a store `input_hash` is the store's mark.
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
    input_name: str | None
    input: str | None
    input_size: int | None
    input_hash: str | None
    output: str | None
    output_size: int | None
    output_hash: str | None


#: Of a row: the name of the input, path, size, content.
_Source = tuple[str | None, str | None, int | None, str | None]
#: path, size, content
_Made = tuple[str | None, int | None, str | None]
_NO_SOURCE: Final = (None, None, None, None)
_NOTHING: Final = (None, None, None)


def rows(conn: sqlite3.Connection, name: str, source: Input | None = None) -> Iterator[Row]:
    """Yield the rows of a transform, by key; those of a datum stand together. Its input, if it
    is known, says what people call them."""
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
        outputs, alone = outputs_of(conn, ids), _alone(conn, ids)
        for datum in page:
            head = name, datum.id, label_at(source, datum.position, datum.key)
            told = (
                datum.state.name.lower(), codes.get(datum.version, 0), runs.get(datum.run, ""),
                moment(datum.began), round(datum.seconds * 1000, 3), datum.attempt,
            )  # fmt: skip
            for how, made in _made(conn, datum, outputs.get(datum.id, ())):
                known = how is None or _same_inputs(conn, datum, how)
                said = _told(how) if how is not None else told
                found = _sources(conn, datum, alone, roots) if known else (_NO_SOURCE,)
                for each in found:
                    yield Row._make((*head, *said, *each, *made))
        after = page[-1].key


def _made(
    conn: sqlite3.Connection, datum: DatumRow, outputs: Sequence[tuple[bytes, int, int, bytes]]
) -> Iterator[tuple[Outcome | None, _Made]]:
    """Each output, with the former version that made it if the present one did not; and nothing,
    where the present one has made nothing."""
    failed = datum.state is DatumState.FAILED
    former = list(versions.former(conn, datum.id)) if failed and outputs else []
    for path, size, _, digest in sorted(outputs):
        yield (
            next((one for one in former if digest in one.contents), None),
            (text_of(path), size, digest.hex()),
        )
    if failed or not outputs:
        yield None, _NOTHING


def _told(made: Outcome) -> tuple[Any, ...]:
    """The columns from ``state`` to ``attempt`` of a former version."""
    return (
        DatumState(made.state).name.lower(), made.number, made.run, moment(made.began),
        round(made.seconds * 1000, 3), made.attempt,
    )  # fmt: skip


def _same_inputs(conn: sqlite3.Connection, datum: DatumRow, made: Outcome) -> bool:
    """Whether a former version was made from the very files that the datum has now."""
    if made.content is not None:
        return made.content == datum.content
    return made.digest is None or made.digest == versions.digest_of(conn, datum.id)


def _sources(
    conn: sqlite3.Connection, datum: DatumRow, alone: dict[int, int | None], roots: dict[str, bytes]
) -> Iterator[_Source]:
    """The files that a datum was made from, one after the other: there may be a million."""
    name, root = next(iter(roots.items())) if len(roots) == 1 else (None, None)
    if datum.id in alone:
        yield _source(name, datum.key, root, alone[datum.id], datum.content)
        return
    found = conn.execute(
        "select name, rel, size, content from input where datum = ? order by ordinal", (datum.id,)
    )
    none = True
    for each, rel, long, content in found:
        none = False
        yield _source(each, rel, roots.get(each) or root, long, content)
    if none:
        rel, part, _ = datum.key.partition(b"\0")  # lines of a file: the key names it
        yield _source(name, rel, root, None, None) if part and root else _NO_SOURCE


def _source(
    name: str | None, rel: bytes, root: bytes | None, size: int | None, content: bytes | None
) -> _Source:
    path = joined(root, rel) if root else rel
    return name, text_of(path), size, bytes(content).hex() if content is not None else None


def _alone(conn: sqlite3.Connection, ids: Sequence[int]) -> dict[int, int | None]:
    """Those of these datums whose only input file stands in their own row, with its size."""
    sql = (
        "select d.id, d.size from json_each(?) j cross join datum d on d.id = j.value where"
        " d.content is not null and not exists (select 1 from input i where i.datum = d.id)"
    )
    return dict(conn.execute(sql, (json.dumps(ids),)).fetchall())


def moment(at: float) -> str:
    """Return a moment in ISO 8601, UTC."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat(timespec="milliseconds")


def _codes(conn: sqlite3.Connection, transform: int) -> dict[int, int]:
    """Row ids of versions -> their numbers, from 1."""
    found = conn.execute("select id from version where transform = ? order by id", (transform,))
    return {row[0]: number for number, row in enumerate(found, 1)}
