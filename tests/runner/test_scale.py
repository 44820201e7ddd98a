"""A million datums are a normal case."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_datum.ledger.files import state_counts

from ..story import Story


@pytest.mark.slow
@pytest.mark.started_anew  # its memory is measured
@pytest.mark.timeout(300)
def test_a_million_items_start_before_the_listing_has_ended_and_stay_within_300_mb(
    story: Story,
) -> None:
    story.namespace["numbers"] = range(1_000_000)
    run = story.start("job -i numbers --workers 2", "datum.value", counted=False)
    first = story.until(run, lambda row: row.success > 0)
    assert not first.planned, "a result came while datums were still being listed"
    row = story.end(run, within=240)
    assert (row.status, row.success, row.executions) == ("success", 1_000_000, 1_000_000)
    status = Path(f"/proc/{story.runner_pid()}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line)
    assert peak / 1024 < 300
    assert state_counts(story.project.run(run) / "states") == {2: 1_000_000}
