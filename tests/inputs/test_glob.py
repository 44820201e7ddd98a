"""The glob dialect, against a matcher that knows no regular expressions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jupyter_datum.errors import UsageError
from jupyter_datum.inputs import GlobInput
from jupyter_datum.inputs.glob import compile_glob

NAME = st.text("ab.", min_size=1, max_size=3).filter(lambda n: n not in (".", ".."))
PATH = st.lists(NAME, min_size=1, max_size=4)
PIECE = st.sampled_from(["a", "b", ".", "*", "?", "[ab]", "[!a]"])
PART = st.one_of(st.just(["**"]), st.lists(PIECE, min_size=1, max_size=3))


def matches(parts: list[list[str]], names: list[str]) -> bool:
    """Brute force: try every way."""
    if not parts:
        return not names
    if parts[0] == ["**"]:
        if len(parts) == 1:
            return bool(names) and not any(n.startswith(".") for n in names)
        return matches(parts[1:], names) or (
            bool(names) and not names[0].startswith(".") and matches(parts, names[1:])
        )
    return bool(names) and fits(parts[0], names[0], True) and matches(parts[1:], names[1:])


def fits(pieces: list[str], name: str, start: bool) -> bool:
    if not pieces:
        return not name
    first, rest = pieces[0], pieces[1:]
    if start and name.startswith(".") and first != ".":
        return False
    if first == "*":
        return any(fits(rest, name[i:], False) for i in range(len(name) + 1))
    if not name:
        return False
    ok = {"?": True, "[ab]": name[0] in "ab", "[!a]": name[0] != "a"}.get(first, name[0] == first)
    return ok and fits(rest, name[1:], False)


@given(st.lists(PART, min_size=1, max_size=4), PATH)
@settings(max_examples=800, deadline=None)
def test_a_pattern_matches_what_brute_force_matches(
    parts: list[list[str]], names: list[str]
) -> None:
    pattern = "/".join("".join(pieces) for pieces in parts)
    assume(not {"", ".", ".."} & set(pattern.split("/")))
    assume(not any("**" in "".join(p) and p != ["**"] for p in parts))
    glob = compile_glob(pattern)
    fixed = glob.fixed.split("/") if glob.fixed else []
    inside = names[: len(fixed)] == fixed
    got = inside and glob.match("/".join(names[len(fixed) :]).encode()) is not None
    assert got == matches(parts, names)


@pytest.mark.parametrize(
    ("pattern", "path", "captures"),
    [
        ("*.{jpg,png}", b"a.png", {}),
        ("*.{jpg,png}", b"a.gif", None),
        ("{a,b/c}/*.txt", b"b/c/x.txt", {}),
        ("(*)-(??).txt", b"site-07.txt", {"1": "site", "2": "07"}),
        ("(?P<site>*)/*.txt", b"x/y.txt", {"1": "x", "site": "x"}),
        ("a,b*.txt", b"a,b1.txt", {}),
        ("*.txt", b".hidden.txt", None),
        (".*.txt", b".hidden.txt", {}),
        ("*", b"caf\xe9", {}),
        ("[[]x*", b"[x1", {}),
    ],
)
def test_alternatives_captures_and_hidden_names(
    pattern: str, path: bytes, captures: dict[str, str] | None
) -> None:
    assert compile_glob(pattern).match(path) == captures


@pytest.mark.parametrize("pattern", ["[a", "{a,b", "(a", "a)", "*/../b", ""])
def test_what_cannot_be_read_is_said(pattern: str) -> None:
    with pytest.raises(UsageError):
        compile_glob(pattern)


def listed(folder: Path, pattern: str, **options: bool) -> list[bytes]:
    return [x.key for x in GlobInput(pattern, str(folder), **options).list(frozenset(), [])]


def test_paths_come_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    for name in ("a/c", "a.b", "a-b", "a/b/c", "ab", "B/x"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = listed(tmp_path, "**")
    assert found == sorted(found) and len(found) == 6


def test_loops_of_links_end_and_links_out_of_the_root_are_not_given(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "file").touch()
    (tmp_path / "outside").write_text("secret")
    for name in ("up", "up2"):
        (inside / name).symlink_to(inside, target_is_directory=True)
    (inside / "out").symlink_to(tmp_path / "outside")
    (inside / "same").symlink_to(inside / "file")
    assert listed(inside, "**") == [b"file", b"same"]
    followed = listed(inside, "**", follow_symlinks=True)
    assert followed.count(b"file") == 1 and b"out" in followed


def test_ours_is_never_input(tmp_path: Path) -> None:
    for name in (".datum/x.txt", ".datum-staging/y.txt", "out/z.txt", "a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    source = GlobInput("**/*.txt", str(tmp_path))
    exclude = frozenset({os.fsencode(tmp_path / "out")})
    assert [x.key for x in source.list(exclude, [])] == [b"a.txt"]


def test_a_fifo_is_not_a_datum(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    assert listed(tmp_path, "*") == [b"file"]


def test_nearest_names_are_named(tmp_path: Path) -> None:
    (tmp_path / "cat.jpg").touch()
    pattern, folder, near = GlobInput("*.jpeg", str(tmp_path)).nothing_found()
    assert (pattern, folder) == ("*.jpeg", str(tmp_path)) and "cat.jpg" in near
