"""The command line says what it takes, and its page in the docs says the same."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import jupyter_datum
from jupyter_datum.cli import main
from jupyter_datum.cli.page import commands, render
from jupyter_datum.cli.parser import make_parser
from jupyter_datum.errors import ProjectError
from jupyter_datum.notebook.verbs import VERBS, verbs_help
from jupyter_datum.project import find, find_or_create
from jupyter_datum.transform import optionpage
from jupyter_datum.transform.optiontable import OPTIONS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("module", "page", "made"),
    [
        ("jupyter_datum.cli.page", "cli.md", render),
        ("jupyter_datum.transform.optionpage", "options.md", optionpage.render),
    ],
)
def test_a_page_of_the_docs_is_made_from_the_code(module: str, page: str, made: object) -> None:
    command = [sys.executable, "-m", module]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert callable(made)
    assert printed == (DOCS / page).read_text() == made()


def test_each_option_stands_on_its_page_once() -> None:
    shown = [field for fields in optionpage.GROUPS.values() for field in fields]
    assert sorted(shown) == sorted(option.field for option in OPTIONS)


@pytest.mark.parametrize("word", commands(make_parser()))
def test_each_command_says_what_it_does_and_takes(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser, text = commands(make_parser())[word]
    with pytest.raises(SystemExit) as ended:
        main([word, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert text and f"{text[0].upper()}{text[1:]}." in said
    assert all(action.help for action in parser._actions), word
    # What it takes is written large, as a value is, and never by the name that code gives it.
    assert all(
        str(a.metavar or "").isupper() for a in parser._actions if a.nargs != 0 and not a.choices
    ), word


def test_too_many_words_are_answered_by_their_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["move", "thumbs", "photos"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "usage: jupyter datum move" in said
    assert "unrecognized arguments: photos" in said


def test_a_word_that_is_no_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["faliures"])
    assert ended.value.code == 2
    assert "no command 'faliures'; did you mean failures? There are: run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("watch a --settle x", "'x': write a duration as 30s"),
        ("lineage a --up -1", "'-1': write a whole number, 0 or more"),
        ("engines --try a --sample 0", "'0': write a whole number, 1 or more"),
        ("status --project no/where", "'no/where' is no folder"),
        ("status --project .", "jupyter datum run NOTEBOOK.ipynb"),
        ("run no.ipynb", "no.ipynb'; there are: one.ipynb, two.ipynb"),
        ("run .", "'.' is a folder; there are: one.ipynb"),
        ("run one.ipynb", ".ipynb_checkpoints"),
    ],
)
def test_a_wrong_value_is_told_with_what_to_do(
    words: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATUM_PROJECT", raising=False)
    for name in ("one", "two"):
        Path(f"{name}.ipynb").write_text('{"cells": [')
    try:
        code = main(words.split())
    except SystemExit as ended:
        code = int(str(ended.code))
    assert code == 2
    assert says in capsys.readouterr().err


def test_a_place_for_the_project_that_there_is_not_is_told(tmp_path: Path) -> None:
    nowhere = tmp_path / "no" / "where"
    assert find(nowhere) is None
    with pytest.raises(ProjectError, match=r"No such file.* set DATUM_PROJECT"):
        find_or_create(nowhere)
    assert not nowhere.parent.exists()


def test_options_may_stand_anywhere() -> None:
    words = ["run", "a.ipynb", "--engine", "dask", "thumbs", "--json"]
    found = make_parser().parse_args(words)
    assert (found.notebook, found.name, found.engine, found.json) == (
        "a.ipynb",
        "thumbs",
        "dask",
        True,
    )


def test_the_magic_says_what_each_verb_does_and_the_command_line_the_same() -> None:
    told = verbs_help()
    shared = commands(make_parser()).keys() & VERBS.keys()
    assert len(shared) > 20
    for word in shared - {"run"}:
        assert commands(make_parser())[word][1] == VERBS[word]
        assert f"  {word:<12}{VERBS[word]}\n" in told


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"jupyter-datum {jupyter_datum.__version__}\n"
    assert jupyter_datum.__version__ == version("jupyter-datum")


def test_to_read_a_notebook_builds_no_parser_of_iris(tmp_path: Path) -> None:
    """It takes seconds, and is built where jsonschema finds this package, as beside JupyterLab."""
    (tmp_path / "rfc3987_syntax.py").write_text("raise SystemExit('it is imported')")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", "import jupyter_datum.cli, nbformat"]
    subprocess.run(command, env=environment, check=True)
