"""``python -P -m jupyter_datum.runner.count_child``: how many datums a written input has.

For who types an input, or looks at a cell that has not run: no kernel is needed, none of the
user's code runs, nothing is written. One line of JSON on standard input says what is written
and where; one on standard output says how many there are, or why that cannot be said. It
counts for a few seconds and then says how far it has come.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..errors import DatumError, InputError, NoDatumsError, ProjectError
from ..inputs.apart import check_apart
from ..inputs.written import UntoldError, written
from ..ledger import db, queries
from ..project import Project, find
from ..remote import is_url
from .lister_child import _end_with_parent
from .upkeep_child import _line

#: Seconds of listing after which "more than so many" is said.
WITHIN: Final = 4.0
#: Datums between two looks at the clock.
_STEP: Final = 1_000


def main() -> int:
    """Say what there is."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a library prints must not come between
    asked = json.loads(_line(0))
    threading.Thread(target=_end_with_parent, args=(os.dup(0),), daemon=True).start()
    out.write(json.dumps(answer(asked)) + "\n")
    out.flush()
    return 0


def answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``count`` (None: not known), ``whole`` (whether that is all), ``why`` not, and the
    ``mistake`` in what is written."""
    told: dict[str, Any] = {"count": None, "whole": False, "why": None, "mistake": None}
    try:
        told["count"], told["whole"] = _counted(asked)
    except UntoldError as exc:
        told["why"] = str(exc)
    except DatumError as exc:
        told["mistake"] = str(exc)
    except ImportError as exc:  # the kernel may have what reads such a table
        told["why"] = "kernel"
        print(f"{exc.name} is not installed here", file=sys.stderr)
    except Exception as exc:
        told["mistake"] = f"{type(exc).__name__}: {exc}"
    return told


def _counted(asked: Mapping[str, Any]) -> tuple[int, bool]:
    folder = str(asked["folder"])
    project = _project(folder)
    others = [name for name in _transforms(project) if name != asked["name"]]
    source = written(asked["input"], folder, project, others)
    out = os.path.realpath(os.path.join(folder, asked["output"]))
    if not (is_url(asked["output"]) or "{" in asked["output"]):  # the kernel knows what is meant
        check_apart(source, out)
    errors: list[str] = []
    count, end = 0, time.monotonic() + WITHIN
    for _ in source.list(frozenset({os.fsencode(out)}), errors):
        count += 1
        if count % _STEP == 0 and time.monotonic() > end:
            return count, False
    if errors and not count:
        raise InputError(f"the listing is incomplete: {errors[0]}")
    if not count:
        raise NoDatumsError(*source.nothing_found())
    return count, not errors  # of a transform with failures: more may come


def _project(folder: str) -> Project | None:
    with contextlib.suppress(ProjectError, OSError):
        return find(Path(folder))
    return None


def _transforms(project: Project | None) -> list[str]:
    if project is None or not project.ledger.exists():
        return []
    with contextlib.closing(db.connect(project, readonly=True)) as conn:
        return [row.name for row in queries.transforms(conn)]


if __name__ == "__main__":
    sys.exit(main())
