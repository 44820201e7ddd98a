"""``python -m jupyter_datum.server.row_child``: the row of a table that a datum is, or the rows, as
one line of JSON. What is asked stands on standard input (:func:`.rowlook.asked`).

The table is listed as a run lists it, up to the datum: so it is the very row, whatever key,
filters and types there are. None of the user's code runs, and no pickle of others is read.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from ..errors import DatumError
from ..hashing import decode_value
from ..inputs.lazy import loader_of
from ..inputs.rows import RowsInput
from ..inputs.tablefiles import PARQUET, ending_of
from ..project import Project
from .child import say
from .parquet_child import unfit
from .tables import COLUMNS, ROWS, shown_cell

_GONE: Final = "there is no such row in its table any more"
_PICKLED: Final = "the table holds objects of Python, which only a kernel opens"


def main() -> int:
    """Say what the row holds."""
    return say(lambda file: answer(json.load(file)))


def answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``kind`` (``record``: one row; ``table``: several), ``columns``, ``rows`` and
    ``more``; or ``why`` there is nothing to be shown."""
    project = Project(Path(asked["project"]["root"]), str(asked["project"]["uuid"]))
    try:
        source = RowsInput.from_json(asked["input"], project)
        if (why := _unfit(source, project)) is not None:
            return {"why": why}
        value = _value(source, bytes.fromhex(asked["key"]))
    except ImportError as exc:
        return {"why": f"to see it here, install {exc.name} where the server runs"}
    except DatumError as exc:
        return {"why": str(exc)}
    return {"why": _GONE} if value is None else _shown(value)


def _value(source: RowsInput, key: bytes) -> Any:
    """The row, or the rows; None if there is none of this key."""
    if source.how.by:
        return list(islice(source.of_group(key), ROWS + 1)) or None
    load = loader_of(source)
    for listed in source.list(frozenset(), []):
        if listed.key == key:
            # What is pickled here was so by this process, of what has no JSON: a date, say.
            return decode_value(listed.value or b"jnull", load)
    return None


def _unfit(source: RowsInput, project: Project) -> str | None:
    """Why the table is not opened here; None if it is."""
    if ending_of(source.where.kept or source.where.file) in PARQUET:
        return unfit()
    return _PICKLED if _pickled(source, project) else None


def _pickled(source: RowsInput, project: Project) -> bool:
    """Whether the rows of a kernel's table hold what would have to be unpickled."""
    kept = source.where.kept
    if kept is None or not kept.startswith("rows-"):
        return False
    with project.payload(Path(kept).name).open("rb") as file:
        while head := file.read(4):
            length = int.from_bytes(head, "big")
            if file.read(1) != b"j":
                return True
            file.seek(length - 1, 1)
    return False


def _shown(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        pairs = [[shown_cell(name), shown_cell(each)] for name, each in value.items()]
        more = len(pairs) > COLUMNS
        return {"kind": "record", "columns": [], "rows": pairs[:COLUMNS], "more": more}
    names = list(value[0]) if value else []
    columns = names[:COLUMNS]
    rows = [[shown_cell(row.get(name)) for name in columns] for row in value[:ROWS]]
    more = len(value) > ROWS or len(names) > COLUMNS
    return {
        "kind": "table", "columns": [shown_cell(name) for name in columns], "rows": rows,
        "more": more,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
