"""From a marked cell to a request: parse, capture, sign, write down."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType
from typing import Any

from ..errors import UsageError
from ..hashing import hex_digest
from ..inputs import Input
from ..inputs.apart import check_apart
from ..project import Project
from ..remote import is_url, urls_of
from ..runner.ask import ask_for_run
from ..runner.environment import carried, needed, of_stores
from ..transform.capture import GIVEN, GIVEN_BATCH, Captured, capture
from ..transform.cell import Cell, bash_cell, compile_cell
from ..transform.check import SLOT, checked_schema
from ..transform.declared import declare
from ..transform.environment import packages_of
from ..transform.fallback import RECOVER, checked_fallback
from ..transform.fingerprint import Fingerprint, fingerprint
from ..transform.imports import declare_imports, imports_digest
from ..transform.marked import RECIPE_MIME
from ..transform.modules import imported_sources
from ..transform.named import declare_names
from ..transform.optionline import parse_line
from ..transform.options import OF_THE_RUN, Options, of_the_run
from ..transform.payload import Consent, build_payload
from ..transform.recipe import Recipe, write_payload, write_recipe
from ..transform.setup import with_setup
from ..transform.texts import texts_of
from .circles import check_circle
from .clusters import engine_of
from .context import Context
from .mistakes import check_cell, hints, two_of_a_name
from .namesake import namesakes
from .resolve import resolve_input, resolve_output
from .setups import setup_for


@dataclass(frozen=True)
class Prepared:
    """A cell that can be run.

    Parameters
    ----------
    project : Project
    options : Options
    recipe : Recipe
    digest : str
        The signed recipe's name.
    found : Fingerprint
    """

    project: Project
    options: Options
    recipe: Recipe
    digest: str
    found: Fingerprint


def prepare(
    line: str,
    cell: Cell,
    namespace: Mapping[str, Any],
    context: Context,
    cell_id: str | None = None,
) -> Prepared:
    """Read, capture and sign a cell; nothing runs.

    Raises
    ------
    DatumError
        With a sentence, if anything about it cannot work.
    """
    options = parse_line(line, cell.body)
    if options.shell and options.batch:
        raise UsageError("--batch calls a Python cell with a list; --shell runs bash for one datum")
    if options.shell:
        cell = bash_cell(cell)
    if not options.name:
        raise UsageError("a transform needs a name: %%datum NAME -i INPUT")
    check_cell(cell, options.batch, namespace)
    options = replace(options, engine=engine_of(options.engine, namespace))
    project = context.project()
    source = resolve_input(options.input, context, namespace, project, options.name)
    out = resolve_output(options.output, options.name, context, namespace)
    check_apart(source, out)
    check_circle(options.name, source, out, project)
    if options.keep and is_url(out):
        raise UsageError(
            f"--keep is for folders of this machine; outputs go to {out}, where each former "
            "version would be copied and paid for: have the store keep versions of its own"
        )
    captured = _captured(cell, namespace, project, options)
    found = fingerprint(cell, captured)
    declare_imports(found, cell, captured, project.root)
    declare_names(found, cell, source.roots)
    declare(found, cell, captured, context.folder, options.depends, options.versions)
    found.warnings += [
        *hints(cell, source, context.folder),
        *two_of_a_name(options.input, source, namespace),
        *namesakes(project, options.name, context.notebook, cell.whole or cell.body),
    ]
    imports = imported_sources(found.imports, found.texts)
    payload = build_payload(cell, captured, found.functions, _consent(options, project), imports)
    names, values = _environment(cell, found, source, out)
    recipe = Recipe(
        project=project.uuid,
        path=str(project.root),
        name=options.name,
        interpreter=sys.executable,
        sys_path=[os.path.abspath(path) for path in sys.path],
        cwd=str(context.folder),
        input=source.to_json(),
        out=out,
        options=_of_the_transform(options),
        payload=write_payload(project, payload),
        fingerprint=found.digest,
        parts=found.parts,
        modules=_modules_digest(captured, found),
        untracked=found.untracked,
        warnings=found.warnings,
        texts=texts_of(found.helpers),
        imports=found.imports,
        source=cell.whole or cell.body,
        filename=cell.filename,
        notebook=context.notebook,
        cell_id=cell_id,
        python=platform.python_version(),
        packages=packages_of(found.outside),
        environment=names,
        variables=values,
    )
    return Prepared(project, options, recipe, write_recipe(project, recipe), found)


def request_run(
    conn: sqlite3.Connection,
    prepared: Prepared,
    *,
    run: str | None = None,
    origin: str = "kernel",
    pipeline: str = "",
) -> str:
    """Ask for a run and see that a runner lives; return the run's uuid (`run`, if given).

    Transforms that run together are told the same `pipeline`.
    """
    args = of_the_run(prepared.options)
    if prepared.options.background:  # no kernel is going to be its worker
        args["background"] = True
    changes = {**args, "origin": origin, "pipeline": pipeline}
    return ask_for_run(conn, prepared.project, prepared.digest, prepared.recipe, changes, run)


def tell_recipe(prepared: Prepared, ran: bool) -> None:
    """Tell the front end under which name a cell was recorded; the server plans by it.

    `ran`: the cell has run in this kernel. One that has just started lacks what the cell
    needs, and to plan by that would call everything stale.
    """
    from IPython.display import publish_display_data

    names = {"project": prepared.project.uuid, "transform": prepared.recipe.name}
    publish_display_data({RECIPE_MIME: {**names, "recipe": prepared.digest, "ran": ran}})


def _consent(options: Options, project: Project) -> Consent:
    """Whether a large payload is wanted: by option, since it was before, or when asked."""

    def wanted(digest: str, question: str) -> bool:
        return options.large_payload or project.payload(digest).exists() or _asked(question)

    return wanted


def _asked(question: str) -> bool:
    """Ask whoever sits at the notebook; without anybody there the answer is no."""
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None or not getattr(kernel, "_allow_stdin", False):
        return False
    return input(question).strip().lower() in ("y", "yes")


def _codes(cell: Cell) -> list[CodeType]:
    compiled = compile_cell(cell)
    return [code for code in (compiled.body, compiled.last) if code is not None]


def _of_the_transform(options: Options) -> dict[str, Any]:
    default = Options()
    fields = {name: getattr(default, name) for name in OF_THE_RUN}
    return replace(options, **fields).to_json()


def _captured(
    cell: Cell, namespace: Mapping[str, Any], project: Project, options: Options
) -> Captured:
    """What the cell reads, what its results must fit, and what is called when it fails."""
    given = GIVEN_BATCH if options.batch else GIVEN
    captured = capture(cell, namespace, project.root, given)
    if (setup := setup_for(options.name, namespace)) is not None:
        captured = with_setup(captured, setup, namespace, project.root)
    more: dict[str, Any] = {}
    if options.schema is not None:
        more[SLOT] = checked_schema(options.schema, namespace)
    if options.recover is not None:
        more[RECOVER] = checked_fallback(options.recover, namespace)
    return replace(captured, values={**captured.values, **more}) if more else captured


def _environment(
    cell: Cell, found: Fingerprint, source: Input, out: str
) -> tuple[list[str], dict[str, str]]:
    """Variables that workers need: names of those to be told, and values of the others."""
    codes = [*_codes(cell), *(f.__code__ for f in found.functions)]
    secrets, plain = of_stores([*urls_of(source.to_json()), *urls_of(out)])
    names = {*needed(codes), *source.variables(), *secrets} - plain.keys()
    return sorted(names), {**carried(), **plain}


def _modules_digest(captured: Captured, found: Fingerprint) -> str:
    parts = [imports_digest(found.imports)]
    for module in captured.modules:
        try:
            parts.append(module.__name__.encode() + Path(str(module.__file__)).read_bytes())
        except OSError:
            parts.append(module.__name__.encode())
    return hex_digest(b"\0".join(parts))
