"""A run in words and in static HTML: one source for cell output, terminal and CLI.

Everything that comes from files, tracebacks or user code is escaped; nothing is a script.
"""

from __future__ import annotations

import html
import json
import re
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from ..ledger.noted import noted
from ..ledger.queries import FailureGroup, RunRow, is_digest, key_text
from ..ledger.stragglers import Straggler
from ..states import RunStatus
from ..words import counted as counted
from ..words import span as span
from ..words import visible

#: Type of the bundle that our front end draws live.
MIME: Final = "application/vnd.jupyter-datum+json"
#: Last line of a waiting cell.
WHILE_WAITING: Final = (
    "  interrupt: stops the run, what is finished stays; "
    "jupyter datum detach {name}: frees this cell, the run goes on"
)
#: What a bar of text is made of.
_FULL, _EMPTY = "█", "░"
_GROUPS: Final = 8
_LINE: Final = 160
#: Characters of a sentence why a run ended: what to do stands at its end.
SENTENCE: Final = 800

#: Segments of the bar from left to right, as in the panel; 3:1 and more on white and on black, but
#: for those that are the ground of the picture: who shows this has a theme that nobody tells.
_COLOURS: Final = {
    "skipped": "#86a5dc",
    "recovered": "#a66aa2",
    "success": "#27a37c",
    "failed": "#d9480f",
    "cancelled": "#787f8a",
    "running": "#2f7fe0",
    "pending": "#8886",
}


@dataclass
class Meter:
    """How fast a run goes, from looking at its counters now and then."""

    _seen: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=60))
    _moved: float = 0.0

    def look(self, now: float, run: RunRow) -> None:
        """Take in the counters as they are at `now`."""
        done = settled(run) - run.skipped
        if not self._seen or done != self._seen[-1][1]:
            self._moved = now
        self._seen.append((now, done))

    @property
    def rate(self) -> float:
        """Datums a second, lately."""
        if len(self._seen) < 2:
            return 0.0
        (start, before), (end, after) = self._seen[0], self._seen[-1]
        return (after - before) / (end - start) if end > start else 0.0

    def still(self, now: float) -> float:
        """Seconds without progress."""
        return now - self._moved if self._seen else 0.0

    def eta(self, run: RunRow) -> tuple[float, float] | None:
        """Seconds until the end, as a range; None if nothing can be said yet."""
        left = run.pending + run.running
        rate = self.rate
        if not left or not rate or not run.planned or len(self._seen) < 4:
            return None
        middle = left / rate
        spread = 1.6 if len(self._seen) < 20 else 1.25
        return middle / spread, middle * spread


def settled(run: RunRow) -> int:
    """Datums with which nothing more happens in this run."""
    return run.success + run.failed + run.recovered + run.skipped + run.cancelled


def plan_line(run: RunRow) -> str:
    """Say how many datums there are, and why which run."""
    reasons = dict(json.loads(run.note or "{}").get("reasons", {}))
    if not reasons:
        return f"{run.name}: listing ... {counted(run.total, 'datum')} so far"
    parts = [f"{n:,} {reason}" for reason, n in sorted(reasons.items(), key=lambda r: -r[1])]
    return f"{run.name}: {counted(run.total, 'datum')}: {', '.join(parts)}"


