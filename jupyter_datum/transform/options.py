"""The options of a transform: one table for magic, ``#|`` lines, metadata, CLI and help."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ..errors import UsageError


@dataclass(frozen=True)
class Options:
    """What the line of a cell says. Times in seconds.

    Parameters
    ----------
    name : str
        Of the transform.
    input, output : str or None
        As written.
    engine : str
    workers, threads : int or None
        None: as many as fit the machine.
    tries : int
        Attempts in all.
    timeout : float or None
        For one datum.
    backoff : float
        Before the second attempt.
    on_error : str
        ``continue``, ``stop``, ``stop:N``, ``stop:P%``.
    only : tuple of str
        ``new``, ``failed``, ``stale``; empty: whatever needs it.
    force : bool
        Unchanged datums too; and files that are not ours are overwritten.
    sample : int
        So many datums at most; 0: all.
    background : bool
        Do not wait.
    no_probe : bool
        Go on when the first datums all fail alike.
    schema : str or None
        Name of what a result must fit.
    plan : bool
        Say what would run, and run nothing.
    large_payload : bool
        Send more than 64 MB of captured values.
    replace_edited : bool
        Outputs that were edited by hand are made again.
    prune : str
        ``yes``: outputs of vanished inputs are removed after the run, ``all``: though that
        may be most of them, or the input was written anew.
    keep : int
        So many former versions of each datum's outputs and result are kept.
    depends : tuple of str
        Files, folders and names of the kernel that count as code.
    versions : tuple of str
        ``name=version`` of values that have no stable content.
    equivalent : bool
        This version of the code counts as the one that made the results.
    """

    name: str = ""
    input: str | None = None
    output: str | None = None
    engine: str = "joblib"
    workers: int | None = None
    threads: int | None = None
    tries: int = 3
    timeout: float | None = None
    backoff: float = 1.0
    on_error: str = "continue"
    only: tuple[str, ...] = ()
    force: bool = False
    sample: int = 0
    background: bool = False
    no_probe: bool = False
    schema: str | None = None
    plan: bool = False
    large_payload: bool = False
    replace_edited: bool = False
    prune: str = ""
    keep: int = 0
    depends: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    equivalent: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the options that differ from their defaults."""
        default = Options()
        return {
            field.name: _plain(value)
            for field in dataclasses.fields(self)
            if (value := getattr(self, field.name)) != getattr(default, field.name)
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Options:
        """Inverse of :meth:`to_json`; what we do not know is left out."""
        known = {field.name for field in dataclasses.fields(cls)}
        fields = {name: value for name, value in values.items() if name in known}
        for name in ("only", "depends", "versions"):
            if name in fields:
                fields[name] = tuple(fields[name])
        return cls(**fields)


#: Options of one execution; the others belong to the transform.
OF_THE_RUN: Final = (
    "only", "force", "sample", "background", "no_probe", "plan", "large_payload",
    "replace_edited", "prune", "equivalent",
)  # fmt: skip


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


class Option(NamedTuple):
    """One option: how it is written, how its text is read, what it does.

    ``read`` is None for a switch, which takes no value.
    """

    field: str
    flags: tuple[str, ...]
    metavar: str
    read: Callable[[str], Any] | None
    help: str


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError("it must be 1 or more")
    return value


_UNITS: Final = {"": 1.0, "ms": 1e-3, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}


def duration(text: str) -> float:
    """Read ``30``, ``30s``, ``500ms``, ``5min``, ``2h`` as seconds.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    found = re.fullmatch(r"([0-9]*\.?[0-9]+)\s*([a-z]*)", text.strip())
    if found is None or found[2] not in _UNITS:
        raise ValueError("write a duration as 30s, 500ms, 5min or 2h")
    return float(found[1]) * _UNITS[found[2]]


def _only(text: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    for word in words:
        if word not in ("new", "failed", "stale"):
            raise ValueError("it takes new, failed, stale, or several with commas")
    return words


def _prune(text: str) -> str:
    if text not in ("", "yes", "true", "all"):
        raise ValueError("it takes no value, or all")
    return "all" if text == "all" else "yes"


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _versions(text: str) -> tuple[str, ...]:
    for word in _words(text):
        name, equals, version = word.partition("=")
        if not (name and equals and version):
            raise ValueError("write it as model=v3, or several with commas")
    return _words(text)


def _on_error(text: str) -> str:
    if not re.fullmatch(r"continue|stop(:\d+|:\d+(\.\d+)?%)?", text):
        raise ValueError("it takes continue, stop, stop:N or stop:P%")
    return text


OPTIONS: Final[tuple[Option, ...]] = (
    Option("input", ("-i", "--input"), "INPUT", str,
           'a glob ("images/**/*.jpg"), an object of the kernel (NAME, $NAME), or an '
           "expression without spaces (items(...), glob(...))"),
    Option("output", ("-o", "--output"), "FOLDER", str,
           "where datum.out appears; out/NAME if left out"),
    Option("engine", ("--engine",), "NAME", str, "serial, joblib (default), dask, ipyparallel"),
    Option("workers", ("--workers",), "N", _count, "processes; default: all usable cores"),
    Option("threads", ("--threads",), "N", _count,
           "threads of numerical libraries in each worker; default: cores // workers"),
    Option("tries", ("--tries",), "N", _count,
           "attempts in all for deaths, time-outs and I/O errors; default 3"),
    Option("timeout", ("--timeout",), "TIME", duration,
           "for one datum (30s, 5min): then its worker is killed, even in C code"),
    Option("backoff", ("--backoff",), "TIME", duration,
           "before the second attempt, doubled before each further one; default 1s"),
    Option("on_error", ("--on-error",), "RULE", _on_error,
           "continue (default), stop, stop:N or stop:P%"),
    Option("only", ("--only",), "WHICH", _only,
           "new, failed, stale, or several with commas: only these datums run"),
    Option("force", ("--force",), "", None,
           "run unchanged datums too, and overwrite files that are not ours"),
    Option("sample", ("--sample",), "N", _count, "run at most N datums"),
    Option("background", ("--background",), "", None, "do not wait for the run"),
    Option("no_probe", ("--no-probe",), "", None,
           "go on even when the first 20 datums all fail alike"),
    Option("schema", ("--schema",), "NAME", str,
           "a pyarrow schema of the kernel, or a function that raises or gives False: a result "
           "that breaks it fails its datum"),
    Option("plan", ("--plan",), "", None, "say what would run and why, and run nothing"),
    Option("replace_edited", ("--replace-edited",), "", None,
           "make outputs again that were edited by hand (else they are kept and listed)"),
    Option("prune", ("--prune",), "[=all]", _prune,
           "remove the outputs of vanished inputs, if nobody has edited them"),
    Option("keep", ("--keep",), "N", _count,
           "keep N former versions of each datum's outputs: going back to one runs nothing"),
    Option("depends", ("--depends",), "PATH|NAME", _words,
           "files, folders and kernel names that count as code, several with commas"),
    Option("versions", ("--version",), "NAME=V", _versions,
           "a version for a value without stable content (model=v3)"),
    Option("equivalent", ("--equivalent",), "", None,
           "this version of the code counts as the one that made the results: no rerun"),
    Option("large_payload", ("--large-payload",), "", None,
           "send more than 64 MB of the kernel's values to the workers (1 GB at most)"),
)  # fmt: skip

#: What users of other tools write, and what it is called here.
_MEANT: Final = {
    "--retries": "--tries N counts all attempts: --retries 2 is --tries 3",
    "--backend": "it is --engine here",
    "--n-jobs": "it is --workers here",
    "--n_jobs": "it is --workers here",
    "--jobs": "it is --workers here",
    "-j": "it is --workers here",
    "--out": "it is -o or --output here",
    "--glob": "it is -i or --input here",
    "--gpus": "GPU workers are not there yet",
    "--recover": "recovering is not there yet",
    "--shell": "shell cells are not there yet",
    "--batch": "batches are not there yet",
}
_BY_FLAG: Final = {flag: option for option in OPTIONS for flag in option.flags}
_BY_KEY: Final = {option.field.replace("_", "-"): option for option in OPTIONS}


def split(line: str) -> list[str]:
    """Split a magic's line into words: quotes group, braces and ``$`` stay as they are.

    Raises
    ------
    UsageError
        If a quote is not closed.
    """
    words: list[str] = []
    word, quote, inside = "", "", False
    for char in line:
        if quote:
            quote, word = ("", word) if char == quote else (quote, word + char)
        elif char in "\"'" and not _in_call(word):
            quote, inside = char, True
        elif char.isspace() and not _in_call(word):
            if word or inside:
                words.append(word)
            word, inside = "", False
        else:
            word += char
    if quote:
        raise UsageError(f"the quote {quote} is not closed in: {line}")
    return [*words, word] if word or inside else words


def _in_call(word: str) -> bool:
    """Whether a word has become ``name(...`` and its bracket is still open."""
    if not re.match(r"[A-Za-z_]\w*\(", word):
        return False
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", word)
    return "'" in bare or '"' in bare or bare.count("(") > bare.count(")")


def parse_line(line: str, body: str = "") -> Options:
    """Read the line of a ``%%datum`` cell, and the ``#|`` lines at the top of its body.

    The line stands over the ``#|`` lines.

    Raises
    ------
    UsageError
        With the name nearest to an unknown option, and all that there are.
    """
    values: dict[str, Any] = dict(_pipe_lines(body))
    words = split(line)
    i = 0
    while i < len(words):
        word = words[i]
        i += 1
        if not word.startswith("-"):
            _take_name(values, word)
            continue
        flag, eq, text = word.partition("=")
        option = _BY_FLAG.get(flag)
        if option is None:
            raise _unknown(flag, sorted(_BY_FLAG))
        if option.read is None:
            values[option.field] = True
            continue
        if not eq and option.metavar.startswith("["):
            text = ""
        elif not eq:
            if i == len(words):
                raise UsageError(f"{flag} needs a value: {flag} {option.metavar}")
            text = words[i]
            i += 1
        values[option.field] = _read(flag, option, text)
    return Options(**values)


def _take_name(values: dict[str, Any], word: str) -> None:
    if "name" in values:
        raise UsageError(
            f"two names, {values['name']!r} and {word!r}: is an option missing before one of them?"
        )
    if not word.isidentifier():
        raise UsageError(f"a transform's name is a Python name, as in %%datum thumbs, not {word!r}")
    values["name"] = word


def _pipe_lines(body: str) -> list[tuple[str, Any]]:
    found = []
    for line in body.splitlines():
        if not line.strip():
            continue
        if not line.startswith("#|"):
            break
        key, colon, text = line[2:].partition(":")
        option = _BY_KEY.get(key.strip().replace("_", "-"))
        if not colon:
            raise UsageError(f"write {line!r} as '#| option: value'")
        if option is None:
            raise _unknown(key.strip(), sorted(_BY_KEY))
        text = text.strip()
        if option.read is None:
            found.append((option.field, text.lower() in ("", "true", "yes", "1")))
        else:
            found.append((option.field, _read(key.strip(), option, text)))
    return found


def _read(flag: str, option: Option, text: str) -> Any:
    assert option.read is not None
    try:
        return option.read(text)
    except ValueError as exc:
        reason = str(exc)
        if "invalid literal" in reason:
            reason = "it takes a whole number"
        raise UsageError(f"{flag} {text}: {reason}") from exc


def _unknown(flag: str, known: list[str]) -> UsageError:
    if flag in _MEANT:
        return UsageError(f"no option {flag}: {_MEANT[flag]}")
    near = difflib.get_close_matches(flag, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return UsageError(f"no option {flag}{hint} There are: {', '.join(known)}")


def options_help() -> str:
    """Return a line for each option, for help texts."""
    rows = [(", ".join(o.flags) + (f" {o.metavar}" if o.metavar else ""), o.help) for o in OPTIONS]
    width = max(len(head) for head, _ in rows)
    return "\n".join(f"  {head:<{width}}  {text}" for head, text in rows)
