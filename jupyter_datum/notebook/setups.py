"""The ``%%datum_setup`` cells of a kernel, and to which transforms they belong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from IPython.core.magic import Magics, cell_magic, magics_class, no_var_expand

from ..errors import UsageError
from ..transform.cell import Cell

#: Where a kernel keeps them: in its namespace, so that %reset forgets them too.
KEPT: Final = "_datum_setups"
#: The key of a setup cell that names no transform.
_ALL: Final = ""


def setup_for(name: str, namespace: Mapping[str, Any]) -> Cell | None:
    """Return the setup cell of transform `name`: its own, else the one for all."""
    known: Mapping[str, Cell] = namespace.get(KEPT, {})
    return known.get(name) or known.get(_ALL)


def add_setup(line: str, cell: Cell, namespace: dict[str, Any]) -> list[str]:
    """Have workers of the transforms named in `line` (none: of all) run `cell` first.

    Raises
    ------
    UsageError
        If a name is none.
    CellSyntaxError
        If the cell is no Python.
    """
    names = line.split()
    for name in names:
        if not name.isidentifier():
            raise UsageError(
                f"%%datum_setup takes names of transforms, as in %%datum_setup embed, not {name!r}"
            )
    cell.tree()
    known: dict[str, Cell] = namespace.setdefault(KEPT, {})
    known.update(dict.fromkeys(names or [_ALL], cell))
    return names


@magics_class
class SetupMagics(Magics):
    """``%%datum_setup``."""

    @no_var_expand
    @cell_magic
    def datum_setup(self, line: str, cell: str) -> None:
        """Have workers run this cell once, before their first datum; nothing runs here.

        ``%%datum_setup [TRANSFORM ...]``
        """
        raw = f"%%datum_setup {line}\n{cell}"
        name = self.shell.compile.get_code_name(raw, raw, self.shell.execution_count)
        names = add_setup(line, Cell(cell, name, 2, raw), self.shell.user_ns)
        whose = ", ".join(names) or "every transform that runs from now on"
        print(f"setup of {whose}: runs once in each worker, before its first datum; not here")
