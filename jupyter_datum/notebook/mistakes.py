"""What a cell asks for that no datum can give it: said before anything runs."""

from __future__ import annotations

import ast
import difflib
import os
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, NoReturn

from ..datum import Datum
from ..errors import UsageError
from ..hashing import decode_value, type_name
from ..inputs import Input, RowsInput, UpstreamInput
from ..inputs.items import ItemsInput
from ..inputs.live import kind_of
from ..transform.cell import Cell
from ..transform.names import bound_names, free_names
from .sample import Unbound

#: Items that may be paths.
_LOOKED_AT: Final = 5
#: What a path of a file can do, and that of a folder never.
_OF_A_FILE: Final = ("open", "read_bytes", "read_text", "write_bytes", "write_text")
#: Files that ``rows()`` reads, and a pattern takes as they are.
_TABLES: Final = (".csv", ".tsv", ".jsonl", ".parquet")


def check_cell(cell: Cell, batch: int | None, namespace: Mapping[str, Any]) -> None:
    """See that a cell reads ``datum`` or ``datums``, whichever it has, and asks nobody.

    Raises
    ------
    UsageError
        With the line, and what to write instead.
    """
    tree = cell.tree()
    wanted = free_names(tree)
    if batch and "datum" in wanted and isinstance(namespace.get("datum"), Unbound | Datum | None):
        raise UsageError(
            f"line {_line_of(tree, 'datum')} of the cell reads datum: with --batch it sees datums, "
            "a list, and gives a list of results: [... for datum in datums]"
        )
    if not batch and "datums" in wanted and "datums" not in namespace:
        raise UsageError(
            f"line {_line_of(tree, 'datums')} of the cell reads datums, which is there with "
            "--batch N alone; without it the cell sees one datum"
        )
    asks = _calls(tree, "input")
    if asks is not None and "input" not in bound_names(tree) and "input" not in namespace:
        raise UsageError(
            f"line {asks} of the cell calls input(): nobody can answer a worker. Ask in a cell "
            "of its own, and read the answer here by its name"
        )
    opened = _opens_a_folder(tree)
    if opened is not None and (batch or "datum" not in bound_names(tree)):
        raise UsageError(
            f"line {opened} of the cell takes datum.out for a file: it is a folder of this datum's "
            'own. datum.out_file(".txt") is a file in it, by the name of the input; or '
            'datum.out / "name.txt"'
        )


def _opens_a_folder(tree: ast.Module) -> int | None:
    """The first line that opens ``datum.out`` itself."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return min((n.lineno for n in calls if _is_of_datum(_opened(n), "out")), default=None)


def _opened(call: ast.Call) -> ast.AST | None:
    """What a call opens, if that is what it does."""
    what = call.func
    if isinstance(what, ast.Attribute) and what.attr in _OF_A_FILE:
        return what.value
    by_name = isinstance(what, ast.Name) and what.id == "open"
    return call.args[0] if by_name and call.args else None


def hints(cell: Cell, source: Input, folder: Path) -> list[str]:
    """Return what is allowed, and hardly ever meant."""
    if named := _file_in_items(source, folder):
        return [
            f"items are names of files, {named!r}: their content is not looked at, and a change of "
            "it runs nothing. As files: a pattern, or "
            "rows([{'file': path} for path in paths], path='file')"
        ]
    if name := _attribute_of_a_row(cell.tree(), source):
        return [f"a row is a dict: datum.value[{name!r}], where the cell has datum.value.{name}"]
    pattern = str(source.to_json().get("glob", ""))
    if not pattern.lower().endswith(_TABLES) or not _reads_value(cell.tree()):
        return []
    return [
        f"a datum is the whole file here, and datum.value is None; for a datum a row: "
        f'-i rows("{os.path.basename(pattern)}")'
    ]


def _attribute_of_a_row(tree: ast.Module, source: Input) -> str | None:
    """What the cell takes of a single row as if that were an object, if it does."""
    if not isinstance(source, RowsInput) or source.how.by or source.how.size is not None:
        return None
    taken = (n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and _is_value(n.value))
    return next((n.attr for n in taken if not hasattr(dict, n.attr)), None)


def two_of_a_name(text: str | None, source: Input, namespace: Mapping[str, Any]) -> list[str]:
    """Return a sentence where `text` names a transform and something else of the kernel that
    might be an input."""
    value = namespace.get(text or "")
    if not isinstance(source, UpstreamInput) or value is None or hasattr(value, "failures"):
        return []
    if not isinstance(value, Input | list | tuple | range | str) and not kind_of(value):
        return []
    return [
        f"-i {text} is the transform of that name, not the {type_name(value)} that the kernel has "
        f"under it: that would be -i ${text}"
    ]


def _file_in_items(source: Input, folder: Path) -> str | None:
    """The first item that is the path of a file, of the first few."""
    leaves = [leaf for leaf in source.leaves if isinstance(leaf, ItemsInput)]
    for leaf in leaves:
        for listed in islice(leaf.list(frozenset(), []), _LOOKED_AT):
            value = decode_value(listed.value) if listed.value is not None else None
            if isinstance(value, str | os.PathLike) and _is_file(folder, os.fsdecode(value)):
                return os.fsdecode(value)
    return None


def _is_file(folder: Path, name: str) -> bool:
    try:
        return os.path.isfile(folder / name)
    except ValueError:  # a NUL in it
        return False


def _reads_value(tree: ast.Module) -> bool:
    return any(map(_is_value, ast.walk(tree)))


def _is_value(node: ast.AST) -> bool:
    """Whether it is ``datum.value``."""
    return _is_of_datum(node, "value")


def _is_of_datum(node: ast.AST | None, name: str) -> bool:
    """Whether it is ``datum.NAME``."""
    if not isinstance(node, ast.Attribute) or node.attr != name:
        return False
    return isinstance(node.value, ast.Name) and node.value.id == "datum"


def unknown_verb(verb: str, verbs: Sequence[str]) -> NoReturn:
    """Say which verb comes near, and all that there are.

    Raises
    ------
    UsageError
        Always.
    """
    near = difflib.get_close_matches(verb, verbs, n=1)
    hint = f"did you mean {near[0]}? There" if near else "there"
    raise UsageError(f"no verb {verb!r}; {hint} are: {', '.join(verbs)}")


def not_first(_: str) -> NoReturn:
    """What IPython calls where ``%%datum`` stands below other lines of a cell.

    Raises
    ------
    UsageError
        Always.
    """
    raise UsageError(
        "%%datum must be the first line of its cell, above comments too: put what stands before "
        "it into a cell of its own, or below it"
    )


def _line_of(tree: ast.Module, name: str) -> int:
    lines = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == name]
    return min(lines)


def _calls(tree: ast.Module, name: str) -> int | None:
    """The first line that calls a function by this name."""
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    return min((n.lineno for n in calls if isinstance(n.func, ast.Name) and n.func.id == name),
               default=None)  # fmt: skip
