"""What runs is what the kernel has, and what was recorded; through real kernels."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty

import pytest
from jupyter_client.manager import KernelManager

from jupyter_datum.cli import main
from jupyter_datum.ledger import queries
from jupyter_datum.project import create
from jupyter_datum.runner.client import runner_alive

from ..story import Story
from ..transform.test_fingerprint import CELL, COSMETIC, REAL, edited
from .test_kernel import Notebook

CANARY = "canary-77aa-through-a-kernel"
#: How a cell may reach a helper of the project: setting up, the call, what a reload takes.
#: The last one cannot be pickled and travels as source.
PLAIN = "def change(x):\n    return step(x) * 10\n\ndef step(x):\n    return x + 1\n"
WAYS = {
    "attribute": ("import house", "house.change", PLAIN, "importlib.reload(house)"),
    "function": (
        "import house\nfrom house import change", "change", PLAIN,
        "importlib.reload(house)\nfrom house import change",
    ),
    "helper of the notebook": (
        "import house\ndef mine(x):\n    return house.change(x)", "mine", PLAIN,
        "importlib.reload(house)",
    ),
    "module with a lock": (
        "import house", "house.change",
        "import threading\nLOCK = threading.Lock()\n"
        + PLAIN.replace("    return step", "    with LOCK:\n        return step"),
        "importlib.reload(house)",
    ),
}  # fmt: skip
BODY = "import os\nassert datum.value != 2 or os.path.exists(flag)\n{}(datum.value)"


@pytest.fixture
def notebook(story: Story) -> Iterator[Notebook]:
    notebook = Notebook(story)
    # A file edited twice within a second must not be mistaken for its bytecode.
    notebook.run("import sys, importlib\nsys.dont_write_bytecode = True")
    yield notebook
    notebook.close()


def fingerprint_of(story: Story, name: str) -> str:
    """What the ledger says the latest run of a transform ran."""
    with story.ledger() as conn:
        row = queries.latest_run(conn, name)
        assert row is not None
        (code,) = conn.execute(
            "select fingerprint from version where id = ?", (row.version,)
        ).fetchone()
    return bytes(code).hex()


@pytest.mark.parametrize("engine", ["joblib", "serial"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_helper_edited_and_reloaded_runs_in_a_warm_runner(
    notebook: Notebook, way: tuple[str, str, str, str], engine: str
) -> None:
    setup, call, module, reload = way
    story = notebook.story
    (story.folder / "house.py").write_text(module)
    notebook.run(f"numbers = [1, 2, 3]\n{setup}")
    cell = f"%%datum job -i numbers --workers 1 --engine {engine}\n{call}(datum.value)"
    assert "3 succeeded" in notebook.run(cell)
    assert "[20, 30, 40]" in notebook.run("job.results()")
    pid, before = story.runner_pid(), fingerprint_of(story, "job")
    (story.folder / "house.py").write_text(module.replace("x + 1", "x + 2"))
    assert "edited after its import" in notebook.run(cell), "the kernel still has the old one"
    assert "[20, 30, 40]" in notebook.run("job.results()")
    notebook.run(reload)
    assert "3 succeeded" in notebook.run(cell)
    assert "[30, 40, 50]" in notebook.run("job.results()")
    assert story.runner_pid() == pid and fingerprint_of(story, "job") != before


@pytest.mark.parametrize("warm", [True, False], ids=["warm", "later"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_helper_edited_on_disk_does_not_reach_a_retry(
    notebook: Notebook, way: tuple[str, str, str, str], warm: bool
) -> None:
    """Code, record and result agree: what was recorded runs, whatever the disk says."""
    setup, call, module, _ = way
    story = notebook.story
    (story.folder / "house.py").write_text(module)
    notebook.run(f"numbers = [1, 2, 3]\nflag = {str(story.folder / 'flag')!r}\n{setup}")
    cell = "%%datum job -i numbers --workers 1\n" + BODY.format(call)
    assert "2 succeeded, 1 failed" in notebook.run(cell)
    before = fingerprint_of(story, "job")
    (story.folder / "house.py").write_text(module.replace("x + 1", "x + 1000"))
    (story.folder / "flag").touch()
    if not warm:
        notebook.manager.shutdown_kernel(now=True)
        story.kill_runner()
    assert main(["retry", "job", "--project", str(story.folder)]) == 0
    assert story.transform("job").results() == [20, 30, 40]
    assert fingerprint_of(story, "job") == before
    assert story.findings() == []


def test_a_module_that_the_cell_imports_itself(notebook: Notebook) -> None:
    """The kernel has never imported it: what counts is its file, which workers read."""
    story = notebook.story
    module = story.folder / "house.py"
    module.write_text(PLAIN)
    notebook.run(f"numbers = [1, 2, 3]\nflag = {str(story.folder / 'flag')!r}")
    cell = "%%datum job -i numbers --workers 1\nimport house\n" + BODY.format("house.change")
    assert "2 succeeded, 1 failed" in notebook.run(cell)
    module.write_text(edited := PLAIN.replace("x + 1", "x + 2"))
    assert main(["retry", "job", "--project", str(story.folder)]) != 0, (
        "it is not what was recorded"
    )
    assert "house.py changed since the cell was run" in notebook.run("%datum plan job")
    assert "2 succeeded, 1 failed" in notebook.run(cell), "in a warm runner, by new workers"
    (story.folder / "flag").touch()
    module.write_text(f"{edited}\n# nothing else\n")
    assert main(["retry", "job", "--project", str(story.folder)]) == 0
    assert "[30, 40, 50]" in notebook.run("job.results()")
    assert "nothing to do" in notebook.run(cell), "a comment changes nothing"
    assert story.findings() == []


def test_a_module_that_a_serial_cell_imports_is_as_its_file(notebook: Notebook) -> None:
    """The kernel is the worker, and has the module of an earlier run: what ran is on record."""
    story = notebook.story
    module = story.folder / "house.py"
    module.write_text(PLAIN)
    cell = "%%datum job -i numbers --engine {}\nimport house\nhouse.change(datum.value)"
    notebook.run("import house\nnumbers = [1, 2, 3]")
    assert "3 succeeded" in notebook.run(cell.format("serial"))
    module.write_text(PLAIN.replace("x + 1", "x + 2"))
    assert "3 succeeded" in notebook.run(cell.format("serial"))
    assert "[30, 40, 50]" in notebook.run("job.results()")
    assert "20" in notebook.run("house.change(1)"), "the kernel's own is left alone"
    assert "nothing to do" in notebook.run(cell.format("joblib"))


def test_twenty_edits(notebook: Notebook) -> None:
    """Through a real kernel, one after another: what changes the result runs, else nothing."""
    story = notebook.story
    (story.folder / "house").mkdir()
    (story.folder / "house/__init__.py").touch()
    notebook.run("values = [1, 2]")
    fresh = (
        "for name in [n for n in sys.modules if n.startswith('house')]:\n    del sys.modules[name]"
    )

    def run(edit: tuple[str, str, str] | None) -> str:
        texts = edited(edit or ("cell", CELL, CELL))
        (story.folder / "house/near.py").write_text(texts["module"])
        notebook.run(f"{fresh}\nimportlib.invalidate_caches()")
        notebook.run(texts["notebook"])
        return notebook.run(f"%%datum job -i values --workers 1{texts['cell']}")

    assert "2 succeeded" in run(None)
    wrong = []
    for name, edit in {**REAL, **COSMETIC}.items():
        stale = "nothing to do" not in run(edit)
        if stale != (name in REAL):
            wrong.append(name)
        if stale:  # back to where it was
            run(None)
    assert wrong == []


# -- the kernel's environment --------------------------------------------------------------


def test_env_reaches_workers_and_a_retry_without_the_kernel_names_it(
    notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    story = notebook.story
    notebook.run(f"%env HOUSE_TOKEN={CANARY}\n%env CUDA_VISIBLE_DEVICES=3")
    notebook.run("numbers = [1, 2]")
    cell = (
        "%%datum job -i numbers --workers 1\nimport os\n"
        "assert datum.value != 2 or os.path.exists('flag')\n"
        "[len(os.environ['HOUSE_TOKEN']), os.environ['CUDA_VISIBLE_DEVICES']]"
    )
    assert "1 succeeded, 1 failed" in notebook.run(cell)
    assert f"[{len(CANARY)}, '3']" in notebook.run("job.results()")
    (story.folder / "flag").touch()
    assert main(["retry", "job", "--project", str(story.folder)]) == 2
    said = capsys.readouterr().err
    assert "variables HOUSE_TOKEN," in said
    assert "2 succeeded" in notebook.run("%datum retry job") or "1 succeeded" in notebook.run(
        "%datum status job"
    )
    for path in story.project.dir.rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path


def test_a_kernelspecs_variables_reach_workers(story: Story) -> None:
    """A kernelspec's env is what the kernel has and its parent has not."""
    notebook = Notebook.__new__(Notebook)
    notebook.story = story
    notebook.manager = KernelManager(kernel_name="python3")
    notebook.manager.start_kernel(
        cwd=str(story.folder), env={**os.environ, "HOUSE_OF_THE_SPEC": "yes"}
    )
    notebook._connect()
    try:
        notebook.run("%load_ext jupyter_datum\nnumbers = [1]\nname = 'HOUSE_OF_' + 'THE_SPEC'")
        notebook.run("%%datum job -i numbers --workers 1\nimport os\nos.environ.get(name)")
        assert "['yes']" in notebook.run("job.results()")
    finally:
        notebook.close()


