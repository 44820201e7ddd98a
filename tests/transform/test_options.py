"""The line of a marked cell."""

from __future__ import annotations

import pytest

from jupyter_datum.errors import UsageError
from jupyter_datum.transform.optionline import parse_line, split
from jupyter_datum.transform.options import Options
from jupyter_datum.transform.optiontable import OPTIONS, duration, options_help


def test_a_line_is_read() -> None:
    line = (
        'thumbs -i "images/**/*.{jpg,png}" -o out --engine dask --workers 4 --timeout 5min --force'
    )
    assert parse_line(line) == Options(
        name="thumbs", input="images/**/*.{jpg,png}", output="out", engine="dask", workers=4,
        timeout=300.0, force=True,
    )  # fmt: skip


def test_braces_dollars_and_backslashes_stay_as_they_are() -> None:
    assert parse_line(r'a -i "{b}/$1\d" ').input == r"{b}/$1\d"
    assert parse_line("a -i $numbers").input == "$numbers"


def test_an_expression_may_hold_quotes_and_spaces() -> None:
    assert parse_line('a -i glob("x y/*.py",root=site) --workers 2') == Options(
        name="a", input='glob("x y/*.py",root=site)', workers=2
    )


def test_lines_under_the_magic_say_the_same_and_the_line_stands_over_them() -> None:
    body = "#| engine: dask\n#| on-error: stop:5%\n#| no-probe: true\nx = 1\n#| workers: 3"
    assert parse_line("a -i b --engine serial", body) == Options(
        name="a", input="b", engine="serial", on_error="stop:5%", no_probe=True
    )


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a --enigne dask", "did you mean --engine"),
        ("a --retries 2", "--tries 3"),
        ("a --backend dask", "--engine"),
        ("a --workers", "--workers needs a value"),
        ("a --workers two", "whole number"),
        ("a --workers 0", "1 or more"),
        ("a --timeout soon", "30s, 500ms, 5min or 2h"),
        ("a --only old", "new, failed, stale"),
        ("a --on-error never", "stop:N"),
        ("a b", "two names"),
        ("a-b -i x", "Python name"),
        ('a -i "x', "not closed"),
    ],
)
def test_what_is_wrong_is_said(line: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_line(line)
    assert says in str(caught.value)


def test_options_survive_json() -> None:
    options = parse_line("a -i b --only new,failed --sample 5")
    assert Options.from_json(options.to_json()) == options


@pytest.mark.parametrize(("text", "seconds"), [("30", 30), ("500ms", 0.5), ("1.5 h", 5400)])
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == seconds


def test_every_option_is_in_the_help() -> None:
    assert all(flag in options_help() for option in OPTIONS for flag in option.flags)
    assert max(map(len, options_help().splitlines())) <= 80


def test_brackets_and_spaces_inside_a_call_are_its_own() -> None:
    line = "x -i join(glob('a/(*).txt', on='$1'), glob('b [(] (*)', on=\"$1\")) -o out"
    words = split(line)
    assert len(words) == 5 and words[2].endswith('on="$1"))') and words[4] == "out"
