"""A datum at both sides of a comparison, and what all of them come to: numbers and text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from ..results import is_file, is_json, word_of
from ..words import counted, number, span
from .sides import Former

#: Datums shown in a text.
SHOWN: Final = 10
#: Characters of a result that are.
_LONG: Final = 60
#: Bytes of one whose items are.
_SMALL: Final = 4_000


class Pair(NamedTuple):
    """A datum at both sides; None where one has no outcome of it."""

    key: str
    a: Former | None
    b: Former | None

    @property
    def differs(self) -> tuple[str, ...]:
        """What is not the same: ``there``, ``state``, ``result``, ``metrics``."""
        a, b = self.a, self.b
        if a is None or b is None:
            return ("there",)
        same = {
            "state": a.state == b.state,
            "result": (a.kind, a.data) == (b.kind, b.data),
            "metrics": a.metrics == b.metrics,
        }
        return tuple(name for name, equal in same.items() if not equal)


@dataclass
class Metric:
    """A number at both sides, over the datums that have it at both."""

    n: int = 0
    a: float = 0.0
    b: float = 0.0
    higher: int = 0
    lower: int = 0

    def add(self, a: float, b: float) -> None:
        """Count a datum."""
        self.n += 1
        self.a += a
        self.b += b
        self.higher += b > a
        self.lower += b < a

    def to_json(self) -> dict[str, Any]:
        """Return means, and for how many datums it went up or down."""
        return {
            "datums": self.n,
            "mean_a": self.a / self.n,
            "mean_b": self.b / self.n,
            "higher": self.higher,
            "lower": self.lower,
        }


@dataclass
class Summary:
    """What a comparison comes to."""

    datums: int = 0
    only_a: int = 0
    only_b: int = 0
    same: int = 0
    results: int = 0
    #: (state at a, state at b) -> datums
    states: dict[tuple[str, str], int] = field(default_factory=dict)
    seconds: Metric = field(default_factory=Metric)
    metrics: dict[str, Metric] = field(default_factory=dict)

    def add(self, pair: Pair) -> None:
        """Count a datum."""
        self.datums += 1
        if pair.a is None or pair.b is None:
            self.only_b += pair.a is None
            self.only_a += pair.b is None
            return
        words = pair.differs
        self.same += not words
        self.results += "result" in words
        states = pair.a.word, pair.b.word
        self.states[states] = self.states.get(states, 0) + 1
        self.seconds.add(pair.a.seconds, pair.b.seconds)
        for name in pair.a.metrics.keys() & pair.b.metrics.keys():
            one, other = pair.a.metrics[name], pair.b.metrics[name]
            if _is_number(one) and _is_number(other):
                self.metrics.setdefault(name, Metric()).add(one, other)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "datums": self.datums,
            "only_a": self.only_a,
            "only_b": self.only_b,
            "same": self.same,
            "results_differ": self.results,
            "states": {f"{a} -> {b}": n for (a, b), n in sorted(self.states.items())},
            "seconds": self.seconds.to_json() if self.seconds.n else None,
            "metrics": {name: m.to_json() for name, m in sorted(self.metrics.items())},
        }


# -- words -----------------------------------------------------------------------------------


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def pair_json(pair: Pair) -> dict[str, Any]:
    """Return a datum at both sides as plain JSON."""
    return {
        "key": pair.key,
        "differs": list(pair.differs),
        "a": _former_json(pair.a),
        "b": _former_json(pair.b),
    }


def _former_json(former: Former | None) -> dict[str, Any] | None:
    """JSON results are shown; nothing is unpickled for it."""
    if former is None:
        return None
    shown = _is_text(former) and former.data is not None
    return {
        "state": former.word,
        "seconds": former.seconds,
        "metrics": former.metrics,
        "result": bytes(former.data or b"").decode("utf-8", "backslashreplace") if shown else None,
        "result_kind": word_of(former.kind) if former.kind else None,
    }


def comparison_text(a: str, b: str, found: Summary, shown: list[Pair]) -> Iterator[str]:
    """Yield what a person is told of a comparison, line by line."""
    yield f"a: {a}"
    yield f"b: {b}"
    both = found.datums - found.only_a - found.only_b
    alone = f"{found.only_a:,} only in a, {found.only_b:,} only in b"
    yield f"{counted(both, 'datum')} at both, {alone}"
    yield f"{found.same:,} the same, {found.results:,} with another result"
    for (one, other), n in sorted(found.states.items()):
        if one != other:
            yield f"{n:,} {one} -> {other}"
    if found.seconds.n:
        yield _line("duration:", found.seconds, span)
    yield from (_line(f"{name}:", metric) for name, metric in sorted(found.metrics.items()))
    for pair in shown[:SHOWN]:
        yield f"  {pair.key}: {'; '.join(_changes(pair))}"
    if len(shown) > SHOWN:
        yield "  ..."


def _line(name: str, metric: Metric, word: Callable[[float], str] | None = None) -> str:
    a, b = metric.a / metric.n, metric.b / metric.n
    told = f"{word(a)} -> {word(b)}" if word else _numbers(a, b)
    return f"{name} mean {told} (higher for {metric.higher:,}, lower for {metric.lower:,})"


def _numbers(a: float, b: float) -> str:
    """Two numbers with as many digits as tell them apart."""
    one, other = number(a, 4), number(b, 4)
    if one == other and a != b:
        one, other = number(a, 8), number(b, 8)
    return f"{one} -> {other}"


def _changes(pair: Pair) -> Iterator[str]:
    """What differs of a datum, and nothing else."""
    a, b = pair.a, pair.b
    if a is None or b is None:
        yield "only in b" if a is None else "only in a"
        return
    if a.state != b.state:
        yield f"{a.word} -> {b.word}"
        if a.kind is None or b.kind is None:  # one of them has nothing to compare
            return
    if (a.kind, a.data) != (b.kind, b.data):
        one, other = _fields(a), _fields(b)
        if one and other:
            yield from _differing(one, other)
        else:
            yield f"{_result(a)} -> {_result(b)}"
    yield from _differing(a.metrics, b.metrics)


def _differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[str]:
    for name in {**a, **b}:
        one, other = a.get(name), b.get(name)
        if one == other:
            continue
        if isinstance(one, int | float) and isinstance(other, int | float):
            yield f"{name} {_numbers(one, other)}"
        else:
            yield f"{name} {_cut(str(one))} -> {_cut(str(other))}"


def _fields(former: Former) -> dict[str, Any]:
    """The items of a result that is a dict, and small."""
    if not _is_text(former) or len(former.data or b"") > _SMALL:
        return {}
    found = json.loads(bytes(former.data or b"null"))
    return found if isinstance(found, dict) else {}


def _result(former: Former) -> str:
    """A result in a few words; one that is no text by its kind."""
    if former.kind is None:
        return "no result"
    if not _is_text(former):
        return word_of(former.kind).removesuffix("-file")
    return _cut(bytes(former.data or b"").decode("utf-8", "backslashreplace"))


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]}..."


def _is_text(former: Former) -> bool:
    return is_json(former.kind) and not is_file(former.kind)