# -- large values --------------------------------------------------------------------------


def answered(notebook: Notebook, code: str, answer: str | None) -> tuple[str, str]:
    """Execute a cell, answer its question; return the question (if any) and the output."""
    message = notebook.client.execute(code, allow_stdin=answer is not None)
    asked = ""
    end = time.monotonic() + 15
    while answer is not None and not asked:
        assert time.monotonic() < end, "it does not ask"
        with contextlib.suppress(Empty):
            asked = notebook.client.get_stdin_msg(timeout=0.2)["content"]["prompt"]
            notebook.client.input(answer)
    return asked, notebook.output(message)


def test_a_large_payload_is_asked_for_once(notebook: Notebook) -> None:
    notebook.run("numbers = [1]\nbig = b'x' * (65 << 20)")
    cell = "%%datum job -i numbers --workers 1\nlen(big) + datum.value"
    asked, text = answered(notebook, cell, None)
    assert not asked and "big 65 MB" in text and "--large-payload" in text
    asked, text = answered(notebook, cell, "n")
    assert "big 65 MB" in asked and "--large-payload" in text
    asked, text = answered(notebook, cell, "y")
    assert asked.endswith("Send them? [y/N] ") and "1 succeeded" in text
    asked, text = answered(notebook, cell, None)
    assert not asked and "nothing to do" in text


