"""Commands that a cell runs: checked, their output in the datum's log.

A command belongs to its datum: it stays in its worker's process group, so what ends the
worker (a time-out, a cancelled run) ends it too.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

from ..errors import DatumError
from .escapes import READ, RUN, SCRIPT

#: Of the output of a failed command so much is quoted.
_LINES: Final = 10
_BYTES: Final = 4_000
_COMMAND: Final = 300
_LINE: Final = "\n"
#: Where bash tells which of its commands has failed.
_FAILED: Final = "failed"
_STATUSES: Final = '"$LINENO ${PIPESTATUS[*]} : $BASH_COMMAND"'
_TRAP: Final = f"trap 'echo {_STATUSES} > \"$DATUM_TMP/{_FAILED}\"' ERR"
#: As told so; or as bash itself complains of what its trap does not see.
_LINE_TOLD: Final = re.compile(r"\Aline (\d+) of the cell|^cell: line (\d+):", re.MULTILINE)
#: Status of a command of a pipe that was killed since the next one had stopped to read.
_UNREAD: Final = str(128 + 13)


class CommandError(DatumError):
    """A command that ended with another status than 0, or could not be started.

    ``line`` is None but for a whole cell of bash: the line of the cell that failed, 0 where bash
    does not tell."""

    line: int | None = None


def run(*parts: Any) -> None:
    """``!command``: run it in a shell.

    Raises
    ------
    CommandError
        If its status is not 0; says which, and quotes the last lines of what it printed.
    """
    _call(text := _text(parts), text, shell=True)


def read(*parts: Any) -> list[str]:
    """``lines = !command``: run it in a shell, and return the lines of its standard output."""
    with tempfile.TemporaryFile() as out:
        _call(text := _text(parts), text, shell=True, out=out)
        out.seek(0)
        return out.read().decode("utf-8", "surrogateescape").splitlines()


def script(datum: Any, text: str) -> Any:
    """Run a whole cell of bash on a datum; return what it has written to ``$DATUM_RESULT``.

    It ends at the first command that fails, also inside a pipe, and at a variable that is not
    set (``set -euo pipefail``).
    """
    bash = shutil.which("bash")
    if bash is None:
        raise CommandError(f"there is no bash on this worker; PATH is {os.environ.get('PATH')}")
    result = datum.tmp / "result"
    variables = {**os.environ, **variables_of(datum), "DATUM_RESULT": str(result)}
    above = sys._getframe(1).f_lineno - 1  # so that bash tells the line of the cell
    code = f"{_TRAP}{'; ' if not above else _LINE * above}{text}"
    try:
        _call([bash, "-Eeuo", "pipefail", "-c", code, "cell"], "the cell", env=variables)
    except CommandError as exc:
        raise _at_line(datum.tmp / _FAILED, str(exc)) from None
    try:
        said = result.read_text("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    try:
        return json.loads(said)
    except ValueError:
        return said.rstrip("\n")


def _at_line(path: Path, message: str) -> CommandError:
    """The error with the line that failed in place of the cell, where bash has told it."""
    told = _told(path, message)
    found = _LINE_TOLD.search(told)
    error = CommandError(told)
    error.line = int(found[1] or found[2]) if found else 0
    return error


def _told(path: Path, message: str) -> str:
    try:
        told, command = path.read_text("utf-8", "backslashreplace").split(" : ", 1)
        line, *statuses = told.split()
    except (OSError, ValueError):
        return message
    said = f"line {line} of the cell, {_short(command.splitlines()[0])},"
    if len(statuses) > 1:  # bash names the last command of a pipe, whichever of them failed
        unread = f"; {_UNREAD}: the next one read no further" if _UNREAD in statuses else ""
        said += f" or one before it in the pipe (their statuses: {', '.join(statuses)}{unread}),"
    return message.replace("the cell", said, 1)


#: What commands have become, by the name that stands for it.
COMMANDS: Final = {RUN: run, READ: read, SCRIPT: script}


def _text(parts: Sequence[Any]) -> str:
    return "".join(map(str, parts))


# -- what a script sees of its datum -----------------------------------------------------------


def variables_of(datum: Any) -> dict[str, str]:
    """Return the environment variables that tell a script of its datum."""
    found = {
        "DATUM_ID": datum.id,
        "DATUM_INDEX": str(datum.index),
        "DATUM_ATTEMPT": str(datum.attempt),
        "DATUM_TMP": str(datum.tmp),
    }
    if datum.value is not None:
        found["DATUM_VALUE"] = _json(datum.value)
    with contextlib.suppress(DatumError):  # of a transform without an output folder
        found["DATUM_OUT"] = str(datum.out)
    for name, paths in datum.paths.items():
        several = paths if isinstance(paths, list) else [paths]
        found[f"DATUM_PATH_{_name(name)}"] = "\n".join(map(str, several))
    with contextlib.suppress(AttributeError):  # of a datum with no file, or with several
        found |= {"DATUM_PATH": str(datum.path), "DATUM_REL": datum.rel, "DATUM_STEM": datum.stem}
    return found | {f"DATUM_KEY_{_name(key)}": str(value) for key, value in datum.key.items()}


def _name(text: str) -> str:
    """What may stand in the name of a variable."""
    return re.sub(r"\W", "_", text, flags=re.ASCII)


def _json(value: Any) -> str:
    """The value as JSON; what JSON has no word for (a date, a number of NumPy's) as text."""
    plain = value.item() if hasattr(value, "item") and not isinstance(value, Mapping) else value
    return json.dumps(plain, default=str)


# -- running -----------------------------------------------------------------------------------


def _call(
    command: str | list[str],
    shown: str,
    *,
    shell: bool = False,
    env: dict[str, str] | None = None,
    out: IO[bytes] | None = None,
) -> None:
    with _log() as log:
        start = os.lseek(log, 0, os.SEEK_END)
        try:
            process = subprocess.Popen(
                command, shell=shell, env=env, stdin=subprocess.DEVNULL, stderr=log,
                stdout=log if out is None else out,
            )  # fmt: skip
        except (OSError, ValueError) as exc:
            raise CommandError(f"{_short(shown)} cannot be started: {exc}") from exc
        status = _wait(process)
        if status:
            raise CommandError(_failed(shown, status, _tail(log, start)))


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for a command; whoever interrupts the waiting ends the command and all it began."""
    try:
        return process.wait()
    except BaseException:
        import psutil  # not for workers that run no command

        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        process.kill()
        process.wait()
        raise


@contextlib.contextmanager
def _log() -> Iterator[int]:
    """Give what a command writes to: the datum's log itself, where that is a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    if getattr(sys.stdout, "is_log", False):
        handle = sys.stdout.fileno()
        if stat.S_ISREG(os.fstat(handle).st_mode):
            yield handle
            return
    with tempfile.TemporaryFile() as file:
        try:
            yield file.fileno()
        finally:
            file.seek(0)
            sys.stdout.write(file.read().decode("utf-8", "backslashreplace"))


def _tail(log: int, start: int) -> list[str]:
    end = os.lseek(log, 0, os.SEEK_END)
    since = max(start, end - _BYTES)
    os.lseek(log, since, os.SEEK_SET)
    text = os.read(log, end - since).decode("utf-8", "backslashreplace")
    os.lseek(log, 0, os.SEEK_END)
    return [line.rstrip() for line in text.splitlines() if line.strip()][-_LINES:]


def _failed(shown: str, status: int, tail: list[str]) -> str:
    return "\n".join([f"{_short(shown)} {_ended(status)}", *tail])


def _ended(status: int) -> str:
    killed = -status if status < 0 else status - 128 if status > 128 else 0
    try:
        return f"was killed by {signal.Signals(killed).name}" if killed else f"ended with {status}"
    except ValueError:
        return f"ended with {status}"


def _short(shown: str) -> str:
    return shown if len(shown) <= _COMMAND else f"{shown[:_COMMAND]} ..."
