"""``jupyter datum run`` and its verbs, on real notebooks and kernels."""

from __future__ import annotations

import functools
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from jupyter_datum.cli import main
from jupyter_datum.cli.run import _report as report_runs
from jupyter_datum.ledger import requests
from jupyter_datum.locks import is_locked

from ..story import Story

COUNTED = "open('executions', 'a').write(f'{datum.value}\\n')\n"
LOAD = "%load_ext jupyter_datum\nnumbers = list(range(10))"


def write(story: Story, *sources: str, kernel: str = "python3") -> str:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": kernel, "display_name": kernel}
    path = story.folder / "n.ipynb"
    nbformat.write(notebook, path)
    return str(path)


def test_a_notebook_run_by_the_command_line(
    story: Story, capfd: pytest.CaptureFixture[str]
) -> None:

    cells = [
        nbformat.v4.new_code_cell("%load_ext jupyter_datum\nnumbers = list(range(10))"),
        nbformat.v4.new_code_cell("%%datum job -i numbers\nassert datum.value != 3\ndatum.value"),
        nbformat.v4.new_code_cell("job.results()"),
        nbformat.v4.new_code_cell("%%datum other -i numbers\ndatum.value"),
        nbformat.v4.new_code_cell("words = ['a']"),
        nbformat.v4.new_code_cell("%%datum words -i words\ndatum.value"),
        nbformat.v4.new_code_cell("1 / 0"),
    ]
    path = story.folder / "n.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    project = ["--project", str(story.folder)]
    assert main(["run", str(path), "other", "--json"]) == 0
    told = capfd.readouterr()
    (run,) = json.loads(told.out)
    assert (run["name"], run["success"]) == ("other", 10)
    assert "reads transforms that do not run here: job.results()\n" in told.err
    for n in (0, 1):  # the list, also when a transform is called so
        assert main(["run", str(path), "words", "--json"]) == 0
        (run,) = json.loads(capfd.readouterr().out)
        assert (run["success"], run["skipped"]) == (1 - n, n)
    assert main(["run", str(path)]) == 1
    text, error = capfd.readouterr()
    assert "ZeroDivisionError: division by zero" in error and "\x1b" not in error
    assert "failed      1" in text and "succeeded   9" in text
    assert main(["failures", "job", *project]) == 1
    assert "datum.value != 3" in capfd.readouterr().out
    assert main(["retry", "job", *project]) == 1
    assert main(["status", *project]) == 0
    assert main(["status", "nobody", *project]) == 2
    assert main(["fsck", *project]) == 0
    assert main(["run", str(Path("nowhere.ipynb"))]) == 2


def test_a_kernel_that_dies_is_a_sentence(story: Story, capfd: pytest.CaptureFixture[str]) -> None:
    path = write(story, LOAD, "import os\nos._exit(3)", "%%datum job -i numbers\n1")
    assert main(["run", path]) == 2
    assert "the kernel died while it executed the cell 'import os'" in capfd.readouterr().err


