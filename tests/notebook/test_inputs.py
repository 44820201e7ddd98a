"""Inputs as users write them, in a real kernel."""

from __future__ import annotations

from .kernel import Notebook


def test_inputs_are_made_looked_at_run_and_picked_from(notebook: Notebook) -> None:
    for name in ("a/x1.txt", "a/x2.txt", "b/y1.csv", "b/y3.csv"):
        path = notebook.story.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    notebook.run("from jupyter_datum import *\nfrom glob import glob as other")
    notebook.run(
        "pairs = join(glob('a/x(?).txt', on='$1', outer=True), glob('b/y(?).csv', on='$1'))"
    )
    seen = "[(d.key['on'], sorted(d.paths)) for d in datums(pairs)]"
    assert "[('1', ['a', 'b']), ('2', ['a'])]" in notebook.run(seen)

    body = "if 'b' not in datum.paths: raise ValueError('alone')\ndatum.key['on']"
    text = notebook.run(f"%%datum both -i pairs\n{body}")
    assert "1 succeeded, 1 failed" in text
    assert "datum x2.txt | " in notebook.run("%datum failures both")
    assert "datum is x2.txt | " in notebook.run("%datum pick both")
    assert "['a']" in notebook.run("sorted(datum.paths)")
    assert "datum is x1.txt | y1.csv" in notebook.run("%datum pick both 'x1.txt | y1.csv'")
    assert "y1.csv" in notebook.run("datum.paths['b'].name")
    assert "True" in notebook.run("datum.hash == datum.hash")

    cell = "%%datum grid1\n#| input: cross(glob('a/*.txt'), grid(C=[1, 2]))\n"
    assert "4 succeeded" in notebook.run(cell + "(datum.value['C'], datum.rel)")
    assert "[(1, 'x1.txt'), (2, 'x1.txt')" in notebook.run("[tuple(r) for r in grid1.results()]")
    assert "4 skipped" in notebook.run(cell + "(datum.value['C'], datum.rel)")
    apart = (
        "%%datum apart -i join(glob('(a/*).txt',on='a long word and $1'),"
        "glob('(b/*).csv',on='another long word and $1'))\n1"
    )
    said = notebook.run(apart)
    assert "no key is in every input" in said
    assert "'a long word and a/x2'; " in said and "'another long word and b/y3'" in said
    wrong = notebook.run("%%datum bad -i cross(glob('a/*'),glob('a/*'))\n1")
    assert "Give each a name of its own" in wrong and "Traceback" not in wrong


def test_an_input_of_the_transforms_own_name_is_the_same_each_time(notebook: Notebook) -> None:
    """The second time it was refused, as a transform that comes from itself."""
    notebook.run("numbers = [1, 2]")
    cell = "%%datum numbers -i numbers\ndatum.value"
    text = notebook.run(cell)
    assert "2 succeeded" in text and "the name numbers holds something else" in text
    assert "2 skipped" in notebook.run(cell)
    assert "2 skipped" in notebook.run("%%datum numbers -i $numbers\ndatum.value")
    # For another one it is the transform, and that is said.
    text = notebook.run("%%datum other -i numbers\ndatum.value")
    assert "2 succeeded" in text
    assert "is the transform of that name, not the list that the kernel has under it: " in text
    assert "that would be -i $numbers" in notebook.run("%datum plan other")
    notebook.run("del numbers")
    text = notebook.run(cell)
    assert "no object of the kernel is called numbers, and a transform cannot come from" in text


def test_inputs_start_at_the_notebook_wherever_the_kernel_has_gone(notebook: Notebook) -> None:
    folder = notebook.story.folder / "a"
    folder.mkdir()
    for i in range(3):
        (folder / f"x{i}.txt").write_text(str(i))
    notebook.run("import os\nfrom jupyter_datum import glob, group, transform\nos.chdir('/')")
    notebook.run("files = glob('a/*.txt')")
    assert "3 succeeded" in notebook.run("%%datum first -i files\ndatum.out_file().touch()")
    notebook.run("fed = group(transform('first'), by=lambda rel: int(rel[1]) // 2)")
    assert "2 succeeded" in notebook.run("%%datum second -i fed\nlen(datum.paths['first'])")
    assert "[2, 1]" in notebook.run("second.results()")
