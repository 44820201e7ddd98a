"""``--batch N``: one call for several datums, whose fates stay their own."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from jupyter_datum.notebook.render import closing_lines
from jupyter_datum.server.shapes import run_json
from jupyter_datum.states import RunStatus

from ..story import Story

#: Counts calls and executions where they happen.
CALL = (
    "import json, os\n"
    "with open(calls, 'a') as f: f.write(json.dumps([d.value for d in datums]) + '\\n')\n"
)


@pytest.fixture
def calls(story: Story) -> Path:
    file = story.folder / "calls"
    story.namespace["calls"] = str(file)
    return file


def sizes(calls: Path) -> list[int]:
    return [len(json.loads(line)) for line in calls.read_text().splitlines()]


def test_each_datum_of_a_batch_has_its_own_result_output_and_metrics(
    story: Story, calls: Path
) -> None:
    story.namespace["xs"] = range(40)
    body = CALL + (
        "for d in datums:\n"
        "    d.out_file('.txt').write_text(str(d.value))\n"
        "    d.metrics['twice'] = 2 * d.value\n"
        "print('together', len(datums))\n"
        "[{'n': d.value ** 2} for d in datums]"
    )
    row = story.end(
        story.start("m -i xs -o out --batch 8 --workers 1 --no-probe", body, counted=False)
    )
    assert (row.status, row.success, row.executions) == (RunStatus.SUCCESS, 40, 40)
    assert sizes(calls) == [8] * 5
    assert sorted(r["n"] for r in story.transform("m").results(frame=False)) == [
        n * n for n in range(40)
    ]
    assert sorted(int(path.read_text()) for path in story.made(".txt")) == list(range(40))
    assert story.findings() == []
    # One more datum runs alone; the others are unchanged.
    story.namespace["xs"] = range(41)
    row = story.end(story.start("m -i xs -o out --batch 16 --workers 1", body, counted=False))
    assert (row.success, row.skipped) == (1, 40)  # the size of the batch is no part of the code


def test_a_failing_datum_is_found_by_halves_and_the_others_succeed_once(
    story: Story, calls: Path
) -> None:
    story.namespace["xs"] = range(32)
    body = CALL + (
        "for d in datums:\n"
        "    if d.value == 21: raise ValueError('bad one')\n"
        "    d.out_file('.txt').write_text(str(d.value))\n"
        "[d.value for d in datums]"
    )
    line = "m -i xs -o out --batch 32 --workers 1 --no-probe --tries 1"
    row = story.end(story.start(line, body, counted=False))
    assert (row.status, row.success, row.failed) == (RunStatus.FAILED, 31, 1)
    (failure,) = story.transform("m").failures()
    assert "bad one" in str(failure)
    assert len(sizes(calls)) <= 1 + 2 * 5
    assert sorted(int(path.read_text()) for path in story.made(".txt")) == [
        n for n in range(32) if n != 21
    ]
    assert story.findings() == []


def test_a_device_without_memory_halves_the_batch_for_the_rest_of_the_run(
    story: Story, calls: Path
) -> None:
    story.namespace["xs"] = range(64)
    body = CALL + (
        "if len(datums) > 5: raise RuntimeError('CUDA out of memory. Tried to allocate 2 GiB')\n"
        "[d.value for d in datums]"
    )
    line = "m -i xs --batch 16 --workers 1 --no-probe"
    row = story.end(story.start(line, body, counted=False))
    assert (row.status, row.success, row.executions) == (RunStatus.SUCCESS, 64, 64)
    found = sizes(calls)
    assert [size for size in found if size > 5] == [16, 8]  # and then never again
    assert found[2:] == [4] * 16
    said = "no device memory for more than 4 datums at once"
    assert said in "\n".join(closing_lines(row, [], None))
    assert said in "\n".join(run_json(row, alive=True, retryable=None, needs=[])["missing"])


def test_another_worker_begins_with_the_smaller_batch(story: Story, calls: Path) -> None:
    """What the one has found holds for the run: its successor's device is no larger."""
    story.namespace["xs"] = range(64)
    dead = str(story.folder / "dead")
    body = CALL + (
        "if len(datums) > 5: raise RuntimeError('CUDA out of memory')\n"
        f"if datums[0].value >= 40 and not os.path.exists({dead!r}):\n"
        f"    open({dead!r}, 'w').close()\n"
        "    os._exit(3)\n"
        "[os.getpid() for d in datums]"
    )
    line = "m -i xs --batch 16 --workers 1 --no-probe --tries 3 --backoff 0"
    row = story.end(story.start(line, body, counted=False))
    assert (row.status, row.success) == (RunStatus.SUCCESS, 64)
    assert len(set(story.transform("m").results())) == 2, "one worker, and one in its place"
    assert [size for size in sizes(calls) if size > 5] == [16, 8]


