"""Rows of the ledger as the JSON of the protocol.

A ledger may come from anyone: what should be a number or a JSON object is not taken for one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..ledger.alike import Expected
from ..ledger.clusters import ClusterRow
from ..ledger.queries import AttemptRow, DatumRow, FailureGroup, RunRow, key_text
from ..outcomes.order import finite
from ..results import is_file, is_json
from ..states import DatumState, RunStatus
from .paths import read_part

#: Bytes of a result that are sent.
RESULT: Final = 1 << 16
_RUN: Final = (
    "uuid", "id", "name", "transform", "version", "engine", "workers", "origin", "status",
    "message", "requested", "started", "ended", "planned", "total", "running", "success",
    "failed", "recovered", "skipped", "cancelled", "executions", "late", "seconds", "saved",
    "pipeline", "expected",
)  # fmt: skip
#: Sentences about a run that are told, and characters of each.
_SENTENCES: Final = 20
_SENTENCE: Final = 500
#: Partial files of an attempt that are told.
_FILES: Final = 100
#: What is told of a run's options.
_OPTIONS: Final = (
    "workers", "workers_min", "gpus", "batch", "shell", "on_error", "tries", "timeout",
)  # fmt: skip
#: What a frame of the stream says of its run.
COUNTS: Final = (
    "status", "running", "success", "failed", "recovered", "skipped", "cancelled", "planned",
    "seconds", "executions", "workers", "ended", "expected",
)  # fmt: skip


def run_json(
    row: RunRow,
    *,
    alive: bool,
    retryable: str | None,
    needs: list[str],
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a run; ``interrupted`` if it has not ended and no runner is `alive`.

    Parameters
    ----------
    row : RunRow
    alive : bool
    retryable : str or None
    needs : list of str
    options : mapping, optional
        Of its cell; those of the run itself are over them.
    """
    fields = {name: getattr(row, name) for name in _RUN}
    fields["status"] = status(row, alive=alive)
    fields["pending"] = row.pending
    note = json_object(row.note)
    fields["reasons"] = json_object(note.get("reasons"))
    fields["left"] = json_object(note.get("left"))
    fields["missing"] = _sentences(note.get("errors")) + _sentences([note.get("batch")])
    fields["noted"] = _noted(note)
    fields["retryable"] = retryable
    fields["feed"] = json_object(row.feed) or None
    fields["needs"] = needs
    said = json_object(row.options)
    fields["options"] = {name: said[name] for name in _OPTIONS if said.get(name) is not None}
    usual = options or {}
    fields["cell"] = {
        name: usual[name] for name in ("engine", *_OPTIONS) if usual.get(name) is not None
    }
    return fields


def status(row: RunRow, *, alive: bool) -> str:
    """Return the state that is shown of a run."""
    return str(row.status) if row.ended is not None or alive else RunStatus.INTERRUPTED.value


def counts_json(row: RunRow, *, alive: bool) -> dict[str, Any]:
    """Return what a frame says of its run."""
    fields = {name: getattr(row, name) for name in COUNTS}
    fields["status"] = status(row, alive=alive)
    return fields


def cluster_json(row: ClusterRow) -> dict[str, Any]:
    """Return a cluster."""
    names = ("id", "engine", "run", "state", "since", "up", "wanted", "message")
    return {name: getattr(row, name) for name in names}


def group_json(
    group: FailureGroup, workers: list[str], before: int | None, expected: Expected | None
) -> dict[str, Any]:
    """Return a failure group.

    Parameters
    ----------
    group : FailureGroup
    workers : list of str
        Some that its datums were at.
    before : int or None
        The run before, if nothing failed like this in it.
    expected : Expected or None
        Who has marked it as expected.
    """
    names = ("id", "type", "place", "phase", "datums", "first", "last", "sample")
    return {
        **{name: getattr(group, name) for name in names},
        "message": group.headline,
        "workers": workers,
        "new_since": before,
        "expected": None if expected is None else expected._asdict(),
    }


def worker_json(row: dict[str, Any], key: bytes | None, *, slow: bool) -> dict[str, Any]:
    """Return a worker, the key of the datum that it is at, and whether that takes far longer
    than the others did."""
    shown = key_text(key) if key is not None else None
    return {**row, "key": shown, "slow": slow, "cause": None, "gone": None}


