"""Which transforms run for one of them, and which cells it can do without."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_datum.transform.marked import marked_cell
from jupyter_datum.transform.order import needs
from jupyter_datum.transform.reach import reached

FIG = "%%datum fig -i numbers\ndatum.value"
ONE = "%%datum one -i numbers\ndatum.value"


def of(*sources: str, tags: tuple[str, ...] = ()) -> tuple[set[str], list[int]]:
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "source": source, "metadata": {}} for source in sources
    ]
    marked = [(cell, marked_cell(i, cell)) for i, cell in enumerate(cells)]
    found = reached(marked, "one", needs(mark for _, mark in marked if mark))
    return found.names, sorted(found.left_out)


@pytest.mark.parametrize(
    "look",
    [
        "fig.results()",
        "%datum results fig",
        "!ls {fig.out}",
        "fig.failures(); print(1)",
        "for each in fig.results():\n    print(each)",
        "shown = fig.results(frame=True)\nshown.plot()",
        "fig.results(",  # a mistake in a cell that is not needed is none of ours
    ],
)
def test_a_cell_that_only_looks_at_another_transform_is_left_out(look: str) -> None:
    assert of("numbers = [1]", FIG, look, ONE) == ({"one"}, [2])


def test_so_are_those_that_show_what_it_found() -> None:
    look = "r = fig.results()"
    assert of("numbers = [1]", FIG, look, "import json\njson.dumps(r)", "print(r[0])", ONE) == (
        {"one"},
        [2, 3, 4],
    )


@pytest.mark.parametrize(
    ("between", "one"),
    [
        ("good = [r for r in fig.results() if r]", "%%datum one -i good\n1"),
        ("good = fig.results()", "%%datum one -i $good\n1"),
        ("good = fig.results()", "%%datum one -i 'items(good)'\n1"),
        ("best = max(fig.results())", "%%datum one -i numbers\ndatum.value * best"),
        ("best = max(fig.results())", "%%datum one -i numbers\n!echo {best}"),
        ("def helper(x):\n    return fig.results()", "%%datum one -i numbers\nhelper(1)"),
        ("numbers.extend(fig.results())", ONE),
        ("numbers[0] = fig.results()[0]", ONE),
        ("where = fig.out", "%%datum one -i '{where}/*.txt'\n1"),
        ("a, *rest = fig.results()", "%%datum one -i rest\n1"),
        ("import numpy as np\nx = np.array(fig.results())", "%%datum one -i numbers\nnp.pi"),
        ("fig.frame().to_csv('t.csv')", "%%datum one -i t.csv\n1"),
        ("fig.frame().to_csv('t.csv')", "%%datum one -i rows('t.csv')\n1"),
        ("fig.frame().to_csv('t.csv')", "%%datum one -i numbers\nopen('t.csv').read()"),
    ],
)
def test_what_comes_to_it_through_a_cell_is_needed(between: str, one: str) -> None:
    assert of("numbers = [1]", FIG, between, one) == ({"one", "fig"}, [])


def test_the_way_may_be_long() -> None:
    far = "%%datum far -i raw\n1"
    cells = ["raw = [1]", far, "numbers = far.results()", FIG, "x = fig.results()", "y = x"]
    assert of(*cells, "%%datum one -i y\n1") == ({"one", "fig", "far"}, [])


def test_a_file_on_the_way_is_followed_through_cells() -> None:
    cells = ["numbers = [1]", FIG, "fig.frame().to_csv('t.csv')", "import pandas as pd"]
    read = "df = pd.read_csv('t.csv')"
    assert of(*cells, read, "%%datum one -i rows(df)\n1") == ({"one", "fig"}, [])
    assert of(*cells, read, ONE) == ({"one"}, [2, 4]), "nobody needs the table"
    assert of(*cells, ONE) == ({"one"}, [2])


def test_a_name_that_is_bound_anew_is_no_longer_its() -> None:
    cells = ["numbers = [1]", FIG, "df = fig.results()", "df = [2]", "print(df)"]
    assert of(*cells, "%%datum one -i df\n1") == ({"one"}, [2])
    maybe = ["numbers = [1]", FIG, "df = fig.results()", "if numbers:\n    df = [2]"]
    assert of(*maybe, "%%datum one -i df\n1")[0] == {"one", "fig"}


def test_a_variable_of_the_name_that_a_transform_gets_below_is_its_own() -> None:
    words = "%%datum words -i words\n1"
    cells = ["words = [1]", "len(words)", words, "words.results()", "numbers = [2]", ONE]
    assert of(*cells) == ({"one"}, [3])
    assert of("words = [1]", words, "%%datum one -i $words\n1")[0] == {"one", "words"}


def test_an_import_that_stood_above_is_not_lost_with_a_cell() -> None:
    cells = ["import numpy as np\nnumbers = [1]", FIG, "import numpy as np\nnp.sum(fig.results())"]
    assert of(*cells, "%%datum one -i numbers\nnp.pi") == ({"one"}, [2])


def test_names_inside_the_code_of_a_datum_are_its_own() -> None:
    look = "df = fig.results(frame=True)\ndf.head()"
    assert of("numbers = [1]", FIG, look, "%%datum one -i numbers\ndf = 1\ndf") == ({"one"}, [2])


def test_setup_and_code_that_read_a_transform_need_it() -> None:
    setup = "%%datum_setup one\nbest = max(fig.results())"
    assert of("numbers = [1]", FIG, setup, ONE)[0] == {"one", "fig"}
    assert of("numbers = [1]", FIG, "%%datum one -i numbers\nfig.out")[0] == {"one", "fig"}


def test_what_no_parser_reads_counts_as_read() -> None:
    broken = "good = fig.results("
    assert of("numbers = [1]", FIG, broken, "%%datum one -i good\n1")[0] == {"one", "fig"}
