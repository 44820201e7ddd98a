"""A datum at both sides of a comparison, and what all of them come to: numbers and text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from ..words import counted
from .sides import Former

#: Datums shown in a text.
SHOWN: Final = 10


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
    shown = former.kind == "json" and former.data is not None
    return {
        "state": former.word,
        "seconds": former.seconds,
        "metrics": former.metrics,
        "result": bytes(former.data or b"").decode("utf-8", "backslashreplace") if shown else None,
        "result_kind": former.kind,
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
        yield _line("seconds", found.seconds)
    yield from (_line(name, metric) for name, metric in sorted(found.metrics.items()))
    for pair in shown[:SHOWN]:
        yield f"  {pair.key}: {_short(pair.a)} -> {_short(pair.b)}"
    if len(shown) > SHOWN:
        yield "  ..."


def _line(name: str, metric: Metric) -> str:
    a, b = metric.a / metric.n, metric.b / metric.n
    return (
        f"{name}: mean {a:.4g} -> {b:.4g} (higher for {metric.higher:,}, lower for"
        f" {metric.lower:,})"
    )


def _short(former: Former | None) -> str:
    if former is None:
        return "not there"
    text = former.word
    if former.kind == "json" and former.data is not None:
        value = bytes(former.data).decode("utf-8", "backslashreplace")
        text += f" {value if len(value) <= 40 else value[:40] + '...'}"
    elif former.kind:
        text += f" ({former.kind})"
    return text + "".join(f", {name} {value}" for name, value in former.metrics.items())
