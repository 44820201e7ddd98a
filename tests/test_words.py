"""Numbers, times and names in words."""

import pytest

from jupyter_datum.words import span, text_of, visible


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
