"""The verbs by which a user decides about results that are there: prune, move, equivalent."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

from ..errors import RunError
from ..runner import upkeep
from ..transform.recipe import Recipe
from .display import tell
from .public import Transform
from .submit import Prepared


class DecisionVerbs:
    """Mixed into the magics, which know the transforms and the ledger."""

    #: The recipe of each cell as it was executed last, planned or run.
    _planned: dict[str, Recipe]

    if TYPE_CHECKING:  # the magics have them

        def _transform(self, words: list[str]) -> Transform: ...

        def _ledger(
            self,
        ) -> contextlib.AbstractContextManager[tuple[sqlite3.Connection, Any]]: ...

    def _do_prune(self, words: list[str]) -> None:
        """Remove outputs of vanished inputs that nobody has edited."""
        name, everything = self._named(words, "--all")
        with self._ledger() as (conn, project):
            done = upkeep.prune_gone(conn, project, name, everything=everything)
        tell("\n".join(upkeep.pruned_lines(name, done)))

    def _do_move(self, words: list[str]) -> None:
        """Have renamed inputs keep their results."""
        name = self._transform(words).name
        with self._ledger() as (conn, project):
            moved = upkeep.move_renamed(conn, project, name)
        tell("\n".join(upkeep.moved_lines(name, moved)))

    def _do_equivalent(self, words: list[str]) -> None:
        """Let the code that was planned or run last count as the one that made the results."""
        name, undo = self._named(words, "--undo")
        recipe = self._planned.get(name)
        with self._ledger() as (conn, project):
            done = upkeep.equivalent(conn, project, name, recipe, undo=undo)
        tell("\n".join(upkeep.equivalent_lines(name, done)))

    def _named(self, words: list[str], flag: str) -> tuple[str, bool]:
        """A transform's name, and whether `flag` stands beside it."""
        return self._transform([word for word in words if word != flag]).name, flag in words

    def _mark(self, conn: sqlite3.Connection, prepared: Prepared) -> None:
        """``--equivalent``; where no other code has made results it has nothing to say."""
        name = prepared.options.name
        try:
            done = upkeep.equivalent(conn, prepared.project, name, prepared.recipe)
        except RunError:
            return
        tell("\n".join(upkeep.equivalent_lines(name, done)))
