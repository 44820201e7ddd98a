"""Dependencies that are declared, named and not declared, or without content: real runs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.errors import UsageError
from jupyter_datum.runner.ask import ask_again
from jupyter_datum.runner.preview import preview
from jupyter_datum.transform.capture import capture
from jupyter_datum.transform.cell import Cell, bash_cell
from jupyter_datum.transform.declared import declare
from jupyter_datum.transform.fingerprint import Fingerprint, fingerprint
from jupyter_datum.transform.recipe import read_recipe

from ..story import Story

LINE = "job -i numbers"


@pytest.fixture
def numbers(story: Story) -> Story:
    story.namespace["numbers"] = [1, 2]
    (story.folder / "config.json").write_text("1")
    (story.folder / "tables").mkdir()
    (story.folder / "tables" / "a.csv").write_text("a")
    return story


def stale(story: Story, line: str, body: str = "datum.value") -> bool:
    """Whether anything would run, under a name of the line."""
    prepared = story.prepare(line, body)
    with story.ledger() as conn:
        return preview(conn, story.project, prepared.recipe, {}).would_run > 0


def test_a_declared_file_counts_and_is_named(numbers: Story) -> None:
    line = f"{LINE} --depends config.json,tables"
    numbers.run(line, "datum.value")
    assert not stale(numbers, line)
    (numbers.folder / "config.json").write_text("1")
    assert not stale(numbers, line)
    (numbers.folder / "config.json").write_text("2")
    prepared = numbers.prepare(line, "datum.value")
    with numbers.ledger() as conn:
        found = preview(conn, numbers.project, prepared.recipe, {})
    assert found.parts == {"file config.json": 2}
    (numbers.folder / "config.json").write_text("1")
    (numbers.folder / "tables" / "b.csv").write_text("b")
    assert stale(numbers, line)


def test_a_declared_name_counts(numbers: Story) -> None:
    numbers.namespace["table"] = {"a": 1}
    line = f"{LINE} --depends table"
    numbers.run(line, "datum.value")
    assert not stale(numbers, line)
    numbers.namespace["table"] = {"a": 2}
    assert stale(numbers, line)


def test_recorded_code_does_not_run_with_another_declared_file(numbers: Story) -> None:
    row = numbers.run(f"{LINE} --depends config.json", "datum.value")
    (numbers.folder / "config.json").write_text("2")
    with numbers.ledger() as conn:
        found = preview(conn, numbers.project, read_recipe(numbers.project, row.recipe), {})
        assert (found.reasons, found.parts) == ({"code changed": 2}, {"file config.json": 2})
        assert "config.json changed since the cell was run: run it again" in found.notes
        run, _ = ask_again(conn, numbers.project, row, {"force": True})
    with pytest.raises(AssertionError, match=r"config\.json, on which job depends, changed"):
        numbers.end(run)


def test_what_is_neither_file_nor_name_is_one_sentence(numbers: Story) -> None:
    with pytest.raises(UsageError, match=r"--depends confg\.json: .* near to it: config\.json"):
        numbers.prepare(f"{LINE} --depends confg.json", "datum.value")


def test_a_file_that_the_code_names_is_listed(numbers: Story) -> None:
    body = "open('config.json').read() + open('missing.json', 'a').name"
    [listed] = numbers.prepare(LINE, body).recipe.untracked
    assert listed.startswith("config.json (a file that the code names")
    assert not numbers.prepare(f"{LINE} --depends config.json", body).recipe.untracked


def test_one_in_a_helper_is_listed_and_one_said_to_be_untracked_is_not(numbers: Story) -> None:
    exec(
        "def read(name='x'):\n    return open('tables/a.csv').read()\n"
        "from jupyter_datum import untracked\n",
        numbers.namespace,
    )
    body = "read()\nopen(untracked('config.json')).read()\ndatum.value"
    [listed] = numbers.prepare(LINE, body).recipe.untracked
    assert listed.startswith("tables/a.csv (")
    numbers.namespace["numbers"] = [1]
    row = numbers.run(LINE, f"import os\nos.chdir({str(numbers.folder)!r})\n{body}")
    assert (row.status, row.success) == ("success", 1)


def test_one_that_is_named_outside_of_the_cell_is_listed(numbers: Story) -> None:
    exec(
        "from pathlib import Path\nimport os\nfrom jupyter_datum import untracked\n"
        "F = 'config.json'\nP = Path('tables') / 'a.csv'\n"
        "S = {'weights': ['b.bin', 7, F], 'mode': 'none such'}\n"
        "def read():\n    return open(P).read()\n"
        "def deep(x=P):\n    return x\n",
        numbers.namespace,
    )
    (numbers.folder / "b.bin").write_text("b")

    def listed(body: str, more: str = "") -> list[str]:
        untracked = numbers.prepare(f"{LINE} {more}", body).recipe.untracked
        return [text.partition(" (")[0] for text in untracked]

    assert listed("open(F).read()") == ["config.json"]
    assert listed("read()") == listed("deep()") == listed("P.read_text()") == ["tables/a.csv"]
    assert listed("S['mode']") == ["b.bin", "config.json"]
    assert listed("read()", "--depends tables") == []
    assert listed("open(untracked(F)).read()") == [], "where the cell says so"
    exec("Q = untracked('b.bin')", numbers.namespace)
    assert listed("Q, datum.value") == [], "where the notebook has said so"


def test_files_of_commands_and_of_the_scripts_that_they_run_are_listed(tmp_path: Path) -> None:
    for name, text in {
        "work.py": "open('conf.json')", "conf.json": "{}", "data.csv": "", "more.txt": "",
        "run.sh": "#!/bin/bash\n# it's fine\npython work.py <more.txt ${X#y} data.csv",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text)

    def listed(body: str, depends: tuple[str, ...] = (), shell: bool = False) -> set[str]:
        cell = Cell(body, "<cell>", 1)
        cell = bash_cell(cell) if shell else cell
        captured = capture(cell, {"__name__": "__main__"}, tmp_path)
        made = fingerprint(cell, captured)
        declare(made, cell, captured, tmp_path, depends, ())
        return {text.partition(" (")[0] for text in made.untracked}

    assert listed("!python work.py data.csv") == {"work.py", "conf.json", "data.csv"}
    assert listed("x = !sort --in=data.csv {datum.path}\nx") == {"data.csv"}
    assert listed("!python work.py {datum.path}", ("work.py",)) == {"conf.json"}
    everything = {"run.sh", "work.py", "more.txt", "data.csv", "conf.json"}
    assert listed('bash run.sh "$DATUM_PATH"', shell=True) == everything
    assert listed("if true; then\n  cat 'data.csv';fi # it's all", shell=True) == {"data.csv"}
    assert listed("import subprocess\nsubprocess.run(['sort', '-n', 'data.csv'])") == {"data.csv"}
    assert listed("!cat {datum.path}.csv data{1}.csv data") == set()


def test_environment_variables_that_the_code_reads_are_listed(tmp_path: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec("import os\ndef far(): return os.getenv('FAR', '10')", namespace)
    body = "os.environ['SET'] = '1'\nos.environ['A'] + os.environ.get('B') + far()\nDATUM_OUT"
    cell = Cell(f"{body}\nos.environ['DATUM_ID']", "<cell>", 1)
    captured = capture(cell, namespace, tmp_path)

    def listed(*versions: str) -> Fingerprint:
        made = fingerprint(cell, captured)
        declare(made, cell, captured, tmp_path, (), versions)
        return made

    assert [text.partition(" (")[0] for text in listed().untracked] == ["A", "B", "FAR"]
    assert len(listed("FAR=20").untracked) == 2
    assert listed("FAR=20").digest != listed("FAR=30").digest


def test_another_name_of_an_input_counts_where_the_cell_looks_up_files(numbers: Story) -> None:
    line = 'job -i \'glob("tables/*.csv", name="{}")\''
    for body in ("datum.paths.get('a', 0) and 1", "def f(d):\n    return list(d.paths)\nf(datum)"):
        numbers.run(line.format("a"), body)
        assert not stale(numbers, line.format("a"), body)
        assert stale(numbers, line.format("b"), body)
    numbers.run(line.format("a"), "datum.path.stat().st_size")
    assert not stale(numbers, line.format("b"), "datum.path.stat().st_size")


def test_a_version_stands_for_what_has_no_content(tmp_path: Path) -> None:
    cell = Cell("guard", "<cell>", 1)
    captured = capture(cell, {"__name__": "__main__", "guard": threading.Lock()}, tmp_path)

    def found(*versions: str) -> Fingerprint:
        made = fingerprint(cell, captured)
        declare(made, cell, captured, tmp_path, (), versions)
        return made

    assert found().untracked == ["guard (_thread.lock)"]
    assert not found("guard=v3").untracked
    assert found("guard=v3").digest == found("guard=v3").digest != found("guard=v4").digest
    with pytest.raises(UsageError, match=r"the cell reads no 'gard'\. Not tracked: guard"):
        found("gard=v3")


def test_a_folder_of_data_is_refused(numbers: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_datum.transform.declared._MOST", 1)
    (numbers.folder / "tables" / "b.csv").write_text("b")
    with pytest.raises(UsageError, match="make them an input"):
        numbers.prepare(f"{LINE} --depends tables", "datum.value")
