"""Counters are what they count: datums by state, and datums by failure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ...states import DatumState
from .. import files
from ..writes import COUNTS
from .case import MEND, Case, Finding

#: Byte in a states file -> column of a run.
_COLUMNS: Final = {DatumState[name.upper()]: name for name in COUNTS[1:]}
_NEWEST: Final = "r.id = (select max(id) from run where transform = r.transform)"


def rows(case: Case) -> Iterator[Finding]:
    """A datum's row is its latest outcome: the newest run of a transform has as many rows in
    a state as it counts, an older one has not more."""
    held = {
        (run, state): n
        for run, state, n in case.conn.execute(
            "select run, state, count(*) from datum group by run, state"
        )
    }
    runs = case.conn.execute(
        f"select r.id, r.uuid, {_NEWEST}, r.success, r.failed, r.recovered from run r"
        " where r.ended is not null and r.status <> 'error' order by r.id"
    ).fetchall()
    for run, uuid, newest, *counted in runs:
        states = (DatumState.SUCCESS, DatumState.FAILED, DatumState.RECOVERED)
        for state, count in zip(states, counted, strict=True):
            n = held.get((run, state), 0)
            if n > count or (newest and n < count):
                what = f"run {uuid[:8]} counts {count} datums as {_COLUMNS[state]}, it has {n}"
                yield Finding("rows", what, "run the cell again, which counts anew")


def states(case: Case) -> Iterator[Finding]:
    """The newest run of each transform has a state for each position."""
    rows = case.conn.execute(
        "select r.id, r.uuid, r.total from run r where r.ended is not null and r.total > 0"
        " and r.status <> 'error'"
        f" and {_NEWEST}"
    ).fetchall()
    for run, uuid, total in rows:
        found = files.state_counts(case.project.run(uuid) / "states")
        if sum(found.values()) != total:
            if case.repair:
                _rebuild(case, run, uuid, total)
            what = f"run {uuid[:8]} has states of {sum(found.values())} of its {total} datums"
            yield Finding("states", what, MEND, case.repair)


def _rebuild(case: Case, run: int, uuid: str, total: int) -> None:
    """Write plan and states of a run anew; what it did not attempt it had skipped."""
    folder = case.project.run(uuid)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    rows = case.conn.execute(
        "select position, id, state from datum where run = ? and position < ?", (run, total)
    ).fetchall()
    ids = [files.UNKNOWN] * total
    for position, identity, _ in rows:
        ids[position] = identity
    plan, states = files.PlanFile(folder / "plan"), files.StatesFile(folder / "states")
    plan.append(ids)
    states.write(0, bytes([DatumState.SKIPPED]) * total)
    states.write_runs((position, bytes([state])) for position, _, state in rows)
    plan.close()
    states.close()


def counters(case: Case) -> Iterator[Finding]:
    """Counters of an ended run add up, and are those of its states."""
    rows = case.conn.execute(
        f"select uuid, {', '.join(COUNTS)} from run where ended is not null"
        " and status <> 'error' and folded = 0 order by id"
    ).fetchall()
    for uuid, *values in rows:
        counts = dict(zip(COUNTS, values, strict=True))
        found = files.state_counts(case.project.run(uuid) / "states")
        wrong = _difference(counts, found)
        if wrong:
            sql = f"update run set {', '.join(f'{n} = ?' for n in COUNTS)} where uuid = ?"
            counted = {_COLUMNS[DatumState(s)]: n for s, n in found.items() if s}
            new = [sum(found.values()), *(counted.get(name, 0) for name in COUNTS[1:])]
            finding = Finding("counters", f"run {uuid[:8]}: {wrong}", MEND)
            yield case.mended(finding, sql, *new, uuid) if found else finding


def false_success(case: Case) -> Iterator[Finding]:
    """A run with failed or cancelled datums never says success."""
    rows = case.conn.execute(
        "select uuid, failed, cancelled from run where status = 'success'"
        " and (failed > 0 or cancelled > 0)"
    ).fetchall()
    for uuid, failed, cancelled in rows:
        what = f"run {uuid[:8]} says success with {failed} failed and {cancelled} cancelled"
        sql = "update run set status = ? where uuid = ?"
        status = "failed" if failed else "cancelled"
        yield case.mended(Finding("false success", what, MEND), sql, status, uuid)


def groups(case: Case) -> Iterator[Finding]:
    """A failed datum stands in a group; a group of the newest run counts its datums."""
    lost = case.conn.execute(
        "select count(*) from datum d where d.state = 3"
        " and not exists (select 1 from failure f where f.id = d.failure)"
    ).fetchone()[0]
    if lost:
        what = f"{lost} failed datums have no recorded failure"
        yield Finding("failures", what, "retry them: the next attempt records what happens")
    rows = case.conn.execute(
        f"select f.id, f.type, f.datums, {_NEWEST},"
        " (select count(*) from datum d where d.failure = f.id)"
        " from failure f join run r on r.id = f.run where r.ended is not null"
    ).fetchall()
    for group, kind, counted, newest, n in rows:
        if n > counted or (newest and n < counted):
            what = f"failure group {group} ({kind}) counts {counted} datums and holds {n}"
            sql = "update failure set datums = ? where id = ?"
            yield case.mended(Finding("failures", what, MEND), sql, n, group)


def _difference(counts: dict[str, int], found: dict[int, int]) -> str:
    """In words, how the counters of an ended run are wrong; empty if they are not."""
    settled = sum(counts[name] for name in COUNTS[2:])
    if settled != counts["total"] or counts["running"]:
        return f"{settled} of {counts['total']} datums are settled, {counts['running']} running"
    if not found:
        return ""
    wrong = [
        f"{name} {counts[name]}, but {found.get(state, 0)} states"
        for state, name in _COLUMNS.items()
        if counts[name] != found.get(state, 0)
    ]
    return "; ".join(wrong)
