"""How a worker has ended that is no child of ours: as those tell it who saw it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from jupyter_datum.engines.ends import told_by_jobs, told_by_launchers, told_by_nanny


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("Worker process 12 was killed by signal 9", "killed by SIGKILL"),
        ("Worker process 12 was killed by signal 11", "killed by SIGSEGV"),
        ("Worker process 12 exited with status 3", "exited with code 3"),
        (
            "Worker tcp://127.0.0.1:1 (pid=12) exceeded 95% memory budget. Restarting...",
            "ended by its nanny: it held more than 95% of its memory_limit",
        ),
        ("Worker process 123 exited with status 3", None),
    ],
)
def test_a_nanny_of_dask_has_logged_it(line: str, cause: str | None) -> None:
    assert (
        told_by_nanny(["distributed.nanny - INFO - Start", f"nanny - INFO - {line}"], 12) == cause
    )


def test_a_kill_while_memory_was_short_is_put_down_to_that() -> None:
    lines = ["Worker process 12 was killed by signal 9"]
    assert "out of memory" in str(told_by_nanny(lines, 12, out_of_memory=True))


def test_a_launcher_of_ipyparallel_has_waited_for_it() -> None:
    stopped = {"engines": {"0": {"pid": 12, "exit_code": -6}, "1": {"pid": 13, "exit_code": None}}}
    launchers = [SimpleNamespace(stop_data={}), SimpleNamespace(stop_data=stopped)]
    assert told_by_launchers(launchers, 12) == "killed by SIGABRT"
    assert told_by_launchers(launchers, 13) is None


def test_a_batch_system_has_printed_it(tmp_path: Path) -> None:
    (tmp_path / "job.err").write_text("a warning\n")
    assert told_by_jobs(tmp_path) is None
    (tmp_path / "job.err").write_text(
        "slurmstepd: error: Detected 1 oom_kill event in StepId=7.0. Some ...\nbye\n"
    )
    assert "Detected 1 oom_kill event" in str(told_by_jobs(tmp_path))
    assert told_by_jobs(None) is None
