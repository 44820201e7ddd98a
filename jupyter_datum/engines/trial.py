"""A few datums on an engine, to see what it costs: nothing is published nor recorded.

The datums are executed by the recorded code in a run of their own, of which only the journals
are: its folder goes in the end, with all that the datums wrote.
"""

from __future__ import annotations

import itertools
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

from ..errors import DatumError, EngineError, RunError
from ..events import Begun, DatumSet, Failed, SetItem, frames, pack_set, unpack_return
from ..inputs import Input, input_from_json
from ..project import Project, find
from ..resources import thread_environment
from ..settings import limits
from ..transform.recipe import Recipe, read_recipe
from ..undebugged import undebugged
from . import Choice, choose_engine, engine_class
from .base import Down, Engine, EngineSettings, Event, Returned, Up

#: Seconds that one engine may take in all.
LIMIT: Final = 120.0
_FIRST_SET: Final = 1


class Trial(NamedTuple):
    """How it went on one engine; times in seconds."""

    engine: str
    start: float
    #: Per datum, code of the cell included; and of that, what the cell took.
    datum: float
    cell: float
    datums: int
    failed: int
    problem: str = ""


def attempt_on(project: Project, digest: str, engine: str, count: int) -> Trial:
    """Execute the first `count` datums of a recipe on one worker of `engine`.

    In a process of its own, as a runner is: an engine that ends may take helper processes
    along that a kernel still needs.

    Raises
    ------
    SignatureError
        If this user did not sign the recipe.
    """
    recipe = read_recipe(project, digest)
    call = [str(project.root), digest, engine, str(count)]
    try:
        with undebugged():
            done = subprocess.run(
                [recipe.interpreter, "-m", "jupyter_datum.engines.trial", *call],
                capture_output=True, stdin=subprocess.DEVNULL, text=True, timeout=2 * LIMIT,
            )  # fmt: skip
        return Trial(**json.loads(done.stdout.splitlines()[-1]))
    except (OSError, subprocess.SubprocessError) as exc:
        return _problem(engine, str(exc))
    except (IndexError, ValueError):
        return _problem(engine, (done.stderr.strip().splitlines() or ["it ended silently"])[-1])


def _problem(engine: str, text: str) -> Trial:
    return Trial(engine, 0.0, 0.0, 0.0, 0, 0, text)


def main(root: str, digest: str, engine: str, count: str) -> None:
    """Be the process that tries."""
    project = find(Path(root))
    assert project is not None
    recipe = read_recipe(project, digest)
    try:
        source = input_from_json(recipe.input, project)
        choice = choose_engine(engine)
        tried = _tried(project, digest, recipe, source, engine, choice, int(count))
    except DatumError as exc:
        tried = _problem(engine, str(exc))
    print(json.dumps(tried._asdict()), flush=True)


def _tried(
    project: Project, digest: str, recipe: Recipe, source: Input, name: str, choice: Choice, n: int
) -> Trial:
    run = secrets.token_hex(16)
    folder = project.run(run)
    for part in ("j", "claims", "logs"):
        (folder / part).mkdir(mode=0o700, parents=True)
    environment = {**thread_environment(1), **recipe.variables}
    settings = EngineSettings(str(project.dir), environment, choice.options)
    try:
        with engine_class(choice)(settings) as engine:
            began = time.monotonic()
            engine.start(1)
            worker = _wait_up(engine, began + LIMIT)
            up = time.monotonic()
            warm = _set(project, run, worker, 0, digest, source, recipe, [_first(source, recipe)])
            _answer(engine, worker, warm, began + LIMIT)  # imports and captured values
            items = _items(source, recipe, n)
            datum_set = _set(project, run, worker, _FIRST_SET, digest, source, recipe, items)
            begun = time.monotonic()
            done = _answer(engine, worker, datum_set, began + LIMIT)
            took = time.monotonic() - begun
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    records = [r for r, _ in frames(unpack_return(done).frames) if not isinstance(r, Begun)]
    failed = sum(isinstance(record, Failed) for record in records)
    cell = sum(record.seconds for record in records) / max(1, len(records))
    return Trial(name, up - began, took / max(1, len(records)), cell, len(records), failed)


def _first(source: Input, recipe: Recipe) -> SetItem:
    return _items(source, recipe, 1)[0]


def _items(source: Input, recipe: Recipe, count: int) -> list[SetItem]:
    exclude = frozenset({os.fsencode(recipe.out)} if recipe.out else ())
    listed = itertools.islice(source.list(exclude, []), count)
    items = [
        SetItem(
            n, n, x.key, 1, tuple((name, rel, None) for name, rel, _ in x.files), x.value,
            x.captures,
        )
        for n, x in enumerate(listed)
    ]  # fmt: skip
    if not items:
        raise RunError(f"the input of {recipe.name!r} has no datum to try")
    return items


def _set(
    project: Project, run: str, worker: str, number: int, digest: str, source: Input,
    recipe: Recipe, items: list[SetItem],
) -> DatumSet:  # fmt: skip
    out = os.fsencode(Path(project.run(run)) / "out") if recipe.out else None
    return DatumSet(
        project_dir=str(project.dir), run=run, epoch=0, worker=worker, set_id=number,
        generation=1, recipe=digest, roots=source.roots, out=out, sync=True, tries=1, seen=False,
        failures={}, most=0, memory=0, batch=recipe.options.get("batch", 0), heard=-1,
        printed=limits().log, items=items,
    )  # fmt: skip


def _wait_up(engine: Engine, until: float) -> str:
    while time.monotonic() < until:
        for event in engine.events(0.1):
            if isinstance(event, Up):
                return event.worker
    raise EngineError(f"no worker came up within {LIMIT:g} s")


def _answer(engine: Engine, worker: str, datum_set: DatumSet, until: float) -> bytes:
    engine.send(worker, datum_set.set_id, pack_set(datum_set))
    while time.monotonic() < until:
        for event in engine.events(0.1):
            if isinstance(event, Returned) and event.set_id == datum_set.set_id:
                return event.data
            _check(event)
    raise EngineError(f"it was not done within {LIMIT:g} s")


def _check(event: Event) -> None:
    if isinstance(event, Down):
        raise EngineError(f"its worker died: {event.cause}")


if __name__ == "__main__":
    main(*sys.argv[1:])
