"""Which transforms an input names, by its text alone."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_datum.transform.needs import needed

NAMES = {"thumbs", "boxes", "sheet"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("thumbs", ["thumbs"]),
        ("$thumbs", []),
        ("thumbs/*.png", []),
        ("images/**/(*.jpg)", []),
        ("whole(thumbs)", ["thumbs"]),
        ('join(boxes, transform("thumbs"), on="$1")', ["boxes", "thumbs"]),
        ("group(cross(thumbs, glob('thumbs/*.png')), by=sheet.key)", ["thumbs", "sheet"]),
        ("other", []),
        ("whole(", []),
        ("{site}/thumbs/*(x)", []),
        ('{"whole": {"transform": "thumbs"}}', ["thumbs"]),
        ({"union": [{"transform": "thumbs"}, {"glob": "boxes"}]}, ["thumbs"]),
        (None, []),
        ("whole(" * 5000 + ")" * 5000, []),
    ],
)
def test_names_of_an_input(text: Any, names: list[str]) -> None:
    assert sorted(needed(text, NAMES)) == sorted(names)
    assert set(needed(text, ())) == set()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("thumbs", []),
        ("whole(thumbs)", []),
        ("union(thumbs, boxes)", ["boxes"]),
        ('transform("thumbs")', ["thumbs"]),
        ({"transform": "thumbs"}, ["thumbs"]),
    ],
)
def test_a_transform_that_is_called_as_its_input_does_not_need_itself(
    text: Any, names: list[str]
) -> None:
    assert needed(text, NAMES, own="thumbs") == names
