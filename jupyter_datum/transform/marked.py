"""Which cells of a notebook are transforms, and what a kernel executes to run them.

A cell is marked by its first line, ``%%datum NAME ...``, or by its metadata:
``{"datum": {"name": "thumbs", "input": {"glob": "images/*.jpg"}, ...}}``. The metadata holds
the same options as the line, under the same names.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from ..errors import UsageError
from .optionline import parse_line
from .options import Options
from .optiontable import OPTIONS, Option

#: In front of a line that was made of metadata: the cell itself begins below it.
MARKED: Final = "--marked"
#: In the metadata of a request to execute a cell: ``{"run": uuid, "origin": .., "options": ..}``
#: of the run that it shall start. They stand beside the cell, whose text stays as it is.
RUN_KEY: Final = "datum_run"
#: How a kernel tells under which name it has recorded a cell.
RECIPE_MIME: Final = "application/vnd.jupyter-datum.recipe+json"
#: Executed before a cell that is marked by its metadata; a second time does nothing.
LOAD_EXTENSION: Final = "get_ipython().extension_manager.load_extension('jupyter_datum')"
#: The tag of a cell that is not executed when a notebook is run without a person.
SKIP: Final = "datum-skip"
#: The tag of a cell that workers run once, as if it began with ``%%datum_setup``.
SETUP: Final = "datum-setup"
_SETUP_MAGIC: Final = "%%datum_setup"
_MAGIC: Final = re.compile(r"%%datum(?:[ \t]+(.*))?")
_BY_FIELD: Final[Mapping[str, Option]] = {option.field: option for option in OPTIONS}


class Marked(NamedTuple):
    """A marked cell of a notebook.

    ``position`` is its place among all cells, from 0; ``name`` is None where a mistake hides it;
    ``line`` is what stands behind ``%%datum``, or would stand there; ``by`` is ``"magic"`` or
    ``"metadata"``; ``mistake`` says why it cannot run.
    """

    position: int
    name: str | None
    cell_id: str | None
    line: str
    source: str
    options: dict[str, Any]
    by: str
    mistake: str | None = None

    @property
    def code(self) -> str:
        """What a kernel executes to run it.

        Raises
        ------
        UsageError
            If its metadata has a mistake. One in a magic's line is the kernel's to tell.
        """
        if self.by == "magic":
            return self.source
        if self.mistake:
            raise UsageError(f"the metadata of cell {self.position + 1}: {self.mistake}")
        return f"%%datum {MARKED} {self.line}\n{self.source}"


def marked_cell(position: int, cell: Mapping[str, Any]) -> Marked | None:
    """Return what a notebook's cell is marked as, or None. It is never executed.

    Parameters
    ----------
    position : int
        Its place in the notebook.
    cell : mapping
        As nbformat has it; a damaged one is not marked.
    """
    source = cell.get("source")
    if cell.get("cell_type") != "code" or not isinstance(source, str):
        return None
    identity = cell.get("id") if isinstance(cell.get("id"), str) else None
    line = magic_line(source)
    if line is not None:
        name, options = _of_magic(line, source)
        return Marked(position, name, identity, line, source, options, "magic")
    metadata = cell.get("metadata")
    mark = metadata.get("datum") if isinstance(metadata, Mapping) else None
    if not isinstance(mark, Mapping) or not isinstance(mark.get("name"), str):
        return None  # a cell becomes a transform only when it has a name
    options = {key: value for key, value in mark.items() if key != "name"}
    try:
        line, mistake = line_of(mark), None
    except UsageError as exc:
        line, mistake = "", str(exc)
    return Marked(position, mark["name"], identity, line, source, options, "metadata", mistake)


def is_skipped(cell: Mapping[str, Any]) -> bool:
    """Return whether a cell is left out where a notebook is run without a person."""
    return has_tag(cell.get("metadata"), SKIP)


def has_tag(metadata: object, tag: str) -> bool:
    """Return whether a cell's metadata has a tag."""
    tags = metadata.get("tags") if isinstance(metadata, Mapping) else None
    return isinstance(tags, list) and tag in tags


def is_setup(cell: Mapping[str, Any]) -> bool:
    """Return whether workers run a cell once, before their first datum; no kernel does."""
    source = str(cell.get("source"))
    return source.lstrip().startswith(_SETUP_MAGIC) or has_tag(cell.get("metadata"), SETUP)


def kernel_code(cell: Mapping[str, Any]) -> str:
    """Return what a kernel executes for a code cell that is no transform."""
    source = str(cell.get("source"))
    return setup_call(source) if has_tag(cell.get("metadata"), SETUP) else source


