"""Lineage, history, overview: one implementation for kernel, magic and command line."""

from __future__ import annotations

import contextlib
import html
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import OutputError, ProjectError, UsageError
from ..ledger import db, queries
from ..ledger.relocate import follow_project
from ..outcomes import listed_input
from ..project import Project, find
from ..remote import is_url
from . import ask, chain, history, overview, past, questions, show
from .now import Look, everywhere, wholly


class View:
    """An answer that shows itself: text, HTML (escaped), plain JSON.

    Parameters
    ----------
    data : object
        What it is about; ``.data`` in Python.
    text : str
    page : str, optional
        As HTML; the text by default.
    """

    def __init__(self, data: Any, text: str, page: str | None = None) -> None:
        self.data = data
        self._text = text
        self._page = page

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return self._page or f"<pre>{html.escape(self._text)}</pre>"

    def to_json(self) -> Any:
        """Return it as plain JSON."""
        return self.data.to_json() if hasattr(self.data, "to_json") else self.data


def show_lineage(
    project: Project,
    asked: str | os.PathLike[str] | int,
    *,
    folder: Path | str | None = None,
    up: int | None = None,
    down: int | None = None,
    hashed: bool = False,
) -> View:
    """Show where a file, a datum or a transform comes from, and what was made from it.

    Parameters
    ----------
    project : Project
    asked : path, str or int
        A path or URL, the number of a datum, ``TRANSFORM:KEY``, or a transform's name.
    folder : path, optional
        At which relative paths start; the working folder by default.
    up, down : int
        Steps from transform to transform; by default all to the raw files and one down, of a
        transform's name all.
    hashed : bool
        Whether large files that were touched are read too, to tell whether they are the same.

    Raises
    ------
    RunError
        If the ledger knows nothing of it.
    """
    start = str(folder) if folder is not None else os.getcwd()
    with _ledger(project) as conn:
        if _names_transform(conn, asked, start):
            tied = chain.chain(conn, str(asked), _or(up, chain.MOST), _or(down, chain.MOST))
            return View(tied, tied.text())
        found = ask.lineage(
            conn, asked, folder=start, up=_or(up, ask.UP), down=_or(down, ask.DOWN),
            look=_looks(hashed),
        )  # fmt: skip
    return View(found, show.as_text(found, start), show.as_html(found, start))


def _looks(hashed: bool) -> Look:
    return wholly if hashed else everywhere


def _or(steps: int | None, default: int) -> int:
    return default if steps is None else steps


def _names_transform(conn: sqlite3.Connection, asked: object, start: str) -> bool:
    """Whether a name is asked for; a file of that name comes first, a folder does not."""
    if not isinstance(asked, str) or os.path.isfile(os.path.join(start, asked)):
        return False
    return queries.transform(conn, asked) is not None


def show_history(
    project: Project,
    asked: str | os.PathLike[str] | int,
    *,
    folder: Path | str | None = None,
    between: tuple[int, int] | None = None,
    diffs: bool = False,
) -> View:
    """Show every version of a datum over time (errors: as :func:`show_lineage`).

    Parameters
    ----------
    project : Project
    asked : path, str or int
        A path or URL, the number of a datum, or ``TRANSFORM:KEY``.
    folder : path, optional
        At which relative paths start; the working folder by default.
    between : (int, int), optional
        Two versions of the code whose difference is shown, the last two by default; 1 is the
        transform's first, -1 the newest that made the datum.
    diffs : bool
        Whether each version shows what its code changed.
    """
    with _ledger(project) as conn:
        found = history.history(conn, asked, folder=str(folder) if folder is not None else None)
    found = replace(found, between=past.resolved(found, between))
    return View(found, past.as_text(found, diffs=diffs))


def show_overview(project: Project, name: str) -> View:
    """Show how many datums there are, how long one takes, how many come each day."""
    with _ledger(project) as conn:
        found = overview.overview(conn, project, name)
    return View(found, found.text())


