"""Files and environment variables whose names stand in the code: in a cell and its helpers; files
also in the commands that a cell runs, and in the scripts that these run."""

from __future__ import annotations

import ast
import dis
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from types import CodeType
from typing import Any, Final

from ..hashing import hex_digest
from .capture import Captured
from .cell import Cell, compile_cell
from .escapes import READ, RUN, SCRIPT
from .fingerprint import Fingerprint

_LONGEST: Final = 300
#: Texts in a container that may name files; in more of them nobody would look.
_NAMES: Final = 20
#: Bytes of a script that is looked into.
_SCRIPT: Final = 1 << 20
#: What variables of ours begin with, and those of a worker's device.
_WORKERS: Final = ("DATUM_", "CUDA_VISIBLE_DEVICES")
_WORD: Final = re.compile(r"""'([^'\n]*)'|"([^"\n]*)"|([^\s'"`;|&<>()=]+)""")
#: Stands in a command for what is known only when it runs.
_UNKNOWN: Final = "\N{REPLACEMENT CHARACTER}"


def named_files(
    cell: Cell, found: Fingerprint, captured: Captured, folder: Path, said: set[str]
) -> set[str]:
    """Return the files in `folder`, or below, whose names stand in the code or in what it reads
    from outside; those that are `said` to be of no matter are left out."""
    texts = set(_in_commands(cell.tree()))
    for code in _codes(cell, found):
        for text, name in _named(code):
            if name is None:
                texts.add(text)
            else:
                said.update(_paths(captured.namespace.get(name)))
    for value in found.data:
        texts.update(_paths(value))
    return _with_scripts({text for text in texts - said if _is_file(folder, text)}, folder, said)


def _codes(cell: Cell, found: Fingerprint) -> list[CodeType]:
    compiled = compile_cell(cell)
    own = [code for code in (compiled.body, compiled.last) if code is not None]
    return own + [function.__code__ for function in found.functions]


def variables_read(cell: Cell, found: Fingerprint) -> set[str]:
    """Return the environment variables that are read by a name that stands in the code, but for
    those that a worker sets."""
    names = {name for code in _codes(cell, found) for name in _variables(code)}
    return {name for name in names if not name.startswith(_WORKERS)}


def declare_names(found: Fingerprint, cell: Cell, names: Iterable[str]) -> None:
    """Have the names of the inputs count where the code looks files up by them."""
    if any(_looks_up(code) for code in _codes(cell, found)):
        text = "\n".join(sorted(names))
        found.parts["names of inputs"] = hex_digest(text.encode("utf-8", "surrogateescape"))


def _looks_up(code: CodeType) -> bool:
    return "paths" in code.co_names or any(
        "DATUM_PATH_" in text if isinstance(text, str) else _looks_up(text)
        for text in code.co_consts
        if isinstance(text, str | CodeType)
    )


def _variables(code: CodeType) -> Iterator[str]:
    """Those of ``os.environ["X"]``, ``os.environ.get("X")`` and ``os.getenv("X")``."""
    before, name = ["", ""], ""
    for step in dis.get_instructions(code):
        if name and step.opname not in ("STORE_SUBSCR", "DELETE_SUBSCR"):
            yield name
        name = ""
        if isinstance(step.argval, CodeType):
            yield from _variables(step.argval)
        elif step.opname.startswith("LOAD_CONST") and isinstance(step.argval, str):
            asked = before[-2:] == ["environ", "get"] or before[-1] in ("environ", "getenv")
            name = step.argval if asked else ""
        if step.opname != "PUSH_NULL":
            before.append(str(step.argval))


def _named(code: CodeType) -> Iterator[tuple[str, str | None]]:
    """Texts that stand in the code, but for what :func:`.declared.untracked` is called with; and
    with an empty text the names that it is called with."""
    marked = False
    for step in dis.get_instructions(code):
        if step.opname.startswith("LOAD_CONST"):
            if isinstance(step.argval, CodeType):
                yield from _named(step.argval)
            elif not marked:
                yield from ((text, None) for text in _paths(step.argval))
            marked = False
        elif step.opname in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_ATTR", "LOAD_METHOD"):
            if marked:
                yield "", str(step.argval)
            marked = str(step.argval) == "untracked"


def _paths(value: Any, deep: int = 3) -> Iterator[str]:
    """Texts and paths in a value, as far as these are few."""
    if isinstance(value, str | PurePath):
        yield str(value)
    elif isinstance(value, dict | list | tuple | set) and deep and len(value) <= _NAMES:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _paths(item, deep - 1)


def _is_file(folder: Path, text: str) -> bool:
    if not 0 < len(text) <= _LONGEST or "\0" in text or "\n" in text:
        return False
    try:
        return (folder / text).is_file()
    except (OSError, ValueError):
        return False


# -- commands and scripts --------------------------------------------------------------------


def _in_commands(tree: ast.AST) -> Iterator[str]:
    """The words of ``!python script.py data.csv``, and of a cell of bash."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id in (RUN, READ, SCRIPT):
            parts = [getattr(part, "value", _UNKNOWN) for part in node.args]
            yield from _words("".join(p if isinstance(p, str) else _UNKNOWN for p in parts))


def _words(command: str) -> Iterator[str]:
    """The words of commands, and the texts between quotes on one line."""
    return (word for found in _WORD.findall(command) for word in found if word)


def _with_scripts(files: set[str], folder: Path, said: set[str]) -> set[str]:
    """Add the files that scripts among `files` name, and these in turn."""
    open_ = list(files)
    while open_:
        inner = {text for text in _in_script(folder / open_.pop()) if _is_file(folder, text)}
        inner -= files | said
        open_ += inner
        files = files | inner
    return files


def _in_script(path: Path) -> Iterator[str]:
    try:
        if path.suffix not in (".py", ".sh", ".bash") or path.stat().st_size > _SCRIPT:
            return
        text = path.read_text("utf-8", "replace")
        if path.suffix != ".py":
            yield from _words(text)
            return
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
