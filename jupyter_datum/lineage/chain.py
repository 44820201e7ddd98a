"""The transforms that feed one, and those that it feeds, with their counts: level one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ..ledger import queries
from ..words import counted
from . import questions
from .graph import graph
from .model import COUNTED

#: Transforms that are looked at.
MOST: Final = 10_000
#: A transform, with its state and counts.
Told = dict[str, Any]


@dataclass(frozen=True)
class Chain:
    """A transform among those that it has to do with.

    Parameters
    ----------
    name : str
    transforms : dict
        By name, those up and down of it, and itself: ``run``, ``status``, ``raw`` and
        ``sources`` (inputs that no transform makes, and where they are), ``counts`` (``done
        failed stale gone`` ...) and ``further`` (how many are ``up`` and ``down`` of it that
        are not among these).
    edges : list
        ``from``, ``to`` and the ``input`` between them.
    up, down : int
        Steps that are shown.
    """

    name: str
    transforms: dict[str, Told]
    edges: list[dict[str, str]]
    up: int
    down: int

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "name": self.name, "transforms": list(self.transforms.values()), "edges": self.edges,
        }  # fmt: skip

    def text(self) -> str:
        """Return it as a tree: what it comes from, then what is made of it."""
        seen = {self.name}
        found = [f"{self.name}  ({_said(self.transforms[self.name])})"]
        found += self._above(self.name, self.up, 1, seen)
        found += self._below(self.name, self.down, 1, {self.name})
        return "\n".join(found)

    def _above(self, name: str, left: int, depth: int, seen: set[str]) -> Iterator[str]:
        if left <= 0:
            yield from self._further("from", name, "up", depth)
            return
        for raw in self.transforms[name]["sources"]:
            yield f"{'  ' * depth}from the input {raw['input']}: {raw['name']}"
        for other in _others(self.edges, "to", name, "from"):
            yield self._line("from", other, depth, seen)
            if other not in seen:
                seen.add(other)
                yield from self._above(other, left - 1, depth + 1, seen)

    def _below(self, name: str, left: int, depth: int, seen: set[str]) -> Iterator[str]:
        if left <= 0:
            yield from self._further("used by", name, "down", depth)
            return
        for other in _others(self.edges, "from", name, "to"):
            yield self._line("used by", other, depth, seen)
            if other not in seen:
                seen.add(other)
                yield from self._below(other, left - 1, depth + 1, seen)

    def _further(self, how: str, name: str, way: str, depth: int) -> Iterator[str]:
        if n := self.transforms[name]["further"][way]:
            yield f"{'  ' * depth}{how} {counted(n, 'further transform')}  (--{way} goes on)"

    def _line(self, how: str, name: str, depth: int, seen: set[str]) -> str:
        said = "see above" if name in seen else _said(self.transforms[name])
        return f"{'  ' * depth}{how} {name}  ({said})"


def chain(conn: sqlite3.Connection, name: str, up: int = MOST, down: int = MOST) -> Chain:
    """Return the transforms up and down of one, so many steps in each direction."""
    whole = graph(conn, most=MOST)
    edges = whole["edges"]
    names = _reached(edges, name, "to", "from", up) | _reached(edges, name, "from", "to", down)
    told = {node["name"]: _counted(conn, node) | {"further": _further(edges, node["name"], names)}
            for node in whole["transforms"] if node["name"] in names}  # fmt: skip
    kept = [edge for edge in edges if edge["from"] in names and edge["to"] in names]
    return Chain(name, told, kept, up, down)


def _reached(edges: list[dict[str, str]], name: str, here: str, there: str, steps: int) -> set[str]:
    found, last = {name}, {name}
    while last and steps > 0:
        last = {edge[there] for edge in edges if edge[here] in last} - found
        found |= last
        steps -= 1
    return found


def _further(edges: list[dict[str, str]], name: str, names: set[str]) -> dict[str, int]:
    """How many transforms feed one, and are fed by it, that are not among `names`."""
    above = set(_others(edges, "to", name, "from")) - names
    return {"up": len(above), "down": len(set(_others(edges, "from", name, "to")) - names)}


def _others(edges: list[dict[str, str]], here: str, name: str, there: str) -> list[str]:
    return list(dict.fromkeys(edge[there] for edge in edges if edge[here] == name))


def _counted(conn: sqlite3.Connection, node: Told) -> Told:
    """With what the newest run found or made done, and what is out of date or without input."""
    counts = node["counts"]
    done = sum(counts.get(word, 0) for word in ("success", "recovered", "skipped"))
    row = queries.transform(conn, node["name"])
    identity = row.id if row else 0
    more = {
        "done": done,
        "stale": questions.count(conn, identity, "old", present=True),
        "gone": questions.count(conn, identity, "orphan"),
    }
    return {**node, "counts": {**counts, **more}}


def _said(node: Told) -> str:
    counts = node["counts"]
    if node["run"] is None:
        return "has not run"
    words = [f"{counts[word]:,} {word}" for word in ("done", "failed")]
    words += [
        f"{counts[word]:,}{'+' if counts[word] >= COUNTED else ''} {word}"
        for word in ("stale", "gone")
    ]
    return f"{counted(counts['total'], 'datum')}: {', '.join(words)}; {node['status']}"