def test_nothing_looks_at_a_transform_that_did_not_begin(
    story: Story, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(story, LOAD, "%%datum job -i numbers --engine no_such\n1", "len(job.results())")
    assert main(["run", path]) == 2, "it could not begin"
    said = capfd.readouterr().err
    assert "no engine is named 'no_such'" in said and "NameError" not in said
    assert "stopped before the cell 'len(job.results())': job did not begin" in said


def test_an_unknown_kernel_names_those_there_are(
    story: Story, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(story, LOAD, "%%datum job -i numbers\n1", kernel="cobol")
    assert main(["run", path]) == 2
    text = capfd.readouterr().err
    assert "'cobol'" in text and "python3" in text


def test_a_transform_in_the_background_is_waited_for(
    story: Story, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(story, LOAD, "%%datum job -i numbers --background\nimport time\ntime.sleep(.1)")
    assert main(["run", path, "--json"]) == 0
    (run,) = json.loads(capfd.readouterr().out)
    assert (run["status"], run["success"]) == ("success", 10)


def test_a_run_that_no_runner_has_begun_is_waited_for(
    story: Story, capfd: pytest.CaptureFixture[str]
) -> None:
    story.namespace["numbers"] = list(range(3))
    recipe = story.prepare("job -i numbers --workers 1", "datum.value")
    with story.ledger() as conn:
        requests.ask(
            conn, uuid="r1", interpreter=sys.executable, kind="run", run="r1", recipe=recipe.digest
        )
    assert not is_locked(story.project.lock(sys.executable)), "there is no runner, and no row"
    path = story.folder / "n.ipynb"
    assert report_runs(path, ["job"], time.time(), broken=False, as_json=True) == 0
    (run,) = json.loads(capfd.readouterr().out)
    assert (run["name"], run["status"], run["success"]) == ("job", "success", 3)


def test_a_run_that_is_refused_behind_the_cell_is_said(
    story: Story, capfd: pytest.CaptureFixture[str]
) -> None:
    recipe = story.prepare("job -i 'in/*.txt' --workers 1", "datum.value")
    with story.ledger() as conn:
        identity = requests.ask(
            conn, uuid="r1", interpreter=sys.executable, kind="run", run="r1", recipe=recipe.digest
        )
        requests.answer(conn, identity, "refused", "its environment is not known")
    path = story.folder / "n.ipynb"
    assert report_runs(path, ["job"], time.time() - 60, broken=False, as_json=True) == 2
    assert "job: its environment is not known" in capfd.readouterr().err


def test_a_run_found_at_work_is_waited_for_and_reported(
    story: Story, capfd: pytest.CaptureFixture[str]
) -> None:
    cell = f"%%datum job -i numbers --workers 1\nimport time\n{COUNTED}time.sleep(1)"
    path = write(story, LOAD, cell)
    command = [sys.executable, "-m", "jupyter_datum.cli", "run", path]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as first:
        while not story.executions():
            time.sleep(0.02)
        assert main(["run", path, "--json"]) == 0
        assert first.wait(30) == 0
    (run,) = json.loads(capfd.readouterr().out)
    assert (run["status"], run["success"]) == ("success", 10)
    assert set(story.executions().values()) == {1}


def test_ctrl_c_stops_the_run(story: Story) -> None:
    cell = f"%%datum job -i numbers --workers 1\nimport time\n{COUNTED}time.sleep(.5)"
    path = write(story, LOAD, cell)
    command = [sys.executable, "-m", "jupyter_datum.cli", "run", path]
    # Where the tests run in the background, interrupts are ignored: not by this process.
    heard = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, preexec_fn=heard) as process:
        while not story.executions():
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    row = story.until(story.latest("job"), lambda r: r.ended is not None, within=10)
    assert row.status == "cancelled"
    assert sum(story.executions().values()) < 10


def test_what_stays_failed_is_no_success(story: Story, capfd: pytest.CaptureFixture[str]) -> None:
    cell = "%%datum job -i numbers\nassert datum.value != 3\ndatum.value"
    path = write(story, LOAD, cell)
    assert main(["run", path]) == 1
    assert main(["run", path, "--only", "new"]) == 1
    said = capfd.readouterr().out
    assert "unchanged   9\nleft        1 as they are\n" in said
    assert main(["status", "job", "--project", str(story.folder)]) == 1
    assert "1 still failed, left as they are" in capfd.readouterr().out


def test_a_plan_and_what_it_says_as_json(story: Story, capfd: pytest.CaptureFixture[str]) -> None:
    path = write(story, LOAD, "%%datum job -i numbers\nassert datum.value != 3\ndatum.value")
    main(["run", path])
    capfd.readouterr()
    assert main(["plan", "job", "--project", str(story.folder), "--json"]) == 0
    plan = json.loads(capfd.readouterr().out)
    assert plan["reasons"] == {"unchanged": 9, "failed before": 1}
    assert (plan["total"], plan["would_run"], plan["first"]) == (10, 1, ["3"])
    assert (plan["code"]["run"], plan["code"]["edited"]) == (1, False)
    assert "planned with the code of run 1 (" in plan["code"]["says"]
    notebook = nbformat.read(story.folder / "n.ipynb", as_version=4)
    notebook.cells[-1].source += " + 1"
    nbformat.write(notebook, story.folder / "n.ipynb")
    assert main(["plan", "job", "--project", str(story.folder)]) == 0
    said = capfd.readouterr().out
    assert "10 would run" in said and "planned with the cell as it stands in n.ipynb" in said
    assert "jupyter datum equivalent job" in said and "%datum" not in said
    assert main(["equivalent", path]) == 0
    assert "counts as the one that made the results (the cell)" in capfd.readouterr().out
    versions = "select count(*), count(same_as) from version"
    with story.ledger() as conn:
        assert conn.execute(versions).fetchone() == (2, 1)
    assert main(["equivalent", "job", "--undo", "--project", str(story.folder), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["undone"] is True
    with story.ledger() as conn:
        assert conn.execute(versions).fetchone() == (2, 0)


def test_a_plan_of_a_notebook_that_has_never_run_runs_nothing(
    story: Story, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(
        story,
        LOAD,
        f"%%datum up -i numbers --sample 4\n{COUNTED}datum.value * 2",
        "print(type(up).__name__)",
        "%%datum last -i whole(up)\n1",
        "%%datum broken -i nowhere\n1",
    )
    assert main(["plan", path, "up", "--json"]) == 0
    plan = json.loads(capfd.readouterr().out)
    assert (plan["total"], plan["would_run"], plan["code"]["run"]) == (10, 4, None)
    assert plan["reasons"] == {"new": 10}
    assert main(["plan", path, "last"]) == 0
    assert capfd.readouterr().out.startswith(
        "last: 0 datums: none so far\n  0 would run\n"
        "  upstream up has 4 datums to do first; what they give comes on top\n"
    )
    assert main(["plan", path]) == 1
    said = capfd.readouterr().out
    assert said.startswith("up: 10 datums: 10 new\n  4 would run\n")
    assert "\n  upstream up has 4 datums to do first; " in said
    assert "\nbroken: it cannot be recorded: UsageError: -i nowhere" in said
    assert main(["plan", path, "nobody"]) == 2
    assert main(["equivalent", path]) == 2
    assert "3 transforms, up, last, broken: jupyter datum equivalent" in capfd.readouterr().err
    with story.ledger() as conn:
        assert not conn.execute("select * from request").fetchall()
        assert not conn.execute("select * from run").fetchall()
    assert not (story.folder / "executions").exists()
    with pytest.raises(SystemExit):
        main(["plan", path, "up", "more"])
    assert main(["plan", "up", "--project", str(story.folder)]) == 2
    assert "Before a first run: jupyter datum plan NOTEBOOK.ipynb up" in capfd.readouterr().err


def test_a_run_is_paused_and_resumed(
    story: Story, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    story.namespace["numbers"] = list(range(30))
    run = story.start("job -i numbers --workers 1", "import time\ntime.sleep(0.1)\ndatum.value")
    story.until(run, lambda row: row.success >= 2)
    project = ["--project", str(story.folder)]
    assert main(["pause", "job", *project]) == 0
    row = story.until(run, lambda row: row.status == "paused")
    assert row.message == "paused by hand" and row.ended is None
    capfd.readouterr()
    assert main(["status", "job", *project]) == 1
    whole = capfd.readouterr().out
    with monkeypatch.context() as narrow:
        narrow.setenv("COLUMNS", "41")
        narrow.setattr(sys.stdout, "isatty", lambda: True)
        assert main(["status", "job", *project]) == 1
    rows = capfd.readouterr().out.splitlines()
    assert max(map(len, rows)) <= 40 < max(map(len, whole.splitlines()))
    assert " ".join(rows).split()[-4:] == whole.split()[-4:]  # broken between words
    assert main(["resume", "job", *project]) == 0
    assert story.until(run, lambda row: row.ended is not None).success == 30
    assert set(story.executions().values()) == {1}
    assert main(["resume", "job", *project]) == 0
    assert "job is not running" in capfd.readouterr().out


PIPELINE = (
    LOAD + "\nimport os, time",
    "%%datum last -i whole(low) --workers 1\nsum(datum.value)",  # above what it needs
    "%%datum up -i numbers --workers 1 --no-probe\nimport os, time\n"
    "while datum.value > 4 and not os.path.exists('gate'):\n    time.sleep(0.02)\ndatum.value",
    "def twice(x):\n    return 2 * x",
    "%%datum low -i up --workers 1 --no-probe\n"
    "if datum.value == 4:\n    open('gate', 'w').close()\ntwice(datum.value)",
    "assert sorted(low.results()) == [2 * x for x in range(10)]",
    "%%datum other -i numbers --workers 1\ndatum.value",
)


def test_chained_transforms_run_as_a_pipeline_that_streams(
    story: Story, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(story, *PIPELINE)
    assert main(["run", path, "last", "--json"]) == 0, "up waits for low: they go on together"
    runs = json.loads(capfd.readouterr().out)
    assert {run["name"]: (run["status"], run["success"]) for run in runs} == {
        "up": ("success", 10), "low": ("success", 10), "last": ("success", 1)
    }  # fmt: skip
    assert len({run["pipeline"] for run in runs}) == 1 and runs[0]["pipeline"]
    assert story.transform("last").results() == [90]
    assert main(["run", path, "--json"]) == 0
    runs = json.loads(capfd.readouterr().out)
    assert {run["name"]: run["success"] for run in runs} == {
        "up": 0, "low": 0, "last": 0, "other": 10
    }  # fmt: skip


@pytest.mark.parametrize(
    "inputs",
    [
        ("b", "whole(a)"),
        ("out/b/*.txt", "out/a/*.txt"),
        ('group(glob("out/b/(*).txt",by="$1"))', """'{"glob": "*.txt", "root": "out/a"}'"""),
    ],
    ids=["names", "folders", "folders in expressions"],
)
def test_a_circle_is_an_error_before_anything_runs(
    story: Story, capfd: pytest.CaptureFixture[str], inputs: tuple[str, str]
) -> None:
    a, b = inputs
    path = write(story, LOAD, f"%%datum a -i {a}\n1", f"%%datum b -i {b}\n1")
    assert main(["run", path]) == 2
    assert "a <- b <- a" in capfd.readouterr().err
    with story.ledger() as conn:
        assert not conn.execute("select * from request").fetchall()
