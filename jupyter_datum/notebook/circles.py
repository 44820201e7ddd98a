"""No transform comes from itself: neither by the names of transforms, nor through folders that
one writes and another lists."""

from __future__ import annotations

import contextlib
import os

from ..inputs import Input
from ..inputs.chains import check_no_cycle
from ..ledger import db
from ..project import Project
from ..runner.ahead import Needs


def check_circle(name: str, source: Input, out: str, project: Project) -> None:
    """Make sure that a transform does not come from itself.

    Parameters
    ----------
    name : str
    source : Input
    out : str
        Its output folder.
    project : Project

    Raises
    ------
    UsageError
        If it does.
    """
    with contextlib.closing(db.connect(project)) as conn:
        needs = Needs(conn, project)
        needs.inputs[name] = source
        needs.outs[name] = os.fsencode(out)
        check_no_cycle(name, needs.of)
