"""What cannot work is one sentence, before anything runs."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas
import pytest

from jupyter_datum.errors import DatumError, InputError, UsageError
from jupyter_datum.inputs import (
    GlobInput,
    as_input,
    check_top,
    cross,
    glob,
    grid,
    group,
    input_from_json,
    items,
    join,
    rows,
    starting_at,
    transform,
    union,
)
from jupyter_datum.inputs.apart import check_apart
from jupyter_datum.inputs.written import written
from jupyter_datum.notebook.context import Context
from jupyter_datum.notebook.resolve import resolve_input, resolve_output
from jupyter_datum.project import create

from ..story import Story


def left() -> GlobInput:
    return glob("a/(*).txt", on="$1", by="$1")


MISTAKES: list[tuple[Callable[[], Any], str]] = [
    (lambda: glob("a/*.txt", on="$1"), "captures nothing: put parentheses"),
    (lambda: glob("a/(*).txt", on="$2"), r"the capture \$2 .* is missing .* there are: \$1"),
    (lambda: glob("a/(*).txt", on="${site}"), r"the capture \$site .* is missing"),
    (lambda: glob("a/(*).txt", on="key"), "names no capture"),
    (lambda: glob("a/(*).txt", on="$-"), "has a '\\$' without a name"),
    (lambda: glob("a/(*).txt", on=7), "take text with captures .* or a function, not 7"),
    (lambda: glob("a/*.txt", match="file"), "match is one of files, dirs, any"),
    (lambda: join(left(), glob("b/(*).txt")), r"b/\(\*\).txt has no key in the join"),
    (lambda: join(left()), "needs two inputs or more"),
    (lambda: group(glob("a/*.txt")), "has no key in the group: give it by='\\$1'"),
    (lambda: cross(), "needs inputs"),
    (
        lambda: cross(glob("a/*.txt", name="x"), glob("b/*.txt", name="x")),
        "2 inputs of the cross are called 'x': a/\\*.txt, b/\\*.txt. Give each a name",
    ),
    (lambda: cross(glob("a/*.txt"), glob("a/*.txt")), "are called"),
    (lambda: cross([1], [2]), r"a name of its own: items\(..., name='...'\)"),
    (lambda: cross(transform("t"), transform("t")), r"of its own: transform\(..., label='...'\)"),
    (lambda: cross(grid(a=[1]), grid(b=[2])), r"One grid has all their lists: grid\(a="),
    (lambda: grid([1, 2]), r"takes its lists by name, grid\(C=.*; a list alone is items\("),
    (lambda: glob(["a.txt"]), r"takes a pattern, .* not list\. Files that are listed one by"),  # type: ignore[arg-type]
    (lambda: glob("s3://"), "needs a bucket"),
    (lambda: cross(pandas.DataFrame({"a": [1]}), [1]), r"another input is written rows\(table"),
    (
        lambda: join(left(), cross(glob("a/*"), grid(C=[1]), on="$1")),
        "captures nothing",
    ),
    (
        lambda: join(left(), cross(glob("b/(*)"), glob("c/(*)"), on="$1")),
        r"the capture \$1 .* is ambiguous .* there are: \$\{b.1\}, \$\{c.1\}",
    ),
    (
        lambda: union(glob("a/*.txt", name="x"), glob("b/*.txt", name="x")),
        "inputs of the union are called 'x'",
    ),
    (lambda: grid(), r"needs parameters: grid\(C="),
    (lambda: grid(C=[]), "the list of C is empty"),
    (lambda: grid(C=1), "C is int, not a list; for one value write C=\\[...\\]"),
    (lambda: grid(C="rbf"), "C is str, not a list"),
    (lambda: grid(f=[threading.Lock()]), "a value of f .* cannot be sent to workers"),
    (lambda: cross(7), "int is no input: write glob"),
    (lambda: cross(glob("a/*", outer=True), grid(C=[1])), "outer=True is for an input of join"),
    (lambda: group(glob("a/(*)", by="$1", outer=True)), "outer=True is for an input of join"),
    (
        lambda: join(left(), union(glob("b/(*)"), glob("c/*"), on="$1")),
        r"on='\$1', but c/\* captures nothing: put parentheses",
    ),
    (lambda: glob(""), "the pattern is empty. 'images/\\*.jpg' are files by their ending"),
    (lambda: glob("in/"), "the pattern 'in/' names no file; all in it: in/\\*"),
    (lambda: glob("zip://*.txt::a/*.zip"), "one archive has to stand behind '::'"),
    (lambda: check_top(glob("a/*", outer=True)), "stands alone"),
    (lambda: check_top(glob("a/(*)", by="$1")), r"by= is for an input of group\(.*stands alone"),
    (lambda: check_top(glob("a/(*)", on="$1")), r"on= is for an input of join\(.*stands alone"),
    (lambda: rows([{"id": 1}], key=len), "key= takes the name of a column, .* not <built-in"),  # type: ignore[arg-type]
    (lambda: rows([{"id": 1}], by={"id": 1}), "by= takes the name of a column"),  # type: ignore[arg-type]
    (lambda: input_from_json({"globs": "*"}, None), "did you mean 'glob'?"),
    (
        lambda: input_from_json({"glob": "*", "rooot": "x"}, None),
        "no key 'rooot'; did you mean 'root'",
    ),
    (lambda: input_from_json({"cross": {"glob": "*"}}, None), "takes an array of inputs"),
    (lambda: input_from_json({"grid": [1]}, None), "a grid is an object of arrays"),
    (lambda: input_from_json({"glob": "*", "cross": []}, None), "an input has one of the keys"),
    (lambda: input_from_json([], None), "is written as a JSON object"),  # type: ignore[arg-type]
    (lambda: input_from_json({"glob": "(*)", "on": 1}, None), "on and by are text with captures"),
]


@pytest.mark.parametrize(("make", "says"), MISTAKES, ids=[says for _, says in MISTAKES])
def test_it_is_said_when_it_is_written(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda path: path.index("?"), "raised ValueError: .* for the path 'x.txt'"),
        (lambda path: None, "gave None for the path 'x.txt'; it must give a str"),
        (lambda path: "a\0b", "it must give a str .without NUL. or a number"),
    ],
)
def test_a_key_function_that_fails_names_the_path(tmp_path: Path, function: Any, says: str) -> None:
    (tmp_path / "x.txt").touch()
    with pytest.raises(InputError, match=says):
        list(group(glob("*.txt", tmp_path, by=function)).list(frozenset(), []))


@pytest.mark.parametrize("pattern", ["{(a),b}.txt", "{(?P<id>a),b}.txt"])
def test_a_capture_that_took_no_part_makes_no_key(tmp_path: Path, pattern: str) -> None:
    """It was the empty text, so that all of them were one group. Where no key needs it, it is
    only not there."""
    for name in "ab":
        (tmp_path / f"{name}.txt").touch()
    names = ("id", "1") if "id" in pattern else ("1",)
    seen = [listed.captures for listed in glob(pattern, tmp_path).list(frozenset(), [])]
    assert seen == [dict.fromkeys(names, "a"), {}]
    for name in names:
        key = f"${name}"
        says = rf"{re.escape(pattern)}.*: the path 'b.txt' has no capture \{key}; its parenth"
        for source in (
            group(glob(pattern, tmp_path, by=key)),
            join(glob(pattern, tmp_path), glob("(*).txt", tmp_path, on="$1", name="t"), on=key),
            group(union(glob(pattern, tmp_path), glob("(?P<id>*).txt", tmp_path), by=f"x-{key}")),
        ):
            with pytest.raises(InputError, match=says):
                list(source.list(frozenset(), []))
    alike = glob("{(?P<id>a),(?P<id>b)}.txt", tmp_path, by="$id")
    assert [listed.key for listed in group(alike).list(frozenset(), [])] == [b"a", b"b"]


def test_of_an_outer_join_what_has_no_such_part_has_no_such_key(tmp_path: Path) -> None:
    for name in ("a/1.x", "b/1.y", "b/2.y"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    sides = (glob("a/(*).(?)", tmp_path, on="$1"), glob("b/(*).y", tmp_path, on="$1", outer=True))
    with pytest.raises(
        InputError, match=r"path '2.y' has no capture \$2; .* of which this datum has"
    ):
        list(group(join(*sides, by="$2")).list(frozenset(), []))


def test_windows_folders_are_told_from_a_pattern_that_finds_nothing(tmp_path: Path) -> None:
    sentence, place, _ = glob(r"images\*.jpg", tmp_path).nothing_found()
    assert sentence.endswith("Folders are written with '/': 'images/*.jpg'") and not place


def test_a_home_folder_is_written_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    with pytest.raises(InputError, match=r"like any other here; write '/home/me/in/\*.txt'"):
        glob("~/in/*.txt", tmp_path).list(frozenset(), [])


def doubled() -> pandas.DataFrame:
    return pandas.DataFrame([[1, 2]], columns=["a", "a"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("items('abc')", r"items\('abc'\) would be its letters: .* for files glob\('...'\)"),
        ("items(5)", r"items\(5\): int has no items to run over"),
        ("items(read)", "is a generator, which can be read once, and has nothing more: keep"),
        ("read", "read is a generator, which can be read once"),
        ("double", "the pandas table has two columns of the name 'a'"),
        (
            "rows(double,keys='a')",
            r"unexpected keyword argument 'keys'(; d|\. D)id you mean '?key'?\?$",
        ),
        ("cross(transform('nope'),[1])", "^no transform named 'nope' has run yet"),
    ],
)
def test_it_is_said_when_a_cell_is_read(tmp_path: Path, text: str, says: str) -> None:
    names = {"read": (i for i in ()), "double": doubled()}
    with pytest.raises(DatumError, match=says):
        resolve_input(text, Context(tmp_path, None), names, create(tmp_path))


def test_a_list_of_paths_is_no_input_of_files_and_says_how_to_make_it_one(story: Story) -> None:
    """A changed file would be skipped for ever."""
    for name in "ab":
        (story.folder / f"{name}.txt").write_text(name)
    story.namespace["paths"] = [story.folder / "a.txt", story.folder / "b.txt"]
    (hint,) = story.prepare("x -i paths", "1", counted=False).found.warnings
    assert "a.txt': their content is not looked at" in hint
    line = "y -i \"rows([{'file': path} for path in paths], path='file')\""
    assert "\"rows([{'file': path} for path in paths], path='file')\"".strip('"') in hint
    assert story.run(line, "datum.path.read_text()").success == 2
    (story.folder / "b.txt").write_text("c")
    assert story.run(line, "datum.path.read_text()").success == 1
    story.namespace["words"] = ["a", "b.tx"]
    assert not story.prepare("x -i words", "1", counted=False).found.warnings


def test_unnamed_inputs_are_called_by_folder_or_ending(tmp_path: Path) -> None:
    assert [c.name for c in cross(glob("a/x/*.txt"), "b/*.txt", grid(C=[1]), [1]).children] == [
        "x", "b", "grid", "items",
    ]  # fmt: skip
    scans = join(glob("s/(*).jpg"), glob("s/(*).json"), on="$1")
    assert [c.name for c in scans.children] == ["jpg", "json"]
    same = union("s/*.jpg", "s/*.json")
    assert {c.name for c in same.children} == {"jpg", "json"}
    assert [c.name for c in union(glob("s/*.a"), glob("s/x*.a")).children] == ["s", "s"]


def test_an_input_may_not_lie_in_its_own_output(tmp_path: Path) -> None:
    context = Context(tmp_path, None)
    out = resolve_output("out", "x", context, {})
    with starting_at(tmp_path):
        for source in (glob("out/*.txt"), cross("in/*.txt", "out/deep/*.txt")):
            with pytest.raises(UsageError, match="under its own output folder"):
                check_apart(source, out)
        check_apart(glob("**/*.txt"), out)  # there the folder is left out


def test_no_transform_comes_from_itself_through_folders(story: Story) -> None:
    """Before anything runs; a pattern that only reaches into a folder does no harm until it
    takes what is made there."""
    (story.folder / "in").mkdir()
    (story.folder / "in/1.txt").write_text("one")
    copy = "datum.out_file('.txt').write_text('x')"
    assert story.run('a -i "in/*.txt" -o made/a', copy).success == 1
    assert story.run('b -i group(glob("made/a/(*).txt",by="$1")) -o made/b', copy).success == 1
    for line, circle in {
        'a -i "made/b/*.txt" -o made/a': "a <- b <- a",
        'a -i cross("in/*.txt","made/b/*.txt") -o made/a': "a <- b <- a",
        'a -i "**/*.txt" -o made/a': "a <- b <- a",
        "a -i c -o made/a": "a <- c <- b <- a",
    }.items():
        if "c" in circle:
            assert story.run('c -i "made/b/*.txt" -o made/c', copy).success == 1
        with pytest.raises(UsageError, match=f"cannot come from itself: {circle}. Change one"):
            story.prepare(line, copy)
    story.prepare('a -i "**/*.csv" -o made/a', copy)  # made/b has no such file
    story.prepare('c -i "made/**/*.txt" -o made/c', copy)  # its own folder is left out


def test_expressions_are_read_as_they_are_written(tmp_path: Path) -> None:
    project = create(tmp_path)
    context = Context(tmp_path, None)
    names: dict[str, Any] = {"pairs": cross("a/*", grid(C=[1, 2])), "glob": None, "xs": [1, 2]}
    for text, described in [
        ("cross('a/*.txt',grid(C=[1,2]))", "cross(a/*.txt, grid(C=[2]))"),
        ("pairs", "cross(a/*, grid(C=[2]))"),
        ("$pairs", "cross(a/*, grid(C=[2]))"),
        ("cross(xs,'a/*')", "cross(items (2 items), a/*)"),
        ('{"union": [{"glob": "a/*"}, {"items": [1]}]}', "union(a/*, items (1 items))"),
    ]:
        source = resolve_input(text, context, names, project)
        assert source.describe() == described
        assert input_from_json(source.to_json(), project).describe() == described
    with pytest.raises(UsageError, match=r"join\(1\) cannot be made|is no input"):
        resolve_input("join(1)", context, names, project)
    for unclosed in ("grid(C=[1, 10", "rows('a(1).csv'"):
        for read in (
            lambda text: resolve_input(text, context, names, project),
            lambda text: written(text, str(tmp_path), project, ()),
        ):
            with pytest.raises(UsageError, match="never closed"):
                read(unclosed)
    assert resolve_input("group(*).txt", context, names, project).describe() == "group(*).txt"
    with pytest.raises(DatumError, match="outer=True"):
        resolve_input("glob('a/(*)',outer=True)", context, names, project)
    assert as_input("a/*.txt").describe() == "a/*.txt"
    assert items([1]).describe() == "items(...)"
