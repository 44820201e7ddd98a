"""Tables, parts and schemas in a notebook: a real kernel, as a user sees it."""

from __future__ import annotations

from pathlib import Path

from .kernel import Notebook

FRAME = """import pandas as pd
df = pd.DataFrame({"id": ["a", "b", "c"], "x": [1.0, 2.0, 3.0], "site": ["n", "s", "n"]})
LIMIT = 2.5
def clips(path):
    for start in range(0, path.stat().st_size, 4):
        yield start, start + 4
def small(result):
    if result > LIMIT:
        raise ValueError(f"{result} is over {LIMIT}")"""


def test_a_frame_of_the_kernel_row_by_row_and_group_by_group(notebook: Notebook) -> None:
    notebook.run(FRAME)
    shown = notebook.run("%%datum double -i df --workers 1\ndatum.value['x'] * 2")
    assert "3 succeeded" in shown and "their ids are positions" in shown
    shown = notebook.run('%%datum double -i rows(df,key="id") --workers 1\ndatum.value["x"] * 2')
    assert "their ids" not in shown
    notebook.run("df.loc[3] = ['d', 4.0, 's']; df.loc[1, 'x'] = 5.0")
    plan = '%%datum double -i rows(df,key="id") --workers 1 --plan\ndatum.value["x"] * 2'
    assert "1 new" in notebook.run(plan) and "1 input changed" in notebook.run(plan)
    body = "type(datum.value).__name__, datum.key['site'], float(datum.value.x.sum())"
    notebook.run(f'%%datum sums -i rows(df,by="site") --workers 1\n{body}')
    shown = notebook.run("print(sums.results())")
    assert "('DataFrame', 'n', 4.0), ('DataFrame', 's', 9.0)" in shown


def test_wrong_columns_say_which_there_are(notebook: Notebook) -> None:
    notebook.run(FRAME)
    shown = notebook.run('%%datum t -i rows(df,key="ix") --workers 1\n1')
    assert "has no column 'ix'. It has: x, id, site" in shown
    assert "Traceback" not in shown


def test_parts_of_a_file_are_picked_and_stepped_through(notebook: Notebook, tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films/a.bin").write_text("abcdefghij")
    notebook.run(FRAME)
    body = "start, stop = datum.value\ndatum.path.read_text()[start:stop]"
    notebook.run(f'%%datum cut -i split("films/*.bin",by=clips) --workers 1\n{body}')
    assert "['abcd', 'efgh', 'ij']" in notebook.run("print(cut.results())")
    notebook.run("%datum pick cut 1")
    assert "(4, 8) a.bin" in notebook.run("print(datum.value, datum.path.name)")
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n5,6\n")
    notebook.run('%%datum chunks -i rows("t.csv",size=2) --workers 1\nlen(datum.value)')
    notebook.run("%datum pick chunks 1")
    assert "[{'a': 5, 'b': 6}]" in notebook.run("print(datum.value)")
    notebook.run('%%datum twice -i rows("t.csv",key="a") --workers 1\ndatum.value["b"] * 2')
    assert "[4, 8, 12]" in notebook.run("print(twice.results())")


def test_a_result_that_breaks_its_schema_is_named(notebook: Notebook) -> None:
    notebook.run(FRAME)
    cell = "%%datum s -i rows(df,key='id') --schema small --workers 1\ndatum.value['x']"
    shown = notebook.run(cell)
    assert "2 succeeded" in shown and "1 failed" in shown
    assert "3.0 is over 2.5" in notebook.run("%datum failures s")
    notebook.run("LIMIT = 10")
    assert "3 succeeded" in notebook.run(cell)
