"""The whole glob dialect against a matcher that tries every way, character by character: nested
alternatives, captures, hidden names, several bytes to a character, folders."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jupyter_datum.errors import UsageError
from jupyter_datum.inputs import GlobInput
from jupyter_datum.inputs.glob import compile_glob

#: "\udce9" is the byte E9, which is no UTF-8.
CHARS = "ab.é\udce9"
LITERAL = st.sampled_from(["a", "b", ".", "é"])
WILD = st.sampled_from(["*", "?", "[ab]", "[!a]", "[a-bé]", "[!é]", "[.]"])


def piece(inner: Any) -> Any:
    """("lit", c) | ("wild", w) | ("cap", pieces) | ("alt", [pieces, ...]) | ("slash",)."""
    return st.one_of(
        LITERAL.map(lambda c: ("lit", c)),
        WILD.map(lambda w: ("wild", w)),
        st.lists(inner, max_size=3).map(lambda ps: ("cap", ps)),
        st.lists(st.lists(inner, max_size=3), min_size=2, max_size=3).map(lambda a: ("alt", a)),
    )


PIECE = piece(piece(st.one_of(LITERAL.map(lambda c: ("lit", c)), WILD.map(lambda w: ("wild", w)))))
PART = st.one_of(st.just("**"), st.lists(PIECE, min_size=1, max_size=4))
#: What each pair of parentheses holds; None in an alternative that was not taken.
Captured = tuple[str | None, ...]
NAME = st.text(CHARS, min_size=1, max_size=4).filter(lambda n: n not in (".", ".."))


def text(pieces: list[Any]) -> str:
    def one(p: Any) -> str:
        if p[0] == "cap":
            return f"({text(p[1])})"
        if p[0] == "alt":
            return "{" + ",".join(text(each) for each in p[1]) + "}"
        return str(p[1])

    return "".join(map(one, pieces))


def ways(pieces: list[Any], name: str, at: int) -> Iterator[tuple[int, Captured]]:
    """Every end that `pieces` can reach in `name` from `at`, with what is captured on the way."""
    if not pieces:
        yield at, ()
        return
    for end, captured in one_way(pieces[0], name, at):
        for last, more in ways(pieces[1:], name, end):
            yield last, captured + more


def one_way(p: Any, name: str, at: int) -> Iterator[tuple[int, Captured]]:
    kind, what = p
    if kind == "lit":
        if name.startswith(what, at):
            yield at + 1, ()
    elif kind == "cap":
        for end, captured in ways(what, name, at):
            yield end, (name[at:end], *captured)
    elif kind == "alt":
        yield from branches(what, name, at)
    elif not (at == 0 and name.startswith(".")):
        if what == "*":
            yield from ((end, ()) for end in range(at, len(name) + 1))
        elif at < len(name) and suits(what, name[at]):
            yield at + 1, ()


def branches(what: Any, name: str, at: int) -> Iterator[tuple[int, Captured]]:
    empty: list[Captured] = [(None,) * captures(each) for each in what]
    for i, each in enumerate(what):
        for end, captured in ways(each, name, at):
            before = sum(empty[:i], ())
            yield end, before + captured + sum(empty[i + 1 :], ())


def captures(pieces: list[Any]) -> int:
    return sum(
        1 + captures(p[1]) if p[0] == "cap"
        else sum(map(captures, p[1])) if p[0] == "alt"
        else 0
        for p in pieces
    )  # fmt: skip


def suits(wild: str, char: str) -> bool:
    return {
        "?": True, "[ab]": char in "ab", "[!a]": char != "a", "[a-bé]": char in "abé",
        "[!é]": char != "é", "[.]": char == ".",
    }[wild]  # fmt: skip


def paths(parts: list[Any], names: list[str]) -> Iterator[Captured]:
    """What is captured, for each way in which the parts match the names."""
    if not parts:
        if not names:
            yield ()
    elif parts[0] == "**":
        yield from folders(parts, names)
    elif names:
        for end, captured in ways(parts[0], names[0], 0):
            if end == len(names[0]):
                for more in paths(parts[1:], names[1:]):
                    yield captured + more


def folders(parts: list[Any], names: list[str]) -> Iterator[Captured]:
    """Of ``**``."""
    if len(parts) == 1:
        if names and not any(n.startswith(".") for n in names):
            yield ()
        return
    yield from paths(parts[1:], names)
    if names and not names[0].startswith("."):
        yield from paths(parts, names[1:])


def pattern_of(parts: list[Any]) -> str:
    return "/".join(part if part == "**" else text(part) for part in parts)


def sensible(parts: list[Any]) -> bool:
    """Not the patterns that mean something else: empty names, dots alone, ** by accident."""
    words = [text(part) for part in parts if part != "**"]
    return not any(w in ("", ".", "..") or "**" in w for w in words)


@given(
    st.lists(PART, min_size=1, max_size=3).filter(sensible), st.lists(NAME, min_size=1, max_size=4)
)
@example([[("lit", "a")], [("lit", "a")], [("wild", "*")]], ["a", "a"])
@settings(max_examples=1500, deadline=None)
def test_matches_and_captures_are_those_of_brute_force(parts: list[Any], names: list[str]) -> None:
    glob = compile_glob(pattern_of(parts))
    fixed = glob.fixed.split("/") if glob.fixed else []
    if names[: len(fixed)] != fixed:
        return
    rest = names[len(fixed) :]
    expected = set(paths(parts[len(fixed) :], rest)) if rest else set()
    found = glob.match(os.fsencode("/".join(rest)))
    assert (found is not None) == bool(expected)
    if found is not None:
        assert tuple(found.get(str(i + 1)) for i in range(len(glob.names))) in expected


@given(
    st.lists(PART, min_size=1, max_size=3).filter(sensible),
    st.lists(st.lists(NAME, min_size=1, max_size=3), max_size=6),
    st.sampled_from(["files", "dirs", "any"]),
)
@settings(max_examples=80, deadline=None)
def test_a_walk_finds_what_brute_force_finds(
    parts: list[Any], files: list[list[str]], match: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for names in files:
            path = root.joinpath(*names)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            except OSError:  # a file where a folder should be
                continue
        source = GlobInput(pattern_of(parts), folder, match=match)
        fixed = len(compile_glob(source.pattern).fixed.split("/")) if "/" in source.pattern else 0
        every = [p.relative_to(root) for p in root.rglob("*")]
        kinds = {"files": [False], "dirs": [True], "any": [False, True]}[match]
        expected = {
            os.fsencode(p) + (b"/" if (root / p).is_dir() else b"")
            for p in every
            if (root / p).is_dir() in kinds and any(True for _ in paths(parts, list(p.parts)))
        }
        start = os.fsdecode(next(iter(source.roots.values())))
        if not os.path.isdir(start):
            assert expected == set() and fixed
            return
        before = os.path.relpath(start, root)
        found = [x.key for x in source.list(frozenset(), [])]
        assert found == sorted(found)
        assert {os.path.join(os.fsencode(before), key) if before != "." else key for key in found} \
            == expected  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "path", "captured"),
    [
        ("{,a}*", ".hidden", None),
        ("{a,}*.txt", "a.txt", {}),
        ("{a,}.x", ".x", {}),
        ("?.txt", "é.txt", {}),
        ("??.txt", "é.txt", None),
        ("[à-ü].txt", "é.txt", {}),
        ("(?P<a>{x,y(?)})-(*)", "yz-1", {"1": "yz", "2": "z", "3": "1", "a": "yz"}),
        ("{(a),b}.x", "a.x", {"1": "a"}),
        ("{(a),b}.x", "b.x", {}),
        ("x(*)", "x", {"1": ""}),
        ("{(?P<k>*)-a,b-(?P<k>*),c}", "x-a", {"1": "x", "k": "x"}),
        ("{(?P<k>*)-a,b-(?P<k>*),c}", "b-x", {"2": "x", "k": "x"}),
        ("{(?P<k>*)-a,b-(?P<k>*),c}", "c", {}),
        ("{a,{b,c{d,e}}}", "ce", {}),
        ("**/.git/*", "x/.git/y", {}),
        ("**", ".git/y", None),
    ],
)
def test_cases(pattern: str, path: str, captured: dict[str, str] | None) -> None:
    assert compile_glob(pattern).match(os.fsencode(path)) == captured


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("{(?P<k>a),{(?P<k>b),(?P<j>c)}}(?P<i>x)", {"1", "2", "3", "4", "k", "j", "i"}),
        ("{(?P<k>a/*),b/(?P<k>*)}", {"1", "2", "k"}),
    ],
)
def test_a_name_may_stand_in_several_alternatives(pattern: str, names: set[str]) -> None:
    assert compile_glob(pattern).names == names


@pytest.mark.parametrize(
    "pattern", ["(?P<k>*)(?P<k>*)", "{(?P<k>a),b}(?P<k>*)", "{a,(?P<k>(?P<k>b))}"]
)
def test_a_name_stands_once_on_each_way(pattern: str) -> None:
    with pytest.raises(UsageError, match=r"captures 'k' twice\. One name may stand in several alt"):
        compile_glob(pattern)


@pytest.mark.parametrize("pattern", ["{a,b", "a}", "[x", "(*", "*/../x"])
def test_what_cannot_be_read(pattern: str) -> None:
    with pytest.raises(UsageError, match="pattern"):
        compile_glob(pattern)
