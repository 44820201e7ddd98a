"""A kernel that the server starts to run a notebook's transform when no kernel has.

The notebook's code cells above the transform are executed in order in a kernel of its own
kernelspec; transforms among them run as such, cells tagged ``datum-skip`` are left out. Then
the transform is handed to its runner, and the kernel is shut down: the run goes on without
it. Until then one request, of the kind ``capture`` and under the run's own uuid, stands in
the ledger; the kernel's request for the run takes its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import uuid
from pathlib import Path
from typing import Any, NamedTuple

from ..ledger import requests
from ..locks import is_locked, try_lock
from ..project import Project
from ..runner.environment import PIPELINE
from ..transform.marked import LOAD_EXTENSION, RUN_KEY, Marked, is_skipped, kernel_code, marked_cell
from ..transform.order import in_order, needs, reads, reads_nothing
from ..transform.reach import left_out
from .errors import ApiError, refused
from .kernels import Cells, NotCapturedError, Notebook, RunFailedError, started
from .reader import Reader


class Wanted(NamedTuple):
    """What to capture.

    ``names`` are the transforms that run, ``target`` the last of them, under the uuid ``run``;
    ``options`` are those of this run, as text, beside the cell's own.
    """

    run: str
    notebook: Notebook
    target: Marked
    options: str
    names: frozenset[str] = frozenset()


class Captures:
    """The captures that go on in a server.

    Parameters
    ----------
    manager : MappingKernelManager
        The server's own; None where its kernels run elsewhere.
    """

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def begin(self, reader: Reader, wanted: Wanted) -> None:
        """Begin to capture, once for each run.

        Raises
        ------
        ApiError
            ``refused`` if this server starts no kernels.
        """
        if self._manager is None:
            raise refused("this server's kernels run elsewhere: run the cell in one")
        if not await reader.write(lambda conn: requests.begin_capture(conn, wanted.run)):
            return
        task = asyncio.ensure_future(self._capture(reader, wanted))
        self._tasks[wanted.run] = task
        task.add_done_callback(lambda _: self._tasks.pop(wanted.run, None))

    def cancel(self, run: str) -> bool:
        """Give up the capture for `run`; return whether one went on."""
        task = self._tasks.get(run)
        return task is not None and task.cancel()

    def is_lost(self, project: Project, run: str) -> bool:
        """Return whether the server that captured for `run` has ended before it was done."""
        return run not in self._tasks and not is_locked(_lock_of(project, run))

    def close(self) -> None:
        """Give up all captures."""
        for task in list(self._tasks.values()):
            task.cancel()

    async def _capture(self, reader: Reader, wanted: Wanted) -> None:
        lock = _lock_of(reader.project, wanted.run)
        held = await asyncio.to_thread(try_lock, lock)
        try:
            await self._in_kernel(wanted)
            why = f"{wanted.target.name} is running already"
        except NotCapturedError as exc:
            why = str(exc)
        except asyncio.CancelledError:
            why = "it was cancelled while the notebook's cells were executed"
        except Exception as exc:
            why = f"the kernel could not be used ({type(exc).__name__}: {exc})"
        with contextlib.suppress(ApiError):
            await reader.write(lambda conn: requests.give_up_capture(conn, wanted.run, why))
        lock.unlink(missing_ok=True)
        if held is not None:
            os.close(held)

    async def _in_kernel(self, wanted: Wanted) -> None:
        together = {PIPELINE: uuid.uuid4().hex} if len(wanted.names) > 1 else {}
        async with started(self._manager, wanted.notebook, together) as cells:
            await _execute_all(cells, wanted)


def _lock_of(project: Project, run: str) -> Path:
    """Held by the server as long as it captures: so others know that it lives."""
    return project.dir / f"capture-{run}.lock"


async def _execute_all(cells: Cells, wanted: Wanted) -> None:
    if len(wanted.names) > 1:
        await _execute_together(cells, wanted)
        return
    for position, cell in enumerate(wanted.notebook.cells[: wanted.target.position]):
        if cell.get("cell_type") != "code" or is_skipped(cell):
            continue
        marked = marked_cell(position, cell)
        if marked is None:
            await cells.execute(kernel_code(cell), position)
            continue
        await cells.execute(LOAD_EXTENSION, position)
        with contextlib.suppress(RunFailedError):
            await cells.execute(marked.code, position)
    await _hand_over(cells, wanted)


async def _execute_together(cells: Cells, wanted: Wanted) -> None:
    """As the command line does: the runs go on side by side, unless a cell may read what they
    make; then they end first."""
    order = _in_order(wanted)
    for i, (position, marked) in enumerate(order):
        if marked is None:
            await cells.execute(kernel_code(wanted.notebook.cells[position]), position)
        elif marked.name == wanted.target.name:
            await _hand_over(cells, wanted)
        else:
            read = any(
                reads(mark, [marked.name or ""])
                if mark
                else not reads_nothing(wanted.notebook.cells[n], [marked.name or ""])
                for n, mark in order[i + 1 :]
            )
            asked = {"origin": "capture", "options": wanted.options}
            asked["options"] += "" if read else " --background"
            await cells.execute(LOAD_EXTENSION, position)
            with contextlib.suppress(RunFailedError):
                await cells.execute(marked.code, position, {RUN_KEY: asked})


def _in_order(wanted: Wanted) -> list[tuple[int, Marked | None]]:
    """The code cells to be executed, by position; those of other transforms are left out, and
    those that read what these make."""
    cells = wanted.notebook.cells
    there = [
        (position, marked_cell(position, cell))
        for position, cell in enumerate(cells)
        if cell.get("cell_type") == "code" and not is_skipped(cell)
    ]
    skipped = left_out([(cells[n], mark) for n, mark in there], set(wanted.names))
    found = [
        (position, marked)
        for i, (position, marked) in enumerate(there)
        if i not in skipped and (marked is None or marked.name in wanted.names)
    ]
    last = max(position for position, marked in found if marked)
    found = [each for each in found if each[0] <= last]
    each_needs = needs(marked for _, marked in found if marked)
    order = in_order([marked.name if marked else None for _, marked in found], each_needs)
    return [found[i] for i in order]


async def _hand_over(cells: Cells, wanted: Wanted) -> None:
    await cells.execute(LOAD_EXTENSION, wanted.target.position)
    asked = {"run": wanted.run, "origin": "capture", "options": f"{wanted.options} --background"}
    await cells.execute(wanted.target.code, wanted.target.position, {RUN_KEY: asked})
