"""A Process Run Crate: a folder of results that says by itself how each was made.

Above a number of datums their own actions are left out; the table in the crate has them all.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ...errors import RunError, UsageError
from ...ledger import queries
from ...ledger.environments import environment_of
from ...ledger.queries import RunRow, TransformRow
from .rows import Row, moment, rows
from .table import write_table

_PROFILE: Final = "https://w3id.org/ro/wfrun/process/0.5"
#: Datums that have an action of their own.
_ACTIONS: Final = 10_000
_TABLE: Final = "datums.csv"


def write_crate(conn: sqlite3.Connection, name: str, folder: Path) -> int:
    """Write a crate of a transform's outputs into an empty (or new) `folder`; return how many
    files it holds.

    Raises
    ------
    UsageError
        If the folder holds something, or the library is missing.
    RunError
        If the transform has not run.
    """
    try:
        from rocrate.rocrate import ROCrate
    except ImportError as exc:
        raise UsageError("a crate needs rocrate: pip install 'jupyter-datum[crate]'") from exc
    transform, run = queries.transform(conn, name), queries.latest_run(conn, name)
    if transform is None or run is None:
        raise RunError(f"{name} has not run")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{str(folder)!r} is not empty: a crate wants a folder of its own")
    folder.mkdir(parents=True, exist_ok=True)
    write_table(conn, name, folder / _TABLE)
    crate = ROCrate()
    crate.name = f"Results of {name}"
    crate.description = f"Made by the notebook cell {name}, one datum at a time"
    crate.root_dataset["conformsTo"] = crate.add(_thing(crate, _PROFILE, "CreativeWork", {}))
    crate.add_file(folder / _TABLE, _TABLE, properties={"encodingFormat": "text/csv"})
    count = _fill(crate, conn, transform, run)
    crate.write(folder)
    return count


def _fill(crate: Any, conn: sqlite3.Connection, transform: TransformRow, run: RunRow) -> int:
    program = _program(crate, conn, transform.name, run)
    crate.root_dataset["mentions"] = []
    results, count = [], 0
    for row, path, rel in _outputs(conn, transform):
        count += 1
        made = crate.add_file(
            path, rel, properties={"contentSize": str(row.output_size), "blake3": row.output_hash}
        )
        results.append(made)
        if count <= _ACTIONS:
            crate.root_dataset.append_to("mentions", _action(crate, program, row, made))
    whole = crate.add_action(
        program,
        identifier=f"#run-{run.uuid}",
        result=results[:_ACTIONS],
        properties={
            "name": f"run {run.uuid[:8]} of {transform.name}",
            "startTime": moment(run.started or run.requested),
            **({"endTime": moment(run.ended)} if run.ended else {}),
            "actionStatus": _status(run.status == "success"),
        },
    )
    crate.root_dataset.append_to("mentions", whole)
    return count


def _outputs(conn: sqlite3.Connection, transform: TransformRow) -> Iterator[tuple[Row, str, str]]:
    """Outputs that are there, each with its path and its name in the crate."""
    out = os.fsdecode(transform.out or b"")
    for row in rows(conn, transform.name):
        if row.output and row.state == "success" and os.path.isfile(row.output):
            yield row, row.output, os.path.join("out", os.path.relpath(row.output, out))


def _program(crate: Any, conn: sqlite3.Connection, name: str, run: RunRow) -> Any:
    python, packages = environment_of(conn, run.id)
    needs = [f"{package} {version}" for package, version in packages.items()]
    return crate.add(
        _thing(
            crate,
            f"#transform-{name}",
            "SoftwareApplication",
            {
                "name": name,
                "text": queries.version_source(conn, run.version) or "",
                "softwareVersion": str(run.version),
                "softwareRequirements": ", ".join([f"Python {python}", *needs]),
            },
        )
    )


def _action(crate: Any, program: Any, row: Row, made: Any) -> Any:
    source = None
    if row.input:
        # Not a file of the crate: its content is known, it stays where it is.
        told = {"name": row.input, "blake3": row.input_hash}
        source = crate.add(_thing(crate, f"#input-{row.input_hash[:16]}", "CreativeWork", told))
    return crate.add_action(
        program,
        identifier=f"#datum-{row.datum}-{made.id}",
        object=[source] if source is not None else [],
        result=[made],
        properties={
            "name": f"{row.transform}: {row.key}",
            "startTime": row.began,
            "actionStatus": _status(True),
        },
    )


def _status(good: bool) -> str:
    return f"http://schema.org/{'Completed' if good else 'Failed'}ActionStatus"


def _thing(crate: Any, identifier: str, kind: str, properties: dict[str, Any]) -> Any:
    from rocrate.model.contextentity import ContextEntity

    return ContextEntity(crate, identifier, properties={"@type": kind, **properties})
