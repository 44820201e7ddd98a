"""``%%datum_setup``: what a worker does once, before its first datum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NoReturn

from .capture import GIVEN, Captured, capture
from .cell import Cell
from .names import bound_names

#: Under this name the cell travels among the captured values: no cell can read it.
SETUP: Final = "<setup>"


class SetupDatum:
    """``datum`` in a setup cell: there is none yet, but there is what to compute on."""

    def __init__(self, device: str) -> None:
        self.device = device

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"a setup cell runs before any datum: there is datum.device, and no datum.{name}"
        )


def with_setup(
    captured: Captured, setup: Cell, namespace: Mapping[str, Any], project_root: Path
) -> Captured:
    """Return what travels with a cell whose workers run `setup` first: what `setup` binds
    comes from there, and not from the kernel."""
    own = capture(setup, namespace, project_root, GIVEN)
    bound = bound_names(setup.tree())
    values = {name: value for name, value in captured.values.items() if name not in bound}
    whole = (setup.body, setup.filename, setup.first_line, setup.whole)
    return replace(captured, values={**values, **own.values, SETUP: whole})


def setup_of(values: Mapping[str, Any]) -> Cell | None:
    """Return the setup cell among captured values, if there is one."""
    return Cell(*values[SETUP]) if SETUP in values else None
