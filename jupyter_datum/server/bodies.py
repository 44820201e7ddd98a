"""What comes in a request, read strictly: a mistake is told, and never guessed at."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from ..engines import is_name
from ..errors import UsageError
from ..settings.edit import OF_THE_PANEL
from ..state import OnError
from ..transform.options import WHICH
from ..transform.optiontable import OPTIONS
from .errors import bad_request

#: Bytes of a request's body.
LIMIT: Final = 1 << 20
#: Datums, or stretches of them, that one request may name.
DATUMS: Final = 10_000
#: Datums that a run may name by their keys, of any length.
KEYS: Final = 1_000
_UUID: Final = re.compile(r"[0-9a-f]{32}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_KEY: Final = re.compile(r"([0-9a-f]{2}){1,8192}")
#: An engine by its name (``joblib:NAME``, a profile or a file behind it), or by an address. It
#: may come to stand on a cell's line: nothing in it begins another word.
_ENGINE: Final = re.compile(
    r"\w[\w.-]*(:[\w./~-]+)?|[a-z]+://[\w.:/\[\]?&=%~@+-]+(#[\w.:/&=%~-]+)?"
)
_LARGEST: Final = 2**63 - 1

Check = Callable[[Any], Any]


def parse(body: bytes) -> dict[str, Any]:
    """Return a body that is one JSON object.

    Raises
    ------
    ApiError
        ``bad-request``: no UTF-8, no JSON, ``NaN``, a name twice, nested too deep, a number
        too long, or another thing than an object.
    """
    try:
        value = json.loads(
            body.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_once
        )
    except RecursionError:
        raise bad_request("the body is nested too deep") from None
    except ValueError as exc:
        raise bad_request(f"the body is not JSON: {str(exc)[:200]}") from None
    if not isinstance(value, dict):
        raise bad_request("the body is not a JSON object")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def checked(body: Mapping[str, Any], fields: Mapping[str, Check], *needed: str) -> dict[str, Any]:
    """Return the fields of a body, each as its check gives it.

    Raises
    ------
    ApiError
        ``bad-request``: one is needed, unknown or wrong.
    """
    for name in needed:
        if name not in body:
            raise bad_request(f"{name!r} is missing")
    found = {}
    for name, value in body.items():
        if name not in fields:
            raise bad_request(f"there is no {name[:40]!r}; there are: {', '.join(fields)}")
        try:
            found[name] = fields[name](value)
        except ValueError as exc:
            raise bad_request(f"{name!r}: {exc}") from None
    return found


# -- checks --------------------------------------------------------------------------------


def integer(low: int, high: int = _LARGEST) -> Check:
    """Return the check for a whole number."""

    def check(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"it takes a whole number from {low} to {high}")
        return value

    return check


def seconds(low: float, high: float) -> Check:
    """Return the check for a number of seconds."""

    def check(value: Any) -> float:
        if type(value) not in (int, float) or not low <= value <= high:
            raise ValueError(f"it takes a number of seconds from {low:g} to {high:g}")
        return float(value)

    return check


def one_of(*words: str) -> Check:
    """Return the check for one of some words."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"it takes one of: {', '.join(words)}")
        return value

    return check


def anything(value: Any) -> Any:
    """Take what is there: who asked for it looks at it."""
    return value


def boolean(value: Any) -> bool:
    """Check ``true`` or ``false``."""
    if type(value) is not bool:
        raise ValueError("it takes true or false")
    return value


def uuid(value: Any) -> str:
    """Check 32 hex digits."""
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise ValueError("it takes 32 hex digits")
    return value


def digest(value: Any) -> str:
    """Check the name of a recipe: 64 hex digits."""
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ValueError("it takes 64 hex digits")
    return value


def transform(value: Any) -> str | int:
    """Check a transform's name or id."""
    if isinstance(value, str) and value.isidentifier() and len(value) <= 200:
        return value
    if type(value) is int and 0 < value <= _LARGEST:
        return value
    raise ValueError("it takes the name of a transform, or its id")


