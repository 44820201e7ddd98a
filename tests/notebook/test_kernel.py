"""The magic in real kernels: run, interrupt, restart, SIGKILL; and what the user reads."""

from __future__ import annotations

import os
import sys
import time

import psutil
import pytest

from jupyter_datum import registry
from jupyter_datum.cli import main
from jupyter_datum.ledger import requests

from .kernel import SLOW, Notebook, wait_for


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
        ("%%datum a -i nowhere\n1", "no object of the kernel has that name"),
        ("%%datum -i numbers\n1", "needs a name"),
        ("%%datum a\n1", "needs an input"),
        ("%%datum a -i numbers\n%matplotlib inline\n1", "line 2"),
        ("%datum status nobody", "no transform is named 'nobody'"),
        ("%datum explode", "did you mean export? There are: status"),
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
    other = notebook.run(SLOW.replace("--workers 2", "--background") + "\n'of another code'")
    assert "is running already" in other, "nobody would hear of it later"
    text = notebook.run(SLOW)
    assert "20 succeeded" in text or "20 skipped" in text


def test_a_run_that_was_asked_for_and_has_not_begun_is_waited_for(notebook: Notebook) -> None:
    notebook.run("numbers = list(range(20))")
    notebook.run(
        "from jupyter_datum.runner import ask\n"
        "start, ask.ensure_runner = ask.ensure_runner, lambda *given: None"
    )
    assert "in the background" in notebook.run(
        SLOW.replace("--workers 2", "--workers 2 --background")
    )
    with notebook.story.ledger() as conn:
        (asked,) = requests.not_begun(conn, 0)
    notebook.run("ask.ensure_runner = start")
    text = notebook.run(SLOW)
    assert f"running already (run {asked.uuid[:8]})" in text and "20 succeeded" in text
    assert notebook.story.row(asked.uuid) is not None


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


def test_where_nobody_looks_a_failed_run_is_an_error_that_says_why(notebook: Notebook) -> None:
    """As nbconvert, papermill and schedulers execute it: what they log is the error alone."""
    notebook.run("numbers = [1, 2]")
    for code, why in (
        ("%%datum job -i numbers\nassert datum.value != 2", "1 x AssertionError"),
        ('%%datum gone -i "no/*.txt"\n1', "of the pattern 'no/*.txt' does not exist"),
    ):
        message = notebook.client.execute(code, allow_stdin=False)
        notebook.output(message)
        found = notebook.client.get_shell_msg(timeout=20)
        while found["parent_header"]["msg_id"] != message:
            found = notebook.client.get_shell_msg(timeout=20)
        assert why in found["content"]["evalue"]


def test_the_kernel_halfs_interpreter_is_that_of_the_runner(notebook: Notebook) -> None:
    notebook.run("numbers = [1]")
    notebook.run("%%datum where -i numbers\nimport sys\nsys.executable")
    assert sys.executable in notebook.run("where.results()")


def test_a_stop_keeps_the_cells_behind_it_from_running(notebook: Notebook) -> None:
    notebook.run("numbers = list(range(60))")
    slow = notebook.send(SLOW)
    behind = notebook.send("behind = 1")
    wait_for(notebook.story, 5)
    notebook.manager.interrupt_kernel()
    text = notebook.output(slow, within=20)
    assert "slow was stopped: run the cell again to do the rest" in text
    assert "Traceback" not in text
    assert notebook.reply(behind) == "aborted"
    assert "False" in notebook.run("'behind' in globals()")
    assert "Transform" in notebook.run("type(slow).__name__")


@pytest.mark.parametrize("engine", ["joblib", "serial"])
def test_a_detached_cell_is_free_and_its_run_goes_on(notebook: Notebook, engine: str) -> None:
    notebook.run("numbers = list(range(40))")
    message = notebook.send(SLOW if engine == "joblib" else _serial(SLOW))
    wait_for(notebook.story, 3)
    assert main(["detach", "slow", "--project", str(notebook.story.folder)]) == 0
    text = notebook.output(message, within=5)
    assert "goes on without this cell" in text
    assert sum(notebook.story.executions().values()) < 40
    wait_for(notebook.story, 40)
    assert set(notebook.story.executions().values()) == {1}
    row = notebook.story.until(notebook.story.latest("slow"), lambda r: r.ended is not None)
    assert (row.status, row.success) == ("success", 40)


def _serial(cell: str) -> str:
    return cell.replace("--workers 2", "--engine serial")


