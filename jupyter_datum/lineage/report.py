"""A report on a transform: one page that needs no server, no script and no other file.

Everything that comes from names, code or messages is escaped.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import sqlite3
import time
from html import escape
from importlib.resources import files
from itertools import islice, pairwise
from typing import Any, Final

from ..errors import DatumError, RunError
from ..ledger import queries
from ..ledger.environments import environment_of
from ..ledger.noted import noted
from ..ledger.queries import RunRow
from ..ledger.tiles import tiles
from ..ledger.versions import texts_of
from ..project import Project
from ..states import RunStatus
from ..transform.recipe import read_recipe
from ..words import counted, number, span, text_of, visible, when
from . import drawn
from .codediff import Reached, code_diff, helper_diffs
from .measured import measures
from .overview import Overview, overview, sample, sampled

_ORDER: Final = (
    "skipped", "recovered", "success", "failed", "cancelled", "running", "pending",
)  # fmt: skip
_WORDS: Final = {"skipped": "skipped (unchanged)"}
_GROUPS: Final = 20
_RUNS: Final = 20
_VERSIONS: Final = 10
_NOTES: Final = 10
#: Options that are told otherwise.
_ELSEWHERE: Final = ("name", "output", "origin", "pipeline", "follows", "background")
#: How a run stands, in the words of the panel.
_STANDING: Final = {
    "queued": "waiting",
    "cancelling": "stopping",
    "success": "done",
    "failed": "done with failures",
    "cancelled": "stopped",
    "error": "went wrong",
}
#: Who asked for a run, in the words of the panel.
_ASKED: Final = {
    "kernel": "a cell",
    "cli": "the command line",
    "server": "the panel",
    "capture": "the panel, with a kernel of its own",
    "watch": "a watch",
}


def report(conn: sqlite3.Connection, project: Project, name: str, *, places: bool = True) -> str:
    """Return the page on a transform.

    Raises
    ------
    RunError
        If it has not run.
    """
    run = queries.latest_run(conn, name)
    if run is None:
        raise RunError(f"{name} has not run")
    told = overview(conn, project, name)
    body = "".join(
        [
            _header(told, run),
            _cards(told, run),
            _noted(run),
            _map(project, told, run),
            _failures(conn, run),
            _times(conn, project, told, run),
            _measured(conn, project, told, run),
            '<div class="two">',
            _why(run),
            _what(conn, project, run, places),
            "</div>",
            _runs(conn, run),
            _versions(conn, run),
            _environment(conn, run, places),
        ]
    )
    style = files(__package__).joinpath("report.css").read_text("utf-8")
    made = time.strftime("%Y-%m-%d %H:%M")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " style-src 'unsafe-inline'\">"
        f"<title>{_text(name)}</title><style>{style}</style></head><body><main>{body}"
        f"<footer>Made by jupyter-datum on {made} from the ledger of "
        f"{_text(project.root.name)}.</footer></main></body></html>"
    )


def _text(given: str) -> str:
    """Text as it is: no markup, no colours of a terminal, nothing that turns it around."""
    return escape(visible(given, "\n\t"))


def _section(title: str, inner: str, said: str = "") -> str:
    aside = f' <span class="aside">{said}</span>'
    return f"<section><h2>{_text(title)}{aside if said else ''}</h2>{inner}</section>"


def _header(told: Overview, run: RunRow) -> str:
    ended = f", ended {when(run.ended)}" if run.ended else ""
    took = f", took {span(run.ended - run.started)}" if run.ended and run.started else ""
    message = f"<p>{_text(run.message)}</p>" if run.message else ""
    return (
        f'<header><h1>{_text(told.name)} <span class="status {_status(run)}">'
        f'{_text(_standing(run))}</span></h1><p class="m">run {run.id}, started '
        f"{when(run.started)}{ended}{took} on {_text(run.engine)} with "
        f"{counted(run.workers, 'worker')}</p>{message}</header>"
    )


def _standing(run: RunRow) -> str:
    """How the run stands, in the words of the panel."""
    if run.status == RunStatus.FAILED and run.cancelled:
        return "stopped on failures"
    return _STANDING.get(run.status, run.status)


def _status(run: RunRow) -> str:
    """The state whose colour a run's status has."""
    return {"success": "success", "failed": "failed", "error": "failed"}.get(run.status, "running")


def _noted(run: RunRow) -> str:
    """What was written down on the way: of files, inputs that changed, and the listing."""
    found = [f"<div>{_text(text[:500])}</div>" for text in islice(noted(run), _NOTES)]
    return f'<div class="note">{"".join(found)}</div>' if found else ""


def _why(run: RunRow) -> str:
    """Why datums ran, or did not."""
    reasons = _object(_object(run.note).get("reasons"))
    counts = {str(word): n for word, n in reasons.items() if isinstance(n, int) and n > 0}
    if not counts:
        return ""
    rows = "".join(
        f"<tr><td>{_text(word)}</td><td class=n>{n:,}</td></tr>"
        for word, n in sorted(counts.items(), key=lambda one: -one[1])
    )
    return _section("Why", f"<table>{rows}</table>")


