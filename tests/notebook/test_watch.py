"""``%datum watch`` and ``NAME.stream()`` in a kernel, and after it."""

from __future__ import annotations

import signal

from ..story import eventually
from .kernel import Notebook

CELL = '%%datum up -i "in/*.txt" --engine serial\nopen(datum.path).read().upper()'


def test_a_watch_outlives_its_kernel_and_a_stream_reads_what_it_makes(notebook: Notebook) -> None:
    folder = notebook.story.folder
    (folder / "in").mkdir()
    (folder / "in/a.txt").write_text("a")
    notebook.run("%load_ext jupyter_datum")
    notebook.run(CELL)
    assert "nothing is watched" in notebook.run("%datum watch")
    said = notebook.run("%datum watch up --settle 0.3s --every 300ms")
    assert "up: watched by listing every 0.3 s" in said and "%datum watch up --stop" in said
    notebook.manager.signal_kernel(signal.SIGKILL)
    assert eventually(lambda: not notebook.manager.is_alive(), within=30)
    (folder / "in/b.txt").write_text("b")
    assert eventually(lambda: notebook.story.transform("up").results() == ["A", "B"], within=60)
    notebook.restart()
    assert "1 run so far" in notebook.run("%datum watch")
    notebook.run("from jupyter_datum import stream")
    said = notebook.run("print(*(d.result for d in stream('up', order='index')))")
    assert said.strip() == "A B"
    assert "watched no more" in notebook.run("%datum watch up --stop")
    assert "argument --settle: 'x': write a duration" in notebook.run("%datum watch up --settle x")