def name(value: Any) -> str:
    """Check a transform's name."""
    if isinstance(value, str) and value.isidentifier() and len(value) <= 200:
        return value
    raise ValueError("it takes the name of a transform")


def contents_path(value: Any) -> str:
    """Check a path as the server's contents have it; where it leads is looked at later."""
    if isinstance(value, str) and 0 < len(value) <= 4096 and "\0" not in value:
        return value
    raise ValueError("it takes the contents path of a notebook")


def engine(value: Any) -> str:
    """Check the name of an engine, or the address of a cluster; whether there is one is told by
    whoever starts it."""
    if isinstance(value, str) and len(value) <= 500 and _ENGINE.fullmatch(value):
        return value
    raise ValueError("it takes the name of an engine, or the address of a cluster")


def setting(value: Any) -> Any:
    """Check one of the user's settings; what it means is the settings' own to say."""
    if value is None or (type(value) in (int, float, str) and len(str(value)) <= 200):
        return value
    raise ValueError("it takes a number, a text, or null for none")


def usual_engine(value: Any) -> str | None:
    """Check the engine of the settings: a name; who wants an address there writes the file."""
    if value is None or (isinstance(value, str) and is_name(value)):
        return value
    raise ValueError(
        "it takes the name of an engine; an address goes into jupyter_datum.toml, by hand"
    )


def option(field: str) -> Check:
    """Return the check for an option of a transform, as a cell's line has it or as a number."""
    known = next(each for each in OPTIONS if each.field == field)

    def check(value: Any) -> Any:
        text = value if isinstance(value, str) else repr(value)
        if type(value) not in (str, int, float) or len(text) > 100 or known.read is None:
            raise ValueError(f"it takes {known.metavar}: {known.help}")
        try:
            return known.read(text.strip())
        except ValueError as exc:
            raise ValueError(f"it takes {known.metavar}, not {text!r}: {exc}") from None

    return check


def workers(value: Any) -> Any:
    """Check how many workers: a number, or the fewest and the most as ``"2..16"``."""
    found = option("workers")(value)
    integer(1, 100_000)(found["workers"] if isinstance(found, dict) else found)
    return found


def on_error(value: Any) -> str:
    """Check what failures do to the other datums."""
    text = str(option("on_error")(value))
    try:
        OnError.parse(text)
    except UsageError as exc:
        raise ValueError(str(exc)) from None
    return text


def spread(asked: dict[str, Any]) -> dict[str, Any]:
    """Return what a run is asked for with each option in a field of its own."""
    several = [value for name, value in asked.items() if name == "workers" and type(value) is dict]
    return {**asked, **(several[0] if several else {})}


def only(value: Any) -> list[str]:
    """Check which datums shall run."""
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, list) or not found or any(word not in WHICH for word in found):
        raise ValueError(f"it takes a list of: {', '.join(WHICH)}")
    return [str(word) for word in found]


def keys(value: Any) -> list[str]:
    """Check keys of datums, as a plan tells them: bytes in hexadecimal."""
    if not isinstance(value, list) or not 0 < len(value) <= KEYS:
        raise ValueError(f"it takes a list of 1 to {KEYS:,} keys")
    if any(not isinstance(each, str) or not _KEY.fullmatch(each) for each in value):
        raise ValueError("a key is told in hexadecimal, as a plan tells it")
    return [str(each) for each in value]


def what(value: Any) -> dict[str, Any]:
    """Check what shall be tried again; returns the runner's arguments for it."""
    if value == "failed":
        return {"only": ["failed"]}
    if isinstance(value, dict) and set(value) == {"group"}:
        return {"group": integer(1)(value["group"])}
    if isinstance(value, dict) and set(value) == {"datums"}:
        return {"datums": _ids(value["datums"])}
    if isinstance(value, dict) and set(value) == {"filter"}:
        return {"filter": text(value["filter"])}
    if isinstance(value, dict) and set(value) == {"positions"}:
        return {"positions": _stretches(value["positions"])}
    raise ValueError(
        'it takes "failed", {"group": id}, {"datums": [id, ...]}, {"filter": text} or '
        '{"positions": [[first, last], ...]}'
    )