def _what(conn: sqlite3.Connection, project: Project, run: RunRow, places: bool) -> str:
    """What it was run on, and how."""
    options: dict[str, Any] = {}
    with contextlib.suppress(DatumError):  # it is another user's, or gone
        options |= read_recipe(project, run.recipe).options
    options |= _object(run.options)
    row = conn.execute("select out from transform where id = ?", (run.transform,)).fetchone()
    out = text_of(row[0].removeprefix(_base(project))) if row[0] and places else None
    facts = {"input": options.pop("input", None), "output": out}
    facts |= {
        word.replace("_", " "): value for word, value in options.items() if word not in _ELSEWHERE
    }
    facts |= {"devices": run.devices, "started from": _ASKED.get(run.origin, run.origin)}
    facts |= {"work": f"{span(run.seconds)} in {counted(run.executions, 'attempt')}"}
    return _section("Input, output and options", _facts(facts))


def _base(project: Project) -> bytes:
    return os.path.join(os.fsencode(project.root), b"")


def _facts(facts: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td class=m>{_text(str(word))}</td><td><code>{_text(_said(value))}</code></td></tr>"
        for word, value in facts.items()
        if value not in (None, "", [], {})
    )
    return f"<table>{rows}</table>"


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _object(value: Any) -> dict[str, Any]:
    """A JSON object, given as such or as text; the ledger may hold anything."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(value)
    return value if isinstance(value, dict) else {}


def _cards(told: Overview, run: RunRow) -> str:
    keys = "".join(
        f'<span class="key s"><i class="{word}"></i>{told.states[word]:,} '
        f"{_WORDS.get(word, word)}</span>"
        for word in _ORDER
        if told.states.get(word)
    )
    many = f'<div class="big">{told.datums:,}</div>{_bar(told.states)}{keys}'
    cards = [_section("How many", many), _section("How long each", _how_long(told))]
    if told.days:
        last = datetime.date.fromisoformat(told.days[0].date)
        first = str(last - datetime.timedelta(days=drawn.DAYS - 1))
        new = sum(day.new for day in told.days if day.date >= first)
        inner = (
            f'<div class="big">{new:,}</div><p class="m s">in the {drawn.DAYS} days to {last}</p>'
        )
        cards.append(_section("New each day", inner + drawn.days(told.days)))
    if run.skipped:
        saved = f'<div class="big">{span(run.saved)}</div><p class="m s">of work, as '
        saved += f"{counted(run.skipped, 'datum')} had not changed</p>"
        cards.append(_section("Not repeated", saved))
    return f'<div class="cards">{"".join(cards)}</div>'


def _states(run: RunRow) -> dict[str, int]:
    return {word: int(getattr(run, word)) for word in _ORDER}


def _bar(states: dict[str, int]) -> str:
    parts = "".join(
        f'<i class="{word}" style="flex:{states[word]}"></i>' for word in _ORDER if states.get(word)
    )
    return f'<div class="bar">{parts}</div>'


def _how_long(told: Overview) -> str:
    times = told.times
    if times is None:
        return '<div class="big">-</div><p class="m s">nothing has run yet</p>'
    whence = "of all" if times.all else f"of {times.looked:,} spread over the input"
    return (
        f'<div class="big">{span(times.p50)}</div><p class="m">p95 {span(times.p95)}, longest '
        f'{span(times.longest)}</p><p class="m s">median {whence}</p>'
    )


def _map(project: Project, told: Overview, run: RunRow) -> str:
    if not told.datums:
        return ""
    found, size = tiles(project.run(run.uuid) / "states", told.datums, drawn.TILES)
    each = "1 tile = 1 datum" if size == 1 else f"1 tile = {size:,} datums, the worst is shown"
    return _section("Map, in input order", drawn.tile_map(found), each)


def _failures(conn: sqlite3.Connection, run: RunRow) -> str:
    groups = queries.failure_groups(conn, run.id, limit=_GROUPS)
    if not groups:
        return ""
    found = []
    for group in groups:
        sample_ = queries.datum_by_id(conn, group.sample)
        attempts = queries.attempts(conn, group.sample, limit=1) if sample_ else []
        trace = attempts[0].traceback if attempts else None
        inner = f"<details><summary>traceback of {_text(_key(sample_))}</summary>" if trace else ""
        inner += f"<pre>{_text(trace)}</pre></details>" if trace else ""
        place = f' <span class="m s">{_text(group.place)}</span>' if group.place else ""
        found.append(
            f'<div class="group"><b>{group.datums:,} x {_text(group.type)}</b>{place}'
            f"<div><code>{_text(group.message[:600])}</code></div>{inner}</div>"
        )
    return _section(f"Failures: {counted(run.failed, 'datum')}", "".join(found))


def _key(row: queries.DatumRow | None) -> str:
    if row is None:
        return "a datum"
    text = queries.key_text(row.key)
    return f"datum {row.position + 1}" if queries.is_digest(text) else text


def _times(conn: sqlite3.Connection, project: Project, told: Overview, run: RunRow) -> str:
    seconds, times = sample(conn, project, run), told.times
    if not seconds or times is None:
        return ""
    marks = [("p50", times.p50), ("p95", times.p95), ("longest", times.longest)]
    whence = "all of them" if times.all else f"{times.looked:,} spread over the input"
    return _section("How long datums took", drawn.histogram(seconds, marks), whence)


def _measured(conn: sqlite3.Connection, project: Project, told: Overview, run: RunRow) -> str:
    """What the datums came to, where that is numbers."""
    found = measures(conn, sampled(project, run))
    if not found:
        return ""
    rows = "".join(
        f"<tr><td><code>{_text(name[:100])}</code></td><td class=n>{one.n:,}</td>"
        + "".join(
            f"<td class=n>{number(value)}</td>"
            for value in (one.mean, one.median, one.least, one.most)
        )
        + "</tr>"
        for name, one in found.items()
    )
    head = "<th></th>" + "".join(
        f"<th class=n>{word}</th>" for word in ("datums", "mean", "median", "least", "most")
    )
    all_of = told.times is None or told.times.all
    whence = "" if all_of or told.times is None else f"{told.times.looked:,} spread over the input"
    return _section("Metrics and results", f"<table><tr>{head}</tr>{rows}</table>", whence)


def _runs(conn: sqlite3.Connection, run: RunRow) -> str:
    rows = "".join(
        f"<tr><td>{row.id}</td><td>{when(row.started)}</td>"
        f"<td>{_text(_standing(row))}</td><td class=wide>{_bar(_states(row))}</td>"
        f"<td class=n>{row.total:,}</td>"
        f"<td class=n>{row.success:,}</td><td class=n>{row.failed:,}</td>"
        f"<td class=n>{row.skipped:,}</td><td class=n>{span(row.seconds)}</td></tr>"
        for row in queries.runs(conn, transform=run.transform, limit=_RUNS)
    )
    head = "<th>run</th><th>started</th><th>ended as</th><th></th>" + "".join(
        f"<th class=n>{word}</th>" for word in ("datums", "succeeded", "failed", "skipped", "work")
    )
    return _section("Runs", f"<table><tr>{head}</tr>{rows}</table>")


def _versions(conn: sqlite3.Connection, run: RunRow) -> str:
    rows = conn.execute(
        "select id, source, created, parts from version where transform = ?"
        " order by id desc limit ?",
        (run.transform, _VERSIONS + 1),
    ).fetchall()
    texts = texts_of(conn, [row[0] for row in rows])
    count = conn.execute(
        "select count(*) from version where transform = ?", (run.transform,)
    ).fetchone()[0]
    found = [f"<pre>{_text(rows[0][1])}</pre>"] if rows else []
    for back, (new, old) in enumerate(pairwise(rows)):
        number = count - back
        sides = [
            Reached(n, json.loads(row[3]), texts[row[0]])
            for n, row in ((number - 1, old), (number, new))
        ]
        diffs = [code_diff(old[1], new[1], number - 1, number)]
        diffs += [helper.diff for helper in helper_diffs(*sides)]
        diff = "\n".join(filter(None, diffs))
        found.append(
            f"<details{' open' if back == 0 else ''}><summary>code {number} of {when(new[2])}, "
            f"against code {number - 1}</summary>{_diff(diff)}</details>"
        )
    return _section(f"Code, version {count}", "".join(found))


def _diff(diff: str) -> str:
    found = diff.splitlines()
    heads = {
        at
        for at, (one, two) in enumerate(pairwise(found))
        if one.startswith("--- code ") and two.startswith("+++ code ")
    }
    lines = "".join(
        _diff_line(line, at in heads) for at, line in enumerate(found) if at - 1 not in heads
    )
    return f"<pre>{lines or 'only what it calls, or the values it uses, has changed'}</pre>"


def _diff_line(line: str, head: bool) -> str:
    """A line of a difference; at the head of a part its name stands for two."""
    if head:
        return f'<span class="h">{_text(line.partition(": ")[2] or "the cell")}</span>'
    kind = {"+": "a", "-": "d", "@": "m"}.get(line[:1], "")
    return f'<span class="{kind}">{_text(line) or " "}</span>'


def _environment(conn: sqlite3.Connection, run: RunRow, places: bool) -> str:
    python, packages = environment_of(conn, run.id)
    facts = {"Python": python, **packages}
    facts |= {"interpreter": run.interpreter} if places else {}
    return _section("Environment", _facts(facts))
