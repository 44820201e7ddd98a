"""What went wrong, as plain text: type, message, the user's own frames, a signature."""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
import traceback
from typing import Final

from ..errors import DatumError
from ..events import Failure
from ..words import mask
from .command import CommandError

#: Characters kept of a message and of a traceback.
_MESSAGE: Final = 8 << 10
_TRACEBACK: Final = 48 << 10
_FRAMES: Final = 40

#: May go away by itself: the machine or the network, not the code.
_TRANSIENT: Final = (OSError, MemoryError, EOFError)
#: The same, but says something about the input or the code, which stay as they are.
_LASTING: Final = (
    FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError,
)  # fmt: skip
_FATAL: Final = (SyntaxError, NameError, ImportError, TypeError, AttributeError)


def failure_of(exc: BaseException, phase: str, filename: str) -> Failure:
    """Describe `exc`, raised in `phase`; `filename` is that of the transform's cell.

    Never raises what the exception's own methods raise.
    """
    name = _type_name(exc)
    message = _message(exc)
    text, place = user_traceback(exc, filename)
    masked = mask(message.splitlines()[0] if message else "")[:200]
    signature = f"{name}: {masked}" + (f" ({place})" if place else "")
    return Failure(
        type=name,
        message=message,
        traceback=text,
        phase=phase,
        signature=signature,
        place=place,
        transient=isinstance(exc, _TRANSIENT) and not isinstance(exc, _LASTING),
        fatal=isinstance(exc, _FATAL),
    )


def user_traceback(exc: BaseException, filename: str) -> tuple[str, str]:
    """Return the traceback from the cell on, and the user's last place in it.

    Lines of the cell are numbered as in the notebook.
    """
    if isinstance(exc, CommandError) and exc.line is not None:
        return _of_script(exc, exc.line, filename)
    frames = [(f, line) for f, line in traceback.walk_tb(exc.__traceback__)]
    files = [frame.f_code.co_filename for frame, _ in frames]
    start = next((i for i, file in enumerate(files) if file == filename), None)
    if start is None:  # not the cell, but what is called with its result, or in its place
        start = next((i for i, file in enumerate(files) if _of_the_user(file, filename)), None)
    frames = frames[start:] if start is not None else []
    while frames and isinstance(exc, DatumError) and files.pop().startswith(_PACKAGE):
        frames.pop()  # what the cell has called of ours: the message says it
    rows = ["Traceback (most recent call last):"] if frames else []
    place = ""
    for i, (frame, line) in enumerate(frames):
        code = frame.f_code
        where = _where(code.co_filename, filename)
        if _of_the_user(code.co_filename, filename):
            place = f"{where} line {line}"
        if _FRAMES // 2 <= i < len(frames) - _FRAMES // 2:
            if i == _FRAMES // 2:
                rows.append(f"  ... {len(frames) - _FRAMES:,} more ...")
            continue
        inside = "" if code.co_name == "<module>" else f", in {code.co_name}"
        rows.append(f"  {where}, line {line}{inside}")
        quoted = linecache.getline(code.co_filename, line).strip()
        if quoted:
            rows.append(f"    {quoted}")
    rows.append(_last_line(exc))
    cause = _cause(exc)
    if cause is not None:
        before, _ = user_traceback(cause, filename)
        rows = [before, "", "while handling that:", "", *rows]
    return _cut("\n".join(rows), _TRACEBACK), place


def _of_script(exc: CommandError, line: int, filename: str) -> tuple[str, str]:
    """The same where the cell is bash: Python's frames know nothing of its lines."""
    place = f"cell line {line}" if line else "cell"
    rows = ["Traceback (most recent call last):", f"  {place.replace(' line', ', line')}"]
    if quoted := linecache.getline(filename, line).strip() if line else "":
        rows.append(f"    {quoted}")
    return _cut("\n".join([*rows, _last_line(exc)]), _TRACEBACK), place


def _cause(exc: BaseException) -> BaseException | None:
    if exc.__cause__ is not None:
        return exc.__cause__ if exc.__cause__ is not exc else None
    return None if exc.__suppress_context__ else exc.__context__


def _last_line(exc: BaseException) -> str:
    if isinstance(exc, SyntaxError):
        return "".join(traceback.format_exception_only(type(exc), exc)).rstrip()
    message = _message(exc)
    return f"{_type_name(exc)}: {message}" if message else _type_name(exc)


def _where(path: str, cell: str) -> str:
    if path == cell:
        return "cell"
    if path.startswith("<") or "ipykernel_" in path or path.startswith("<ipython"):
        return "another cell"
    return f'File "{path}"'


def _of_the_user(path: str, cell: str) -> bool:
    """Whether a frame is of the notebook or of a file that is not installed."""
    return path == cell or not path.startswith(("<frozen", *_INSTALLED))


_PACKAGE: Final = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")
_INSTALLED: Final = tuple(
    {_PACKAGE} | {os.path.join(path, "") for path in (sysconfig.get_paths()["stdlib"],
     sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"], sys.base_prefix)}
)  # fmt: skip


#: Where an error of ours is defined tells a user nothing.
_OURS: Final = __name__.partition(".")[0]


def _type_name(exc: BaseException) -> str:
    kind = type(exc)
    module = kind.__module__
    if module in ("builtins", "__main__") or module.partition(".")[0] == _OURS:
        return kind.__qualname__
    return f"{module}.{kind.__qualname__}"


def _message(exc: BaseException) -> str:
    try:
        text = str(exc)
    except BaseException as own:
        return f"(the message cannot be shown: {type(own).__name__})"
    return _cut(text, _MESSAGE)


def _cut(text: str, limit: int) -> str:
    text = text.encode("utf-8", "backslashreplace").decode()
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n... {len(text) - limit:,} characters more ...\n{text[-half:]}"
