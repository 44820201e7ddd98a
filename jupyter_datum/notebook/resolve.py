"""What ``-i`` and ``-o`` of a cell mean: a glob, an object of the kernel, a folder."""

from __future__ import annotations

import difflib
import inspect
import json
import os
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from .. import inputs
from ..errors import DatumError, UsageError
from ..hashing import type_name
from ..inputs import (
    Input,
    Items,
    UpstreamInput,
    check_top,
    input_from_json,
    rows,
    starting_at,
)
from ..inputs.live import kind_of
from ..inputs.named import known_transforms
from ..inputs.place import absolute
from ..inputs.written import FIELD, FUNCTIONS, GLOB, JSON, is_call, rooted
from ..project import FOLDER, Project
from ..remote import is_url, parse_url
from .context import Context

#: What Python says of an option that a function does not have.
_NO_OPTION: Final = re.compile(r"(\w+)\(\) got an unexpected keyword argument '(\w+)'")


def resolve_input(
    text: str | None,
    context: Context,
    namespace: Mapping[str, Any],
    project: Project,
    own: str | None = None,
) -> Input:
    """Return the input that `text` names.

    A name is that of a transform if there is one, else the kernel's object; for the transform
    `own` itself always the object, the first time and each time after it.

    Raises
    ------
    UsageError
        If it is missing, names nothing, or is of a kind that cannot be an input.
    """
    if not text:
        raise UsageError('a transform needs an input: %%datum NAME -i "images/*.jpg"')
    with starting_at(context.folder):
        known = [name for name in known_transforms(project) if name != own]
        if text == own and text not in namespace:
            raise UsageError(
                f"-i {text}: no object of the kernel is called {text}, and a transform cannot come "
                "from itself"
            )
        source = _resolved(text, context, namespace, project, known).stored(project)
    check_top(source)
    return source


def _resolved(
    text: str,
    context: Context,
    namespace: Mapping[str, Any],
    project: Project,
    known: Collection[str],
) -> Input:
    if JSON.match(text):
        return _from_json(text, context, project)
    if text.startswith("$"):
        return _from_object(text[1:], namespace, known)
    if is_call(text):
        chained = {name: UpstreamInput(name, project=project) for name in known}
        return _from_value(_evaluate(text, {**chained, **namespace}), text)
    if text.isidentifier() and text in known:
        return UpstreamInput(text, project=project)
    if text.isidentifier() and (text in namespace or not GLOB.search(text)):
        return _from_object(text, namespace, known)
    return inputs.glob(expand(text, namespace))


def expand(pattern: str, namespace: Mapping[str, Any]) -> str:
    """Put the kernel's values in for ``{NAME}``; ``{a,b}`` is always alternatives.

    Raises
    ------
    UsageError
        If NAME is no str or path of the kernel.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in namespace:
            near = difflib.get_close_matches(name, [n for n in namespace if n[0] != "_"], n=3)
            hint = f"; near to it: {', '.join(near)}" if near else ""
            raise UsageError(
                f"{{{name}}} in {pattern!r} names nothing in the kernel{hint}. Alternatives are "
                "written with a comma: {a,b}"
            )
        value = namespace[name]
        if not isinstance(value, str | os.PathLike):
            raise UsageError(
                f"{{{name}}} in {pattern!r} is {type_name(value)}; it must be a str or a path"
            )
        return _literal(os.fspath(value))

    return FIELD.sub(value, pattern)


def with_values(word: str, namespace: Mapping[str, Any]) -> str:
    """Put the kernel's values in for ``{NAME}`` in the words of ``%datum``, as far as they are
    there: a path may have braces of its own."""

    def value(found: re.Match[str]) -> str:
        value = namespace.get(found[1])
        return os.fsdecode(value) if isinstance(value, str | os.PathLike) else found[0]

    return FIELD.sub(value, word)


def _literal(text: str) -> str:
    """A path of the kernel means itself, whatever characters are in it."""
    return re.sub(r"[*?\[{(]", lambda found: f"[{found[0]}]", text)


def _evaluate(text: str, namespace: Mapping[str, Any]) -> Any:
    names = {**namespace, **{name: getattr(inputs, name) for name in FUNCTIONS}}
    try:
        return eval(text, names)
    except DatumError:
        raise
    except SyntaxError as exc:
        raise UsageError(f"the input {text} cannot be read: {exc.msg}") from None
    except Exception as exc:
        told = "Did you mean" in str(exc)  # Python 3.13 says it itself, of arguments
        near = None if told else _nearest_word(exc, names)
        hint = f"; did you mean {near}?" if near else ""
        raise UsageError(
            f"the input {text} cannot be made: {type(exc).__name__}: {exc}{hint}"
        ) from exc


def _nearest_word(exc: Exception, names: Mapping[str, Any]) -> str | None:
    """The name, or the option of one of our functions, that was meant."""
    known: Iterable[str] = ()
    word = ""
    if isinstance(exc, NameError):
        word, known = exc.name or "", names
    elif found := _NO_OPTION.match(str(exc)):
        word = found[2]
        known = inspect.signature(names[found[1]]).parameters if found[1] in FUNCTIONS else ()
    return next(iter(difflib.get_close_matches(word, known, n=1)), None)


def _from_json(text: str, context: Context, project: Project) -> Input:
    """The form of an input that stands in a cell's metadata."""
    try:
        spec = json.loads(text)
    except ValueError as exc:
        raise UsageError(f"the input {text} is not JSON: {exc}") from exc
    return input_from_json(rooted(spec, str(context.folder)), project)


