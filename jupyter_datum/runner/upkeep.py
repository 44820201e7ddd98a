"""What users decide about results that are there: prune, move, mark as equivalent.

One place for kernel, CLI and server. Nothing here runs user code or needs a runner.
"""

from __future__ import annotations

import getpass
import os
import sqlite3
from array import array
from dataclasses import dataclass

from ..errors import RunError
from ..inputs.signed import output_folders
from ..ledger import queries
from ..ledger.files import put_order
from ..ledger.listings import listed_run
from ..ledger.queries import RunRow
from ..ledger.versions import Mark, differing, mark_equivalent, unmark_equivalent
from ..ledger.writes import version_id
from ..outputs.porter import Porter
from ..outputs.publish.prune import Pruned, count_orphans, prune
from ..outputs.publish.rekey import Moved, rekey
from ..outputs.standing import Standing
from ..project import Project
from ..remote import is_url
from ..transform.moved import here
from ..transform.recipe import Recipe, read_recipe
from ..words import counted
from .changes import part_word
from .keep import Keeper
from .survey import Survey


@dataclass(frozen=True)
class Equivalence:
    """What was marked, or taken back.

    Parameters
    ----------
    parts : list of str
        In what the two versions of the code differ.
    mark : Mark
    undone : bool
    """

    parts: list[str]
    mark: Mark
    undone: bool


def prune_gone(
    conn: sqlite3.Connection, project: Project, name: str, *, everything: bool = False
) -> Pruned:
    """List the input anew, and remove the outputs of what has vanished from it.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    name : str
        Of a transform that has run.
    everything : bool
        Though that may be more than half of it, or all; and of what left the input when it
        was written anew.

    Raises
    ------
    RunError
        If the listing is not whole, the transform is running, or much would go.
    """
    row, recipe = _recorded(conn, project, name)
    survey = Survey(conn, project, recipe, {})
    found = survey.run()
    if found.errors:
        raise RunError(f"the listing is incomplete, nothing is pruned: {found.errors[0]}")
    survey.planner.write_gone(row.id)
    renamed = {each.datum for each in survey.renamed}
    check_share(conn, row.transform, found.total, everything=everything, spared=len(renamed))
    folders = output_folders(conn, project, row.transform)
    far = [
        Standing(out, Porter(os.fsdecode(out), recipe.variables, project.log))
        for out in folders
        if is_url(out)
    ]
    try:
        return prune(
            conn,
            row.transform,
            folders,
            left=everything,
            far=far,
            keeper=Keeper.beside_runs(conn, project, row.transform, here(recipe, project)),
            renamed=renamed,
        )
    except OSError as exc:
        raise RunError(f"not all could be pruned: {exc}") from exc
    finally:
        for each in far:
            each.close()


def check_share(
    conn: sqlite3.Connection,
    transform: int,
    present: int,
    *,
    everything: bool,
    spared: int = 0,
) -> None:
    """Refuse to prune what looks like a mistake.

    Raises
    ------
    RunError
        If the input has no datum at all, or more than half of all would go.
    """
    orphans = count_orphans(conn, transform, left=everything) - spared
    if everything or orphans <= 0:
        return
    if not present:
        raise RunError("the input has no datum now, nothing is pruned; --all removes everything")
    if orphans > present:
        raise RunError(
            f"{orphans:,} of {orphans + present:,} datums have vanished, more than half: nothing "
            "is pruned; --all removes their outputs"
        )


def move_renamed(conn: sqlite3.Connection, project: Project, name: str) -> Moved:
    """Have renamed input files keep their results: nothing runs.

    Raises
    ------
    RunError
        If the listing is not whole, or the transform is running.
    """
    row, recipe = _recorded(conn, project, name)
    survey = Survey(conn, project, recipe, {})
    survey.places = places = array("I")
    found = survey.run()
    if found.errors:
        raise RunError(f"the listing is incomplete, nothing is moved: {found.errors[0]}")
    out = here(recipe, project).out
    moved = rekey(conn, row.transform, os.fsencode(out) if out else None, survey.renamed)
    if moved.datums and (listed := listed_run(conn, project, row.transform)) is not None:
        for each in survey.renamed:
            there = queries.datum_by_key(conn, row.transform, each.new)
            places[each.place] = there.id if there is not None else 0
        put_order(project.run(listed.uuid), filter(None, places))
    return moved


