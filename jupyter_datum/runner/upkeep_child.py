"""``python -P -m jupyter_datum.runner.upkeep_child PROJECT``: plan, prune, move, equivalent.

What lists a whole input takes seconds of processor time and some memory: the server has it
done in this process. One line of JSON on standard input says what is asked; lines of JSON
on standard output say how it goes: first those of a plan in the making, at last the answer.
The recipe's signature is checked here, before anything of it is looked at.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sqlite3
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TextIO

from ..errors import DatumError, ProjectError, RunError
from ..ledger import db, queries
from ..ledger.known import outputs_of
from ..ledger.versions import equivalent_versions
from ..project import Project, find
from ..resources import workers_of
from ..transform.moved import here
from ..transform.recipe import Recipe, read_recipe
from . import upkeep
from .ahead import with_ahead
from .asked import meant
from .foreseen import Preview
from .lister_child import _end_with_parent
from .survey import Survey

#: Seconds between two looks at a plan in the making.
_LOOK: Final = 0.2
#: Characters of the name of a datum, which may be a value of any length.
_NAME: Final = 200
#: Output files listed of each vanished datum.
_FILES: Final = 3

Say = Callable[[Mapping[str, Any]], None]


def main(root: str) -> int:
    """Do what standard input asks for, and say how it went."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what is printed must not come between the lines
    asked = json.loads(_line(0))
    threading.Thread(target=_end_with_parent, args=(os.dup(0),), daemon=True).start()
    try:
        _say(out, {"state": "done", **_answer(Path(root), asked, lambda made: _say(out, made))})
    except DatumError as exc:
        _say(out, {"state": "refused", "message": str(exc)})
    except BrokenPipeError:  # nobody wants to know any more
        return 1
    except Exception as exc:
        traceback.print_exc()
        _say(out, {"state": "refused", "message": f"{type(exc).__name__}: {exc}"})
    return 0


def _line(pipe: int) -> bytes:
    """Read to the end of the first line and no further: what follows is the parent's death."""
    found = b""
    while not found.endswith(b"\n") and (byte := os.read(pipe, 1)):
        found += byte
    return found


def _say(out: TextIO, made: Mapping[str, Any]) -> None:
    out.write(json.dumps(made) + "\n")
    out.flush()


def _answer(root: Path, asked: Mapping[str, Any], say: Say) -> dict[str, Any]:
    project = find(root)
    if project is None:
        raise ProjectError(f"no project at {str(root)!r}")
    if db.is_foreign(project):
        raise RunError("this ledger is another user's: nothing is planned or changed")
    with contextlib.closing(db.connect(project)) as conn:
        return _VERBS[asked["verb"]](conn, project, asked, say)


# -- verbs -----------------------------------------------------------------------------------


def _plan(
    conn: sqlite3.Connection, project: Project, asked: Mapping[str, Any], say: Say
) -> dict[str, Any]:
    recipe = _recipe(conn, project, asked)
    args = {name: asked[name] for name in ("only", "force") if name in asked}
    survey = Survey(conn, project, recipe, args)
    said = 0.0

    def look(found: Preview) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said > _LOOK and not found.ended:
            said = now
            say({"state": "open", "plan": _told(found)})

    plan = _told(with_ahead(survey, project, look))
    options = meant(recipe, args)
    plan["workers"] = workers_of(options.engine, options.workers)
    plan["gone"] = _vanished(conn, here(recipe, project), survey.planner.absent.first)
    plan["marked"] = _is_marked(conn, recipe)
    return {"plan": plan}


def _prune(
    conn: sqlite3.Connection, project: Project, asked: Mapping[str, Any], say: Say
) -> dict[str, Any]:
    name = asked["transform"]
    done = upkeep.prune_gone(conn, project, name, everything=bool(asked.get("all")))
    root = os.fsencode(project.root)
    done.kept[:] = [os.path.relpath(path, root) for path in done.kept]
    return {"lines": upkeep.pruned_lines(name, done)}


def _move(
    conn: sqlite3.Connection, project: Project, asked: Mapping[str, Any], say: Say
) -> dict[str, Any]:
    name = asked["transform"]
    return {"lines": upkeep.moved_lines(name, upkeep.move_renamed(conn, project, name))}


def _equivalent(
    conn: sqlite3.Connection, project: Project, asked: Mapping[str, Any], say: Say
) -> dict[str, Any]:
    name, undo = asked["transform"], bool(asked.get("undo"))
    recipe = _recipe(conn, project, asked)
    done = upkeep.equivalent(conn, project, name, recipe, undo=undo)
    return {"lines": upkeep.equivalent_lines(name, done)}


_VERBS: Final = {"plan": _plan, "prune": _prune, "move": _move, "equivalent": _equivalent}


# -- parts -----------------------------------------------------------------------------------


def _recipe(conn: sqlite3.Connection, project: Project, asked: Mapping[str, Any]) -> Recipe:
    """The recipe that is named, as a kernel has just made it; else that of the newest run."""
    name = asked["transform"]
    if digest := asked.get("recipe"):
        recipe = read_recipe(project, digest)
        if recipe.name != name:
            raise RunError(f"this recipe is of {recipe.name}, not of {name}")
        return recipe
    row = queries.latest_run(conn, name)
    if row is None:
        raise RunError(f"{name} has not run: its cell must be run or planned in a kernel first")
    return read_recipe(project, row.recipe)


def _told(found: Preview) -> dict[str, Any]:
    """A plan in which no name is longer than can be shown."""
    told = dataclasses.asdict(found)
    told["first"] = [_short(name) for name in found.first]
    told["why"] = [_short(words) for words in found.why]
    told["examples"] = {why: [_short(x) for x in some] for why, some in found.examples.items()}
    if found.sizes:
        largest = [[_short(name), size] for name, size in found.sizes["largest"]]
        told["sizes"] = {**found.sizes, "largest": largest}
    return told


def _short(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def _vanished(conn: sqlite3.Connection, recipe: Recipe, ids: list[int]) -> list[dict[str, Any]]:
    """What the first vanished datums are called, and what they have made."""
    outputs = outputs_of(conn, ids)
    out = os.fsencode(recipe.out or ".")
    found = []
    for datum in ids:
        row = conn.execute("select key from datum where id = ?", (datum,)).fetchone()
        paths = [os.path.relpath(each[0], out) for each in outputs.get(datum, [])]
        shown = [_short(queries.key_text(path)) for path in paths[:_FILES]]
        key = _short(queries.key_text(row[0]))
        found.append({"key": key, "files": len(paths), "first": shown})
    return found


def _is_marked(conn: sqlite3.Connection, recipe: Recipe) -> bool:
    """Whether the recipe's version counts as another one."""
    known = queries.transform(conn, recipe.name)
    if known is None:
        return False
    version = queries.version_of(conn, known.id, bytes.fromhex(recipe.fingerprint))
    return version is not None and len(equivalent_versions(conn, version)) > 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
