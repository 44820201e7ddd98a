"""What a transform in the kernel gives away while its run goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..project import Project

if TYPE_CHECKING:
    from ..flow import Stream


class Flows:
    """Mixed into :class:`~jupyter_datum.notebook.public.Transform`."""

    name: str

    if TYPE_CHECKING:  # a transform has it

        @property
        def project(self) -> Project: ...

    def stream(
        self,
        order: str = "completion",
        on_error: str = "skip",
        *,
        ahead: int | None = 1_000,
        part: tuple[int, int] = (0, 1),
    ) -> Stream:
        """Iterate the datums that succeed, while the run goes on: for a training loop.

        Begins with what is there, ends with the run; each datum has ``id key index paths
        result``. Run the cell with ``--background`` first.

        Parameters
        ----------
        order : {"completion", "index"}
            As they are finished, or in the order of the input.
        on_error : {"skip", "raise", "wait"}
            What a failed datum does: nothing, an error, or wait for a run that mends it.
        ahead : int or None
            Finished datums that may wait to be taken before the run holds back; None for any
            number.
        part : tuple of (int, int)
            ``(k, n)``: only datums whose index is `k` modulo `n`, for `n` loaders side by side.
        """
        from ..flow import Stream

        return Stream(
            self.project, self.name, order=order, on_error=on_error, ahead=ahead, part=part
        )
