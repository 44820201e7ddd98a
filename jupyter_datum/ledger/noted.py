"""What a run wrote down on the way besides its counts, in sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..words import counted
from .queries import RunRow


def noted(run: RunRow) -> Iterator[str]:
    """Yield what is to be said of files, of inputs that changed, and of the listing.

    Sentences of inputs hold names of files: who shows them makes them plain text.
    """
    note = json.loads(run.note or "{}")
    if pruned := note.get("pruned"):
        stay = f"; {pruned['edited']:,} edited by hand stay" if pruned["edited"] else ""
        yield f"{counted(pruned['files'], 'output')} of vanished inputs removed{stay}"
    if note.get("not_pruned"):
        yield f"not pruned: {note['not_pruned']}"
    if edited := note.get("left", {}).get("output edited by hand"):
        yield (
            f"{counted(edited, 'output')} edited by hand and kept; made anew with "
            f"--replace-edited (which: %datum plan {run.name})"
        )
    if note.get("dirty"):
        yield dirty_line(note["dirty"])
    if note.get("batch"):
        yield str(note["batch"])
    if note.get("errors"):
        yield f"the listing is incomplete: {'; '.join(note['errors'][:3])}"
    yield from map(str, note.get("notes", []))


def dirty_line(datums: int) -> str:
    """Say of how many datums the result may be made of two versions of an input."""
    again = "it runs" if datums == 1 else "they run"
    many = counted(datums, "datum")
    return f"an input of {many} changed while it was processed: {again} again next time"
