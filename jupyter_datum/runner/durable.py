"""What a run has written down, and what it does when the disk takes no more."""

from __future__ import annotations

from ..ledger.files import StatesFile
from ..outputs.disk import Reserve, disk_errors
from ..state import Rejected, RunState
from ..states import RunStatus
from .commit import Committer
from .job import Job


class Durable:
    """The ledger's rows and the ``states`` file of one run.

    A disk that takes no more *blocks* it: what was gathered stays gathered, and is written
    by the first commit that succeeds again.

    Parameters
    ----------
    job : Job
    committer : Committer
    """

    def __init__(self, job: Job, committer: Committer) -> None:
        self.blocked = False
        self._said = False
        self._committer = committer
        self._states = StatesFile(job.folder / "states")
        self._unwritten: tuple[int, int] | None = None
        self._name = job.uuid[:8]
        self._out = job.out
        self._reserve = Reserve(job.project.dir / "reserve")
        self._reserve.take()

    def commit(self, state: RunState) -> list[Rejected]:
        """Write what was gathered; return successes that could not be published.

        Raises
        ------
        OutputError
            If the disk is full or broken.
        """
        rejected = self._committer.commit(state)
        low, high = state.take_changed()
        if self._unwritten is not None:
            low, high = min(low, self._unwritten[0]), max(high, self._unwritten[1])
        if high > low:
            self._unwritten = (low, high)
            with disk_errors(self._out):
                self._states.write(low, bytes(state.states[low:high]))
        self._unwritten = None
        if self.blocked:
            self.blocked = self._said = False
            self._reserve.take()
        return rejected

    def block(self, reason: str) -> None:
        """Say why nothing goes on; the reserve makes the room for that.

        Workers in the middle of a datum may take that room first: call again until it is said.
        """
        if self.blocked and self._said:
            return
        self.blocked = True
        self._reserve.give()
        self._said = self._committer.say(RunStatus.PAUSED, reason)

    def end(self, state: RunState, status: RunStatus) -> None:
        """Record the end of the run (errors: :meth:`commit`)."""
        self._committer.end(state, status)
        self._reserve.give()

    def give_up(self, state: RunState, message: str) -> None:
        """Record that the run itself went wrong."""
        self._reserve.give()
        self._committer.give_up(state, message)

    def close(self) -> None:
        """Let go of the file."""
        self._states.close()
