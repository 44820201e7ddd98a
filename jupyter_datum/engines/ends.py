"""How a worker has ended whose process is not ours to wait for, as far as anybody tells."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from .joblogs import last_lines
from .processes import death_cause

#: If nobody does. What follows the colon differs from death to death.
UNKNOWN: Final = "lost: it is no longer in the cluster, and how it ended only its own log tells"
#: Seconds that who knows gets to say so.
TOLD_WITHIN: Final = 1.0
#: Seconds of a job's output that may tell of an end.
_LATELY: Final = 10.0

_DIED: Final = r"Worker process {pid} (?:was killed by signal (\d+)|exited with status (\d+))"
_MEMORY: Final = r"\(pid={pid}\) exceeded (\d+%) memory budget"
#: What batch systems and shells print when they end a program, or see one end.
_SAID: Final = re.compile(
    r"oom.?kill|out of memory|memory limit|time limit|CANCELLED|PREEMPT|NODE.?FAIL|\bKilled\b|"
    r"Segmentation fault|Bus error|Illegal instruction|\bAborted\b|core dumped|signal \d+"
)


def told_by_nanny(lines: Iterable[str], pid: int, *, out_of_memory: bool = False) -> str | None:
    """Return the end of worker `pid` as a Dask nanny's log has it; None if it has not.

    Parameters
    ----------
    lines : iterable of str
    pid : int
    out_of_memory : bool
        Whether this host's kernel has killed for want of memory lately.
    """
    text = "\n".join(lines)
    if found := re.search(_MEMORY.format(pid=pid), text):
        return f"ended by its nanny: it held more than {found[1]} of its memory_limit"
    if not (found := re.search(_DIED.format(pid=pid), text)):
        return None
    code = -int(found[1]) if found[1] else int(found[2])
    return death_cause(code, out_of_memory=out_of_memory)


def told_by_launchers(
    launchers: Iterable[Any], pid: int, *, out_of_memory: bool = False
) -> str | None:
    """The same of ipyparallel's launchers, whose children the engines are."""
    for launcher in launchers:
        for code in _codes(launcher, pid):
            if isinstance(code, int):
                return death_cause(int(code), out_of_memory=out_of_memory)
    return None


def _codes(launcher: Any, pid: int) -> Iterator[Any]:
    """What a set of engines has noted of those that ended; of others what its waiter has seen."""
    noted = (getattr(launcher, "stop_data", None) or {}).get("engines", {})
    yield from (each.get("exit_code") for each in list(noted.values()) if each.get("pid") == pid)
    for each in list(getattr(launcher, "launchers", {}).values()):
        if getattr(each, "pid", None) == pid:
            with suppress(Exception):  # it lives still
                yield each.process.wait(0)


def told_by_jobs(folder: Path | None) -> str | None:
    """The same of the output of batch jobs, of which somebody's has just ended."""
    text = last_lines(folder, time.time() - _LATELY) if folder else ""
    said = [line.strip() for line in text.splitlines() if _SAID.search(line)]
    return f"lost: the output of its job says {said[-1][:200]!r}" if said else None
