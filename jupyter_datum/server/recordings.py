"""Transforms that no kernel has executed, recorded so that they can be planned: nothing runs.

As for a run (:mod:`.capture`), the notebook's cells above the transform are executed in a
kernel of its own; but transforms, this one and those above, are only read by it and recorded.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any, Final

from ..project import Project
from ..transform.marked import (
    LOAD_EXTENSION,
    RECIPE_MIME,
    RUN_KEY,
    Marked,
    is_skipped,
    kernel_code,
    marked_cell,
)  # fmt: skip
from ..transform.order import needs
from ..transform.reach import reached
from .errors import refused
from .kernels import Cells, NotCapturedError, Notebook, started
from .upkeep import Errand, Upkeep

#: What a cell is asked for.
_RECORD: Final = {RUN_KEY: {"origin": "capture", "record": True}}
#: Seconds after which it is given up if nobody looks; a hidden page looks once a minute.
_UNSEEN: Final = 150.0
_LOOK: Final = 5.0


class Recordings:
    """The recordings that go on in a server.

    Parameters
    ----------
    manager : MappingKernelManager
        The server's own; None where its kernels run elsewhere.
    upkeep : Upkeep
        Where pages look how far it is.
    """

    def __init__(self, manager: Any, upkeep: Upkeep) -> None:
        self._manager = manager
        self._upkeep = upkeep
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, project: Project, notebook: Notebook, target: Marked) -> str:
        """Begin to record a transform; return the id by which a page asks how far it is.

        Raises
        ------
        ApiError
            ``refused`` if this server starts no kernels.
        """
        if self._manager is None:
            raise refused("this server's kernels run elsewhere: open one, and plan there")
        key, errand = self._upkeep.begin(project, "record")
        task = asyncio.ensure_future(self._record(errand, notebook, target))
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return key

    def cancel(self, key: str) -> bool:
        """Give a recording up; return whether it went on."""
        task = self._tasks.get(key)
        return task is not None and task.cancel()

    def close(self) -> None:
        """Give up all recordings."""
        for task in list(self._tasks.values()):
            task.cancel()

    async def _record(self, errand: Errand, notebook: Notebook, target: Marked) -> None:
        try:
            async with asyncio.TaskGroup() as both:
                look = both.create_task(_until_unseen(errand))
                await self._in_kernel(errand, notebook, target)
                look.cancel()
        except* NotCapturedError as exc:
            errand.end("refused", str(exc.exceptions[0]))
        except* asyncio.CancelledError:
            errand.end("refused", "it was cancelled while the notebook's cells were executed")
        except* Exception as exc:
            first = exc.exceptions[0]
            why = f"the kernel could not be used ({type(first).__name__}: {first})"
            errand.end("refused", why)

    async def _in_kernel(self, errand: Errand, notebook: Notebook, target: Marked) -> None:
        wanted = _wanted(notebook.cells[: target.position + 1], target)
        async with started(self._manager, notebook, {}, RECIPE_MIME) as cells:
            for done, (position, cell, marked) in enumerate(wanted):
                errand.cells = (done + 1, len(wanted))
                if marked is None:
                    await cells.execute(kernel_code(cell), position)
                elif position != target.position:
                    with contextlib.suppress(NotCapturedError):  # its mistakes are its own
                        await _recorded(cells, marked)
                else:
                    errand.recipe = await _recorded(cells, marked)
        errand.end("done")


def _wanted(
    cells: list[dict[str, Any]], target: Marked
) -> list[tuple[int, dict[str, Any], Marked | None]]:
    """The code cells that the transform needs, by position: as where it would be run."""
    there = [
        (position, cell, marked_cell(position, cell))
        for position, cell in enumerate(cells)
        if position == target.position or (cell.get("cell_type") == "code" and not is_skipped(cell))
    ]
    marks = [mark for _, _, mark in there if mark is not None]
    found = reached([(cell, mark) for _, cell, mark in there], target.name or "", needs(marks))
    return [
        each
        for i, each in enumerate(there)
        if i not in found.left_out and (each[2] is None or each[2].name in found.names)
    ]


async def _recorded(cells: Cells, marked: Marked) -> str:
    await cells.execute(LOAD_EXTENSION, marked.position)
    request = await cells.execute(marked.code, marked.position, _RECORD)
    told = await cells.told(request)
    if told is None:
        raise NotCapturedError(
            "the notebook's kernel has a jupyter-datum that cannot record a cell: "
            "install the server's version beside it"
        )
    return str(told["recipe"])


async def _until_unseen(errand: Errand) -> None:
    while time.monotonic() - errand.seen < _UNSEEN:
        await asyncio.sleep(_LOOK)
    raise NotCapturedError("nobody waited for it any more")
