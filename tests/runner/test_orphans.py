"""Files of processes that died before a commit named them are swept, and no others."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from jupyter_datum.runner.client import runner_alive
from jupyter_datum.runner.environment import runner_environment

from ..story import Story, eventually

#: The shipped runner, killed when former outputs are linked and nothing is committed yet.
KILLED = """
import os, sys
from jupyter_datum.runner.keep import Keeper
Keeper.write = lambda *_: os.kill(os.getpid(), 9)
from jupyter_datum.runner.__main__ import main
sys.exit(main(*sys.argv[1:]))
"""
LINE = "size -i in/*.txt -o out --workers 1 --keep 2"
BODY = "datum.out_file('.len').write_text(f'{} {}{{len(datum.path.read_text())}}')"


def files(story: Story, area: str) -> set[Path]:
    return {path for path in (story.project.dir / area).rglob("*") if path.is_file()}


def log(story: Story) -> str:
    return story.project.log.read_text() if story.project.log.exists() else ""


def test_what_was_linked_and_never_committed_is_swept(story: Story) -> None:
    (story.folder / "in").mkdir()
    (story.folder / "in" / "a.txt").write_text("aaa")
    assert story.run(LINE, BODY.format("one", "")).success == 1
    story.kill_runner()
    with story.project.log.open("ab") as out:
        command = [sys.executable, "-c", KILLED, str(story.folder), sys.executable]
        dying = subprocess.Popen(
            command, env=runner_environment(), stdout=out, stderr=out, start_new_session=True
        )
    assert eventually(lambda: runner_alive(story.project, sys.executable), within=60), log(story)
    run = story.start(LINE, BODY.format("two", ""))
    assert dying.wait(60) == -9
    (orphan,) = files(story, "store")
    # Edited since, the former version is no longer what was made: nobody will name the link.
    path = story.folder / "out" / "a.len"
    path.unlink(missing_ok=True)
    path.write_text("by hand")
    story.next_runner()
    assert story.end(run).ended is not None
    assert eventually(lambda: not orphan.exists(), within=30), log(story)
    # What a row names stays: this run keeps the version before it.
    path.unlink()
    assert story.run(LINE, BODY.format("three", "")).success == 1
    assert story.run(LINE, BODY.format("four", "")).success == 1
    assert story.run("other -i in/*.txt --workers 1", "1").success == 1
    assert len(files(story, "store")) == 1
    assert story.run(LINE, BODY.format("three", "")).skipped == 1
    assert story.findings() == []


def test_a_result_of_a_worker_that_died_is_swept(story: Story) -> None:
    story.namespace["numbers"] = [1]
    body = (
        "class Last:\n"
        "    def __init__(self):\n"
        "        self.data = 'x' * 50_000\n"
        "    def _repr_html_(self):\n"
        "        import os\n"
        "        os.kill(os.getpid(), 9)\n"
        "Last()"
    )
    left = story.project.dir / "results" / ".77.1.part"
    left.write_bytes(b"begun")
    os.utime(left, (time.time() - 86_400,) * 2)
    mine = story.project.dir / "results" / "a note of mine.txt"
    mine.write_text("not ours")
    os.utime(mine, (time.time() - 86_400,) * 2)
    assert story.run("kept -i numbers", "'k' * 50_000").success == 1
    (kept,) = files(story, "results") - {left, mine}
    assert story.run("job -i numbers --tries 1 --no-probe", body).failed == 1
    assert eventually(lambda: files(story, "results") == {kept, mine}, within=30), log(story)
    assert len(story.transform("kept").results()[0]) == 50_000
