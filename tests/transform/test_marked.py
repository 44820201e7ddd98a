"""Marked cells, read and never executed."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_datum.errors import UsageError
from jupyter_datum.transform.marked import find_marked, is_skipped, line_of, marked_cell
from jupyter_datum.transform.optionline import parse_line, split


def cell(source: str = "1", **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "id": "a1", "metadata": metadata}


def test_metadata_says_what_a_line_says() -> None:
    mark = {
        "name": "thumbs",
        "input": {"glob": 'it\'s a "dir"/(*).{jpg,png}', "root": "a b"},
        "output": "out put",
        "engine": "dask",
        "workers": 3,
        "timeout": 2.5,
        "only": ["new", "failed"],
        "force": True,
        "background": False,
        "on_error": "stop:5%",
    }
    options = parse_line(line_of(mark))
    assert (options.name, options.output, options.engine) == ("thumbs", "out put", "dask")
    assert (options.workers, options.timeout, options.only) == (3, 2.5, ("new", "failed"))
    assert options.force and not options.background and options.on_error == "stop:5%"
    assert options.input == '{"glob": "it\'s a \\"dir\\"/(*).{jpg,png}", "root": "a b"}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "it's",
        "'\"'",
        "a\"b'c d",
        "f(x, 'y')",
        'f("y", [1, 2])',
        "f('x', \"y\")",
        "\t",
        "x",
    ],
)
def test_any_text_is_one_word(text: str) -> None:
    assert split(line_of({"name": "x", "input": text})) == ["x", "--input", text]


@pytest.mark.parametrize(
    ("mark", "says"),
    [
        ({"enigne": "dask"}, "did you mean 'engine'"),
        ({"zzz": 1}, "there are: input"),
        ({"force": "yes"}, "'force' takes true or false"),
        ({"workers": True}, "'workers' takes N|MIN..MAX, not true"),
        ({"workers": 0}, "1 or more"),
        ({"name": "a name"}, "two names"),
    ],
)
def test_a_mistake_is_one_sentence(mark: dict[str, Any], says: str) -> None:
    marked = marked_cell(2, cell(datum={"name": "x", "input": "*.txt", **mark}))
    assert marked is not None and marked.mistake is not None and says in marked.mistake
    with pytest.raises(UsageError, match="cell 3"):
        _ = marked.code


def test_what_is_marked_and_what_is_not() -> None:
    assert marked_cell(0, cell()) is None
    assert marked_cell(0, cell(datum={"input": "*.txt"})) is None, "only a name makes a transform"
    assert marked_cell(0, cell(datum="x")) is None
    assert marked_cell(0, {"cell_type": "code", "source": ["%%datum x"]}) is None
    assert marked_cell(0, {"cell_type": "markdown", "source": "%%datum x"}) is None
    both = marked_cell(4, cell("%%datum a -i *.txt\n1", datum={"name": "b"}))
    assert both is not None and (both.name, both.by, both.position) == ("a", "magic", 4)
    assert both.code == "%%datum a -i *.txt\n1"
    named = marked_cell(0, cell("x = 1\nx", datum={"name": "b", "input": "*.txt"}))
    assert named is not None and named.code == "%%datum --marked b --input *.txt\nx = 1\nx"
    assert is_skipped(cell(tags=["datum-skip"])) and not is_skipped(cell(tags="datum-skip"))


def test_the_last_cell_of_a_name_counts() -> None:
    cells = [cell("%%datum a -i x\n1"), cell("%%datum a -i y\n2"), cell("%%datum b -i y\n2")]
    assert find_marked(cells, "a").position == 1
    with pytest.raises(UsageError, match="there are: a, b"):
        find_marked(cells, "c")