def text(value: Any) -> str:
    """Check a text."""
    if isinstance(value, str) and len(value) <= 2_000:
        return value
    raise ValueError("it takes a text of 2,000 characters at most")


def cell_source(value: Any) -> str:
    """Check the text of a cell."""
    if isinstance(value, str):
        return value
    raise ValueError("it takes the text of a cell")


def _stretches(value: Any) -> list[tuple[int, int]]:
    if not isinstance(value, list) or not 0 < len(value) <= DATUMS:
        raise ValueError(f"it takes a list of 1 to {DATUMS:,} stretches")
    found = []
    for each in value:
        if not isinstance(each, list) or len(each) != 2:
            raise ValueError("a stretch is its first and its last place: [first, last]")
        first, last = (integer(0)(end) for end in each)
        if last < first:
            raise ValueError("a stretch ends at its first place or behind it")
        found.append((first, last))
    return found


def _ids(value: Any) -> list[int]:
    if not isinstance(value, list) or not 0 < len(value) <= DATUMS:
        raise ValueError(f"it takes a list of 1 to {DATUMS:,} ids")
    return [integer(1)(each) for each in value]


RUN: Final[Mapping[str, Check]] = {
    "transform": transform,
    "only": only,
    "force": boolean,
    "engine": engine,
    "workers": workers,
    **{name: option(name) for name in ("gpus", "batch", "tries", "timeout")},
    "on_error": on_error,
    "sample": integer(1),
    "key": uuid,
}
#: A run of what is recorded, or of what a kernel has recorded for a plan.
RECORDED: Final[Mapping[str, Check]] = {**RUN, "recipe": digest, "keys": keys}
START: Final[Mapping[str, Check]] = {
    **RUN, "notebook": contents_path, "transform": name, "needs": boolean,
}  # fmt: skip
RECIPE: Final[Mapping[str, Check]] = {"notebook": contents_path, "transform": name}
COUNT: Final[Mapping[str, Check]] = {
    "notebook": contents_path, "mark": anything, "source": cell_source,
}  # fmt: skip
RETRY: Final[Mapping[str, Check]] = {"what": what, "recipe": digest, "key": uuid}
SETTINGS: Final[Mapping[str, Check]] = {
    **dict.fromkeys(OF_THE_PANEL, setting), "engine": usual_engine,
}  # fmt: skip
EXPECTED: Final[Mapping[str, Check]] = {"group": integer(1), "undo": boolean}
REQUEST: Final[Mapping[str, Check]] = {
    "kind": one_of("cancel", "pause", "resume", "scale", "on-error", "detach"),
    "workers": integer(1, 100_000),
    "on_error": on_error,
}
WATCH: Final[Mapping[str, Check]] = {
    "transform": name,
    "settle": seconds(0, 86_400),
    "every": seconds(0.1, 86_400),
    "stop": boolean,
}
#: Which further words go with a verb of upkeep.
_GOES_WITH: Final[Mapping[str, frozenset[str]]] = {
    "plan": frozenset({"recipe", "only", "force"}),
    "prune": frozenset({"all"}),
    "move": frozenset(),
    "equivalent": frozenset({"recipe", "undo"}),
}
UPKEEP: Final[Mapping[str, Check]] = {
    "verb": one_of(*_GOES_WITH),
    "transform": name,
    "recipe": digest,
    "only": only,
    "force": boolean,
    "all": boolean,
    "undo": boolean,
}


def check_upkeep(asked: Mapping[str, Any]) -> None:
    """Refuse words that do not go with the verb: they would be read as something else.

    Raises
    ------
    ApiError
        ``bad-request``.
    """
    verb = asked["verb"]
    wrong = asked.keys() - _GOES_WITH[verb] - {"verb", "transform"}
    if wrong:
        raise bad_request(f"{min(wrong)!r} does not go with {verb!r}")
