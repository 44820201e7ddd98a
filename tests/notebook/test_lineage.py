"""Chained transforms and their lineage, through a real kernel."""

from __future__ import annotations

from ..story import Story
from .kernel import Notebook


def test_a_chain_of_cells_and_where_its_files_come_from(notebook: Notebook, story: Story) -> None:
    (story.folder / "in").mkdir()
    for i in range(3):
        (story.folder / f"in/{i}.txt").write_text(f"File {i}")
    up = "datum.out_file('.up').write_text(datum.path.read_text().upper())\ndatum.stem"
    notebook.run(f'%%datum up -i "in/*.txt" --workers 1\n{up}')
    notebook.run("%%datum low -i up --workers 1\ndatum.out_file('.low').write_text(datum.value)")
    assert (story.folder / "out/low/1.low").read_text() == "1"
    shown = notebook.run("%datum lineage out/low/1.low")
    assert "out/up/1.up" in shown and "in/1.txt" in shown
    assert "code 1" in notebook.run("%datum history low:1.txt")
    assert "3 datums" in notebook.run("%datum overview up")
    assert "3 datums" in notebook.run("up.overview()")
    assert "out/low/2.low" in notebook.run(
        "import jupyter_datum\njupyter_datum.lineage('in/2.txt', down=2)"
    )
    assert "up <- low <- up" in notebook.run("%%datum up -i low --workers 1\n1")
    told = notebook.run("%datum lineage nothing.txt")
    assert "no datum has made or read 'nothing.txt'" in told
