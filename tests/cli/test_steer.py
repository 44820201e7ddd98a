"""What is asked of a run while it goes on."""

from __future__ import annotations

import pytest

from jupyter_datum.cli import main
from jupyter_datum.cli.progress import Progress
from jupyter_datum.ledger import queries

from ..story import Story, eventually


def test_another_rule_for_failures_in_the_middle_of_a_run(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    story.namespace["many"] = list(range(60))
    body = "if datum.value >= 1: raise ValueError('no')"
    run, gate = story.held("strict -i many --workers 1 --no-probe", body)
    project = ["--project", str(story.folder)]
    for wrong in ("never", "stop:0", "stop:101%"):
        assert main(["on-error", "strict", wrong, *project]) == 2
    assert "stop:N or stop:P%, not 'never': on-error NAME stop:5%" in capsys.readouterr().err
    assert main(["on-error", "strict", "stop:3", *project]) == 0
    assert "strict: goes on with --on-error stop:3" in capsys.readouterr().out

    def told() -> bool:
        row = story.row(run)
        return row is not None and '"on_error": "stop:3"' in row.options

    assert eventually(told, within=60)
    gate.touch()
    row = story.end(run)
    assert row.status == "failed" and 3 <= row.failed < 59
    assert row.cancelled == 60 - row.failed - row.success
    assert main(["on-error", "strict", "continue", *project]) == 0
    assert "strict is not running" in capsys.readouterr().out
    with story.ledger() as conn:
        assert queries.latest_run(conn, "strict") == row
    progress = Progress(0.0)
    for now, done in ((1, 0), (3, 1), (4, 9), (9, 9), (10, 10), (11, 30), (12, 31), (60, 31)):
        progress.look(row._replace(failed=0, cancelled=0, success=done), now)
    progress.close()
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[2] for line in lines] == ["1/60,", "9/60,", "31/60,", "31/60,"]


def test_a_run_whose_runner_is_gone_does_not_look_like_one_that_goes_on(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    story.namespace["many"] = [1, 2]
    run, _ = story.held("job -i many --workers 1 --engine joblib", "1")
    status = ["status", "job", "--project", str(story.folder)]
    assert main(status) == 0 and "job: running" in capsys.readouterr().out
    story.kill_runner()
    assert main(status) == 1
    said = capsys.readouterr().out
    assert "job: interrupted; 2 not run" in said and "run the cell again" in said
    assert main([*status, "--json"]) == 1 and '"interrupted"' in capsys.readouterr().out
    row = story.row(run)
    assert row is not None and row.ended is None
