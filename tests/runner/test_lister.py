"""The process that lists foreign inputs: what user code in it may do, and to whom."""

from __future__ import annotations

import json
import os
from pathlib import Path

import psutil
import pytest

from ..story import Story, eventually

LINE = 't -i split(glob("in/*.txt"),by=parts)'
CODE = {
    "segfault": "import ctypes\ndef parts(path):\n    ctypes.string_at(0)",
    "exit": "import os\ndef parts(path):\n    os._exit(3)",
    "interrupt": "def parts(path):\n    raise KeyboardInterrupt",
    "prints": "def parts(path):\n    print('r' * 9000, flush=True)\n    return [1]",
    "hangs": "import time\ndef parts(path):\n    yield 1\n    time.sleep(600)",
    "memory": "def parts(path):\n    return [1] if len(bytearray(1 << 28)) else []",
    "slow": "import os, time\ndef parts(path):\n    yield from range(4)\n"
    "    while str(path).endswith('b.txt') and not os.path.exists(gate):\n        time.sleep(0.05)",
    "many": "def parts(path):\n    return range(60_000)",
}  # fmt: skip


def ready(story: Story, what: str) -> None:
    exec(CODE[what], story.namespace)
    (story.folder / "in").mkdir()
    (story.folder / "in/a.txt").write_text("x")


def listers(story: Story) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if "jupyter_datum.runner.lister_child" in words and str(story.project.root) in words:
            found.append(process)
    return found


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("segfault", "ended by SIGSEGV"),
        ("exit", "ended with exit code 3"),
        ("interrupt", "cannot be listed: KeyboardInterrupt (the traceback is in"),
    ],
)
def test_a_crash_ends_the_run_with_a_sentence_and_harms_no_other(
    story: Story, what: str, says: str
) -> None:
    ready(story, what)
    row = story.run(LINE, "datum.value")
    assert row.status == "error" and says in (row.message or ""), row.message
    assert what == "exit" or "parts" in story.project.log.read_text()
    runner = story.runner_pid()
    story.namespace["numbers"] = range(5)
    assert story.run("n -i numbers", "datum.value").success == 5
    assert story.runner_pid() == runner


def test_what_is_printed_goes_to_the_log(story: Story) -> None:
    ready(story, "prints")
    assert story.run(LINE, "datum.value").success == 1
    assert "r" * 9000 in story.project.log.read_text()


def test_while_one_lister_hangs_other_runs_go_on(story: Story) -> None:
    ready(story, "hangs")
    hanging = story.start(LINE, "datum.value")
    story.until(hanging, lambda row: row.status == "running")
    assert eventually(lambda: len(listers(story)) == 1, within=20)
    story.namespace["numbers"] = range(5)
    assert story.run("n -i numbers", "datum.value").success == 5
    story.tell("cancel", hanging)
    assert story.end(hanging).status == "cancelled"
    assert eventually(lambda: not listers(story)), "it is ended with its run"


def test_a_lister_is_ended_with_its_runner(story: Story) -> None:
    ready(story, "hangs")
    story.start(LINE, "datum.value")
    assert eventually(lambda: len(listers(story)) == 1, within=20)
    story.kill_runner()
    assert eventually(lambda: not listers(story))


def test_its_memory_is_not_the_runners(story: Story) -> None:
    ready(story, "memory")
    assert story.run(LINE, "datum.value").success == 1
    assert psutil.Process(story.runner_pid()).memory_info().rss < 200 << 20


def test_a_recipe_of_somebody_else_lists_nothing(story: Story, tmp_path: Path) -> None:
    import subprocess
    import sys

    ready(story, "prints")
    prepared = story.prepare(LINE, "datum.value")
    path = story.project.recipe(prepared.digest)
    signature, _, text = path.read_bytes().partition(b"\n")
    forged = json.loads(text)
    forged["cwd"] = "/"
    path.write_bytes(signature + b"\n" + json.dumps(forged).encode())
    command = [sys.executable, "-m", "jupyter_datum.runner.lister_child"]
    held, _ = os.pipe()  # an end of it means that nobody wants to know
    done = subprocess.run(
        [*command, str(story.project.root), prepared.digest, "{}"],
        stdin=held, capture_output=True, timeout=60, check=False,
        start_new_session=True,
    )  # fmt: skip
    assert b"recorded by someone else" in done.stdout
    assert b"rrr" not in done.stderr


def test_first_datums_run_while_the_listing_goes_on(story: Story) -> None:
    """The child waits where nobody takes what it lists: it does not run ahead without bound."""
    exec(CODE["slow"], story.namespace)
    gate = story.folder / "gate"
    story.namespace["gate"] = str(gate)
    (story.folder / "in").mkdir()
    for name in "ab":
        (story.folder / f"in/{name}.txt").write_text(name)
    run = story.start(LINE, "datum.value")
    story.until(run, lambda row: row.success == 4)
    row = story.row(run)
    assert row is not None and not row.planned
    gate.touch()
    assert story.end(run).success == 8


def test_the_runner_takes_many_from_it(story: Story) -> None:
    ready(story, "many")
    row = story.run(f"{LINE} --workers 1", "datum.value")
    assert (row.status, row.success) == ("success", 60_000)
    assert os.path.exists(story.project.dir / "parts.sqlite")
