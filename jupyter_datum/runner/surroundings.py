"""Results of another environment: other versions of Python or of packages that the cell uses.

They count as they are, and the plan says so; with ``--strict-env`` they are made again.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Final

from ..ledger.environments import environments
from ..transform.environment import Environment, differences, environment_now
from ..transform.options import Options
from ..transform.recipe import Recipe
from ..words import counted
from .keep import Keeper
from .merge import Pair
from .selection import AT_REST, ENVIRONMENT

_UNKNOWN: Final = "an environment that was not recorded"


class Surroundings:
    """Tells which results were made elsewhere than where a run would make them now.

    Parameters
    ----------
    conn : sqlite3.Connection
    now : Environment
    strict : bool
        Whether such a result is to be made again.
    """

    def __init__(self, conn: sqlite3.Connection, now: Environment, *, strict: bool) -> None:
        self._conn = conn
        self._now = now
        self._strict = strict
        self._looked: set[int] = set()
        #: Run -> what is another there, of those where anything is.
        self._words: dict[int, str] = {}
        #: What is another -> how many datums at rest were made so.
        self.made: Counter[str] = Counter()

    def judge(self, pairs: Sequence[Pair], reasons: list[str]) -> None:
        """Count those of `pairs` that were made elsewhere, and give them a reason if that
        counts."""
        self._look({row[12] for _, row in pairs if row})
        if not self._words:
            return
        for i, (_, row) in enumerate(pairs):
            if row and row[12] in self._words and reasons[i] in AT_REST:
                self.made[self._words[row[12]]] += 1
                if self._strict:
                    reasons[i] = ENVIRONMENT

    def suits(self, run: int) -> bool:
        """Return whether what a run has made counts as made here."""
        return not (self._strict and self.words(run))

    def words(self, run: int) -> str:
        """Return what was another where a run was made; empty where nothing was."""
        self._look({run})
        return self._words.get(run, "")

    def restored(self, run: int) -> None:
        """Note that a result of this run has given way to a kept one."""
        self.made[self._words[run]] -= 1

    def note(self) -> str | None:
        """Return a sentence about results that count though they were made elsewhere."""
        made = {words: n for words, n in self.made.most_common() if n > 0}
        if self._strict or not made:
            return None
        one = sum(made.values()) == 1
        return (
            f"{counted(sum(made.values()), 'result')} {'was' if one else 'were'} made with other "
            f"versions ({'; '.join(list(made)[:3])}) and {'counts' if one else 'count'} as "
            f"{'it is' if one else 'they are'}; --strict-env makes {'it' if one else 'them'} again"
        )

    def _look(self, runs: set[int]) -> None:
        new = runs - self._looked
        if not new:
            return
        self._looked |= new
        known = environments(self._conn, new)
        for run in new:
            if run in known:
                words = ", ".join(differences(Environment(*known[run]), self._now))
            else:
                words = _UNKNOWN if self._strict else ""
            if words:
                self._words[run] = words


def surroundings_of(
    conn: sqlite3.Connection, recipe: Recipe, options: Options, keeper: Keeper
) -> Surroundings:
    """Return what tells results of other environments, also to who brings former ones back."""
    found = Surroundings(conn, environment_now(recipe), strict=options.strict_env)
    keeper.suits = found.suits
    return found
