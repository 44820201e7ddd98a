"""``!command`` in a cell, as Python: which braces are whose, and where a command is none."""

from __future__ import annotations

import pytest

from jupyter_datum.errors import CellSyntaxError, UsageError
from jupyter_datum.project import create
from jupyter_datum.transform.capture import capture
from jupyter_datum.transform.cell import Cell, bash_cell
from jupyter_datum.transform.escapes import python_of
from jupyter_datum.transform.fingerprint import fingerprint

RUN = "__datum_run__"
READ = "__datum_read__"


@pytest.mark.parametrize(
    ("line", "python"),
    [
        ("!ls -l", f"{RUN}('ls -l')"),
        ("    ! ls", f"    {RUN}('ls')"),
        ("x = !ls", f"x = {READ}('ls')"),
        ("a, b =!ls", f"a, b = {READ}('ls')"),
        ("!!ls", f"{READ}('ls')"),
        ("!cp {datum.path} {out[0]}.bak", f"{RUN}('cp ', (datum.path), ' ', (out[0]), '.bak')"),
        ("!echo {n:03d}", f"{RUN}('echo ', format(n, '03d'))"),
        ("!echo {x!r}", f"{RUN}('echo ', format(repr(x), ''))"),
        ("!echo {x!r:>9}", f"{RUN}('echo ', format(repr(x), '>9'))"),
        ("!echo { {'a': n}['a'] }", f"{RUN}('echo ', ({{'a': n}}['a']))"),
        ("!echo {{n}} {}", f"{RUN}('echo {{n}} {{}}')"),
        ("!awk '{print $1}' f", f"""{RUN}("awk '{{print $1}}' f")"""),
        ("!ls *.{jpg,png} a{1..3} x{3}", f"{RUN}('ls *.{{jpg,png}} a{{1..3}} x{{3}}')"),
        ("""!echo '{"a": 1}'""", f"""{RUN}('echo \\'{{"a": 1}}\\'')"""),
        ("!echo $HOME ${X} {X}", f"{RUN}('echo $HOME ${{X}} ', (X))"),
        ("x != 3", "x != 3"),
        ("# !ls", "# !ls"),
    ],
)  # fmt: skip
def test_a_line(line: str, python: str) -> None:
    assert python_of(line) == python


def test_lines_stay_where_they_are() -> None:
    body = "a = 1\n!one \\\n  two \\\n  three\nif a:\n    !four\nb"
    run = f"{RUN}('one   two   three')"
    assert python_of(body).split("\n") == ["a = 1", run, "", "", "if a:", f"    {RUN}('four')", "b"]


@pytest.mark.parametrize("opened", ['text = """', "f(1,", "x = 1 + \\"])
def test_what_stands_inside_something_else_is_no_command(opened: str) -> None:
    assert python_of(f"{opened}\n!ls") == f"{opened}\n!ls"


def test_names_in_commands_are_captured_and_count(tmp_path: object) -> None:
    project = create(tmp_path)  # type: ignore[arg-type]
    cell = Cell("!convert -quality {quality} {datum.path} x.jpg\nNone")
    found = [
        fingerprint(cell, capture(cell, {"quality": quality, "other": 1}, project.root))
        for quality in (80, 90)
    ]
    assert [set(each.parts) for each in found] == [{"cell", "quality"}] * 2
    assert found[0].digest != found[1].digest


def test_of_bash_the_text_counts_and_options_do_not(tmp_path: object) -> None:
    project = create(tmp_path)  # type: ignore[arg-type]

    def digest(body: str) -> str:
        cell = bash_cell(Cell(body))
        return fingerprint(cell, capture(cell, {}, project.root)).digest

    assert digest("sort x\n") == digest("#| tries: 2\n\nsort x") != digest("sort  x")
    assert digest("sort x") != digest("sort x  # a comment")


def test_a_magic_is_an_error_that_names_its_line() -> None:
    with pytest.raises(UsageError, match=r"line 3 of the cell, '%timeit x', is a magic"):
        Cell("x = 1\n%timeit x", first_line=2).tree()
    with pytest.raises(CellSyntaxError, match="line 3"):
        Cell("!ls\nx = = 1", first_line=2).tree()
