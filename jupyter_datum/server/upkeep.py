"""Plans and decisions for a page, made by the command line in a process of its own.

Listing a million files takes seconds of Python, and an input may need user code to be
listed, which happens in children of that process: neither is for a server.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import Any, Final

from ..ledger import db
from . import bodies, reads
from .errors import ApiError, bad_request, refused
from .reader import Reader

#: Seconds that a plan or a decision may take.
WITHIN: Final = 120.0
#: At most so many at once: each is a process.
_SLOTS: Final = 2
_FIELDS: Final[dict[str, bodies.Check]] = {
    "what": bodies.one_of("plan", "prune", "move", "equivalent"),
    "all": bodies.boolean,
    "undo": bodies.boolean,
}
#: Which flag goes with what.
_FLAGS: Final = {"all": "prune", "undo": "equivalent"}


class Upkeep:
    """Runs ``jupyter datum VERB NAME --json`` for pages."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_SLOTS)

    async def act(self, reader: Reader, run: str, body: dict[str, Any]) -> dict[str, Any]:
        """Plan, prune, move or mark the transform of a run; return what came of it.

        Raises
        ------
        ApiError
            ``refused`` with the sentence of the verb, ``foreign`` in another user's ledger.
        """
        asked = bodies.checked(body, _FIELDS, "what")
        what = asked.pop("what")
        if wrong := [flag for flag in asked if _FLAGS[flag] != what]:
            raise bad_request(f"{wrong[0]!r} goes with {_FLAGS[wrong[0]]!r} alone")
        name = await reader.read(lambda conn: reads.run_of(conn, run).name)
        if what != "plan" and db.is_foreign(reader.project):
            raise ApiError(409, "foreign", "this ledger is another user's: nothing is changed")
        flags = [f"--{flag}" for flag, wanted in asked.items() if wanted]
        root = str(reader.project.root)
        async with self._slots:
            return await _told(what, name, "--project", root, "--json", *flags)


async def _told(*words: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "jupyter_datum.cli", *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(), WITHIN)
    except TimeoutError:
        raise refused(f"it took more than {WITHIN:g} s: use jupyter datum {words[0]}") from None
    finally:
        if process.returncode is None:  # too slow, or the page has gone
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    with contextlib.suppress(ValueError):
        found = json.loads(out)
        if isinstance(found, dict):
            return found
    said = err.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
    raise refused(said[-1].partition(": ")[2] or said[-1])
