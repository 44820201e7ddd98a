"""The notebook half: magics, the wait in a cell, what a cell shows."""

from __future__ import annotations

from typing import Any


def load(shell: Any) -> None:
    """Register the magics in `shell`, and what completes them."""
    from ..inputs.place import stay
    from ..transform.loaded import note_loaded
    from .complete import register
    from .context import context_of
    from .magic import DatumMagics
    from .mistakes import not_first
    from .register import announce
    from .sample import Unbound
    from .setups import SetupMagics

    context = context_of(shell.user_ns)
    stay(context.folder)
    magics = DatumMagics(shell)
    shell.register_magics(magics)
    shell.register_magics(SetupMagics)
    shell.register_magic_function(not_first, "line", "%datum")
    shell.user_ns.setdefault("datum", Unbound())
    announce(context)
    register(shell)

    def note(*_: Any) -> None:
        """What was imported is compared with its file later on, when a cell is captured."""
        project = context.existing_project()
        note_loaded(project.root if project else context.folder)

    note()
    shell.events.register("pre_run_cell", note)
    shell.events.register("post_run_cell", note)
