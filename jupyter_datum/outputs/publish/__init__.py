"""Publishing: a redo log, in groups. Only the runner publishes.

The order decides (protocol 6): (1) check files and who owns their paths; (2) sync the
staged files; (3) commit what is about to be renamed; (4) rename, remove what the former
version made and this one does not; (5) sync the folders; (6) commit success, with the
final stat; (7) only then forget. Killed at any point, :func:`roll_forward` brings every
datum that was committed in (3) to (6), and nothing is ever seen half.
``tests/outputs/test_kill_points.py`` kills it at every system call that writes.
"""

from __future__ import annotations

from .judge import Verdict
from .publisher import Commit, Publisher
from .recovery import roll_forward, stranded, sweep
from .remote import RemotePublisher

__all__ = [
    "Commit",
    "Publisher",
    "RemotePublisher",
    "Verdict",
    "roll_forward",
    "stranded",
    "sweep",
]