def test_a_plan_says_what_would_run_and_runs_nothing(notebook: Notebook) -> None:
    for name in ("a.txt", "b.txt"):
        (notebook.story.folder / name).write_text(name)
    cell = "%%datum read -i *.txt\nopen('executions', 'a').write('x\\n')\ndatum.stem"
    text = notebook.run(cell.replace("*.txt", "*.txt --plan"))
    assert "2 datums: 2 new" in text and "2 would run" in text and "a.txt" in text
    assert not notebook.story.executions()
    assert "no transform is named 'read'" in notebook.run("%datum plan read")
    notebook.run(cell)
    assert "0 would run" in notebook.run("%datum plan read")
    (notebook.story.folder / "c.txt").write_text("c")
    text = notebook.run("read.plan()")
    assert "2 unchanged" in text and "1 new" in text and "c.txt" in text
    assert "1 would run" in text and "a.txt" not in text
    changed = cell.replace("datum.stem", "datum.stem + '!'").replace("*.txt", "*.txt --plan")
    text = notebook.run(changed)
    assert "2 code changed" in text and "3 would run" in text
    assert sum(notebook.story.executions().values()) == 2
    assert not notebook.story.findings()


def test_retry_of_a_transform_runs_the_failed_alone(notebook: Notebook) -> None:
    notebook.run("numbers = [1, 2, 3]")
    notebook.run(
        "%%datum job -i numbers\nimport os\nopen('executions', 'a').write(f'{datum.value}\\n')\n"
        "assert datum.value != 2 or os.path.exists('mended')\ndatum.value"
    )
    (notebook.story.folder / "mended").write_text("")
    assert "1 succeeded" in notebook.run("job.retry()")
    assert notebook.story.executions() == {"1": 1, "2": 2, "3": 1}


def test_a_cell_does_not_wait_for_one_that_is_paused(notebook: Notebook) -> None:
    """Else the paused one's cell could not be mended and run: the kernel would be busy."""
    notebook.run("many = list(range(100))")
    assert "paused" in notebook.run("%%datum up -i many\n1 / 0")
    text = notebook.run("%%datum low -i up\ndatum.value")
    assert "low: waits for up, which is paused" in text
    told = notebook.run("%datum")
    assert "waits for up, which is paused" in told
    assert "the first 20 failed alike" in told and "to give up: %datum cancel up" in told
    assert "100 succeeded" in notebook.run("%%datum up -i many\ndatum.value")
    assert "100 succeeded" in notebook.run("%%datum low -i up\ndatum.value")


def test_status_knows_a_transform_however_long_ago_it_ran(notebook: Notebook) -> None:
    notebook.run("numbers = [1]")
    notebook.run("%%datum first -i numbers\n1")
    for _ in range(21):
        notebook.run("%%datum other -i numbers\n1")
    assert "first: 1 succeeded" in notebook.run("%datum status first")


def test_the_magic_lines_are_completed(notebook: Notebook) -> None:
    assert {"status", "retry", "detach"} <= set(notebook.completions("%datum "))
    assert "failures" in notebook.completions("%datum fai")
    assert "--engine" in notebook.completions("%%datum thumbs -i a --eng")
    assert "dask" in notebook.completions("%%datum thumbs -i a --engine ")
    notebook.run("numbers = [1]")
    notebook.run("%%datum thumbs -i numbers\n1")
    assert "thumbs" in notebook.completions("%datum retry ")
    assert "thumbs" in notebook.completions("%datum retry th")


def test_a_cell_that_is_no_python_is_shown_as_python_shows_it(notebook: Notebook) -> None:
    notebook.run("numbers = [1]")
    text = notebook.run("%%datum job -i numbers\nx = 1\nif x print(x)")
    assert "SyntaxError" in text and "line 3" in text and "^" in text
    assert "jupyter_datum" not in text


def test_where_a_page_draws_the_run_the_cell_shows_its_beginning_and_its_end(
    notebook: Notebook,
) -> None:
    notebook.run("numbers = list(range(40))")
    assert registry.draws(notebook.kernel_id)
    assert notebook.displays(SLOW) == 2
    registry.withdraw(notebook.kernel_id)
    assert notebook.displays(SLOW.replace("datum.value}", "datum.value}!")) > 2


def test_all_transforms_of_the_notebook_run_together(notebook: Notebook) -> None:
    notebook.run("numbers = list(range(6))")
    notebook.run("%%datum up -i numbers --workers 1\nassert datum.value < 5\ndatum.value")
    notebook.run("%%datum low -i up --workers 1\n2 * datum.value")
    notebook.run("%%datum total -i whole(low) --workers 1 --engine serial\nsum(datum.value)")
    notebook.run("%%datum up -i numbers --workers 1\n10 * datum.value")
    text = notebook.run("%datum run total")
    assert "pipeline: 3 of 3 transforms succeeded" in text
    assert "low: 5 succeeded, 1 skipped" in text, "0 is what it was"
    assert "[300]" in notebook.run("total.results()")
    with notebook.story.ledger() as conn:
        rows = conn.execute("select pipeline from run order by id desc limit 3").fetchall()
    assert len(set(rows)) == 1
    assert "there are: low, total, up" in notebook.run("%datum run nothing")
