"""Every error of ours, as a tree.

* DatumError: what a user of this package may catch

  * UsageError: a magic, an option or a cell that cannot be understood

    * CellSyntaxError: the cell is no Python

  * InputError: an input that gives no datums, or cannot be read

    * NoDatumsError: nothing matched

  * CaptureError: a name of the kernel that cannot travel to a worker
  * ProjectError: a project folder that cannot be found, made or used

    * LedgerError: the ledger cannot be opened, read or trusted
    * LedgerVersionError: the ledger was written by a newer version

  * SignatureError: code or a recipe that this user did not sign
  * OutputError: an output that cannot be published

    * OutputConflictError: a path that belongs to another datum or transform

  * EngineError: an engine that is unknown, not installed or lost

    * EngineNotInstalledError: known, but its package is missing

  * RunnerError: the runner cannot be started or went away
  * RunError: a run that cannot be started, found or changed
  * InvalidTransitionError: an event that a datum's state cannot take (our own mistake)
  * FrameError: a record that is damaged, or of another protocol

What the *user's* code raises is never wrapped: it is recorded as the failure of its datum.

An error crosses process borders, so it must survive pickle: its arguments go to
``super().__init__`` as they are, and the sentence is made in ``__str__``.
"""

from __future__ import annotations

import traceback


class DatumError(Exception):
    """The root of the tree; ``str(error)`` is a sentence for the user."""

    def __str__(self) -> str:
        return " ".join(str(part) for part in self.args)

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the sentence, without our frames."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(DatumError):
    """A magic line, an option or a cell that cannot be understood."""


class CellSyntaxError(UsageError):
    """A cell that is no Python: shown as Python shows it, line and caret."""

    def __init__(self, shown: str) -> None:
        super().__init__(shown)

    @classmethod
    def of(cls, error: SyntaxError) -> CellSyntaxError:
        """Return it for what the compiler raised."""
        shown = "".join(traceback.format_exception_only(error)).rstrip()
        if error.msg == "'return' outside function":
            shown += ". The last expression of a cell is its result: leave out the return"
        return cls(shown)

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class InputError(DatumError):
    """An input that cannot be listed."""


class NoDatumsError(InputError):
    """No file matches; shows where it looked and the nearest names.

    Parameters
    ----------
    pattern : str
        The glob as the user wrote it.
    root : str
        The folder that was searched; empty if `pattern` is the whole sentence.
    nearest : tuple of str
        Names there that come near to the pattern, best first.
    """

    def __init__(self, pattern: str, root: str, nearest: tuple[str, ...] = ()) -> None:
        super().__init__(pattern, root, nearest)

    def __str__(self) -> str:
        pattern, root, nearest = self.args
        if not root:
            return str(pattern)
        text = f"no file under {root!r} matches {pattern!r}, so there is no datum to run"
        if nearest:
            text += f". Nearest names there: {', '.join(nearest)}"
        return text


class CaptureError(DatumError):
    """A kernel name that the cell uses cannot be sent to a worker."""


class ProjectError(DatumError):
    """A project folder that cannot be found, made or used."""


class LedgerError(ProjectError):
    """The ledger cannot be opened, read or trusted."""


class _SchemaError(LedgerError):
    """The ledger has another schema version than this package reads and writes.

    Parameters
    ----------
    path : str
    found, known : int
        Schema version of the file, and the newest that this package knows.
    """

    def __init__(self, path: str, found: int, known: int) -> None:
        super().__init__(path, found, known)


class LedgerVersionError(_SchemaError):
    """The ledger was written by a newer version of this package."""

    def __str__(self) -> str:
        path, found, known = self.args
        return (
            f"the ledger {path!r} has schema version {found}, this jupyter-datum knows "
            f"versions up to {known}. Run: pip install --upgrade jupyter-datum"
        )


class LedgerOlderError(_SchemaError):
    """The ledger was written by an older version of this package, and is not upgraded yet."""

    def __str__(self) -> str:
        path, found, known = self.args
        return (
            f"the ledger {path!r} has schema version {found}, this jupyter-datum reads version "
            f"{known}. Run a cell of the project, which upgrades it"
        )


class SignatureError(DatumError):
    """Code or a recipe that this user did not sign; it is not run."""


class OutputError(DatumError):
    """An output that cannot be published."""


class OutputConflictError(OutputError):
    """A path that belongs to another datum, another transform, or to nobody we know."""


class EngineError(DatumError):
    """An engine that is unknown or was lost."""


class UnknownEngineError(EngineError):
    """No engine has this name.

    Parameters
    ----------
    engine : str
    known : tuple of str
    """

    def __init__(self, engine: str, known: tuple[str, ...]) -> None:
        super().__init__(engine, known)

    def __str__(self) -> str:
        engine, known = self.args
        return f"no engine is named {engine!r}; there are: {', '.join(known)}"


class EngineNotInstalledError(EngineError):
    """The engine is known, its package is not installed.

    Parameters
    ----------
    engine, missing : str
    """

    def __init__(self, engine: str, missing: str) -> None:
        super().__init__(engine, missing)

    def __str__(self) -> str:
        engine, missing = self.args
        return (
            f"engine {engine!r} needs the package {missing!r}, which is not installed. "
            f"Run: pip install 'jupyter-datum[{engine}]'"
        )


class RunnerError(DatumError):
    """The runner cannot be started, or went away."""


class RunError(DatumError):
    """A run that cannot be started, found or changed."""


class InvalidTransitionError(DatumError):
    """An event came to a state that cannot take it: a mistake in this package."""


class FrameError(DatumError):
    """A record is damaged, or of another protocol version."""
