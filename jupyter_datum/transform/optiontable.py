"""Each option of a transform: how it is written, how its text is read, what it does. One table
for magic, ``#|`` lines, metadata, CLI and help."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from ..devices import Gpus
from ..words import duration
from .options import WHICH


class Option(NamedTuple):
    """One option: how it is written, how its text is read, what it does.

    ``read`` is None for a switch, which takes no value. One that says several fields gives
    them as a mapping.
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


def _workers(text: str) -> int | dict[str, int]:
    least, dots, most = text.partition("..")
    if not dots:
        return _count(text)
    if not least.isdecimal() or int(least) > _count(most):
        raise ValueError("write the fewest and the most as 0..16")
    return {"workers": int(most), "workers_min": int(least)}


def memory(text: str) -> int:
    """Read ``2GB``, ``500MB``, ``1.5GiB`` as bytes.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    found = re.fullmatch(r"([0-9]*\.?[0-9]+)\s*([kmgt]?)(i?)b?", text.strip().lower())
    if found is None or not float(found[1]):
        raise ValueError("write memory as 2GB, 500MB or 1.5GiB")
    power = " kmgt".index(found[2]) if found[2] else 0
    return int(float(found[1]) * (1024 if found[3] else 1000) ** power)


def _only(text: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    for word in words:
        if word not in WHICH:
            raise ValueError(
                "it takes new, failed, stale, or several with commas; of new ones also added, "
                "changed, missing"
            )
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


def _gpus(text: str) -> str:
    Gpus.parse(text)  # says what is wrong with it
    return text


def _on_error(text: str) -> str:
    if not re.fullmatch(r"continue|stop(:\d+|:\d+(\.\d+)?%)?", text):
        raise ValueError("it takes continue, stop, stop:N or stop:P%")
    return text


OPTIONS: Final[tuple[Option, ...]] = (
    Option("input", ("-i", "--input"), "INPUT", str,
           'a glob ("images/**/*.jpg", "{NAME}/*.jpg" with a str or path of the kernel), an object '
           "of the kernel (NAME, $NAME), or an expression without spaces (items(...), glob(...))"),
    Option("output", ("-o", "--output"), "FOLDER", str,
           "where datum.out appears, one folder for all datums ({NAME} as in the input); out/ and "
           "the transform's name if left out"),
    Option("engine", ("--engine",), "NAME", str,
           "serial, joblib (default, unless jupyter_datum.toml names another), dask, ipyparallel; "
           "a backend of joblib (joblib:NAME); an address (tcp://...), a cluster "
           "object of the kernel, or a name of jupyter_datum.toml"),
    Option("workers", ("--workers",), "N|MIN..MAX", _workers,
           "processes, at most N; as many as there is work for, never fewer than MIN while it "
           "lasts; default: all usable cores, shared with what runs beside"),
    Option("give_back", ("--give-back",), "TIME", duration,
           "workers without work are given back after it; default 10min here, 5min elsewhere"),
    Option("threads", ("--threads",), "N", _count,
           "threads of numerical libraries in each worker that is started for the run; default: "
           "cores // workers"),
    Option("gpus", ("--gpus",), "N", _gpus,
           "GPUs that each worker sees: 1, 2, a part (0.5: two workers on one, whose memory is "
           "not fenced), or auto: one if there is any"),
    Option("batch", ("--batch",), "N", _count,
           "call the cell for N datums at once: it sees them as datums, a list, and gives a list "
           "with a result for each"),
    Option("tries", ("--tries",), "N", _count,
           "attempts in all for deaths, time-outs and I/O errors; default 3"),
    Option("timeout", ("--timeout",), "TIME", duration,
           "for one datum (30s, 5min): then its worker is killed, even in C code"),
    Option("backoff", ("--backoff",), "TIME", duration,
           "before the second attempt, doubled before each further one; default 1s"),
    Option("on_error", ("--on-error",), "RULE", _on_error,
           "continue (default), stop, stop:N or stop:P%"),
    Option("recover", ("--recover",), "NAME", str,
           "a function(datum, failure) of the kernel, called when the last try has failed: what "
           "it returns is the result, and the datum counts as recovered"),
    Option("max_datums_per_worker", ("--max-datums-per-worker",), "N", _count,
           "replace a worker after N datums, if code in it leaks"),
    Option("memory_limit", ("--memory-limit",), "SIZE", memory,
           "replace a worker that holds more (2GB) when its set is done"),
    Option("only", ("--only",), "WHICH", _only,
           "new, failed, stale, or several with commas: only these datums run; new is added "
           "(not run yet), changed (its input) and missing (its outputs)"),
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
    Option("strict_env", ("--strict-env",), "", None,
           "results of another Python, or of other versions of the packages that the cell uses, "
           "are made again"),
    Option("equivalent", ("--equivalent",), "", None,
           "this version of the code counts as the one that made the results: no rerun"),
    Option("shell", ("--shell",), "", None,
           "the cell is bash: $DATUM_PATH is the file, $DATUM_OUT takes what is to be kept"),
    Option("large_payload", ("--large-payload",), "", None,
           "send more than 64 MB of the kernel's values to the workers (1 GB at most)"),
)  # fmt: skip

BY_FLAG: Final = {flag: option for option in OPTIONS for flag in option.flags}
BY_KEY: Final = {option.field.replace("_", "-"): option for option in OPTIONS}


def options_help() -> str:
    """Return each option and what it does, in lines of 80 characters, for help texts."""
    from textwrap import wrap

    rows = [(", ".join(o.flags) + (f" {o.metavar}" if o.metavar else ""), o.help) for o in OPTIONS]
    width = max(len(head) for head, _ in rows)
    return "\n".join(
        f"  {part:<{width}}  {line}"
        for head, text in rows
        for part, line in zip_longest(
            [head], wrap(text, 76 - width, break_on_hyphens=False), fillvalue=""
        )
    )
