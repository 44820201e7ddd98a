"""Two runs, two versions of the code, two transforms: what has changed, datum by datum."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys

import pytest

import jupyter_datum
from jupyter_datum.cli import main
from jupyter_datum.errors import UsageError
from jupyter_datum.ledger.feed import given
from jupyter_datum.outcomes import Comparison, compare
from jupyter_datum.runner import upkeep

from ..story import Story

SCORE = "datum.metrics['score'] = datum.value * {}\n{{'double': datum.value * 2}}"


def of(story: Story, *sides: str) -> Comparison:
    return compare(story.project, *sides)


def twice(story: Story) -> None:
    story.namespace["numbers"] = [1, 2, 3, 4]
    story.run("job -i numbers", SCORE.format(1))
    story.run("job -i numbers --no-probe", "assert datum.value != 3\n" + SCORE.format(10))


def test_two_versions_of_the_code(story: Story) -> None:
    twice(story)
    found = of(story, "job")
    assert (found.a.label, found.b.label) == ("job@1", "job@2")
    summary = found.summary()
    assert (summary.datums, summary.results, summary.same) == (4, 1, 0)
    assert summary.states == {("success", "success"): 3, ("success", "failed"): 1}
    score = summary.metrics["score"]
    assert (score.n, score.a, score.b, score.higher) == (3, 7, 70, 3)
    frame = found.frame()
    assert frame["score_a"].tolist() == [1, 2, 3, 4]
    assert frame["double_a"].tolist() == [2, 4, 6, 8]
    assert frame["state_b"].tolist() == ["success", "success", "failed", "success"]
    assert frame["differs"].tolist() == ["metrics", "metrics", "state, result, metrics", "metrics"]
    assert "1 success -> failed" in repr(found) and "score: mean 2.333 -> 23.33" in repr(found)
    shown = [line.strip() for line in repr(found).splitlines()[-4:]]
    assert shown[0].endswith(": score 1 -> 10") and shown[2].endswith(": success -> failed")


def test_what_differs_of_a_result_is_shown_by_name(story: Story) -> None:
    story.namespace["numbers"] = [1, 2]
    cell = "{{'n': datum.value, 'shape': (datum.value, {0}), 'far': 1e6 + datum.value + {0}}}"
    story.run("job -i numbers", cell.format(1))
    story.run("job -i numbers", cell.format(2))
    first = repr(of(story, "job")).splitlines()[-2]
    assert first.endswith(": shape [1, 1] -> [1, 2]; far 1,000,002 -> 1,000,003")


def test_a_run_is_what_stood_when_it_had_ended(story: Story) -> None:
    twice(story)
    first = story.project  # three runs: all, all by other code, the failed one alone
    runs = [story.latest("job")]
    story.run("job -i numbers --only failed", SCORE.format(10))
    runs.append(story.latest("job"))
    found = compare(first, runs[0][:8], runs[1][:8])
    assert found.summary().states == {("success", "success"): 3, ("failed", "success"): 1}
    assert [pair.b.metrics for pair in found if pair.b] == [{"score": 10 * i} for i in (1, 2, 3, 4)]
    assert [pair.differs for pair in found.changes()] == [("state", "result", "metrics")]
    transform = story.transform("job")
    assert jupyter_datum.compare("job", runs[0], project=str(story.folder)).b.run == 2
    assert jupyter_datum.compare("job@1", transform).summary().metrics["score"].higher == 4
    assert transform.compare("job@1").summary().metrics["score"].higher == 4
    with pytest.raises(UsageError, match=r"no \.datum folder"):
        jupyter_datum.compare("job", project="/")
    back = compare(first, runs[1], "job@1")
    assert back.summary().metrics["score"].lower == 4


def test_what_was_brought_back_is_what_stands(story: Story) -> None:
    story.namespace["numbers"] = [1, 2]
    runs = []
    for times in (1, 2, 1, 2, 1):
        row = story.run("job -i numbers --keep 1", f"datum.value * {times}")
        runs.append(row.uuid)
    assert row.skipped == 2
    back = of(story, runs[1], "job")
    assert [(pair.a.data, pair.b.data) for pair in back if pair.a and pair.b] == [
        (b"2", b"1"), (b"4", b"2"),
    ]  # fmt: skip
    for run, stood in zip(runs, (b"1", b"2", b"1", b"2", b"1"), strict=True):
        first = next(iter(of(story, run, "job@1")))
        assert first.a and first.a.data == stood


def test_versions_that_count_as_the_same_are_no_two_sides(story: Story) -> None:
    story.namespace["numbers"] = [1, 2]
    story.run("job -i numbers", "datum.value")
    for more in ("1", "2"):
        code = f"0 or datum.value * {more} // {more}"
        with story.ledger() as conn:
            recipe = story.prepare("job -i numbers", code).recipe
            upkeep.equivalent(conn, story.project, "job", recipe)
        assert story.run("job -i numbers", code).skipped == 2
        if more == "1":  # so that the next one counts as this one, and this as the first
            assert story.run("job -i numbers --force", code).success == 2
    found = of(story, "job@1", "job@3")
    assert found.b.label == "job@3 (counts as code 1, 2)"
    assert (found.summary().same, found.summary().only_a) == (2, 0)
    assert "run " in of(story, "job").a.label, "nothing but equivalent code: two runs"
    with story.ledger() as conn:
        assert [each.good for each in given(conn, 1)] == [True, True]
    story.run("job -i numbers --only new", "datum.value * 5")
    assert of(story, "job").a.label == "job@3 (counts as code 1, 2)"


def test_datums_that_only_one_side_has(story: Story) -> None:
    story.namespace["numbers"] = [1, 2]
    story.run("one -i numbers", "datum.value")
    story.namespace["numbers"] = [2, 3]
    story.run("other -i numbers", "datum.value * 2")
    found = of(story, "one", "other")
    summary = found.summary()
    assert (summary.datums, summary.only_a, summary.only_b, summary.results) == (3, 1, 1, 1)
    assert sorted(pair.differs for pair in found) == [("result",), ("there",), ("there",)]
    assert [pair.a is None for pair in found] == [False, True, False]
    story.run("one -i numbers", "datum.value")
    assert of(story, "one").summary().only_b == 1  # the two newest runs: one more datum
    assert of(story, "one").summary().same == 2


@pytest.mark.parametrize(
    ("sides", "says"),
    [
        (["nobody"], "no transform, no NAME@VERSION and no run; there are the transforms: job"),
        (["job", "job@3"], "no version '3'"),
        (["job", "job@0"], "no version '0'"),
        (["job", "job@"], "no version ''"),
        (["job@1", "zzzzzzz"], "'zzzzzzz' is no transform"),
        (["job"], "has run once"),
    ],
)
def test_a_side_that_is_nothing_is_one_sentence(story: Story, sides: list[str], says: str) -> None:
    story.namespace["numbers"] = [1]
    story.run("job -i numbers", "1")
    with pytest.raises(UsageError, match=says):
        of(story, *sides)


def test_the_command_line_compares(story: Story, capfd: pytest.CaptureFixture[str]) -> None:
    twice(story)
    project = ["--project", str(story.folder)]
    assert main(["compare", "job", *project]) == 0
    assert "4 datums at both" in capfd.readouterr().out
    assert main(["compare", "job@1", "job@-1", "--json", *project]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["states"] == {"success -> failed": 1, "success -> success": 3}
    assert found["changes"][2]["key"] == "3"
    assert found["changes"][2]["a"]["result"] == '{"double":6}'
    assert main(["compare", "job", "nothing", *project]) == 2


def test_the_command_line_gives_results(story: Story, capfd: pytest.CaptureFixture[str]) -> None:
    story.namespace["numbers"] = [1, 2]
    cell = "datum.metrics['loss'] = float('inf')\n"
    story.run("job -i numbers", cell + "{'n': datum.value} if datum.value == 1 else {datum.value}")
    project = ["--project", str(story.folder)]
    assert main(["results", "job", *project]) == 0
    assert capfd.readouterr().out.splitlines() == ["{'n': 1}", "{2}"]
    assert main(["results", "job", "--json", *project]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [line["key"] for line in lines] == ["1", "2"], "an item's key is a digest"
    assert lines[0]["result"] == {"n": 1} and lines[1]["result_kind"] == "pickle"
    assert lines[0]["metrics"] == {"loss": "inf"}, "JSON has no number for it"
    assert "result" not in lines[1]
    pages = shlex.join([sys.executable, "-m", "jupyter_datum.cli", "results", "job", *project])
    shell = subprocess.run(f"{pages} | true", shell=True, stderr=subprocess.PIPE, timeout=60)
    assert b"BrokenPipe" not in shell.stderr
