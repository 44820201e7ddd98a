"""Streams of a run that goes on: real runner, real workers, a consumer in this process."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from array import array
from pathlib import Path
from typing import Any

import psutil
import pytest

import jupyter_datum
from jupyter_datum.errors import RunError, UsageError
from jupyter_datum.flow import Stream
from jupyter_datum.ledger import queries
from jupyter_datum.ledger.consumers import consumers
from jupyter_datum.notebook.public import status_json
from jupyter_datum.runner.ask import ask_again
from jupyter_datum.server.shapes import run_json
from jupyter_datum.states import DatumState

from ..ledger import build
from ..story import Story, eventually

GATED = """
import os, time
time.sleep({pause})
while not os.path.exists({gate!r}) and datum.value >= {first}:
    time.sleep(0.01)
datum.out_file('.txt').write_text(str(datum.value))
{{'square': datum.value ** 2}}
"""


#: Quick once the gate is open.
QUICK = """
import os, time
while datum.value and not os.path.exists("{}/gate"):
    time.sleep(0.01)
time.sleep(0.0005)
datum.value
"""


def gated(story: Story, first: int, pause: float = 0) -> str:
    """Datums from `first` on wait for the gate."""
    return GATED.format(gate=str(story.folder / "gate"), first=first, pause=pause)


def open_gate(story: Story) -> None:
    (story.folder / "gate").touch()


def test_datums_come_while_the_run_goes_on_and_each_once(story: Story) -> None:
    story.namespace["numbers"] = list(range(40))
    run = story.start("squares -i numbers -o out --workers 2 --no-probe", gated(story, 10))
    stream = story.transform("squares").stream()
    first = [next(stream) for _ in range(10)]
    row = story.row(run)
    assert row is not None and row.ended is None, "they came before its end"
    open_gate(story)
    found = [*first, *stream]
    assert sorted(datum.index for datum in found) == list(range(40))
    for datum in found:
        assert datum.result == {"square": datum.index**2}
        (path,) = datum.paths
        assert isinstance(path, Path) and path.read_text() == str(datum.index)
    assert stream.count == 40 and not list(consumers(story.project.run(run)))


def test_an_item_is_called_by_its_value(story: Story) -> None:
    story.namespace["words"] = ["b", "a", {"n": 1}, "b", object]
    story.run("shown -i words --engine serial", "assert datum.value != 'a'\nstr(datum.value)")
    shown = story.transform("shown")
    names = ['"b"', '{"n":1}', '"b"', "item 4"]
    assert [datum.key for datum in shown.stream(order="index")] == names
    assert [key for key, _ in shown.items()] == names


def test_afterwards_it_just_reads_and_unchanged_datums_come_too(story: Story) -> None:
    story.namespace["numbers"] = list(range(10))
    story.run("twice -i numbers --engine serial", "datum.value * 2")
    story.namespace["numbers"] = list(range(12))
    story.run("twice -i numbers --engine serial", "datum.value * 2")
    found = list(story.transform("twice").stream(order="index"))
    assert [datum.result for datum in found] == [2 * i for i in range(12)]
    halves = [list(story.transform("twice").stream(part=(k, 2))) for k in (0, 1)]
    assert [[datum.index % 2 for datum in half] for half in halves] == [[0] * 6, [1] * 6]
    assert [d.result for d in jupyter_datum.stream("twice", project=str(story.folder))] == [
        2 * i for i in range(12)
    ]


def feed(story: Story, run: str) -> dict[str, Any]:
    row = story.row(run)
    found: dict[str, Any] | None = status_json(row, [])["feed"] if row else None
    return found or {}


def held(story: Story, run: str, seconds: float) -> dict[str, Any]:
    """Wait until the run has been held back for so long; return what it says of that."""
    assert eventually(lambda: feed(story, run).get("held", 0) >= seconds, within=60)
    return feed(story, run)


def test_the_run_holds_back_for_a_consumer_that_lives(story: Story) -> None:
    story.namespace["numbers"] = list(range(100))
    run = story.start("squares -i numbers --workers 2 --no-probe", gated(story, 1, 0.05))
    stream = story.transform("squares").stream(ahead=5)
    assert next(stream).index == 0
    assert eventually(lambda: feed(story, run).get("consumers") == 1, within=30)
    open_gate(story)
    before = held(story, run, 0.2)
    row = story.row(run)
    assert row is not None and row.ended is None
    # One taken, five that wait, and two sets for each worker, on their way before it was known.
    assert row.success <= 1 + 5 + 4 * 4
    # Nobody takes any: none is made.
    held(story, run, before["held"] + 1)
    assert eventually(lambda: feed(story, run)["bound"] == "consumer", within=60)
    later = story.row(run)
    assert later is not None and later.success == row.success
    assert "consumer-bound" in story.transform("squares").status()
    taken = [next(stream) for _ in range(10)]
    assert len({datum.index for datum in taken}) == 10, "taking some lets it make some"
    gc.disable()  # a loop that is left drops its stream, and nothing is collected for long
    try:
        del stream
        assert story.end(run).success == 100, "a stream that is gone holds nobody back"
    finally:
        gc.enable()


def test_a_consumer_as_quick_as_the_run_holds_it_back_all_the_same(story: Story) -> None:
    """It waits all the time for what is about to be written: that is no datum that will not
    come."""
    story.namespace["numbers"] = list(range(20_000))
    run = story.start("squares -i numbers --workers 2 --no-probe", QUICK.format(story.folder))
    with story.transform("squares").stream(ahead=20) as stream:
        assert next(stream).index == 0
        assert eventually(lambda: feed(story, run).get("consumers") == 1, within=30)
        open_gate(story)
        most = 0
        for n in range(300):
            next(stream)
            row = story.row(run) if n % 20 == 0 else None
            most = max(most, row.success - stream.count if row else 0)
        row = story.row(run)
    assert row is not None and row.ended is None
    assert most <= 20 + 4, "those at work when the consumer was not known yet"
    story.tell("cancel", run)
    story.end(run)


def test_a_killed_consumer_holds_nobody_back(story: Story) -> None:
    story.namespace["numbers"] = list(range(80))
    # Slow enough that some are left to hold back when the consumer is heard of.
    run = story.start("squares -i numbers --workers 2 --no-probe", gated(story, 1, pause=0.05))
    code = f"""
        import sys, time, jupyter_datum
        stream = jupyter_datum.stream("squares", ahead=3, project={str(story.folder)!r})
        next(stream)
        print("taken", flush=True)
        time.sleep(600)
    """
    consumer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )
    assert consumer.stdout is not None and consumer.stdout.readline() == "taken\n"
    assert eventually(lambda: feed(story, run).get("consumers") == 1, within=30)
    open_gate(story)
    held(story, run, 0.2)
    consumer.send_signal(signal.SIGKILL)
    consumer.wait()
    consumer.stdout.close()
    assert story.end(run).success == 80
    told = feed(story, run)
    assert (told["consumers"], told["bound"]) == (0, None), "nobody is waited for any more"
    assert "bound" not in story.transform("squares").status()


def test_a_loaders_process_does_not_outlive_a_killed_loader(story: Story) -> None:
    """As of a DataLoader whose kernel was killed for want of memory, while it waits for a mend."""
    story.namespace["numbers"] = [1]
    story.run("up -i numbers", "assert not datum.value")
    code = f"""
        import multiprocessing, time, jupyter_datum
        stream = jupyter_datum.stream("up", project={str(story.folder)!r}, on_error="wait")
        process = multiprocessing.get_context("fork").Process(target=list, args=(stream,))
        process.start()
        print(process.pid, flush=True)
        time.sleep(600)
    """
    loader = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )
    assert loader.stdout is not None
    part = psutil.Process(int(loader.stdout.readline()))
    assert not eventually(lambda: not part.is_running(), within=0.5)
    loader.kill()
    loader.wait()
    try:
        assert eventually(lambda: not part.is_running())
    finally:
        if part.is_running():
            part.kill()


def test_a_slow_feed_is_called_feed_bound(story: Story) -> None:
    story.namespace["numbers"] = list(range(12))
    body = "import time\ntime.sleep(0.3)\ndatum.value"
    run = story.start("slow -i numbers --workers 1 --no-probe", body)
    with story.transform("slow").stream() as stream:
        assert {datum.result for datum in stream} == set(range(12))
        assert stream.waited > 1
    row = story.end(run)
    assert feed(story, run)["bound"] == "feed"
    assert run_json(row, alive=True, retryable=None, needs=[])["feed"]["bound"] == "feed"


ODD = """import os
if datum.value % 3 == 0 and not os.path.exists({mended!r}):
    raise ValueError(f"{{datum.value}} is bad")
