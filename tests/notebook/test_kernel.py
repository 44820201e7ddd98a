"""The magic in real kernels: run, interrupt, restart, SIGKILL; and what the user reads."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
import psutil
import pytest
from jupyter_client.manager import KernelManager

from jupyter_datum.cli import main

from ..story import Story


class Notebook:
    """A kernel whose working folder is a project, and cells executed in it."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.manager = KernelManager(kernel_name="python3")
        self.start()

    def start(self) -> None:
        self.manager.start_kernel(cwd=str(self.story.folder))
        self._connect()
        self.run("%load_ext jupyter_datum")

    def _connect(self) -> None:
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def restart(self) -> None:
        """As the menu does: SIGINT first, then an orderly shutdown."""
        self.client.stop_channels()
        self.manager.restart_kernel()
        self._connect()
        self.run("%load_ext jupyter_datum")

    def send(self, code: str) -> str:
        return str(self.client.execute(code, allow_stdin=True))

    def run(self, code: str, *, within: float = 60) -> str:
        """Execute a cell; return what it showed last, of each display, and printed."""
        return self.output(self.send(code), within=within)

    def output(self, message: str, *, within: float = 60) -> str:
        end = time.monotonic() + within
        printed: list[str] = []
        displays: dict[str, str] = {}
        while time.monotonic() < end:
            try:
                found = self.client.get_iopub_msg(timeout=1)
            except Empty:
                continue
            if found["parent_header"].get("msg_id") != message:
                continue
            kind, content = found["msg_type"], found["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return "\n".join([*displays.values(), *printed])
            _collect(kind, content, printed, displays)
        raise AssertionError(f"no end within {within} s: {printed} {displays}")

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def _collect(
    kind: str, content: dict[str, Any], printed: list[str], displays: dict[str, str]
) -> None:
    if kind == "stream":
        printed.append(content["text"])
    elif kind == "error":
        printed.append("\n".join(content["traceback"]))
    elif kind in ("display_data", "update_display_data", "execute_result"):
        key = content.get("transient", {}).get("display_id", "")
        displays[key] = content["data"]["text/plain"]


@pytest.fixture
def notebook(story: Story) -> Iterator[Notebook]:
    notebook = Notebook(story)
    yield notebook
    notebook.close()


SLOW = """%%datum slow -i numbers --workers 2
import time
with open("executions", "a") as file:
    file.write(f"{datum.value}\\n")
time.sleep(0.05)
datum.value"""


def wait_for(story: Story, n: int, *, within: float = 30) -> None:
    end = time.monotonic() + within
    while sum(story.executions().values()) < n:
        assert time.monotonic() < end, f"not {n} executions within {within} s"
        time.sleep(0.02)


def test_a_cell_runs_and_its_name_is_bound(notebook: Notebook) -> None:
    for i in range(5):
        (notebook.story.folder / f"{i}.txt").write_text("x" * i)
    text = notebook.run('%%datum sizes -i "*.txt"\nlen(open(datum.path).read())')
    assert "sizes: 5 succeeded" in text
    assert "[0, 1, 2, 3, 4]" in notebook.run("sizes.results()")
    assert "nothing to do" in notebook.run('%%datum sizes -i "*.txt"\nlen(open(datum.path).read())')
    assert "sizes" in notebook.run("%datum")


def test_brace_globs_are_not_python_and_kernel_names_are_not_alternatives(
    notebook: Notebook,
) -> None:
    for name in ("one.jpg", "two.png", "three.gif", "a1.txt", "b2.txt"):
        (notebook.story.folder / name).touch()
    notebook.run(f"a, b, jpg, png = 1, 2, 3, 4\nsite = {str(notebook.story.folder)!r}")
    cell = "%%datum {} -i {}\ndatum.rel"
    assert "2 succeeded" in notebook.run(cell.format("images", '"*.{jpg,png}"'))
    assert "['one.jpg', 'two.png']" in notebook.run("images.results()")
    assert "1 succeeded" in notebook.run(cell.format("texts", '"{site}/(a)*.{txt,gif}"'))
    assert "names nothing in the kernel" in notebook.run(cell.format("wrong", '"{nowhere}/*.txt"'))
    assert "must be a str or a path" in notebook.run(cell.format("wrong", '"{jpg}/*.txt"'))


def test_a_traceback_names_the_line_of_the_cell(notebook: Notebook) -> None:
    notebook.run("numbers = [1, 2, 3]")
    cell = "%%datum wrong -i numbers\nx = 1\n\nif datum.value == 2:\n    x / 0\nx"
    text = notebook.run(cell)
    assert "2 succeeded, 1 failed" in text and "(cell line 5)" in text
    text = notebook.run("%datum failures wrong")
    assert "cell, line 5" in text and "x / 0" in text
    picked = notebook.run("%datum pick wrong")
    assert "datum is" in picked
    assert notebook.run("datum.value").strip() == "2"


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%%datum a -i numbers --enigne dask\n1", "did you mean --engine"),
        ("%%datum a -i numbers --engine rya\n1", "serial, joblib, dask, ipyparallel"),
        ("%%datum a -i nowhere\n1", "no object of that name"),
        ("%%datum -i numbers\n1", "needs a name"),
        ("%%datum a\n1", "needs an input"),
        ("%%datum a -i numbers\n%matplotlib inline\n1", "line 2"),
        ("%datum status nobody", "no transform is named 'nobody'"),
        ("%datum explode", "there are: status"),
    ],
)
def test_bad_input_is_one_sentence(notebook: Notebook, cell: str, says: str) -> None:
    notebook.run("numbers = [1]")
    text = notebook.run(cell)
    assert says in text and "Traceback" not in text