def equivalent(
    conn: sqlite3.Connection,
    project: Project,
    name: str,
    recipe: Recipe | None = None,
    *,
    undo: bool = False,
) -> Equivalence:
    """Let the present code of a transform count as the one that made its results.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    name : str
    recipe : Recipe, optional
        With the present code; the recorded one of the newest run if left out.
    undo : bool
        Take the newest mark about it back.

    Raises
    ------
    RunError
        If there is no other version that has made results, or no mark to take back.
    """
    if recipe is None:
        _, recipe = _recorded(conn, project, name)
    known = queries.transform(conn, name)
    if known is None:
        raise RunError(f"{name} has not run: it has no results yet")
    version = version_id(
        conn,
        known.id,
        bytes.fromhex(recipe.fingerprint),
        recipe.parts,
        recipe.source,
        recipe.python,
        recipe.packages,
        recipe.texts,
    )
    if undo:
        mark = unmark_equivalent(conn, known.id, version)
    else:
        mark = mark_equivalent(conn, known.id, version, this_user())
    parts = differing(conn, mark.same_as, recipe.parts)
    return Equivalence([part_word(part) for part in parts], mark, undo)


def _recorded(conn: sqlite3.Connection, project: Project, name: str) -> tuple[RunRow, Recipe]:
    row = queries.latest_run(conn, name)
    if row is None:
        raise RunError(f"{name} has not run")
    return row, read_recipe(project, row.recipe)


def this_user() -> str:
    """Return the name of this process's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a uid without a name, in a container
        return str(os.getuid()) if hasattr(os, "getuid") else ""


# -- in words ------------------------------------------------------------------------------


def pruned_lines(name: str, done: Pruned) -> list[str]:
    """Say what was pruned."""
    stay = [
        f"  renamed, and kept: {counted(done.renamed, 'datum')}; %datum move {name} gives the "
        "results to the new names, or run these first"
    ]
    stay = stay if done.renamed else []
    if not done.datums and not done.kept:
        return [f"{name}: no output of a vanished input is left to be removed", *stay]
    files, datums = counted(done.files, "file"), counted(done.datums, "vanished datum")
    lines = [f"{name}: {files} of {datums} removed", *stay]
    if done.edited:
        lines.append(f"  edited by hand since, and kept: {counted(done.edited, 'file')}")
    if done.outside:
        lines.append(f"  outside the output folder, and kept: {counted(done.outside, 'file')}")
    return [*lines, *(f"    {queries.key_text(path)}" for path in done.kept)]


def moved_lines(name: str, moved: Moved) -> list[str]:
    """Say what was moved."""
    if not moved.datums and not moved.refused:
        return [f"{name}: no input was renamed"]
    lines = [
        f"{name}: the results stay with {counted(moved.datums, 'renamed datum')}; "
        f"{counted(moved.files, 'output')} renamed"
    ]
    if moved.seen:
        lines.append(
            f"  of {counted(moved.seen, 'datum')} datum.key is another now: what was made of the "
            "former one still holds it"
        )
    return lines + [f"  {sentence}" for sentence in moved.refused[:20]]


def equivalent_lines(name: str, done: Equivalence) -> list[str]:
    """Say what was marked."""
    what = f" ({', '.join(done.parts)})" if done.parts else ""
    if done.undone:
        return [f"{name}: the mark is taken back; results of the other code are stale again{what}"]
    return [
        f"{name}: the present code counts as the one that made the results{what}; "
        f"to take that back: %datum equivalent {name} --undo"
    ]
