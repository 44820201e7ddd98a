"""Where a run's code goes is signed: a request, which anybody may write, names no address."""

from __future__ import annotations

import socket

from jupyter_datum.ledger import requests
from jupyter_datum.runner.ask import ask_for_run

from ..story import Story, eventually


def test_an_address_in_a_request_is_refused_and_nobody_is_called(story: Story) -> None:
    story.namespace["numbers"] = [1, 2, 3]
    with socket.create_server(("127.0.0.1", 0)) as listener, story.ledger() as conn:
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        prepared = story.prepare("job -i numbers", "datum.value")
        changes = {"origin": "server", "engine": address}
        run = ask_for_run(conn, story.project, prepared.digest, prepared.recipe, changes)
        assert eventually(lambda: requests.answered(conn, run)[0] == "refused", within=60)
        answer = requests.answered(conn, run)[1]
        assert address in (answer or "")
        assert "run the cell with it" in (answer or "")
        listener.settimeout(0.2)
        try:
            listener.accept()
        except TimeoutError:
            called = False
        else:
            called = True
    assert not called
    assert story.executions() == {}
