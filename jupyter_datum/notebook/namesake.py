"""Two notebooks of a project that each have a transform of one name, as a copied one has."""

from __future__ import annotations

import contextlib
import os

from ..ledger import db, queries
from ..project import Project
from ..transform.marked import Marked, find_marked, magic_line


def namesakes(project: Project, name: str, notebook: str | None, source: str) -> list[str]:
    """Return a sentence if another notebook has a transform of this name with other code: what
    one runs the other finds old, and all of it runs again each time.

    Parameters
    ----------
    project : Project
    name : str
    notebook : str or None
        The one whose cell is executed; None if it is not known.
    source : str
        Of the cell.
    """
    other = _last_notebook(project, name) if notebook else None
    if notebook is None or other is None or os.path.realpath(other) == os.path.realpath(notebook):
        return []
    there = saved_cell(other, name)
    if there is None or _is_same(there, source):
        return []
    return [
        f"{os.path.relpath(other, project.root)} has a transform {name} too, with other code; in a "
        "project they are one and the same, and each finds what the other has made old. Give "
        "one of them another name"
    ]


def _last_notebook(project: Project, name: str) -> str | None:
    """The notebook whose cell of this name ran last."""
    if not project.ledger.exists():
        return None
    with contextlib.closing(db.connect(project, readonly=True)) as conn:
        row = queries.transform(conn, name)
    return os.fsdecode(row.notebook) if row is not None and row.notebook else None


def saved_cell(notebook: str, name: str) -> Marked | None:
    """Return a transform's cell as it is saved in a notebook; None if there is none any more."""
    import nbformat

    try:
        return find_marked(nbformat.read(notebook, as_version=4).cells, name)
    except Exception:  # it is gone, is no notebook, or has no such cell
        return None


def _is_same(there: Marked, source: str) -> bool:
    if there.by == "metadata" and magic_line(source) is not None:
        source = source.lstrip("\n").partition("\n")[2]  # the line was made of the metadata
    return there.source.strip("\n") == source.strip("\n")