@pytest.mark.parametrize(
    ("last", "says"),
    [
        ("[0]", "1 results for 8 datums"),
        ("'all'", "a list with a result for each"),
    ],
)
def test_another_number_of_results_is_an_error_that_says_both(
    story: Story, calls: Path, last: str, says: str
) -> None:
    story.namespace["xs"] = range(8)
    row = story.end(
        story.start("m -i xs --batch 8 --workers 1 --no-probe", CALL + last, counted=False)
    )
    assert (row.status, row.failed) == (RunStatus.FAILED, 8)
    assert sizes(calls) == [8]
    assert says in str(story.transform("m").failures())


def test_a_death_in_a_batch_is_blamed_on_the_datum_that_dies_alone_too(
    story: Story, calls: Path
) -> None:
    story.namespace["xs"] = range(8)
    body = CALL + (
        "import signal\n"
        "for d in datums:\n"
        "    if d.value == 5: os.kill(os.getpid(), signal.SIGKILL)\n"
        "[d.value for d in datums]"
    )
    line = "m -i xs --batch 8 --workers 1 --no-probe --tries 1 --backoff 0"
    row = story.end(story.start(line, body, counted=False), within=120)
    assert (row.status, row.success, row.failed) == (RunStatus.FAILED, 7, 1)
    assert "died" in str(story.transform("m").failures())
    lines = [json.loads(line) for line in calls.read_text().splitlines()]
    alone = Counter(values[0] for values in lines if len(values) == 1)
    assert all(count == 1 for count in alone.values()), alone


def test_a_batch_that_hangs_is_split_and_the_culprit_times_out(story: Story, calls: Path) -> None:
    story.namespace["xs"] = range(4)
    body = CALL + (
        "import time\n"
        "for d in datums:\n"
        "    if d.value == 2: time.sleep(600)\n"
        "[d.value for d in datums]"
    )
    line = "m -i xs --batch 4 --workers 1 --no-probe --tries 1 --timeout 3s"
    row = story.end(story.start(line, body, counted=False), within=120)
    assert (row.status, row.success, row.failed) == (RunStatus.FAILED, 3, 1)
    assert "longer than 3 s" in str(story.transform("m").failures())


def test_batches_hold_files_of_like_size_and_the_large_ones_go_first(
    story: Story, calls: Path
) -> None:
    lengths = [5, 70_000, 6, 60_000, 7, 50_000, 8, 40_000]
    for i, length in enumerate(lengths):
        (story.folder / "in").mkdir(exist_ok=True)
        (story.folder / "in" / f"{i}.bin").write_bytes(bytes(length))
    body = (
        "with open(calls, 'a') as f: f.write(json.dumps([d.path.stat().st_size for d in datums])"
        " + '\\n')\n[None for d in datums]"
    )
    story.namespace["json"] = json
    line = 'm -i "in/*.bin" --batch 4 --workers 1 --no-probe'
    row = story.end(story.start(line, body, counted=False))
    assert row.success == 8
    called = [json.loads(text) for text in calls.read_text().splitlines()]
    assert called == [[70_000, 60_000, 50_000, 40_000], [8, 7, 6, 5]]
