"""What people type by mistake: one sentence that says what to do, before anything runs."""

from __future__ import annotations

import pickle

import pytest

from jupyter_datum.datum import Datum
from jupyter_datum.errors import CellSyntaxError, DatumError, RunError
from jupyter_datum.lineage.ask import lineage
from jupyter_datum.lineage.history import history
from jupyter_datum.notebook.sample import Unbound
from jupyter_datum.states import RunStatus

from ..story import Story
from .kernel import Notebook


@pytest.mark.parametrize(
    ("line", "body", "says"),
    [
        ("x -i numbers --batch 2", "datum.value", "line 1 of the cell reads datum: with --batch"),
        ("x -i numbers", "1\n[d.value for d in datums]", "line 2 of the cell reads datums"),
        ("x -i numbers", "input('really?')", r"line 1 of the cell calls input\(\)"),
        ("x -i numbers", "return datum.value", "outside function. The last expression of a cell"),
        ("x -i numbers", "yield datum.value", "'yield' outside function"),
        ("x -i numbers", "%cd elsewhere", "line 1 of the cell, '%cd elsewhere', is a magic"),
        ("x -i gird(a=[1])", "1", "did you mean grid?"),
        ("x -i 'grid(a=[1)'", "1", r"the input grid\(a=\[1\) cannot be read: closing"),
        ("x -i grid(a=nmubers)", "1", "did you mean numbers?"),
        ("x -i numbres", "1", "Lists there: numbers"),
        ("x -i numbers --wrokers 2", "1", "did you mean --workers?"),
        ("x -i numbers --engine daks", "1", "there are: serial, joblib"),
        ("class -i numbers", "1", "a transform's name is a Python name"),
        ("datum -i numbers", "1", "datum is what the cell sees"),
        ("x -i 't/*.{txt'", "1", "'{' is not closed"),
        (
            "x -i numbers -o 'got/{stem}.txt'",
            "1",
            r"\{stem\} is no str or path of the kernel; -o is",
        ),
        ("x -i numbers -o 'got/{numbers}'", "1", r"\{numbers\} is no str or path of the kernel"),
        ("x -i numbers -o 'got/*'", "1", r"\* stands in no folder's name; -o is one folder"),
        ("x -i numbers", "1\ndatum.out.write_text('')", "line 2 of the cell takes datum.out for a"),
        ("x -i numbers", "with open(datum.out, 'w') as f: 1", "line 1 of the cell takes datum.out"),
    ],
)
def test_a_mistake_is_told_before_anything_runs(
    story: Story, line: str, body: str, says: str
) -> None:
    story.namespace |= {"numbers": [1, 2], "datum": Unbound()}
    with pytest.raises(DatumError, match=says) as told:
        story.prepare(line, body, counted=False)
    # One sentence; what is no Python is shown as Python shows it.
    shown = "\n".join(told.value._render_traceback_())
    assert "Traceback" not in shown
    assert isinstance(told.value, CellSyntaxError) or "\n" not in shown


def test_what_looks_like_a_mistake_and_is_none_runs(story: Story) -> None:
    story.namespace |= {"numbers": [1, 2], "datums": [7], "input": lambda _: 5}
    body = "def datum_of(datums):\n    return datums\nassert datums == [7]\ndatum.value + input(0)"
    assert story.end(story.start("x -i numbers", body, counted=False)).success == 2
    assert story.transform("x").results() == [6, 7]


def test_the_kernels_values_stand_in_the_name_of_the_output_folder(story: Story) -> None:
    where = story.folder / "a {stem} of * its own"
    story.namespace |= {"numbers": [1, 2], "WHERE": where}
    body = "(datum.out / f'{datum.value}.txt').write_text('')"
    story.end(story.start("x -i numbers -o {WHERE}/got", body, counted=False))
    # Beside them a moment longer: the folders that a worker writes to before it publishes.
    assert sorted(path.name for path in (where / "got").glob("[!.]*")) == ["1.txt", "2.txt"]


