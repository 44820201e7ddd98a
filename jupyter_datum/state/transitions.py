"""What may happen to a datum, as a table; the page in the docs is made from it."""

from __future__ import annotations

from typing import Final

from ..errors import InvalidTransitionError
from ..states import SETTLED, DatumState

_S = DatumState

#: (state, verb) -> next state. What is not listed cannot happen.
TRANSITIONS: Final[dict[tuple[DatumState, str], DatumState]] = {
    (_S.PENDING, "send"): _S.RUNNING,
    (_S.PENDING, "cancel"): _S.CANCELLED,
    (_S.RUNNING, "succeed"): _S.SUCCESS,
    (_S.RUNNING, "recover"): _S.RECOVERED,
    (_S.RUNNING, "fail"): _S.FAILED,
    (_S.RUNNING, "again"): _S.PENDING,
    # No engine can take back what a worker has begun: what it gives after that is dropped.
    (_S.RUNNING, "cancel"): _S.CANCELLED,
    (_S.SUCCESS, "reject"): _S.FAILED,
    (_S.RECOVERED, "reject"): _S.FAILED,
    (_S.FAILED, "retry"): _S.PENDING,
}

#: What each verb means, for people.
MEANINGS: Final[dict[str, str]] = {
    "send": "it is in a set that goes to a worker",
    "succeed": "its attempt ended well",
    "recover": "its last try failed, and the function that `--recover` names gave a result",
    "fail": "its attempt failed, and no other follows",
    "again": "it is tried again after a failure, recovered after the last one, or its worker "
    "died before it had begun it",
    "cancel": "the run was cancelled, or stopped by too many failures",
    "reject": "its outputs could not be published: a path belongs to another datum",
    "retry": "somebody asked for it while the run goes on",
}


def following(state: int, verb: str, position: int) -> DatumState:
    """Return the state after `verb`.

    Raises
    ------
    InvalidTransitionError
        If `verb` cannot happen in `state`.
    """
    found = TRANSITIONS.get((DatumState(state), verb))
    if found is None:
        name = DatumState(state).name.lower()
        raise InvalidTransitionError(f"position {position} is {name}, where {verb!r} cannot happen")
    return found


def render() -> str:
    """Return the page ``docs/states.md``."""
    lines = [
        "# The states of a datum",
        "",
        "Made by `python -m jupyter_datum.state > docs/states.md` from the table in",
        "`jupyter_datum/state/transitions.py`; a test compares the two.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        *_picture(),
        "```",
        "",
        "| from | when | to | it means |",
        "| --- | --- | --- | --- |",
        *_rows(),
        "",
        "A datum comes into a run as *pending*, or settled already: *skipped (unchanged)*,",
        "or with what an earlier runner of the same run recorded. *Recovered* datums count",
        "as fine, as skipped ones do: they do not fail a run.",
    ]
    return "\n".join(lines) + "\n"


def _picture() -> list[str]:
    arrows = [
        f"    {before.name.lower()} --> {after.name.lower()}: {verb}"
        for (before, verb), after in TRANSITIONS.items()
    ]
    ends = [f"    {state.name.lower()} --> [*]" for state in sorted(SETTLED)]
    starts = [f"    [*] --> {state.name.lower()}" for state in (_S.PENDING, _S.SKIPPED)]
    return [*starts, *arrows, *ends]


def _rows() -> list[str]:
    return [
        f"| {before.word} | {verb} | {after.word} | {MEANINGS[verb]} |"
        for (before, verb), after in TRANSITIONS.items()
    ]
