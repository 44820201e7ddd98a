"""What the ledger says of workers while a run goes on: at what, for how long, how many."""

from __future__ import annotations

import os
import sys

from jupyter_datum.ledger import queries, requests
from jupyter_datum.runner.ask import tell_run

from ..story import Story, eventually


def test_who_has_nothing_left_is_idle_and_what_is_slow_has_its_name(story: Story) -> None:
    story.folder.joinpath("in").mkdir()
    for i in range(6):
        (story.folder / f"in/{i}.txt").write_text(str(i))
    wait = (
        "import os, time\nwhile datum.stem == '3' and not os.path.exists('../go'): time.sleep(0.05)"
    )
    line = 'slow -i "in/*.txt" --workers 2 --engine joblib --no-probe'
    run = story.start(line, wait.replace("../go", str(story.folder / "go")))

    def busy() -> list[tuple[int | None, bytes | None]]:
        with story.ledger() as conn:
            row = queries.run_by_uuid(conn, run)
            found = queries.workers(conn, row.id) if row else []
        return [(w["position"], w["key"]) for w in found if w["state"] == "busy"]

    assert eventually(lambda: busy() == [(3, b"3.txt")], within=60)
    with story.ledger() as conn:
        told = tell_run(conn, "scale", run, sys.executable, {"workers": 1})
    assert story.until(run, lambda row: row.workers == 1)
    with story.ledger() as conn:
        assert requests.answered(conn, told) == ("done", None)
    os.close(os.open(story.folder / "go", os.O_CREAT))
    assert story.end(run).success == 6
    assert busy() == []
