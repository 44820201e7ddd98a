"""The recipes of docs/schedules.md, as they stand there but for the two paths."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import jupyter_datum
from jupyter_datum.locks import is_locked
from jupyter_datum.project import find

from ..story import eventually

PAGE = Path(__file__).parents[2] / "docs" / "schedules.md"
JUPYTER = Path(sys.prefix) / "bin" / "jupyter"
CELLS = (
    "%load_ext jupyter_datum",
    '%%datum up -i "in/*.txt" -o up --workers 2\n'
    "import os, time\n"
    "open('begun', 'w').close()\n"
    "while os.path.exists('gate'):\n    time.sleep(0.01)\n"
    "datum.out_file('.up').write_text(open(datum.path).read().upper())",
)


def blocks(kind: str, folder: Path) -> list[str]:
    """The page's blocks of a kind, for a project in `folder`."""
    found = re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(), re.S)
    paths = {"/home/me/project": str(folder), "/home/me/venv": sys.prefix}
    for old, new in paths.items():
        found = [text.replace(old, new) for text in found]
    return found


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a notebook that nobody has open."""
    if not JUPYTER.exists():
        pytest.skip("no jupyter command in this environment")
    folder = tmp_path / "project"
    (folder / "in").mkdir(parents=True)
    for name in ("a", "b"):
        (folder / f"in/{name}.txt").write_text(name)
    cells = [nbformat.v4.new_code_cell(text) for text in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "nightly.ipynb")
    yield folder
    project = find(folder)
    if project is not None:  # whatever a test that failed has left
        lock = project.lock(sys.executable)
        assert eventually(lambda: not is_locked(lock), within=60)


def cron_environment(home: Path) -> dict[str, str]:
    """What cron gives, and where the package under test lies."""
    return {
        "HOME": str(home),
        "LOGNAME": "me",
        "PATH": "/usr/bin:/bin",
        "SHELL": "/bin/sh",
        "PYTHONPATH": str(Path(jupyter_datum.__file__).parents[1]),
    }


def cron(folder: Path) -> tuple[list[str], dict[str, str]]:
    """The line's command (without its five times), short of patience, and its environment."""
    (line,) = blocks("cron", folder)
    command = line.split(maxsplit=5)[5].replace("SECONDS=30", "SECONDS=0.5")
    return ["/bin/sh", "-c", command], cron_environment(folder.parent)


def test_the_line_for_cron(night: Path) -> None:
    command, environment = cron(night)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), "nothing to mail"
    assert (night / "up/a.up").read_text() == "A"
    log = (night / "nightly.log").read_text()
    assert re.search(r"succeeded +2\b", log)
    project = find(night)
    assert project is not None
    lock = project.lock(sys.executable)
    assert eventually(lambda: not is_locked(lock), within=60), "the runner gives all back"
    (night / "in/a.txt").unlink()
    (night / "in/a.txt").mkdir()
    (night / "in/c.txt").write_bytes(b"\xff\xfe")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 1 and re.search(r"failed +1\b", done.stdout), "the log is mailed"


def test_two_at_once(night: Path) -> None:
    command, environment = cron(night)
    (night / "gate").touch()
    first = subprocess.Popen(command, env=environment)
    assert eventually((night / "begun").exists, within=60)
    second = subprocess.Popen(
        [str(JUPYTER), "datum", "run", "nightly.ipynb"], cwd=night, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert second.stdout is not None
        said = ""
        while "is running already" not in said:
            line = second.stdout.readline()
            assert line, said
            said += line
        assert first.poll() is None and second.poll() is None, "both wait for the one run"
        (night / "gate").unlink()
        said += second.stdout.read()
        assert (first.wait(60), second.wait(60)) == (0, 0), said
    finally:
        (night / "gate").unlink(missing_ok=True)
        for process in (first, second):
            process.kill()
            process.wait()
        second.stdout.close()
    assert sorted(path.name for path in (night / "up").glob("*.up")) == ["a.up", "b.up"]


def test_the_units_are_what_systemd_takes(night: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze here")
    service, timer, watch = blocks("ini", night)
    units = {"datum-nightly.service": service, "datum-nightly.timer": timer,
             "datum-watch.service": watch}  # fmt: skip
    for name, text in units.items():
        (night.parent / name).write_text(text)
        done = subprocess.run(
            [analyze, "verify", "--user", "--man=no", str(night.parent / name)],
            capture_output=True, text=True, timeout=60,
            env={**os.environ, "XDG_RUNTIME_DIR": str(night.parent)},
        )  # fmt: skip
        ours = [line for line in done.stderr.splitlines() if "datum-" in line]
        assert ours == [], name
        assert done.returncode == 0 or "Failed to initialize manager" in done.stderr, done.stderr


def test_the_cell_for_jupyter_scheduler(night: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in cron_environment(night.parent).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("JUPYTER_DATUM_IDLE_SECONDS", "0.5")
    elsewhere = night.parent / "copies"
    elsewhere.mkdir()
    (cell,) = blocks("python", night)
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    resources = {"metadata": {"path": str(elsewhere)}}
    NotebookClient(book, timeout=100, resources=resources, kernel_name="python3").execute()
    assert re.search(r"succeeded +2\b", book.cells[0].outputs[0]["text"])
    assert (night / "up/b.up").exists() and not list(elsewhere.iterdir())
    (night / "in/c.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(CellExecutionError, match="CalledProcessError"):
        NotebookClient(book, timeout=100, resources=resources, kernel_name="python3").execute()
