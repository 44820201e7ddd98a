"""``--recover``: a function runs when the last try at a datum has failed."""

from __future__ import annotations

import pytest

from jupyter_datum.errors import UsageError
from jupyter_datum.ledger import queries

from ..story import Story

HELPERS = """
DEFAULT = -1
def fallback(datum, failure):
    datum.out_file('.txt').write_text(failure.message)
    return [DEFAULT, failure.type, failure.phase, datum.value]
def broken(datum, failure):
    raise KeyError(f"no way out of {failure.type}")
def narrow(datum):
    return None
"""


@pytest.fixture
def numbers(story: Story) -> Story:
    story.namespace["numbers"] = list(range(12))
    exec(HELPERS, story.namespace)
    return story


def test_what_the_function_returns_is_the_result_and_the_run_does_not_fail(numbers: Story) -> None:
    body = "if datum.value % 4 == 1: raise ValueError(f'bad {datum.value}')\ndatum.value"
    row = numbers.run("job -i numbers --workers 2 --recover fallback", body)
    assert (row.status, row.success, row.recovered, row.failed) == ("success", 9, 3, 0)
    results = numbers.transform("job").results()
    assert results[5] == [-1, "ValueError", "cell", 5] and results[6] == 6
    texts = {path.read_text() for path in numbers.made(".txt")}
    assert texts == {"bad 1", "bad 5", "bad 9"}
    assert set(numbers.executions().values()) == {1}, "the cell itself has run once for each"
    assert numbers.findings() == []
    again = numbers.run("job -i numbers --workers 2 --recover fallback", body)
    assert (again.skipped, again.recovered) == (9, 3), "recovered ones are tried again"
    fixed = numbers.run("job -i numbers --workers 2 --recover fallback", "datum.value")
    assert (fixed.success, fixed.recovered) == (12, 0)
    assert numbers.findings() == []


def test_a_function_that_fails_too_leaves_both_tracebacks(numbers: Story) -> None:
    body = "1 / (datum.value - 3)"
    row = numbers.run("job -i numbers --workers 2 --recover broken", body)
    assert (row.status, row.success, row.recovered, row.failed) == ("failed", 11, 0, 1)
    with numbers.ledger() as conn:
        (group,) = queries.failure_groups(conn, row.id)
        tracebacks = [row[0] for row in conn.execute("select traceback from attempt order by 1")]
    assert group.type == "ZeroDivisionError"
    assert "recovering it failed too: KeyError: 'no way out of ZeroDivisionError'" in group.message
    assert any("1 / (datum.value - 3)" in t and "in broken" in t for t in tracebacks)
    assert numbers.findings() == []


@pytest.mark.parametrize("engine", ["joblib", "dask", "ipyparallel", "serial"])
def test_deaths_and_hangs_are_recovered_on_another_worker(numbers: Story, engine: str) -> None:
    body = (
        "import os, time\n"
        "if datum.value == 2: os._exit(3)\n"
        "if datum.value == 7: time.sleep(600)\n"
        "datum.value"
    )
    line = f"job -i numbers --engine {engine} --workers 2 --tries 1 --timeout 2s --recover fallback"
    row = numbers.run(line, body, within=100)
    assert (row.status, row.success, row.recovered) == ("success", 10, 2)
    results = numbers.transform("job").results()
    assert results[2] == [-1, "WorkerDied", "worker", 2]
    assert results[7] == [-1, "TimeoutError", "worker", 7]
    assert set(numbers.executions().values()) == {1}


def test_tries_come_before_the_function(numbers: Story) -> None:
    body = "if datum.value == 4: raise OSError(f'try {datum.attempt}')\ndatum.attempt"
    row = numbers.run("job -i numbers --backoff 10ms --recover fallback", body)
    assert (row.status, row.recovered) == ("success", 1)
    assert numbers.executions()["4"] == 2, "the same exception twice is final"


def test_the_function_counts_as_code(numbers: Story) -> None:
    numbers.run("job -i numbers --recover fallback", "datum.value")
    numbers.namespace["DEFAULT"] = -2
    row = numbers.run("job -i numbers --recover fallback", "datum.value")
    assert row.success == 12


def test_a_recovered_datum_feeds_the_next_transform(numbers: Story) -> None:
    body = "if datum.value == 1: raise ValueError('bad')\n[datum.value]"
    numbers.run("first -i numbers --recover fallback", body)
    row = numbers.run("second -i first", "len(datum.value)")
    assert (row.status, row.success) == ("success", 12)


@pytest.mark.parametrize(
    ("name", "says"),
    [("nothing", "no function of that name"), ("DEFAULT", "int, not a function"),
     ("narrow", "two arguments")],
)  # fmt: skip
def test_what_cannot_recover_is_refused(numbers: Story, name: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        numbers.prepare(f"job -i numbers --recover {name}", "datum.value")
