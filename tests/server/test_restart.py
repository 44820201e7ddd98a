"""The server dies in mid-run and comes again; and what goes on counts as activity."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.testing import bind_unused_port
from tornado.websocket import websocket_connect

from tests.story import Story

from .page import Page

#: The environment has them in each server; they take half of its start, and no test here asks them.
OTHERS = ("ipyparallel", "jupyterlab", "notebook")
SLOW = "import time\ntime.sleep(0.05)\n1 / (datum.value % 7)"


class Server:
    """A Jupyter server in a process of its own, under a base URL like a hub's."""

    base_url = "/user/x%40y/"

    def __init__(self, root: Path, config: dict[str, Any] | None = None) -> None:
        socket, self.port = bind_unused_port()
        socket.close()
        self.token = secrets.token_hex(16)
        self.root = root
        self.config = config or {}
        self.log = root.parent / "server.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, token: str | None = None) -> None:
        config = self.root.parent / "server.json"
        app = {"jpserver_extensions": {**dict.fromkeys(OTHERS, False), "jupyter_datum": True}}
        config.write_text(json.dumps({"ServerApp": app, **self.config}))
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser",
                f"--port={self.port}", "--ServerApp.port_retries=0",
                f"--IdentityProvider.token={self.token if token is None else token}",
                f"--ServerApp.base_url={self.base_url}",
                f"--ServerApp.root_dir={self.root}",
                f"--config={config}",
            ],
            stdout=subprocess.DEVNULL, stderr=self.log.open("ab"),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )  # fmt: skip

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    async def get(self, path: str) -> Any:
        url = f"http://127.0.0.1:{self.port}{self.base_url}{path}?token={self.token}"
        return json.loads((await AsyncHTTPClient().fetch(url)).body)

    async def answers(self, within: float = 40) -> None:
        """Wait until it answers anything at all."""
        end = time.monotonic() + within
        while True:
            url = f"http://127.0.0.1:{self.port}{self.base_url}login"
            try:
                await AsyncHTTPClient().fetch(url)
                return
            except OSError:
                assert time.monotonic() < end, self.log.read_text()
                await asyncio.sleep(0.2)

    async def page(self, within: float = 40) -> Page:
        """Ask for the status until it answers, then open the stream: as a browser does."""
        await self.answers(within)
        assert (await self.get("jupyter-datum/status"))["protocol"] == 1
        url = f"ws://127.0.0.1:{self.port}{self.base_url}jupyter-datum/stream?token={self.token}"
        return Page(await websocket_connect(url))


@pytest.fixture
def server(jp_environ: Any, jp_root_dir: Path) -> Iterator[Server]:
    server = Server(jp_root_dir)
    yield server
    server.kill()


async def test_a_server_that_dies_in_mid_run_misses_nothing(server: Server, story: Story) -> None:
    story.namespace["numbers"] = list(range(200))
    line = "slow -i numbers --engine joblib --workers 2 --tries 1 --no-probe"
    server.start()
    await server.answers()  # its start may take as long as the run
    run = story.start(line, SLOW)
    names = {"project": story.project.uuid, "run": run}
    page = await server.page()
    await page.say(type="subscribe", **names)
    await page.until(lambda: page.counts.get(run, {}).get("success", 0) > 3)
    server.kill()
    before = story.row(run)
    assert before is not None and before.ended is None
    server.start()
    again = await server.page()
    await again.say(type="subscribe", **names)
    await again.until(lambda: again.counts.get(run, {}).get("ended"), within=60)
    assert bytes(again.states[run]) == (story.project.run(run) / "states").read_bytes()
    assert again.counts[run]["success"] == 200 - 29
    row = story.row(run)
    assert row is not None and row.failed == again.counts[run]["failed"] == 29


async def test_a_run_that_nobody_watches_counts_as_activity(
    hall: Any, jp_serverapp: Any, story: Story
) -> None:
    times = jp_serverapp.web_app.settings["last_activity_times"]
    times.pop("jupyter_datum", None)
    story.namespace["numbers"] = list(range(200))
    run = story.start("slow -i numbers --workers 1 --tries 1", SLOW)
    story.until(run, lambda row: row.running > 0)
    await hall.projects.reader(story.project.uuid)
    assert not hall._keeper.done(), "it looks by itself, too"
    await hall.look()
    first = times["jupyter_datum"]
    story.tell("cancel", run)
    story.end(run)
    times.pop("jupyter_datum")
    await hall.look()
    assert "jupyter_datum" not in times, "a runner that waits is no activity"
    assert jp_serverapp.web_app.last_activity() is not None and first is not None