def progress_line(run: RunRow, meter: Meter, now: float, *, width: int = 24) -> str:
    """Return one line: bar, counts, rate, ETA."""
    total = max(run.total, 1)
    filled = min(width, settled(run) * width // total)
    bar = _FULL * filled + _EMPTY * (width - filled)
    if not run.total and not run.planned:
        return f"{run.name} {bar} the input is being listed"
    parts = [f"{settled(run):,}/{run.total:,}{'' if run.planned else '+'}"]
    if run.failed:
        parts.append(f"{run.failed:,} failed")
    if run.skipped:
        parts.append(f"{run.skipped:,} unchanged")
    parts.append(speed(run, meter, now))
    return f"{run.name} {bar} {', '.join(part for part in parts if part)}"


def speed(run: RunRow, meter: Meter, now: float) -> str:
    """Say how fast a run goes, and how long it will take."""
    if run.status == RunStatus.PAUSED:
        return "paused"
    if why := _waits(run):
        return why
    still = meter.still(now)
    if still > 10:
        return f"no progress for {span(still)}"
    if not meter.rate:
        return "starting" if run.started and not settled(run) else ""
    rate = f"{meter.rate:,.0f}/s" if meter.rate >= 10 else f"{meter.rate:.1f}/s"
    eta = meter.eta(run)
    if eta is None:
        return rate
    low, high = (span(seconds) for seconds in eta)
    return f"{rate}, {low} left" if low == high else f"{rate}, {low} to {high} left"


def closing_lines(run: RunRow, groups: list[FailureGroup], out: str | None) -> list[str]:
    """Say what became of a run; the first line stands alone where there is room for one."""
    lines = [closing_line(run)]
    lines += [*group_lines(groups, run.failed), *why_lines(run)]
    if run.failed and run.status != RunStatus.PAUSED:
        lines.append(
            f"  look: %datum failures {run.name}   again: %datum retry {run.name}   "
            "after a fix: run the cell with --only failed"
        )
    lines += [f"  {one_line(said, 400)}" for said in noted(run)]
    if run.late:
        lines.append(f"  {late_line(run)}")
    if out and run.success:
        lines.append(f"  outputs: {out}")
    return lines


def why_lines(run: RunRow) -> list[str]:
    """Say why a run does not go on, and what to do."""
    lines = []
    if run.status == RunStatus.INTERRUPTED:
        lines.append("  its runner is gone: run the cell again, and it goes on where it stopped")
    if run.message and run.status in (RunStatus.ERROR, RunStatus.PAUSED):
        lines.append(f"  {one_line(run.message, SENTENCE)}")
    return [*lines, f"  {way_on(run)}"] if run.status == RunStatus.PAUSED else lines


def late_line(run: RunRow) -> str:
    """Say how many answers came too late to count."""
    results = counted(run.late, "result")
    return f"{results} came late and did not count: others had been asked instead"


def way_on(run: RunRow) -> str:
    """Say what to do about a paused run."""
    give_up = f"to give up: %datum cancel {run.name}"
    if "failed alike" in (run.message or ""):
        return f"fix the cell and run it again, or run all anyway with --no-probe; {give_up}"
    return f"to go on: %datum resume {run.name}; {give_up}"


def closing_line(run: RunRow) -> str:
    """Say in one line what became of a run."""
    seconds = (run.ended or time.time()) - (run.started or run.requested)
    tried = run.success + run.failed + run.recovered
    parts = []
    if run.success:
        parts.append(f"{run.success:,} succeeded")
    if run.recovered:
        parts.append(f"{run.recovered:,} recovered")
    if run.failed:
        parts.append(f"{run.failed:,} failed")
    if run.cancelled:
        parts.append(f"{run.cancelled:,} cancelled")
    if run.pending + run.running and run.status != RunStatus.RUNNING:
        parts.append(f"{run.pending + run.running:,} not run")
    parts += _skipped(run)
    if not tried and not skipped_of(run).restored and run.status == RunStatus.SUCCESS:
        return f"{run.name}: nothing to do; {', '.join(parts) or 'no datums'} ({span(seconds)})"
    speed = f", {counted(round(tried / seconds), 'datum')}/s" if tried and seconds > 0 else ""
    head = {
        RunStatus.SUCCESS: "",
        RunStatus.FAILED: "",
        RunStatus.CANCELLED: "cancelled; ",
        RunStatus.PAUSED: "paused; ",
        RunStatus.ERROR: "stopped; ",
    }.get(RunStatus(run.status), f"{run.status}; ")
    line = f"{run.name}: {head}{', '.join(parts) or 'nothing ran'} in {span(seconds)}{speed}"
    return line + (f"; {why}" if (why := _waits(run)) else _feed(run))


def _waits(run: RunRow) -> str:
    """Why a run that goes on has no worker; empty if it has."""
    return one_line(run.message) if run.message and run.status == RunStatus.RUNNING else ""


def _feed(run: RunRow) -> str:
    """Who waits for whom, where what the run makes is taken while it goes on."""
    feed = json.loads(run.feed or "{}")
    if not feed.get("bound"):
        return ""
    if feed["bound"] == "feed":
        return f"; feed-bound: its consumer has waited {span(feed['waited'])} for datums"
    held = f", {span(feed['held'])} held back for it" if feed["held"] >= 1 else ""
    return f"; consumer-bound: {feed['behind']:,} finished datums wait{held}"


def left_failed(run: RunRow) -> int:
    """Datums that failed before, and that this run was not about."""
    return int(json.loads(run.note or "{}").get("left", {}).get("failed before", 0))


def _skipped(run: RunRow) -> list[str]:
    skipped = skipped_of(run)
    saved = f": {span(run.saved)} of work not repeated" if run.saved >= 0.05 else ""
    told = (
        (skipped.restored, f"restored from kept results{'' if skipped.unchanged else saved}"),
        (skipped.unchanged, f"skipped (unchanged){saved}"),
        (skipped.failed, "still failed, left as they are"),
        (skipped.left, "left as they are"),
    )
    return [f"{n:,} {word}" for n, word in told if n > 0]


class Skipped(NamedTuple):
    """How many datums a run did not execute, by why.

    Parameters
    ----------
    restored : int
        Got the result of a former version of theirs (option keep).
    unchanged : int
    failed, left : int
        Failed before, or would have run for another reason, and were not asked for: ``--only``,
        ``--sample``.
    """

    restored: int
    unchanged: int
    failed: int
    left: int


def skipped_of(run: RunRow) -> Skipped:
    """Return what a run's skipped datums are."""
    reasons = dict(json.loads(run.note or "{}").get("reasons", {}))
    same = sum(reasons.get(reason, 0) for reason in _AT_REST)
    back = min(run.skipped, int(reasons.get("restored from kept results", 0)))
    unchanged = min(run.skipped - back, same if reasons else run.skipped)
    failed = left_failed(run)
    return Skipped(back, unchanged, failed, max(0, run.skipped - back - unchanged - failed))


_AT_REST: Final = ("unchanged", "touched, content unchanged")


def group_lines(groups: list[FailureGroup], failed: int) -> list[str]:
    """Return a line for each of the largest groups of failures, and one for the rest of `failed`:
    there may be more of them than were read."""
    told = [
        (
            group.datums,
            one_line(f"{group.type}: {group.headline}")
            + (f"  ({one_line(group.place)})" if group.place else ""),
        )
        for group in groups[:_GROUPS]
    ]
    if len(groups) > _GROUPS:
        read = sum(group.datums for group in groups[_GROUPS:])  # perhaps later than `failed`
        told.append((max(read, failed - sum(n for n, _ in told)), "in further groups"))
    wide = max((len(f"{n:,}") for n, _ in told), default=0)
    return [f"  {n:>{wide},} x {text}" for n, text in told]


def straggler_lines(found: list[Straggler]) -> list[str]:
    """Return a line for each datum that takes far longer than the others did."""
    lines = [
        f"  slow: {one_line(_named(one))} on {one.worker} for {span(one.seconds)} "
        f"(usual: {span(one.usual)})"
        for one in found[:_GROUPS]
    ]
    if len(found) > _GROUPS:
        lines.append(f"  slow: {len(found) - _GROUPS:,} more")
    return lines


def stuck_lines(above: str | None) -> list[str]:
    """Return a line that says for which paused transform a run waits, if for one."""
    if above is None:
        return []
    return [f"  waits for {above}, which is paused; it goes on when {above} is resumed"]


def _named(one: Straggler) -> str:
    """A key that is a digest says nothing to people: its place does, counted from 1 as in the
    panel."""
    text = key_text(one.key or b"")
    return f"datum {one.position + 1}" if not text or is_digest(text) else text


def one_line(text: str, limit: int = _LINE) -> str:
    """Return `text` as one line of printable characters, cut where it is long."""
    flat = " ".join(text.split())
    shown = visible(flat)
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def bundle(run: RunRow, project: str, lines: list[str]) -> dict[str, Any]:
    """Return the cell's output: text, static HTML, and what our front end draws live."""
    return {
        "text/plain": "\n".join(lines),
        "text/html": _html(run, lines),
        MIME: {
            "project": project,
            "run": run.uuid,
            "name": run.name,
            "status": run.status,
            "counts": {
                "total": run.total,
                "running": run.running,
                "success": run.success,
                "failed": run.failed,
                "recovered": run.recovered,
                "skipped": run.skipped,
                "cancelled": run.cancelled,
            },
        },
    }


def _html(run: RunRow, lines: list[str]) -> str:
    total = max(run.total, 1)
    cells = "".join(
        # One failure in a million stays visible.
        f'<span title="{name}: {n:,}" style="flex:{n / total:.6f} 0 3px;'
        f'background:{colour}"></span>'
        for name, colour in _COLOURS.items()
        if (n := getattr(run, name))
    )
    head = re.sub(f"[{_FULL}{_EMPTY}]+ ", "", lines[0], count=1)  # the bar is drawn below it
    first = f'<div style="font-weight:600">{html.escape(head)}</div>'
    # An option that breaks behind its hyphens is none that one could copy.
    option, whole = re.compile(r"--[a-z][\w-]*"), r'<span style="white-space:nowrap">\g<0></span>'
    body = "".join(
        # What goes on in a second line stands further in.
        f'<div style="margin:4px 0 0;padding-left:2em;text-indent:-1em;font-family:monospace;'
        f'white-space:pre-wrap">{option.sub(whole, html.escape(line.strip()))}</div>'
        for line in lines[1:]
    )
    return (
        f'<div style="max-width:60em">{first}<div style="display:flex;height:8px;margin-top:4px;'
        f'border-radius:2px;overflow:hidden;gap:1px;background:#8882">{cells}</div>{body}</div>'
    )