def gone_json(row: dict[str, Any]) -> dict[str, Any]:
    """Return a worker that is no more: why, and since when."""
    nothing = {"up": None, "position": None, "key": None, "since": None, "behind": None}
    cause = str(row["cause"])[:_SENTENCE]
    return {**nothing, **row, "cause": cause, "slow": False}


def datum_json(row: DatumRow, run: str | None, attempts: int) -> dict[str, Any]:
    """Return a datum's latest outcome, which the run `run` gave it.

    Parameters
    ----------
    row : DatumRow
    run : str or None
        uuid.
    attempts : int
        Recorded ones; a first one that succeeded is not among them.
    """
    plain = row.state == DatumState.SUCCESS and row.attempt == 1
    return {
        "id": row.id,
        "key": key_text(row.key),
        "state": state_word(row.state),
        "attempt": row.attempt,
        "attempts": attempts + plain,
        "seconds": row.seconds,
        "began": row.began,
        "worker": row.worker,
        "position": row.position,
        "run": run,
        "group": row.failure,
        "outputs": row.outputs,
    }


def state_word(state: int) -> str:
    """Return a state as one word."""
    return DatumState(state & 0x0F).name.lower()


def attempt_json(row: AttemptRow, run: str | None) -> dict[str, Any]:
    """Return an attempt; ``log`` is how many bytes it printed."""
    names = (
        "attempt", "worker", "began", "seconds", "message", "traceback", "phase", "place",
    )  # fmt: skip
    fields = {name: getattr(row, name) for name in names}
    segment = log_segment(row.log)
    return {
        "run": run,
        "number": row.run,
        "state": state_word(row.state),
        **fields,
        "log": segment[2] if segment else None,
        "group": row.failure,
        "partial": [rel for _, rel in partial_files(row.partial)],
    }


def first_success(row: DatumRow, run: str | None) -> dict[str, Any]:
    """Return the attempt that is recorded in the datum's own row."""
    segment = log_segment(row.log)
    return {
        "run": run,
        "number": row.run,
        "state": state_word(row.state),
        "attempt": row.attempt,
        "worker": row.worker,
        "began": row.began,
        "seconds": row.seconds,
        "message": None,
        "traceback": None,
        "phase": None,
        "place": None,
        "log": segment[2] if segment else None,
        "group": None,
        "partial": [],
    }


def partial_files(text: str | None) -> list[tuple[str, str]]:
    """Return (name in staging, path below the output) of what a failed attempt had written."""
    try:
        found = json.loads(text or "[]")
        return [(str(staged), str(rel)) for staged, rel in found][:_FILES]
    except (ValueError, TypeError, RecursionError):
        return []


def log_segment(text: str | None) -> tuple[str, int, int, int] | None:
    """Return ``(epoch-worker, offset, length, cut)`` of a recorded log, or None."""
    if not isinstance(text, str):
        return None
    name, *numbers = text.rsplit(":", 3)
    try:
        offset, length, cut = (int(number) for number in numbers)
    except ValueError:
        return None
    return (name, offset, length, cut) if offset >= 0 and length >= 0 else None


def result_text(row: DatumRow, file: Path | None) -> str | None:
    """Return a datum's result if it is JSON; nothing is ever unpickled here.

    Parameters
    ----------
    row : DatumRow
    file : Path or None
        Where a result lies that is too large for its record.
    """
    if row.result_kind is None or not is_json(row.result_kind) or row.result is None:
        return None
    data = bytes(row.result)
    if is_file(row.result_kind):
        data = (read_part(file, 0, RESULT + 1) if file else None) or b""
    text = data[:RESULT].decode("utf-8", "backslashreplace")
    return text + (" ..." if len(data) > RESULT else "")


def metrics_json(text: str | None) -> dict[str, Any]:
    """Return a datum's metrics."""
    return finite(json_object(text))


def json_object(value: Any) -> dict[str, Any]:
    """Return a JSON object, given as such or as text; an empty one for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _sentences(value: Any) -> list[str]:
    found = value if isinstance(value, list) else []
    return [text[:_SENTENCE] for text in found[:_SENTENCES] if isinstance(text, str)]


def _noted(note: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what was written down on the way besides counts; None: nothing was."""
    pruned = json_object(note.get("pruned"))
    said = {
        "notes": _sentences(note.get("notes")),
        "dirty": note.get("dirty") or 0,
        "pruned": {"files": pruned["files"], "edited": pruned["edited"]} if pruned else None,
        "not_pruned": str(note.get("not_pruned") or "")[:_SENTENCE] or None,
    }
    return said if any(said.values()) else None
