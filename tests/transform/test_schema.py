"""``--schema``: a result that breaks it fails its datum, and says where."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from jupyter_datum.errors import UsageError
from jupyter_datum.transform.check import ResultError, checker

from ..story import Story

SCHEMA = pa.schema([pa.field("name", pa.string(), nullable=False), ("score", pa.float64())])

FUNCTION = """
LIMIT = {limit}
def small(result):
    return result < LIMIT
def strict(result):
    if result > LIMIT:
        raise ValueError(f"{{result}} is over {{LIMIT}}")
"""


@pytest.mark.parametrize(
    ("result", "says"),
    [
        ({"name": "a", "score": 0.5}, None),
        ({"name": "a", "score": None, "more": 1}, None),
        ([{"name": "a", "score": 1.0}], None),
        (pa.table({"name": ["a"], "score": [0.5]}), None),
        (pd.DataFrame({"name": ["a"], "score": [0.5]}), None),
        ({"name": "a"}, "result has no 'score' (double). It has: name"),
        ({"name": None, "score": 1.0}, "'name' of result is None, and must not be"),
        ({"name": "a", "score": "high"}, "'score' of result is 'high', and must be double"),
        ([{"name": "a", "score": 1.0}, {"name": 3, "score": 1.0}], "'name' of result[1] is 3"),
        (pa.table({"name": ["a"]}), "the result has no column 'score'"),
        (pd.DataFrame({"name": ["a"], "score": [1]}), "column 'score' of the result is int64"),
        (None, "result is NoneType; the schema is for dicts with name, score"),
        (7, "result is int"),
    ],
)
def test_an_arrow_schema(result: object, says: str | None) -> None:
    check = checker(SCHEMA)
    if says is None:
        check(result)
        return
    with pytest.raises(ResultError) as found:
        check(result)
    assert says in str(found.value)


def test_what_breaks_it_fails_in_the_phase_result_and_nothing_else_does(story: Story) -> None:
    story.namespace.update(numbers=range(4), schema=SCHEMA)
    body = "{'name': 'n', 'score': 'high' if datum.value == 2 else datum.value / 2}"
    row = story.run("s -i numbers --schema schema", body)
    assert (row.status, row.success, row.failed) == ("failed", 3, 1)
    (failure,) = story.transform("s").failures()
    assert failure["phase"] == "result"
    assert "'score' of result is 'high', and must be double" in failure["message"]
    fixed = body.replace("'high' if datum.value == 2 else ", "")
    assert story.run("s -i numbers --schema schema", fixed).status == "success"


@pytest.mark.parametrize("name", ["small", "strict"])
def test_a_function_is_one_and_counts_as_code(story: Story, name: str) -> None:
    line = f"f -i numbers --schema {name}"
    story.namespace["numbers"] = range(4)
    exec(FUNCTION.format(limit=3), story.namespace)
    row = story.run(line, "datum.value")
    assert (row.success, row.failed) == ((3, 1) if name == "small" else (4, 0))
    exec(FUNCTION.format(limit=2), story.namespace)
    again = story.run(line, "datum.value")
    assert again.failed == (2 if name == "small" else 1)
    assert again.skipped == 0, "with another schema nothing that was checked is checked"
    third = story.run("f -i numbers", "datum.value")
    assert (third.status, third.success) == ("success", 4)


def test_what_can_check_nothing_is_said_at_once(story: Story) -> None:
    story.namespace.update(numbers=range(4), three=3)
    for name, says in (("none", "has no object of that name"), ("three", "is int; it must be")):
        with pytest.raises(UsageError, match=says):
            story.prepare(f"f -i numbers --schema {name}", "datum.value")
