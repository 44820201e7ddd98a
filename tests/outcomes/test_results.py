"""Results of real runs: in input order, of any type, as lists and tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyter_datum.errors import UsageError
from jupyter_datum.ledger import queries
from jupyter_datum.outcomes import displayed
from jupyter_datum.results import Large

from ..story import Story


def outputs(story: Story, name: str, which: str) -> list[dict[str, Any]]:
    return story.transform(name).display(which)


def test_results_are_in_the_order_of_the_input(story: Story) -> None:
    story.namespace["numbers"] = [5, 3, 9]
    cell = "assert datum.value != fails\ndatum.value"
    story.namespace["fails"] = 3
    story.run("job -i numbers --no-probe", cell)
    assert story.transform("job").results() == [5, 9]
    story.namespace["numbers"] = [7, 9, 3, 5]  # of other row ids than places
    story.namespace["fails"] = 0
    story.run("job -i numbers", cell)
    assert story.transform("job").results() == [7, 9, 3, 5]
    # A run of a part says nothing of the order of all; places of what has no result are left.
    story.namespace["fails"] = 9
    story.run("job -i numbers --only stale --no-probe", cell)
    assert story.transform("job").results() == [7, 3, 5]
    assert [value for _, value in story.transform("job").items()] == [7, 3, 5]


def test_what_is_made_of_a_transform_has_the_order_of_its_input(story: Story) -> None:
    story.namespace["numbers"] = list(range(20, 0, -1))
    story.run("up -i numbers", "datum.value")
    story.run("low -i up", "assert datum.value != 7\n-datum.value")
    story.run("last -i low", "2 * datum.value")
    wanted = [-n for n in range(20, 0, -1) if n != 7]
    assert story.transform("low").results() == wanted
    assert story.transform("last").results() == [2 * n for n in wanted]
    # Whose key is a digest is called as the item is from which all was made.
    named = [str(-n) for n in wanted]
    assert [key for key, _ in story.transform("last").items()] == named
    assert all(str(d.result / -2) == d.key + ".0" for d in story.transform("last").stream())
    assert [failure["key"] for failure in story.transform("low").failures()] == ["7"]
    story.namespace["numbers"] = [3, 1, 2]  # low's run has listed more than these
    story.run("up -i numbers", "datum.value")
    assert story.transform("low").results()[:3] == [-3, -1, -2]
    assert sorted(story.transform("low").results()) == sorted(wanted)
    assert [key for key, _ in story.transform("low").items()][:3] == ["3", "1", "2"]


def test_a_frame_of_a_chain_says_of_what_its_rows_were_made(story: Story) -> None:
    story.namespace["df"] = pd.DataFrame({"name": ["a", "b"], "x": [1.5, 2.5]})
    story.run("up -i rows(df,key='name')", "datum.value['x']")
    story.run("low -i up", "datum.key['name']")
    assert story.transform("low").frame().to_dict("list") == {
        "name": ["a", "b"], "value": [1.5, 2.5], "result": ["a", "b"],
    }  # fmt: skip
    story.run("both -i join(transform('up',on='$name'),rows(df,key='name',on='name'))", "1")
    assert story.transform("both").frame()["up"].tolist() == [1.5, 2.5]
    story.run("per -i rows(df,by='name')", "len(datum.value)")
    assert list(story.transform("per").frame()) == ["name", "result"]
    story.run("sweep -i grid(C=[1,2])", "datum.value['C']")
    story.run("best -i sweep", "datum.value")
    assert story.transform("best").frame()["key"].tolist() == ["C=1", "C=2"]


def test_large_results_are_read_when_they_are_looked_at(story: Story) -> None:
    story.namespace["numbers"] = [0, 1, 2]
    cell = "import numpy\nnumpy.full(10_000 if datum.value else 2, datum.value, 'float64')"
    assert story.run("job -i numbers", cell).success == 3
    results = story.transform("job").results()
    assert [type(value) for value in list.__iter__(results)] == [np.ndarray, Large, Large]
    assert [value.sum() for value in results] == [0, 10_000, 20_000]
    assert results[2].shape == (10_000,) and results[-1][0] == 2
    assert [value.size for value in results[1:]] == [10_000, 10_000]
    frame = story.transform("job").results(frame=True)
    assert frame["result"][1].load().sum() == 10_000


def test_a_frame_says_what_each_datum_is(story: Story) -> None:
    for name in ("b/x1.txt", "a/x2.txt", "a/x3.txt"):
        path = story.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    cell = (
        "datum.metrics['size'] = 8\ndatum.metrics['n'] = 1.5\n"
        "{'n': int(datum.key['n']), 'text': open(datum.path).read()}"
    )
    row = story.run('job -i "(?P<folder>*)/x(?P<n>*).txt"', cell)
    assert row.success == 3, story.transform("job").failures()
    frame = story.transform("job").results(frame="pandas")
    assert list(frame.columns) == [
        "path", "folder", "n", "result.n", "text", "size", "metrics.n",
    ]  # fmt: skip
    assert frame["path"].tolist() == ["a/x2.txt", "a/x3.txt", "b/x1.txt"]
    assert frame["folder"].tolist() == ["a", "a", "b"]
    assert frame["n"].tolist() == ["2", "3", "1"]
    assert frame["result.n"].tolist() == [2, 3, 1] and frame["metrics.n"].tolist() == [1.5] * 3
    polars = story.transform("job").results(frame="polars")
    assert polars.columns == list(frame.columns) and polars["result.n"].to_list() == [2, 3, 1]
    with pytest.raises(UsageError, match="pandas, polars, not 'excel'"):
        story.transform("job").results(frame="excel")


def test_a_frame_has_the_values_of_datums_that_are_no_files(story: Story) -> None:
    story.namespace["points"] = [{"x": i, "y": -i} for i in (3, 1, 2)]
    cell = "assert datum.value['x'] != 1\nNone if datum.value['x'] == 2 else datum.value['y']"
    story.run("job -i points --no-probe", cell)
    frame = story.transform("job").frame()
    assert frame.to_dict("list")["x"] == [3, 2] and frame["y"].tolist() == [-3, -2]
    assert frame["result"].tolist()[0] == -3
    story.namespace["numbers"] = [4, 2]
    story.run("other -i numbers", "datum.value * 2")
    assert story.transform("other").frame().to_dict("list") == {"value": [4, 2], "result": [8, 4]}


def test_a_frame_of_rows_and_of_parts_of_a_table(story: Story) -> None:
    story.namespace["table"] = pd.DataFrame({"id": ["a", "b", "c"], "x": [1, 2, 3]})
    story.run("job -i \"rows(table, key='id')\"", "datum.value['x'] * 2")
    frame = story.transform("job").frame()
    assert frame.to_dict("list") == {"id": ["a", "b", "c"], "x": [1, 2, 3], "result": [2, 4, 6]}
    story.run('parts -i "rows(table, size=2)"', "len(datum.value)")
    assert story.transform("parts").frame()["result"].tolist() == [2, 1]


def test_what_has_not_run_has_no_results(story: Story) -> None:
    assert story.transform("nobody").results() == []
    assert len(story.transform("nobody").results(frame=True)) == 0


def test_plain_results_display_nothing_more(story: Story) -> None:
    story.namespace["numbers"] = [1, 2]
    story.run("job -i numbers", "{'n': datum.value}")
    with story.ledger() as conn:
        assert conn.execute("select count(*) from display").fetchone() == (0,)
    (output,) = outputs(story, "job", "0")
    assert output["data"] == {"text/plain": '{"n":1}'}


def test_what_a_cell_displays_is_kept(story: Story) -> None:
    story.namespace["numbers"] = [1]
    cell = (
        "import pandas, matplotlib.pyplot as plt\n"
        "from IPython.display import HTML, display as show\n"
        "display(HTML('<b>hello</b>'))\nshow({1})\nplt.plot([1, 2])\n"
        "pandas.DataFrame({'a': [1]})"
    )
    row = story.run("job -i numbers", cell)
    assert row.success == 1, story.transform("job").failures()
    html, text, figure, table = (o["data"] for o in outputs(story, "job", "0"))
    assert html["text/html"] == "<b>hello</b>" and text == {"text/plain": "{1}"}
    assert figure["image/png"].startswith("iVBOR") and "<table" in table["text/html"]
    story.run("job -i numbers", "datum.value")  # another success, another display
    assert [o["data"] for o in outputs(story, "job", "0")] == [{"text/plain": "1"}]
    with story.ledger() as conn:
        assert conn.execute("select count(*) from display").fetchone() == (0,)


@pytest.mark.parametrize("engine", ["joblib", "serial"])
def test_a_picture_is_kept_once_and_shown(story: Story, engine: str) -> None:
    story.namespace["sizes"] = [2, 400]
    cell = (
        "import numpy\nfrom PIL import Image\nrandom = numpy.random.default_rng(0)\n"
        "Image.fromarray(random.integers(0, 255, (datum.value, datum.value), 'uint8'))"
    )
    assert story.run(f"job -i sizes --engine {engine}", cell).success == 2
    small, large = story.transform("job").results()
    assert small.size == (2, 2) and large.size == (400, 400)
    for which in ("0", "1"):
        (output,) = outputs(story, "job", which)
        assert output["data"]["image/png"].startswith("iVBOR")
        assert "PIL.Image" in output["data"]["text/plain"]


def test_figures_do_not_pile_up(story: Story) -> None:
    story.namespace["numbers"] = list(range(30))
    cell = (
        "import matplotlib.pyplot as plt\nplt.figure(); plt.plot([datum.value])\n"
        "assert datum.value != 7\nlen(plt.get_fignums())"
    )
    row = story.run("job -i numbers --no-probe", cell)
    assert (row.success, row.failed) == (29, 1)
    assert story.transform("job").results() == [1] * 29


def test_a_planted_display_is_no_harm(story: Story) -> None:
    story.namespace["numbers"] = [1]
    story.run("job -i numbers", "{datum.value}")
    (story.folder / "secret").write_text('[{"data": {"text/plain": "secret"}}]')
    row = story.transform("job").datum_row("0")
    with story.ledger() as conn:
        for kind, bundle in (
            ("mime", b"[[["),
            ("mime", b'{"a": 1}'),
            ("mime", b'[1, {"data": 2}]'),
            ("mime-file", b"../../secret"),
            ("mime-file", b"\xff\x00"),
        ):
            conn.execute("update display set kind = ?, bundle = ?", (kind, bundle))
            assert displayed(conn, story.project, row) == []
        assert queries.datum_by_id(conn, row.id) is not None