def setup_call(source: str) -> str:
    """Return what a kernel executes for a cell that is tagged as setup."""
    if source.lstrip().startswith("%%"):  # a magic of its own says what it is
        return source
    return f"{LOAD_EXTENSION}\nget_ipython().run_cell_magic('datum_setup', '', {source!r})\n"


def magic_line(source: str) -> str | None:
    """Return what stands behind ``%%datum`` in a cell that begins with it, or None."""
    found = _MAGIC.fullmatch(source.lstrip("\n").partition("\n")[0].rstrip())
    return None if found is None else found[1] or ""


def _of_magic(line: str, source: str) -> tuple[str | None, dict[str, Any]]:
    """Name and options; of a line with a mistake the name, if it begins with one."""
    body = source.lstrip("\n").partition("\n")[2]
    try:
        options: Options = parse_line(line, body)
    except UsageError:
        first = line.split()[:1]
        return (first[0] if first and first[0].isidentifier() else None), {}
    fields = options.to_json()
    return fields.pop("name", None), fields


# -- metadata as a line ----------------------------------------------------------------------


def line_of(mark: Mapping[str, Any]) -> str:
    """Return the magic's line that says what the metadata `mark` says.

    Raises
    ------
    UsageError
        If it has an unknown name, or a value that its option does not take.
    """
    words = [str(mark.get("name", ""))]
    for key, value in mark.items():
        if key == "name" or value is None:
            continue
        option = _BY_FIELD.get(key.replace("-", "_"))
        if option is None:
            raise _unknown(key)
        words += _words(key, option, value)
    line = " ".join(words)
    parse_line(line)  # says what a value lacks
    return line


def stands_for_mark(line: str) -> bool:
    """Whether the line stands in no cell, but says that the cell below is marked."""
    return MARKED in line.split(None, 2)[:2]


def marked_line(line: str, metadata: Mapping[str, Any]) -> str:
    """Return the line that a cell is read with.

    ``--marked NAME ...`` was made of metadata already. ``NAME --marked`` with options of one run
    behind it stands for what the metadata of the request says under ``datum``: so a front end
    runs a marked cell as it stands, and needs to read none of its options.

    Raises
    ------
    UsageError
        If the metadata has a mistake, or did not come along.
    """
    if line == MARKED or line.startswith(f"{MARKED} "):
        return line.removeprefix(MARKED).strip()
    if not stands_for_mark(line):
        return line
    name, _, rest = [*line.split(None, 2), ""][:3]
    mark = metadata.get("datum")
    if not isinstance(mark, Mapping) or mark.get("name") != name:
        raise UsageError(
            f"the cell's metadata does not mark it as {name!r}: save it, and try again"
        )
    return f"{line_of(mark)} {rest}".rstrip()


def _words(key: str, option: Option, value: Any) -> list[str]:
    flag = option.flags[-1]
    if option.read is None:
        if not isinstance(value, bool):
            raise UsageError(f"{key!r} takes true or false, not {value!r}")
        return [flag] if value else []
    if isinstance(value, bool):
        raise UsageError(f"{key!r} takes {option.metavar}, not {json.dumps(value)}")
    return [flag, _quoted(_text(value))]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return ",".join(value)
    return json.dumps(value)


def _quoted(text: str) -> str:
    """As a word of the line; there is no escape in it, but one quote stands in the other."""
    if text and not re.search(r"[\s'\"(]", text):
        return text
    for quote in "'\"":
        if quote not in text:
            return f"{quote}{text}{quote}"
    if re.match(r"[A-Za-z_]\w*\(", text):  # a call is one word up to its last bracket
        return text
    return '"\'"'.join(f"'{piece}'" for piece in text.split("'"))


def _unknown(key: str) -> UsageError:
    near = difflib.get_close_matches(key, list(_BY_FIELD), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(_BY_FIELD)}"
    return UsageError(f"there is no option {key!r}{hint}")


def find_marked(cells: Iterable[Mapping[str, Any]], name: str) -> Marked:
    """Return the cell that is marked as the transform `name`; the last one counts.

    Raises
    ------
    UsageError
        If there is none; names those there are.
    """
    found: dict[str, Marked] = {}
    for position, cell in enumerate(cells):
        marked = marked_cell(position, cell)
        if marked is not None and marked.name:
            found[marked.name] = marked
    if name not in found:
        there = ", ".join(found) or "none"
        raise UsageError(f"the notebook has no transform {name!r}; there are: {there}")
    return found[name]
