"""Command-line tools over real files, through a real kernel and the command line."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import nbformat
import psutil
import pytest

from jupyter_datum.cli import main

from ..story import Story, eventually
from .kernel import Notebook
from .test_marked import execute

SORT = """target = datum.out_file(".gz")
!sort "{datum.path}" \\
    | gzip > "{target}"
counts = !zcat "{target}" | uniq -c | awk '{print $1}'
[int(count) for count in counts]"""
BASH = """sort "$DATUM_PATH" | gzip > "$DATUM_OUT/$DATUM_STEM.gz"
echo "{\\"lines\\": $(wc -l < "$DATUM_PATH"), \\"key\\": \\"$DATUM_KEY_n\\"}" > "$DATUM_RESULT\""""


def _files(folder: Path) -> None:
    (folder / "in").mkdir(exist_ok=True)
    for i in range(4):
        (folder / "in" / f"a {i}.txt").write_text("b\na\nb\n" * (i + 1))


def _check(folder: Path, out: str) -> None:
    for i in range(4):
        text = gzip.decompress((folder / out / f"a {i}.gz").read_bytes()).decode()
        assert text == "a\n" * (i + 1) + "b\n" * 2 * (i + 1)


def test_tools_over_files_in_a_kernel(notebook: Notebook) -> None:
    folder = notebook.story.folder
    _files(folder)
    said = notebook.run(f'%%datum packed -i "in/*.txt" -o packed --workers 1\n{SORT}')
    assert "4 succeeded" in said, said
    _check(folder, "packed")
    assert notebook.story.transform("packed").results() == [[i, 2 * i] for i in range(1, 5)]
    said = notebook.run(
        f'%%datum bash -i "in/a (?P<n>*).txt" -o bash --workers 1\n#| shell: true\n{BASH}'
    )
    assert "4 succeeded" in said, said
    _check(folder, "bash")
    results = notebook.story.transform("bash").results()
    assert results == [{"lines": 3 * (i + 1), "key": str(i)} for i in range(4)]
    assert "is a magic" in notebook.run('%%datum other -i "in/*.txt"\n%pwd')


@pytest.mark.parametrize("engine", ["joblib", "dask"])
def test_tools_over_files_on_the_command_line(
    story: Story, capfd: pytest.CaptureFixture[str], engine: str
) -> None:
    _files(story.folder)
    options = f"--engine {engine} --workers 1"
    mark = {"name": "bash", "input": "in/a (?P<n>*).txt", "output": "bash", "shell": True}
    cells = [
        nbformat.v4.new_code_cell("%load_ext jupyter_datum"),
        nbformat.v4.new_code_cell(f'%%datum packed -i "in/*.txt" -o packed {options}\n{SORT}'),
        nbformat.v4.new_code_cell(
            BASH, metadata={"datum": {**mark, "engine": engine, "workers": 1}}
        ),
        nbformat.v4.new_code_cell(
            f'%%datum bad -i "in/*.txt" --shell --no-probe {options}\n'
            'echo before\n\ngzip "$DATUM_PATH.none" | cat'
        ),
    ]
    path = story.folder / "n.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert main(["run", str(path), "--json"]) == 1
    runs = {run["name"]: run for run in json.loads(capfd.readouterr().out)}
    assert [(runs[n]["success"], runs[n]["failed"]) for n in ("packed", "bash", "bad")] == [
        (4, 0), (4, 0), (0, 4),
    ]  # fmt: skip
    _check(story.folder, "packed")
    _check(story.folder, "bash")
    assert main(["failures", "bad", "--project", str(story.folder)]) == 1
    said = capfd.readouterr().out
    assert "4 x" in said and "line 4 of the cell, " in said and "No such file" in said
    assert "before" in said, "what it printed stands in the datum's log"


def test_a_failed_command_tells_its_status_and_its_last_lines(story: Story) -> None:
    _files(story.folder)
    row = story.run(
        'bad -i "in/a 1.txt" --tries 1', "name = 'none'\n!echo one; ls ./{name}; exit 7"
    )
    assert row.failed == 1
    said = str(story.transform("bad").failures())
    assert "echo one; ls ./none; exit 7 ended with 7" in said and "No such file" in said
    assert "!echo one; ls ./{name}; exit 7" in said, "the line as it stands in the cell"
    assert "command.py" not in said, "nobody asks how it was started"
    row = story.run('bad -i "in/a 1.txt" --tries 1', "!kill -9 $$")
    assert "was killed by SIGKILL" in str(story.transform("bad").failures())


@pytest.mark.parametrize(
    ("body", "line", "quoted"),
    [
        ("echo one\n\nfalse\necho two", 3, "false"),
        ("echo one\necho $NOWHERE_SET", 2, "echo $NOWHERE_SET"),
        ("echo one\nexit 3", None, None),
    ],
)
def test_the_traceback_of_a_bash_cell_quotes_its_own_line(
    story: Story, body: str, line: int | None, quoted: str | None
) -> None:
    story.namespace["xs"] = [1]
    story.end(story.start("bad -i xs --shell --no-probe", body, counted=False))
    (failure,) = story.transform("bad").failures()
    print(failure["traceback"])
    _, where, *more = failure["traceback"].splitlines()
    assert where == (f"  cell, line {line}" if line else "  cell")
    if quoted:
        assert more[0] == f"    {quoted}"
    assert any(text.startswith("CommandError: ") for text in more[:2])


@pytest.mark.parametrize("line", ["!sleep {}", "lines = !sleep {}"])
def test_a_command_ends_with_its_datum(story: Story, line: str) -> None:
    seconds = _some_seconds()
    story.namespace["waits"] = [1]
    row = story.run("slow -i waits --tries 1 --timeout 1s", line.format(seconds))
    assert row.failed == 1 and "1 s" in str(story.transform("slow").failures())
    assert eventually(lambda: not _sleepers(seconds), within=30)


def test_a_command_ends_with_its_run(story: Story) -> None:
    seconds = _some_seconds()
    story.namespace["waits"] = [seconds]
    run = story.start("slow -i waits --tries 1", "!sleep {datum.value}")
    assert eventually(lambda: bool(_sleepers(seconds)), within=60)
    story.tell("cancel", run)
    assert story.end(run).cancelled == 1
    assert eventually(lambda: not _sleepers(seconds), within=30)


def _some_seconds() -> int:
    """Many, and others than any test beside this one waits."""
    return random.randrange(10**6, 10**8)


def _sleepers(seconds: int) -> list[int]:
    found = psutil.process_iter(["cmdline"])
    return [p.pid for p in found if p.info["cmdline"] == ["sleep", str(seconds)]]


def test_a_marked_cell_of_bash_is_written_on_one_datum(notebook: Notebook) -> None:
    _files(notebook.story.folder)
    mark = {"name": "bash", "input": "in/a *.txt", "shell": True}
    said = execute(notebook, 'echo "stem: $DATUM_STEM"\necho 7 > "$DATUM_RESULT"', {"datum": mark})
    assert "stem: a 0" in said and "7" in said.replace("a 0", ""), said
    said = execute(notebook, "true\nfalse", {"datum": mark})
    assert "line 2 of the cell, false, ended with 1" in said
    said = execute(notebook, "yes | (exit 3) | cat", {"datum": mark})
    assert "line 1 of the cell, cat, or one before it in the pipe (their statuses: " in said
    assert "141, 3, 0; 141: the next one read no further), ended with 3" in said
    assert "49" in execute(notebook, "7 * 7", {"datum": {**mark, "shell": False}})
