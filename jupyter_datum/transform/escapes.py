"""``!command`` in a cell, read as Python, line for line: kernel and workers alike.

``{expression}`` in a command is Python's if it is an expression that reads a name, as in
IPython; any other braces are the shell's: ``{a,b}``, ``{1..3}``, ``${NAME}``, awk's
``{print $1}``. ``{{`` and ``}}`` are braces. The names that a command reads are captured as
those of any other line.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from typing import Final

#: What a command has become: ``!text`` and ``name = !text``. Workers put it in the namespace.
RUN: Final = "__datum_run__"
READ: Final = "__datum_read__"
#: What a whole cell of bash has become.
SCRIPT: Final = "__datum_script__"

_COMMAND: Final = re.compile(r"(\s*)(?:([A-Za-z_][\w., ]*?)\s*=\s*)?(!!?)(.*)")
_SPEC: Final = re.compile(r"(.*?)(?:!([rsa]))?(?::([^:]*))?", re.DOTALL)


def python_of(body: str) -> str:
    """Return `body` with each command in it as a call, every line where it was."""
    lines, found = body.split("\n"), list[str]()
    while lines:
        line = lines.pop(0)
        command = _COMMAND.fullmatch(line)
        if command is None or _is_inside("\n".join(found)):
            found.append(line)
            continue
        indent, target, mark, text = command.groups()
        empty = 0
        while text.endswith("\\") and lines:
            text = text[:-1] + lines.pop(0)
            empty += 1
        call = f"{READ if target or mark == '!!' else RUN}({', '.join(_parts(text.strip()))})"
        found += [f"{indent}{target} = {call}" if target else f"{indent}{call}", *[""] * empty]
    return "\n".join(found)


def script_of(body: str) -> str:
    """Return the Python that runs a cell of bash; its lines keep their numbers."""
    lines = body.split("\n")
    first = 0  # options are no part of what is run
    while first < len(lines) and (not lines[first].strip() or lines[first].startswith("#|")):
        first += 1
    text = "\n".join(lines[first:]).rstrip()
    return "\n" * first + f"{SCRIPT}(datum, {text!r})"


def _is_inside(before: str) -> bool:
    """Whether text or a bracket is open where these lines end: what follows is no command."""
    try:
        list(tokenize.generate_tokens(io.StringIO(f"{before}\n").readline))
    except tokenize.TokenError:
        return True
    except SyntaxError:  # Python says so better
        return False
    return False


def _parts(text: str) -> list[str]:
    """The command as arguments: its text, and the expressions in it."""
    parts, plain, i = list[str](), "", 0
    while i < len(text):
        if text[i : i + 2] in ("{{", "}}"):
            plain += text[i]
            i += 2
            continue
        ours = text[i] == "{" and text[i - 1 : i] != "$"  # ${NAME} is the shell's
        field = _field(text, i) if ours else None
        if field is None:
            plain += text[i]
            i += 1
            continue
        parts += [repr(plain), field[0]] if plain else [field[0]]
        plain, i = "", field[1]
    return [*parts, repr(plain)] if plain or not parts else parts


def _field(text: str, start: int) -> tuple[str, int] | None:
    """The expression in the braces at `start`, and where they end; None if it is none."""
    stop = text.find("}", start)
    while stop != -1:
        inner = text[start + 1 : stop].strip()
        parsed = _SPEC.fullmatch(inner)
        assert parsed is not None
        value, how, spec = parsed.groups()
        if _reads_name(inner):
            return f"({inner})", stop + 1
        if _reads_name(value):
            value = f"{ {'r': 'repr', 's': 'str', 'a': 'ascii'}[how] }({value})" if how else value
            return f"format({value}, {spec or ''!r})", stop + 1
        stop = text.find("}", stop + 1)
    return None


def _reads_name(text: str) -> bool:
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return False
    if isinstance(tree, ast.Tuple | ast.Set | ast.Starred):  # {jpg,png} is the shell's
        return False
    return any(isinstance(node, ast.Name) for node in ast.walk(tree))
