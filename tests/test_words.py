"""Numbers, times and names in words."""

import pytest

from jupyter_datum.words import common, mask, span, text_of, visible


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 ms"), (0.0042, "4.2 ms"), (0.00996, "10 ms"), (0.0764, "76 ms"), (0.9994, "999 ms"),
        (0.9996, "1.0 s"), (9.24, "9.2 s"), (9.96, "10 s"), (119.6, "2 min"), (185, "3 min 5 s"),
        (9660, "2 h 41 min"),
    ],
)  # fmt: skip
def test_a_time_has_the_figures_that_tell_it_from_another(seconds: float, said: str) -> None:
    assert span(seconds) == said


def test_nothing_is_hidden_in_text() -> None:
    assert visible("a\u202egpj\x1b[2J\n") == "a\\u202egpj\\x1b[2J\\n"
    assert visible("two\nlines\t\x07", "\n\t") == "two\nlines\t\\x07"
    assert text_of(b"n\xff.txt") == "n\\xff.txt"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (r"could not convert string to float: 'x\n'", "could not convert string to float: ‹text›"),
        (r"no '\udcff' here", "no ‹text› here"),
        ("could not convert string to float: 'N/A'", "could not convert string to float: ‹text›"),
        ("cannot open 'a/b.tif'", "cannot open ‹path›"),
        (r"cannot open 'C:\\data\\b.tif'", "cannot open ‹path›"),
        (r"cannot open 'C:\data'", "cannot open ‹path›"),
        (r"cannot open '\\\\host\\share'", "cannot open ‹path›"),
        ("bad CRC in /data/x.tif", "bad CRC in ‹path›"),
        ("at 0x7f, 3 of 4", "at ‹address›, ‹n› of ‹n›"),
    ],
)
def test_what_messages_have_in_common(message: str, shown: str) -> None:
    assert common(message) == shown


def test_texts_and_paths_count_as_alike_as_ever() -> None:
    """Failures are told apart by it, in ledgers that there are too."""
    assert mask(r"no 'x\n'") == mask("no 'a/b'") == "no '..'"
