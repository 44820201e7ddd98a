"""OpenLineage: the runs of a transform as events, to a file or a receiver.

One run of a transform is one run there; never one for each datum, which no receiver of
lineage can show. Which files a run was about is told up to a limit.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ...errors import RunError, UsageError
from ...ledger import queries
from ...ledger.queries import RunRow, TransformRow
from ...project import Project
from ...remote import is_url
from ...states import FINISHED, RunStatus
from ...words import counted, text_of
from ..files import joined
from .rows import moment

_PRODUCER: Final = "https://pypi.org/project/jupyter-datum"
#: Paths that are told of one run's inputs, or outputs.
_PATHS: Final = 10_000
#: Failures that are told of one run.
_FAILURES: Final = 5
#: How a run ends there. What was stopped by a person is aborted.
_ENDS: Final = {
    RunStatus.SUCCESS: "COMPLETE",
    RunStatus.FAILED: "FAIL",
    RunStatus.ERROR: "FAIL",
    RunStatus.CANCELLED: "ABORT",
}
#: Runs of a transform that are told, newest ones.
_RUNS: Final = 200


def write_events(conn: sqlite3.Connection, project: Project, name: str, path: Path) -> int:
    """Write the events of a transform's runs to a file, a line of JSON each; return how many.

    Raises
    ------
    UsageError
        If the client library is missing.
    """
    serde = _client().serde.Serde
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for event in events(conn, project, name):
            file.write(serde.to_json(event).replace("\n", " ") + "\n")
            count += 1
    return count


def send_events(conn: sqlite3.Connection, project: Project, name: str) -> int:
    """Send the events to the receiver that ``OPENLINEAGE_URL`` (or the client's own
    configuration) names; return how many.

    Raises
    ------
    UsageError
        If nothing names one, or the client library is missing.
    RunError
        If it does not take them.
    """
    module = _client()
    if not (os.environ.get("OPENLINEAGE_URL") or os.environ.get("OPENLINEAGE_CONFIG")):
        raise UsageError("where to? Set OPENLINEAGE_URL, or name a file: --openlineage FILE")
    client = module.client.OpenLineageClient()
    count = 0
    try:
        for event in events(conn, project, name):
            client.emit(event)
            count += 1
    except Exception as exc:  # whatever its transport raises
        raise RunError(
            f"{os.environ.get('OPENLINEAGE_URL')} does not take the events: "
            f"{type(exc).__name__}: {exc}"
        ) from exc
    return count


def _client() -> Any:
    try:
        import openlineage.client.client
        import openlineage.client.serde
    except ImportError as exc:
        raise UsageError(
            "OpenLineage needs its client: pip install 'jupyter-datum[openlineage]'"
        ) from exc
    return openlineage.client


def events(conn: sqlite3.Connection, project: Project, name: str) -> Iterator[Any]:
    """Yield the events of a transform's runs, oldest first."""
    transform = queries.transform(conn, name)
    if transform is None:
        raise RunError(f"no transform is named {name!r}")
    runs = queries.runs(conn, transform=transform.id, limit=_RUNS)
    for run in reversed(runs):
        yield _event(conn, project, transform, run, "START", run.started or run.requested)
        end = _ENDS.get(RunStatus(run.status))
        if run.ended is not None and end is not None:
            yield _event(conn, project, transform, run, end, run.ended)


def _event(
    conn: sqlite3.Connection,
    project: Project,
    transform: TransformRow,
    run: RunRow,
    kind: str,
    at: float,
) -> Any:
    from openlineage.client import event_v2 as v2

    ended = kind != "START"
    return v2.RunEvent(
        eventType=v2.RunState[kind],
        eventTime=moment(at),
        run=v2.Run(str(uuid.UUID(run.uuid)), _run_facets(conn, project, transform, run, ended)),
        job=v2.Job(_namespace(project), transform.name, _job_facets(conn, transform, run)),
        producer=_PRODUCER,
        inputs=_inputs(conn, run, ended),
        outputs=_outputs(conn, transform, run, ended),
    )


def _namespace(project: Project) -> str:
    return f"jupyter-datum.{project.root.name}.{project.uuid[:8]}"