datum.value
"""


def test_a_failure_without_a_message_is_told_by_its_type(story: Story) -> None:
    story.namespace["numbers"] = [1]
    story.run("odd -i numbers --workers 1", "assert False")
    with pytest.raises(RunError, match="datum 1 of odd failed: AssertionError"):
        list(story.transform("odd").stream(on_error="raise"))


@pytest.mark.parametrize("order", ["completion", "index"])
def test_failed_datums_are_skipped_raise_or_are_waited_for(story: Story, order: str) -> None:
    story.namespace["numbers"] = list(range(9))
    story.run("odd -i numbers --workers 2", ODD.format(mended=str(story.folder / "mended")))
    odd = story.transform("odd")
    stream = odd.stream(order)
    assert sorted(datum.index for datum in stream) == [1, 2, 4, 5, 7, 8]
    assert stream.failed == 3
    with pytest.raises(RunError, match=r"datum ([036]) of odd failed: \1 is bad.*odd.retry\(\)"):
        list(odd.stream(order, "raise"))
    waiting = odd.stream(order, "wait")
    first = [next(waiting) for _ in range(6 if order == "completion" else 0)]
    (story.folder / "mended").touch()
    with story.ledger() as conn:
        row = queries.latest_run(conn, "odd")
        assert row is not None
        again, _ = ask_again(conn, story.project, row, {"only": ["failed"], "origin": "cli"})
    found = [*first, *waiting]
    assert sorted(datum.result for datum in found) == list(range(9))
    assert story.end(again).status == "success"


def test_a_run_that_was_stopped_is_not_the_end_of_the_data(story: Story) -> None:
    story.namespace["numbers"] = list(range(20))
    run = story.start("squares -i numbers --workers 1 --no-probe", gated(story, 3))
    stream = story.transform("squares").stream(order="index")
    assert [next(stream).index for _ in range(3)] == [0, 1, 2]
    story.tell("cancel", run)
    with pytest.raises(RunError, match="ended before all its datums were done"):
        next(stream)


def test_the_stream_starts_a_dead_runner_again(story: Story) -> None:
    story.namespace["numbers"] = list(range(20))
    story.start("squares -i numbers --workers 1 --no-probe", gated(story, 5))
    stream = story.transform("squares").stream()
    first = [next(stream) for _ in range(5)]
    story.kill_runner()
    open_gate(story)
    assert {datum.index for datum in [*first, *stream]} == set(range(20))


N = 1_000_000


@pytest.mark.slow
def test_a_million_datums_take_little_memory(story: Story) -> None:
    public = uuid.uuid4().hex
    with story.ledger() as conn:
        run = build.new_run(conn, public=public)
        conn.execute("begin immediate")
        conn.execute(
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < ?1)"
            " insert into datum (id, transform, key, state, version, run, position, attempt,"
            " began, seconds, worker, result_kind, result) select i, ?2, cast(i as blob), 2, ?3,"
            " ?4, i - 1, 1, 5.0, 0.5, 'w1', 'json', cast(i as blob) from n",
            (N, run.transform, run.version, run.id),
        )
        conn.execute(
            "update run set total = ?, success = ?, planned = 1, status = 'success', ended = 1"
            " where id = ?",
            (N, N, run.id),
        )
        conn.execute("commit")
        row = queries.run_by_uuid(conn, public)
        assert row is not None
        name = row.name
    folder = story.project.run(public)
    folder.mkdir(parents=True)
    (folder / "states").write_bytes(bytes([DatumState.SUCCESS]) * N)
    (folder / "plan").write_bytes(array("I", range(1, N + 1)).tobytes())
    before = psutil.Process().memory_info().rss
    began, total, peak = time.monotonic(), 0, 0
    for datum in story.transform(name).stream():
        if datum.index % 1000 == 0:
            total += datum.result
            peak = max(peak, psutil.Process().memory_info().rss)
    print(f"{(time.monotonic() - began) / N * 1e6:.1f} us a datum, {(peak - before) >> 20} MB more")
    assert total == sum(range(1, N + 1, 1000))
    assert peak - before < 60 << 20


def test_mistakes_are_said(story: Story) -> None:
    with pytest.raises(UsageError, match="has not run"):
        next(story.transform("nothing").stream())
    with pytest.raises(UsageError, match="order is one of completion, index"):
        story.transform("nothing").stream(order="random")
    with pytest.raises(UsageError, match="ahead"):
        Stream(story.project, "nothing", ahead=0)
