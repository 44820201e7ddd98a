"""The verbs of ``%datum``, and what each does: one text for its help and the command line's."""

from __future__ import annotations

from typing import Final

from .looks import LOOKS

#: What ``%datum`` is told to do.
VERBS: Final[dict[str, str]] = {
    "status": "how runs stand",
    "run": "run all transforms of the notebook, or one and those that it needs",
    "plan": "what would run now, and why; nothing runs",
    "failures": "what failed, in groups, with tracebacks",
    "retry": "run the failed datums again, with the recorded code",
    "pause": "start nothing new; what runs is finished",
    "resume": "go on with a paused run",
    "scale": "go on with so many workers",
    "on-error": "go on with another rule for failures",
    "cancel": "stop a run; what is finished stays",
    "detach": "free the cell that waits for a run; the run goes on",
    "pick": "bind datum to the first that failed, or to one by its key: pick NAME KEY",
    "results": "what datums came to, in input order",
    "watch": "have new and changed files run by themselves, until stopped",
    "widget": "show a run as a widget, where there is no panel",
    "compare": "what has changed between two runs, code versions or transforms",
    "prune": "remove outputs of vanished inputs that nobody has edited",
    "move": "have renamed inputs keep their results",
    "equivalent": "let the present code count as the one that made the results",
    **{word: each.help for word, each in LOOKS.items()},
}


def verbs_help() -> str:
    """Return what ``%datum?`` shows."""
    verbs = "\n".join(f"  {verb:<12}{text}" for verb, text in VERBS.items())
    return f"""Look at runs, and steer them.

%datum                  how the newest runs stand
%datum VERB [NAME] ...  NAME is a transform; without it the one that ran last

{verbs}

``jupyter datum VERB --help`` in a shell says what each takes. ``%%datum?`` lists the options of a
cell.
"""
