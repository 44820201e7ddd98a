"""Change single values of the settings' file; all else in it stays as it was written.

A line is changed, added or taken away, and what then is read is compared with what should be:
a file that is written in a way this does not foresee is refused, not spoilt.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..errors import UsageError
from . import SETTINGS, Setting, check, read_file, read_table, settings_file

#: The settings that the panel has, by its names.
OF_THE_PANEL: Final = {one.panel: one for one in SETTINGS if one.panel}


def said() -> dict[str, Any]:
    """Return what the file says, by the panel's names; nothing of what it leaves out.

    Raises
    ------
    UsageError
        If it has a mistake.
    """
    file = check()
    return {
        name: file[one.table][one.key]
        for name, one in OF_THE_PANEL.items()
        if one.key in file.get(one.table, {})
    }


def change(values: Mapping[str, Any]) -> None:
    """Write values by the panel's names into the file; None takes one out of it.

    Raises
    ------
    UsageError
        If a value is none that can be, or the file cannot be read or changed; it is as it was.
    """
    file = read_file()  # nothing is written over what cannot be read
    path = settings_file().resolve()  # a link stays one
    text = path.read_text("utf-8") if path.exists() else ""
    for name, value in values.items():
        text = _changed(text, OF_THE_PANEL[name], value)
        file = tomllib.loads(text)
    for table in dict.fromkeys(OF_THE_PANEL[name].table for name in values):
        read_table(table, file)
    try:
        _replace(path, text)
    except OSError as exc:
        raise UsageError(f"the settings {str(path)!r} cannot be written: {exc}") from exc


def _changed(text: str, one: Setting, value: Any) -> str:
    """The text with one value in its table, or without it."""
    expected = tomllib.loads(text)
    table = expected.setdefault(one.table, {})
    table.pop(one.key, None)
    if value is not None:
        table[one.key] = value
    found = _edited(text.splitlines(), one, None if value is None else json.dumps(value))
    try:
        now = tomllib.loads(found)
    except tomllib.TOMLDecodeError:
        now = {}
    if {one.table: {}, **now} != expected:
        line = "" if value is None else f"{one.key} = {json.dumps(value)}"
        raise UsageError(
            f"{str(settings_file())!r} is written in a way that only its author can change: "
            f"{(line and f'write {line} under [{one.table}]') or f'take {one.key} out of it'}"
        )
    return found


def _edited(lines: list[str], one: Setting, value: str | None) -> str:
    header = re.compile(rf"\s*\[\s*{one.table}\s*\]\s*(#.*)?")
    key = re.compile(rf"\s*{one.key}\s*=\s*(\"[^\"#]*\"|'[^'#]*'|[^\"'#]*?)(\s*#.*)?")
    start = next((n for n, line in enumerate(lines) if header.fullmatch(line)), None)
    if start is None:
        more = [] if value is None else [*[""][: len(lines)], f"[{one.table}]"]
        lines, start = [*lines, *more], len(lines) + len(more) - 1
    end = next((n for n in range(start + 1, len(lines)) if lines[n].lstrip()[:1] == "["), None)
    for n in range(start + 1, end or len(lines)):
        if found := key.fullmatch(lines[n]):
            kept = [] if value is None else [f"{one.key} = {value}{found[2] or ''}"]
            lines[n : n + 1] = kept
            break
    else:
        lines[start + 1 : start + 1] = [] if value is None else [f"{one.key} = {value}"]
    return "\n".join(lines) + ("\n" if lines else "")


def _replace(path: Path, text: str) -> None:
    """Put the whole file in its place at once, readable as it was."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
