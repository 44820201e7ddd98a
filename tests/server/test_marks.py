"""The metadata that mark a cell, read before they are saved."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Call


@pytest.mark.parametrize(
    ("mark", "line", "field", "mistake"),
    [
        (
            {"name": "up", "input": "in/*.txt", "tries": 2},
            "up --input in/*.txt --tries 2",
            None,
            "",
        ),
        ({"name": "up", "workers": "many"}, "", "workers", "--workers many"),
        ({"name": "no name"}, "", "name", "name"),
        ({"name": "up", "inptu": "x"}, "", "inptu", "did you mean 'input'"),
        ({"workers": "many"}, "", None, ""),
        ({"name": ""}, "", None, ""),
        ({"name": 3}, "", None, ""),
        ([1], "", None, ""),
        (None, "", None, ""),
    ],
)
async def test_what_they_say(
    call: Call, mark: Any, line: str, field: str | None, mistake: str
) -> None:
    answer = await call("marks", method="POST", body={"mark": mark})
    assert answer.status == 200, answer
    assert (answer.json["line"], answer.json["field"]) == (line, field)
    assert mistake in (answer.json["mistake"] or "")
    assert bool(mistake) == bool(answer.json["mistake"])


async def test_each_option_says_what_is_wrong_with_it(call: Call) -> None:
    mark = {"name": "up", "tries": 0, "input": "in/*.txt", "workers": "many", "timeout": "soon"}
    said = (await call("marks", method="POST", body={"mark": mark})).json
    assert list(said["mistakes"]) == ["tries", "workers", "timeout"]
    assert said["mistakes"]["workers"].startswith("--workers many: ")
    assert (said["field"], said["mistake"]) == ("tries", said["mistakes"]["tries"])


async def test_a_mark_is_needed(call: Call) -> None:
    answer = await call("marks", method="POST", body={})
    assert (answer.status, answer.json["code"]) == (400, "bad-request")