def _from_object(name: str, namespace: Mapping[str, Any], known: Collection[str]) -> Input:
    if name not in namespace:
        candidates = sorted(
            n
            for n, v in namespace.items()
            if n[0] != "_" and n != "In" and isinstance(v, list | tuple | range)
        )
        near = difflib.get_close_matches(name, candidates, n=5) or candidates[:5]
        hint = f" Lists there: {', '.join(near)}." if near else ""
        chained = difflib.get_close_matches(name, known, n=5) or list(known)[:5]
        hint += f" Transforms: {', '.join(chained)}." if chained else ""
        if os.path.isdir(absolute(name)):
            hint += f' It is a folder: for the files in it, -i "{name}/*".'
        raise UsageError(
            f"-i {name}: no transform and no object of the kernel has that name.{hint} A file "
            'pattern has a wildcard or a dot in it, as in "images/*.jpg"'
        )
    return _from_value(namespace[name], name)


def _from_value(value: Any, label: str) -> Input:
    if isinstance(value, Items) and value.label == "items":
        value.label = label
    if isinstance(value, Input):
        return value
    if isinstance(value, str | os.PathLike):
        return inputs.glob(os.fspath(value))
    if kind_of(value):
        return rows(value).called_by(label)
    if hasattr(value, "results") and hasattr(value, "failures"):
        return UpstreamInput(str(value.name))
    if not isinstance(value, Iterable):
        raise UsageError(f"-i {label} is {type_name(value)}, which has no items to run over")
    return Items(value, label)


def resolve_output(
    text: str | None, name: str, context: Context, namespace: Mapping[str, Any]
) -> str:
    """Return the absolute output folder, or its URL; the kernel's values stand for ``{NAME}``.

    Raises
    ------
    UsageError
        If it is written as a pattern, lies in ``.datum``, is a file, or cannot be written.
    """
    text = with_values(_one_folder(text, namespace), namespace) if text else text
    if text and is_url(text) and not text.startswith("file:///"):
        return _url_for_outputs(text)
    return str(_output_folder((text or "").removeprefix("file://") or None, name, context))


def _one_folder(text: str, namespace: Mapping[str, Any]) -> str:
    """See that it is no pattern with a part for each datum, as other tools have it."""
    found = FIELD.finditer(text)
    names = [f[0] for f in found if not isinstance(namespace.get(f[1]), str | os.PathLike)]
    if names or "*" in text:
        raise UsageError(
            f"-o {text}: {(names or ['*'])[0]} "
            + ("is no str or path of the kernel" if names else "stands in no folder's name")
            + "; -o is one folder for all datums, and a file for each of them is made in the cell: "
            'datum.out_file(".txt") has the name of its input, datum.out / NAME any other'
        )
    return text


def _url_for_outputs(text: str) -> str:
    url = parse_url(text)
    if url.protocol == "memory":
        raise UsageError(
            f"outputs cannot go to {text}: a worker's memory is seen by no other process and ends "
            "with it; give a folder, or that of an object store"
        )
    if url.tail or url.protocol in ("http", "https"):
        raise UsageError(f"outputs cannot go to {text}: it takes a folder of an object store")
    if not url.path.strip("/"):
        raise UsageError(f"outputs cannot go to {text}: name a bucket, as in s3://bucket/folder")
    return text.rstrip("/")


def _output_folder(text: str | None, name: str, context: Context) -> Path:
    folder = Path(os.path.realpath(context.folder / (text or f"out/{name}")))
    if FOLDER in folder.parts:
        raise UsageError(f"the output folder {str(folder)!r} lies inside {FOLDER}, which is ours")
    above = folder
    while not above.exists():
        above = above.parent
    if not above.is_dir():
        raise UsageError(f"the output folder {str(folder)!r} is a file, or lies below one")
    if not os.access(above, os.W_OK | os.X_OK):
        raise UsageError(
            f"the output folder {str(folder)!r} cannot be written: you may not write to "
            f"{str(above)!r}. Give -o another folder"
        )
    return folder