def test_a_table_taken_whole_is_said_where_rows_are_read(story: Story) -> None:
    (story.folder / "rows.csv").write_text("a\n1\n2\n")
    whole = story.prepare("x -i rows.csv", "datum.path", counted=False)
    assert whole.found.warnings == []
    (hint,) = story.prepare("x -i rows.csv", "datum.value['a']", counted=False).found.warnings
    assert 'datum.value is None; for a datum a row: -i rows("rows.csv")' in hint


def test_a_row_taken_for_an_object_is_said(story: Story) -> None:
    (story.folder / "rows.csv").write_text("a\n1\n2\n")
    line, body = "x -i rows('rows.csv',key='a')", "datum.value.items()\ndatum.value.a"
    (hint,) = story.prepare(line, body, counted=False).found.warnings
    assert hint == "a row is a dict: datum.value['a'], where the cell has datum.value.a"
    by = story.prepare("x -i rows('rows.csv',by='a')", body, counted=False)
    assert by.found.warnings == [], "a table has columns as attributes"


def test_an_attribute_that_no_datum_has_names_the_nearest(story: Story) -> None:
    story.namespace["numbers"] = [1]
    run = story.end(story.start("x -i numbers", "datum.vlaue", counted=False))
    assert run.status == RunStatus.FAILED
    (failure,) = story.transform("x").failures()
    assert failure["message"] == "a datum has no 'vlaue'; did you mean 'value'?"
    assert not hasattr(Datum("x", b"", (), 1, {}, 0, 1, None), "_repr_html_")  # type: ignore[arg-type]


def test_a_result_that_cannot_be_kept_says_what_can(story: Story) -> None:
    story.namespace["numbers"] = [1]
    story.end(story.start("x -i numbers", "(i for i in [1])", counted=False))
    (failure,) = story.transform("x").failures()
    assert "TypeError: the result is" in failure["traceback"]
    assert "the result is generator, which cannot be kept" in failure["message"]
    assert failure["message"].endswith("list(...) gives what it yields")


def test_an_error_of_ours_in_a_cell_is_named_without_its_module(story: Story) -> None:
    (story.folder / "a.txt").write_text("x")
    story.end(story.start("x -i *.txt", "datum.out_file('png')", counted=False))
    (failure,) = story.transform("x").failures()
    assert "\nOutputError: a suffix starts" in failure["traceback"]
    shown = repr(story.transform("x").failures())
    assert "\n    cell, line 1\n      datum.out_file('png')" in shown  # with its indent


def test_lineage_of_what_is_no_file_says_what_it_is(story: Story) -> None:
    (story.folder / "in").mkdir()
    (story.folder / "in" / "a.txt").write_text("x")
    story.end(story.start("x -i in/*.txt", "1", counted=False))
    with story.ledger() as conn:
        with pytest.raises(RunError, match=r"no datum with the key .b.txt.; there are: a\.txt"):
            lineage(conn, "x:b.txt")
        with pytest.raises(RunError, match="which is a folder: name a file in it"):
            lineage(conn, "in", folder=str(story.folder))
        with pytest.raises(RunError, match=r"'x' is a transform: .* %datum overview x"):
            history(conn, "x", folder=str(story.folder))


def test_a_placeholder_for_datum_survives_pickle() -> None:
    again = pickle.loads(pickle.dumps(Unbound("why")))
    with pytest.raises(AttributeError, match="why"):
        _ = again.path


def test_mistakes_in_a_kernel(notebook: Notebook) -> None:
    notebook.run("numbers = [1, 2]")
    told = notebook.run("# a comment\n%%datum x -i numbers\n1")
    assert "%%datum must be the first line of its cell" in told and "Traceback" not in told
    assert "no verb 'faliures'; did you mean failures?" in notebook.run("%datum faliures")
    # A name of Python's is not hidden.
    assert "left alone" in notebook.run("%%datum print -i numbers\ndatum.value")
    assert notebook.run("print('still here')") == "still here\n"
    # Values of the kernel stand in for {NAME} here too.
    notebook.run("import pathlib\nwhere = pathlib.Path('nowhere')")
    assert "no datum has made or read 'nowhere'" in notebook.run("%datum lineage {where}")
    assert "'{other}'" in notebook.run("%datum lineage {other}")