# -- a ledger that somebody else has written -----------------------------------------------


def test_nothing_of_a_planted_project_is_executed(
    notebook: Notebook, tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Runs, requests, recipes, payloads: all of it is well-formed, and signed with a key of
    somebody else's. Its interpreter is a script, its payload and code leave a file too."""
    evil = tmp_path_factory.mktemp("evil")
    trace = evil / "trace"
    script = evil / "python"
    script.write_text(f'#!/bin/sh\necho ran >> {trace}\nexec {sys.executable} "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    planted = tmp_path_factory.mktemp("planted")
    plant(evil, script, trace, planted)
    monkeypatch.chdir(planted)
    monkeypatch.delenv("DATUM_PROJECT", raising=False)
    for verb in ("status", "plan", "failures", "retry", "cancel", "fsck"):
        for name in ([], ["job"]) if verb != "fsck" else ([],):
            main([verb, *name])
    said = capsys.readouterr().err
    assert "recorded by someone else" in said
    notebook.run(f"import os\nos.chdir({str(planted)!r})\n%reload_ext jupyter_datum")
    for line in ("%datum", "%datum status job", "%datum plan job", "%datum failures job",
                 "%datum retry job", "%datum cancel job", "%datum pick job"):  # fmt: skip
        notebook.run(line)
    time.sleep(1)
    assert not trace.exists(), trace.read_text()
    assert not runner_alive(create(planted), str(script))


def plant(evil: Path, script: Path, trace: Path, planted: Path) -> None:
    """Make a project of another user's in `planted`: failed, unfinished and asked-for runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_DATA_DIR", str(evil / "jupyter-data"))
        patch.setattr(sys, "executable", str(script))
        (evil / "project").mkdir()
        other = Story(evil / "project")
        other.namespace["numbers"] = [1, 2]
        body = f"open({str(trace)!r}, 'a').write('datum')\nassert datum.value != 2"
        run = other.start("job -i numbers --workers 1", body, counted=False)
        assert other.end(run).failed == 1
        other.kill_runner()
        with other.ledger() as conn:
            conn.execute("update run set ended = null, status = 'running'")
            conn.execute("update request set state = 'open'")
            conn.execute("pragma wal_checkpoint(truncate)")
    assert trace.exists(), "what is planted would leave its trace"
    trace.unlink()
    shutil.copytree(other.project.dir, planted / ".datum")
    marker = planted / ".datum" / "project.json"
    assert json.loads(marker.read_text())["uuid"] == other.project.uuid


def test_a_function_with_a_cache_runs_in_workers_and_its_edit_is_seen(notebook: Notebook) -> None:
    """pickle named it, and no worker had that name: every datum failed."""
    text = (
        "import functools\n@functools.cache\ndef grown(n):\n"
        "    return grown(n - 1) + 1 if n else {}\nnumbers = [1, 2, 3]"
    )
    cell = "%%datum grow -i numbers --workers 1 --engine {}\ngrown(datum.value)"
    notebook.run(text.format(0))
    assert "3 succeeded" in notebook.run(cell.format("joblib"))
    assert "3 skipped" in notebook.run(cell.format("serial"))
    notebook.run(text.format(10))
    assert "3 succeeded" in notebook.run(cell.format("serial"))
    assert "[11, 12, 13]" in notebook.run("grow.results()")
