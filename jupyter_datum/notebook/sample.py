"""``datum`` while a cell is being written: marked by its metadata, executed on one datum."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NoReturn

from .. import inputs
from ..datum import Datum
from ..errors import DatumError, NoDatumsError
from ..inputs import Input, Listed
from ..project import Project
from ..transform.command import COMMANDS
from ..transform.escapes import script_of
from ..transform.marked import SETUP, has_tag, line_of, magic_line, setup_call
from ..transform.optionline import parse_line
from .asked import metadata_of
from .context import Context
from .place import KernelPlace
from .resolve import resolve_input, resolve_output

#: What ``datum`` says where nothing tells which one is meant.
UNBOUND = (
    "no datum is bound here. A marked cell runs on one in JupyterLab, which sends the cell's "
    "metadata; elsewhere use `jupyter datum run NOTEBOOK.ipynb`, or bind one: %datum pick NAME"
)


class Unbound:
    """Stands for ``datum`` where there is none: every attribute says why.

    Parameters
    ----------
    why : str
    """

    _why = UNBOUND  # of the class, for one that is being unpickled

    def __init__(self, why: str = UNBOUND) -> None:
        self._why = why

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(self._why)

    def __repr__(self) -> str:
        return f"<no datum: {self._why}>"


class SampleCells:
    """Binds ``datum`` before a marked cell is executed as an ordinary one.

    Parameters
    ----------
    shell : InteractiveShell
    context : Context
    """

    def __init__(self, shell: Any, context: Context) -> None:
        self._shell = shell
        self._context = context
        #: Name of the transform of which the user has picked a datum, which stays.
        self.picked: str | None = None

    def before(self, info: Any) -> None:
        """Look at the cell that is about to be executed (IPython's ``pre_run_cell``)."""
        mark = self._mark()
        if mark is None or magic_line(info.raw_cell or "") is not None:
            return
        self._shell.user_ns.update(COMMANDS if mark.get("shell") is True else {})
        if self.picked != mark["name"]:
            self._shell.user_ns["datum"] = self._sample(mark)

    def read(self, lines: list[str]) -> list[str]:
        """Make Python of a marked cell of bash, and a cell that is tagged as setup known as such
        (a last one of IPython's cleaning transforms)."""
        if lines and has_tag(metadata_of(self._shell), SETUP) and not _is_call(lines):
            return setup_call("".join(lines)).splitlines(keepends=True)
        mark = self._mark()
        is_bash = mark is not None and mark.get("shell") is True
        if not is_bash or not lines or _is_call(lines):
            return lines
        return f"{script_of(''.join(lines))}\n".splitlines(keepends=True)

    def _mark(self) -> Mapping[str, Any] | None:
        mark = metadata_of(self._shell).get("datum")
        named = isinstance(mark, Mapping) and isinstance(mark.get("name"), str)
        return mark if named and isinstance(mark, Mapping) else None

    def _sample(self, mark: Mapping[str, Any]) -> Datum | Unbound:
        try:
            return self._first(mark)
        except (DatumError, OSError) as exc:
            return Unbound(str(exc))

    def _first(self, mark: Mapping[str, Any]) -> Datum:
        options = parse_line(line_of(mark))
        namespace = self._shell.user_ns
        project = self._context.project()
        source = resolve_input(options.input, self._context, namespace, project, options.name)
        out = resolve_output(options.output, options.name, self._context, namespace)
        listing = source.list(frozenset({os.fsencode(out)}), [])
        listed = next(listing, None)
        if listed is None:
            raise NoDatumsError(*source.nothing_found())
        return datum_of(listed, source, project)


def _is_call(lines: list[str]) -> bool:
    """Whether a magic stood over them."""
    return lines[0].startswith("get_ipython().run_cell_magic(")


def datum_of(listed: Listed, source: Input, project: Project, position: int = 0) -> Datum:
    """Return the datum that `source` has listed, for a person to work with.

    Raises
    ------
    OSError
        If a file of it cannot be read.
    """
    return inputs.datum_of(source, listed, position, place=KernelPlace(source, project))