def show_question(
    project: Project,
    name: str,
    word: str,
    *,
    limit: int = 100,
    folder: Path | str | None = None,
    hashed: bool = False,
) -> View:
    """Show which outputs of a transform were made by old code, come from a run with failures,
    are orphans, or were edited since. Paths below `folder` are shown as relative ones.

    Raises
    ------
    UsageError
        If there is no such transform or question.
    """
    with _ledger(project) as conn:
        row = queries.transform(conn, name)
        if row is None:
            raise UsageError(f"no transform is named {name!r}")
        page = questions.ask(conn, row.id, word, limit=limit, look=_looks(hashed))
        cut = questions.is_cut(conn, row.id, word)
    said = [f"{name}: outputs that {_verb(word)}"]
    base = os.path.join(str(folder if folder is not None else os.getcwd()), "")
    for found in page.found:
        now = f"  ({show.now_said(found.now)})" if found.now else ""
        said.append(f"  {found.path.removeprefix(base)}{now}")
    said += ["  none"] if not page.found else []
    said += [f"  and more: only {limit:,} datums are shown"] if page.after is not None else []
    if cut:
        said.append(f"  of the newest {questions.RUNS:,} such runs: older ones are left out")
    if word == "edited" and row.out and is_url(row.out):
        said.append("  objects in a store are not looked at here: jupyter datum fsck does")
    data = [found._asdict() for found in page.found]
    return View(data, "\n".join(said))


def _verb(word: str) -> str:
    text = questions.QUESTIONS[word]
    return (
        text if text.startswith("come") else f"are {text}" if word == "orphan" else f"were {text}"
    )


def show_report(
    project: Project, name: str, out: str | None = None, *, folder: Path | str | None = None
) -> View:
    """Write the report on a transform, one page that needs nothing else; say where it is.

    Parameters
    ----------
    project : Project
    name : str
        Of the transform.
    out : str, optional
        The file; ``NAME.html`` by default.
    folder : path, optional
        At which a relative path starts.

    Raises
    ------
    RunError
        If it has not run.
    """
    from .report import report

    path = Path(folder or Path.cwd()) / (out or f"{name}.html")
    with _ledger(project) as conn:
        page = report(conn, project, name)
    with _writing(path):
        path.write_text(page, encoding="utf-8")
    return View({"name": name, "path": str(path)}, f"{name}: the report is {path}")


def show_export(
    project: Project,
    name: str,
    *,
    openlineage: str | None = None,
    crate: str | None = None,
    table: str | None = None,
    folder: Path | str | None = None,
) -> View:
    """Write what is known of a transform in the words of others; say what was written.

    Parameters
    ----------
    project : Project
    name : str
        Of the transform.
    openlineage : str, optional
        A file for events; empty: send them to ``OPENLINEAGE_URL``.
    crate : str, optional
        A new folder for a Process Run Crate.
    table : str, optional
        A ``.csv`` or ``.parquet`` file.
    folder : path, optional
        At which relative paths start.

    Raises
    ------
    UsageError
        If nothing is asked for, or a library is missing.
    """
    from .exports.crate import write_crate
    from .exports.openlineage import send_events, write_events
    from .exports.table import write_table

    start = Path(folder or Path.cwd())
    done: dict[str, int] = {}
    with _ledger(project) as conn:
        found = queries.transform(conn, name)
        source = listed_input(conn, project, found.id) if found is not None else None
        if openlineage == "":
            done["events sent"] = send_events(conn, project, name)
        elif openlineage is not None:
            with _writing(start / openlineage):
                written = write_events(conn, project, name, start / openlineage)
            done[f"events in {openlineage}"] = written
        if crate is not None:
            with _writing(start / crate):
                files, left = write_crate(conn, name, start / crate, source)
            done[f"files in the crate {crate}"] = files
            if left:
                done["outputs left out: they are gone, or not as they were made"] = left
        if table is not None:
            with _writing(start / table):
                done[f"rows in {table}"] = write_table(conn, name, start / table, source)
    if not done:
        raise UsageError("what to? --openlineage [FILE], --crate FOLDER or --table FILE.csv")
    return View(done, "\n".join(f"{n:,} {what}" for what, n in done.items()))


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Say of what cannot be written where, and why."""
    try:
        yield
    except OSError as exc:
        why = exc.strerror or str(exc)
        beside = "" if path.parent.is_dir() else f": there is no folder {str(path.parent)!r}"
        raise OutputError(f"{str(path)!r} cannot be written{beside or f': {why}'}") from exc


def project_for(asked: object) -> Project:
    """Return the project that a path lies in, else the one of the working folder.

    Raises
    ------
    ProjectError
        If there is none.
    """
    places = [Path(os.environ.get("DATUM_PROJECT") or Path.cwd())]
    if isinstance(asked, str | os.PathLike):
        places.insert(0, Path(asked).absolute().parent)
    for place in places:
        found = find(place) if place.is_dir() else None
        if found is not None:
            return found
    raise ProjectError("no .datum folder at or above the working folder: run a cell first")


def _ledger(project: Project) -> Any:
    follow_project(project)  # it may have been moved since it ran last
    return contextlib.closing(db.connect(project, readonly=True))