def test_interrupt_stops_the_run_and_the_cell_again_does_the_rest(notebook: Notebook) -> None:
    notebook.run("numbers = list(range(60))")
    message = notebook.send(SLOW)
    wait_for(notebook.story, 10)
    notebook.manager.interrupt_kernel()
    text = notebook.output(message, within=20)
    assert "cancelled" in text
    before = sum(notebook.story.executions().values())
    assert before < 60
    text = notebook.run(SLOW)
    assert "skipped (unchanged)" in text and "succeeded" in text
    assert sum(notebook.story.executions().values()) <= 60 + 2


def test_a_restart_in_mid_run_lets_it_go_on_and_the_cell_again_finds_it(
    notebook: Notebook,
) -> None:
    notebook.run("numbers = list(range(80))")
    notebook.send(SLOW)
    wait_for(notebook.story, 5)
    notebook.restart()
    notebook.run("numbers = list(range(80))")
    text = notebook.run(SLOW)
    assert "80 succeeded" in text or "80 skipped" in text
    assert set(notebook.story.executions().values()) == {1}


def test_a_kernel_killed_in_mid_run_loses_nothing(notebook: Notebook) -> None:
    notebook.run("numbers = list(range(80))")
    notebook.send(SLOW)
    wait_for(notebook.story, 5)
    pid = notebook.manager.provisioner.pid
    os.kill(pid, 9)
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=5)
    wait_for(notebook.story, 80)
    notebook.restart()
    notebook.run("numbers = list(range(80))")
    text = notebook.run(SLOW)
    assert "80 succeeded" in text or "80 skipped" in text
    assert set(notebook.story.executions().values()) == {1}


def test_serial_runs_in_the_kernel_itself(notebook: Notebook) -> None:
    notebook.run("numbers = [1, 2, 3]\nimport os")
    text = notebook.run("%%datum here -i numbers --engine serial\nimport os\nos.getpid()")
    assert "3 succeeded" in text
    assert "True" in notebook.run("set(here.results()) == {os.getpid()}")


def test_a_run_in_the_background_frees_the_kernel(notebook: Notebook) -> None:
    notebook.run("numbers = list(range(20))")
    start = time.monotonic()
    text = notebook.run(SLOW.replace("--workers 2", "--workers 2 --background"))
    assert "runs in the background" in text
    assert sum(notebook.story.executions().values()) < 20 or time.monotonic() - start < 1
    text = notebook.run(SLOW)
    assert "20 succeeded" in text or "20 skipped" in text


def test_top_level_await_works(notebook: Notebook) -> None:
    notebook.run("numbers = [1, 2]")
    cell = "%%datum waits -i numbers\nimport asyncio\nawait asyncio.sleep(0.01)\ndatum.value * 2"
    assert "2 succeeded" in notebook.run(cell)
    assert "[2, 4]" in notebook.run("waits.results()")


def test_html_of_a_hostile_message_is_text(notebook: Notebook) -> None:
    notebook.run("numbers = [1]")
    code = "%%datum evil -i numbers\nraise ValueError('<img src=x onerror=alert(1)>')"
    message = notebook.client.execute(code, allow_stdin=True)
    html = ""
    while True:
        found = notebook.client.get_iopub_msg(timeout=30)
        if found["parent_header"].get("msg_id") != message:
            continue
        html = found["content"].get("data", {}).get("text/html", html)
        if found["content"].get("execution_state") == "idle":
            break
    assert "&lt;img" in html and "<img" not in html and "<script" not in html
    assert len(html) < 10_000


def test_the_kernel_halfs_interpreter_is_that_of_the_runner(notebook: Notebook) -> None:
    notebook.run("numbers = [1]")
    notebook.run("%%datum where -i numbers\nimport sys\nsys.executable")
    assert sys.executable in notebook.run("where.results()")


def test_a_notebook_run_by_the_command_line(
    story: Story, capfd: pytest.CaptureFixture[str]
) -> None:

    cells = [
        nbformat.v4.new_code_cell("%load_ext jupyter_datum\nnumbers = list(range(10))"),
        nbformat.v4.new_code_cell("%%datum job -i numbers\nassert datum.value != 3\ndatum.value"),
        nbformat.v4.new_code_cell("%%datum other -i numbers\ndatum.value"),
    ]
    path = story.folder / "n.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    project = ["--project", str(story.folder)]
    assert main(["run", str(path), "other", "--json"]) == 0
    (run,) = json.loads(capfd.readouterr().out)
    assert (run["name"], run["success"]) == ("other", 10)
    assert main(["run", str(path)]) == 1
    text = capfd.readouterr().out
    assert "failed      1" in text and "succeeded   9" in text
    assert main(["failures", "job", *project]) == 1
    assert "datum.value != 3" in capfd.readouterr().out
    assert main(["retry", "job", *project]) == 1
    assert main(["status", *project]) == 0
    assert main(["status", "nobody", *project]) == 2
    assert main(["fsck", *project]) == 0
    assert main(["run", str(Path("nowhere.ipynb"))]) == 2
