"""What the filter box of the table says, read strictly: a mistake is told with its word.

Words are separated by spaces and must all hold; a value with spaces stands in double quotes.

=================== ==================================================================
``state:failed``    the state in this run, several with commas
``worker:3``        the worker's name, or the number at its end
``dur:>10s``        how long it took; ``ms s m h``, seconds where nothing is said
``tries:>1``        how often it was tried
``out:0``           files that it made
``err:CRC``         a part of the error's type or message
``group:12``        a failure group
``name:*.tif``      a glob over the name, or a part of it
``pos:100..200``    its place in the input, counted from 1 as the table shows it
``id:417071``       the ledger's id, several with commas
``m.loss:<0.1``     a metric of that name
``changed:yes``     only where two runs are compared: it came to something else
``tif``             a part of the name
=================== ==================================================================

Numbers are ``5``, ``>5``, ``>=5``, ``<5``, ``<=5``, ``1..5``, ``1..`` or ``..5``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ..states import SETTLED, DatumState
from .errors import bad_request

#: Characters of a filter.
LONGEST: Final = 2_000
#: Words of the grammar, for people.
WORDS: Final = (
    "state", "worker", "dur", "tries", "out", "err", "group", "name", "pos", "id", "m.METRIC",
)  # fmt: skip
_TOKEN: Final = re.compile(r'(?:[^\s"]|"[^"]*")+')
_UNITS: Final = {"ms": 1e-3, "s": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_NUMBER: Final = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-z]*)")
_STATES: Final = {state.name.lower(): state for state in DatumState}
_MOST_IDS: Final = 1_000
_LARGEST: Final = 2**63 - 1
#: States in which there is an error to be told.
_HAS_ERROR: Final = frozenset((DatumState.FAILED, DatumState.RECOVERED, DatumState.CANCELLED))


@dataclass(frozen=True)
class Bounds:
    """Numbers between two ends; an open end is infinite.

    Parameters
    ----------
    low, high : float
    strict_low, strict_high : bool
        Whether the end itself is left out.
    """

    low: float = -math.inf
    high: float = math.inf
    strict_low: bool = False
    strict_high: bool = False

    def sql(self, value: str) -> tuple[str, list[float]]:
        """Return the condition on an expression, and what it binds."""
        parts, bound = [], []
        if self.low > -math.inf:
            parts.append(f"{value} {'>' if self.strict_low else '>='} ?")
            bound.append(self.low)
        if self.high < math.inf:
            parts.append(f"{value} {'<' if self.strict_high else '<='} ?")
            bound.append(self.high)
        return " and ".join(parts), bound

    def whole(self) -> tuple[int, int]:
        """Return the first and the last whole number in it."""
        low = -_LARGEST if self.low == -math.inf else math.ceil(self.low)
        high = _LARGEST if self.high == math.inf else math.floor(self.high)
        return low + (self.strict_low and low == self.low), high - (
            self.strict_high and high == self.high
        )


@dataclass(frozen=True)
class Condition:
    """One word that the ledger answers.

    Parameters
    ----------
    word : str
        ``worker dur tries out err group name id m``.
    text : str
        The value; the name of a metric for ``m``.
    bounds : Bounds or None
        Of numbers.
    ids : tuple of int
        Of ``id`` and ``group``.
    """

    word: str
    text: str = ""
    bounds: Bounds | None = None
    ids: tuple[int, ...] = ()


@dataclass
class Filter:
    """A filter that was read.

    Attributes
    ----------
    states : frozenset of DatumState
        In which of them a datum may be, in its run.
    first, last : int
        Places of the input, from 0.
    conditions : list of Condition
        What the ledger answers.
    changed : bool
        Whether only datums are meant that came to something else in another run.
    """

    states: frozenset[DatumState] = frozenset(DatumState)
    first: int = 0
    last: int = _LARGEST
    conditions: list[Condition] = field(default_factory=list)
    changed: bool = False

    def among(self, states: frozenset[DatumState]) -> None:
        """Let only these states through."""
        self.states &= states


def parse(text: str) -> Filter:
    """Read a filter.

    Raises
    ------
    ApiError
        ``bad-request``, with the word that is wrong and what is possible.
    """
    if len(text) > LONGEST:
        raise bad_request(f"a filter has {LONGEST:,} characters at most")
    if text.count('"') % 2:
        raise bad_request("a double quote is missing in the filter")
    found = Filter()
    for token in _TOKEN.findall(text):
        word, colon, value = token.partition(":")
        if not colon or '"' in word:
            found.conditions.append(Condition("name", token.replace('"', "")))
            continue
        try:
            _take(found, word.lower(), word, value.replace('"', ""))
        except ValueError as exc:
            raise bad_request(f"{token[:80]!r}: {exc}") from None
    return found


def _take(found: Filter, word: str, written: str, value: str) -> None:
    if word.startswith(("m.", "metrics.")):
        name = written.partition(".")[2]
        if not name or '"' in name:
            raise ValueError("the name of a metric is missing, as in m.loss:<0.1")
        found.conditions.append(Condition("m", name, _bounds(value)))
        found.among(SETTLED)
        return
    take = _TAKE.get(word)
    if take is None:
        raise ValueError(
            f"there is no {word[:40]!r}; there are: {', '.join(WORDS)}; a name that has a colon "
            "is written name:*:*"
        )
    if not value:
        raise ValueError(f"a value is missing, as in {_EXAMPLES[word]}")
    take(found, value)


# -- values --------------------------------------------------------------------------------


def _state(found: Filter, value: str) -> None:
    words = value.lower().split(",")
    wrong = [word for word in words if word not in _STATES]
    if wrong:
        raise ValueError(f"there is no state {wrong[0][:40]!r}; there are: {', '.join(_STATES)}")
    found.among(frozenset(_STATES[word] for word in words))


def _worker(found: Filter, value: str) -> None:
    found.conditions.append(Condition("worker", value))
    found.among(SETTLED)


def _error(found: Filter, value: str) -> None:
    found.conditions.append(Condition("err", value))
    found.among(_HAS_ERROR)


def _name(found: Filter, value: str) -> None:
    found.conditions.append(Condition("name", value))


def _measured(word: str, units: bool) -> Callable[[Filter, str], None]:
    def take(found: Filter, value: str) -> None:
        found.conditions.append(Condition(word, bounds=_bounds(value, units=units)))
        found.among(SETTLED)

    return take


def _group(found: Filter, value: str) -> None:
    found.conditions.append(Condition("group", ids=_ids(value)))
    found.among(frozenset((DatumState.FAILED,)))


def _identity(found: Filter, value: str) -> None:
    found.conditions.append(Condition("id", ids=_ids(value)))


def _place(found: Filter, value: str) -> None:
    low, high = _bounds(value).whole()
    found.first = max(found.first, low - 1)
    found.last = min(found.last, high - 1)


def _changed(found: Filter, value: str) -> None:
    if value.lower() != "yes":
        raise ValueError("it takes yes")
    found.changed = True


_TAKE: Final[dict[str, Callable[[Filter, str], None]]] = {
    "state": _state,
    "worker": _worker,
    "dur": _measured("dur", units=True),
    "tries": _measured("tries", units=False),
    "out": _measured("out", units=False),
    "err": _error,
    "group": _group,
    "name": _name,
    "pos": _place,
    "id": _identity,
    "changed": _changed,
}
_EXAMPLES: Final = {
    "state": "state:failed", "worker": "worker:3", "dur": "dur:>10s", "tries": "tries:>1",
    "out": "out:0", "err": "err:CRC", "group": "group:12", "name": "name:*.tif",
    "pos": "pos:100..200", "id": "id:417071", "changed": "changed:yes",
}  # fmt: skip


def _ids(value: str) -> tuple[int, ...]:
    words = value.split(",")
    if len(words) > _MOST_IDS:
        raise ValueError(f"it takes {_MOST_IDS:,} ids at most")
    for word in words:
        if not (word.isascii() and word.isdecimal()) or int(word) > _LARGEST:
            raise ValueError("it takes whole numbers, several with commas")
    return tuple(int(word) for word in words)


def _bounds(value: str, *, units: bool = False) -> Bounds:
    if ".." in value:
        low, _, high = value.partition("..")
        if not (low or high):
            raise ValueError("a number is missing, as in 1..5")
        top = _number(high, units) if high else math.inf
        return Bounds(_number(low, units) if low else -math.inf, top)
    for sign in (">=", "<=", ">", "<", "="):
        if value.startswith(sign):
            number = _number(value[len(sign) :], units)
            if sign[0] == ">":
                return Bounds(low=number, strict_low=sign == ">")
            if sign[0] == "<":
                return Bounds(high=number, strict_high=sign == "<")
            return Bounds(number, number)
    return Bounds(_number(value, units), _number(value, units))


def _number(text: str, units: bool) -> float:
    found = _NUMBER.fullmatch(text.strip().replace(",", "").lower())
    if not found or (found[2] and not units):
        raise ValueError(f"{text[:40]!r} is no number")
    if found[2] not in _UNITS:
        raise ValueError(f"there is no unit {found[2]!r}; there are: ms, s, m, h")
    number = float(found[1]) * _UNITS[found[2]]
    if not math.isfinite(number) or abs(number) > 1e18:
        raise ValueError(f"{text[:40]!r} is no number that anything here could have")
    return number
