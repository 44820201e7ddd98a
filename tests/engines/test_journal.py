"""A worker's journal and log: what is in them is whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_datum.engines.journal import Journal, JournalError
from jupyter_datum.engines.logs import Capture
from jupyter_datum.engines.processes import OomWatch, death_cause, kill_tree
from jupyter_datum.errors import FrameError
from jupyter_datum.events import Begun, LogSegment, frame, frames

#: Bytes kept of what an attempt prints.
LIMIT = 4096

ONE, TWO = (frame(Begun(n, 1, 1, 1, 0.5)) for n in (1, 2))


def positions(path: Path) -> list[int]:
    return [record.position for record, _ in frames(path.read_bytes())]


def test_records_stand_in_the_order_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(ONE)
    journal.append(TWO + ONE)
    assert journal.end == len(ONE + TWO + ONE)
    journal.close()
    assert positions(tmp_path / "j") == [1, 2, 1]


def test_a_journal_is_continued_where_it_ended(tmp_path: Path) -> None:
    (tmp_path / "j").write_bytes(ONE)
    journal = Journal(tmp_path / "j")
    assert journal.end == len(ONE)
    journal.append(TWO)
    assert positions(tmp_path / "j") == [1, 2]


def test_what_was_cut_off_is_removed_before_the_next_record(tmp_path: Path) -> None:
    for cut in range(1, len(TWO)):
        (tmp_path / "j").write_bytes(ONE + TWO[:cut])
        Journal(tmp_path / "j").append(TWO)
        assert positions(tmp_path / "j") == [1, 2]


def test_a_damaged_journal_is_not_continued(tmp_path: Path) -> None:
    (tmp_path / "j").write_bytes(ONE[:-1] + b"?" + TWO)
    with pytest.raises(FrameError, match="checksum"):
        Journal(tmp_path / "j")


def test_the_journal_of_a_run_that_was_cleaned_up_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Journal(tmp_path / "gone" / "j")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_an_error_of_the_worker() -> None:
    with pytest.raises(JournalError, match="No space"):
        Journal(Path("/dev/full")).append(ONE)


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on files")
def test_a_record_that_fits_only_in_part_is_an_error_of_the_worker(tmp_path: Path) -> None:
    code = f"""
import resource
from pathlib import Path
from jupyter_datum.engines.journal import Journal, JournalError
resource.setrlimit(resource.RLIMIT_FSIZE, ({len(ONE) + 5}, {len(ONE) + 5}))
journal = Journal(Path({str(tmp_path / "j")!r}))
journal.append({ONE!r})
try:
    journal.append({TWO!r})
except JournalError as exc:
    print(exc)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"only 5 of {len(TWO)} bytes fit into the journal\n"
    assert positions(tmp_path / "j") == [1]


# -- logs --------------------------------------------------------------------------------------


def attempt(capture: Capture, *texts: str) -> LogSegment | None:
    capture.begin()
    for text in texts:
        print(text)
    return capture.end()


def test_an_attempt_has_the_stretch_of_the_log_that_it_printed(tmp_path: Path) -> None:
    with Capture(tmp_path / "log", own=False, limit=LIMIT) as capture:
        assert attempt(capture, "one") == (0, 4, 0)
        assert attempt(capture) is None
        assert attempt(capture, "two", "three") == (4, 10, 0)
    print("not this")
    assert (tmp_path / "log").read_text() == "one\ntwo\nthree\n"


def test_the_log_of_an_attempt_is_cut_and_says_so(tmp_path: Path) -> None:
    with Capture(tmp_path / "log", own=False, limit=LIMIT) as capture:
        segment = attempt(capture, "x" * (3 * LIMIT))
        after = attempt(capture, "next")
    assert segment is not None
    assert after is not None
    data = (tmp_path / "log").read_bytes()
    dropped = 2 * LIMIT + 1
    assert segment.cut == dropped
    assert segment.length < LIMIT + 100
    assert data[: segment.length].endswith(b"[cut here: %d more bytes were printed]\n" % dropped)
    assert data[after.offset : after.offset + after.length] == b"next\n"


def test_what_c_code_printed_beyond_the_limit_is_cut_too(tmp_path: Path) -> None:
    with Capture(tmp_path / "log", own=False, limit=LIMIT) as capture:
        capture.begin()
        for _ in range(3):
            os.write(sys.stdout.fileno(), b"y" * LIMIT)
        segment = capture.end()
    assert segment is not None
    assert segment.cut == 2 * LIMIT
    assert (tmp_path / "log").stat().st_size == segment.length < LIMIT + 100


def test_a_stream_that_user_code_closed_or_replaced_is_there_for_the_next(tmp_path: Path) -> None:
    with Capture(tmp_path / "log", own=False, limit=LIMIT) as capture:
        capture.begin()
        sys.stdout.close()
        sys.stderr = sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        capture.end()
        assert attempt(capture, "still here") == (0, 11, 0)


def test_any_text_can_be_printed(tmp_path: Path) -> None:
    with Capture(tmp_path / "log", own=False, limit=LIMIT) as capture:
        capture.begin()
        print("caf\udce9 \ud800", end="", flush=True)
        sys.stdout.buffer.write(b"\x1b[31m\xff\x00")
        assert capture.end() is not None
    assert (tmp_path / "log").read_bytes() == b"caf\\udce9 \\ud800\x1b[31m\xff\x00"


def test_who_prints_after_the_end_writes_into_no_other_file(tmp_path: Path) -> None:
    capture = Capture(tmp_path / "log", own=False, limit=LIMIT)
    with capture:
        capture.begin()
        late = sys.stdout
        capture.end()
    capture.close()
    other = tmp_path / "other"
    handle = os.open(other, os.O_CREAT | os.O_WRONLY)
    print("late", file=late)
    os.close(handle)
    assert other.read_bytes() == b""


# -- how a process ended -----------------------------------------------------------------------


def test_the_end_of_a_process_is_named_for_people() -> None:
    assert death_cause(-11) == "killed by SIGSEGV"
    assert death_cause(3) == "exited with code 3"
    assert death_cause(-9) == "killed by SIGKILL"
    assert death_cause(-9, out_of_memory=True) == "killed by SIGKILL, most likely out of memory"
    assert death_cause(-11, out_of_memory=True) == "killed by SIGSEGV"
    assert death_cause(-50) == "killed by signal 50"
    assert death_cause(None) == "lost"


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("0::/x", "sys/fs/cgroup/x/memory.events"),
        ("4:memory:/x", "sys/fs/cgroup/memory/x/memory.oom_control"),
    ],
)
def test_a_kill_for_want_of_memory_is_seen_once(tmp_path: Path, line: str, file: str) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(line + "\n")
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text("oom_kill_disable 0\noom_kill 1\n")
    watch = OomWatch(tmp_path)
    assert not watch.rose()
    (tmp_path / file).write_text("oom_kill_disable 0\noom_kill 2\n")
    assert watch.rose()
    assert not watch.rose()


def test_to_kill_what_is_gone_is_no_error() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    kill_tree(process.pid)