def _run_facets(
    conn: sqlite3.Connection, project: Project, transform: TransformRow, run: RunRow, ended: bool
) -> dict[str, Any]:
    from openlineage.client.facet_v2 import error_message_run, parent_run

    facets: dict[str, Any] = {}
    row = conn.execute("select pipeline from run where id = ?", (run.id,)).fetchone()
    if row[0]:
        book = os.path.basename(os.fsdecode(transform.notebook or b"pipeline"))
        facets["parent"] = parent_run.ParentRunFacet(
            parent_run.Run(str(uuid.UUID(row[0]))),
            parent_run.Job(_namespace(project), book),
            producer=_PRODUCER,
        )
    groups = queries.failure_groups(conn, run.id, limit=_FAILURES) if ended else []
    said = [f"{counted(group.datums, 'datum')}: {group.type}: {group.message}" for group in groups]
    said = [run.message, *said] if run.message and ended and run.status != "success" else said
    if said:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
            "\n".join(filter(None, said)), "Python", producer=_PRODUCER
        )
    return facets


def _job_facets(conn: sqlite3.Connection, transform: TransformRow, run: RunRow) -> dict[str, Any]:
    from openlineage.client.facet_v2 import job_type_job, source_code_job, source_code_location_job

    facets: dict[str, Any] = {
        "jobType": job_type_job.JobTypeJobFacet(
            "BATCH", "JUPYTER_DATUM", "TRANSFORM", producer=_PRODUCER
        ),
        "sourceCode": source_code_job.SourceCodeJobFacet(
            "python", queries.version_source(conn, run.version) or "", producer=_PRODUCER
        ),
    }
    if transform.notebook:
        facets["sourceCodeLocation"] = source_code_location_job.SourceCodeLocationJobFacet(
            "notebook", Path(os.fsdecode(transform.notebook)).as_uri(), producer=_PRODUCER
        )
    return facets


def _inputs(conn: sqlite3.Connection, run: RunRow, ended: bool) -> list[Any]:
    from openlineage.client import event_v2 as v2
    from openlineage.client.facet_v2 import base_subset_dataset as subset

    found = []
    roots = conn.execute(
        "select name, path from root where transform = ? order by name", (run.transform,)
    ).fetchall()
    for name, root in roots:
        paths = _read(conn, run, name, root) if ended else []
        facets: dict[str, Any] = {}
        if paths:
            condition = subset.LocationSubsetCondition(paths)
            facets["subset"] = subset.InputSubsetInputDatasetFacet(condition, producer=_PRODUCER)
        found.append(v2.InputDataset(*_dataset(root), facets))
    return found


def _dataset(path: bytes) -> tuple[str, str]:
    """Namespace and name of a folder, as the standard has them: ``file`` and its path, or the
    store (``s3://bucket``) and what lies below."""
    text = text_of(path)
    if not is_url(path):
        return "file", text
    scheme, _, rest = text.partition("://")
    store, _, below = rest.partition("/")
    return f"{scheme}://{store}", below or "/"


def _read(conn: sqlite3.Connection, run: RunRow, name: str, root: bytes) -> list[str]:
    """Paths of one input that the run has read; of its datums that no later run made anew."""
    rows = conn.execute(
        "select d.key, i.rel from made m cross join datum d on d.id = m.datum and d.run = m.run"
        " left join input i on i.datum = d.id where m.run = ? and (i.name = ? or"
        " (i.name is null and d.content is not null)) limit ?",
        (run.id, name, _PATHS + 1),
    )
    paths = [text_of(joined(root, rel if rel is not None else key)) for key, rel in rows]
    return paths if len(paths) <= _PATHS else []


def _outputs(
    conn: sqlite3.Connection, transform: TransformRow, run: RunRow, ended: bool
) -> list[Any]:
    from openlineage.client import event_v2 as v2
    from openlineage.client.facet_v2 import base_subset_dataset as subset
    from openlineage.client.facet_v2 import output_statistics_output_dataset as statistics

    if not transform.out:
        return []
    facets: dict[str, Any] = {}
    if ended:
        files = conn.execute(
            "select o.path, o.size from made m cross join datum d on d.id = m.datum"
            " and d.run = m.run join output o on o.datum = d.id"
            " where m.run = ? and d.state in (?, ?) limit ?",
            (run.id, *FINISHED, _PATHS + 1),
        ).fetchall()
        whole = len(files) <= _PATHS
        facets["outputStatistics"] = statistics.OutputStatisticsOutputDatasetFacet(
            rowCount=run.success,
            size=sum(size for _, size in files) if whole else None,
            fileCount=len(files) if whole else None,
            producer=_PRODUCER,
        )
        if files and whole:
            condition = subset.LocationSubsetCondition([text_of(path) for path, _ in files])
            facets["subset"] = subset.OutputSubsetOutputDatasetFacet(condition, producer=_PRODUCER)
    return [v2.OutputDataset(*_dataset(transform.out), facets)]
