"""Who logs out, or may not read any more, has no open socket either."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from jupyter_server.auth.authorizer import AllowAllAuthorizer
from jupyter_server.auth.security import passwd
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from jupyter_datum.server.sessions import LEFT
from tests.story import Story

from .page import Page
from .test_restart import Server

WORD = "correct horse"


class Browser:
    """Keeps cookies, as a browser does."""

    def __init__(self, server: Server) -> None:
        self.base = f"http://127.0.0.1:{server.port}{server.base_url}"
        self.cookies: dict[str, str] = {}

    async def ask(self, path: str, body: dict[str, str] | None = None) -> int:
        request = HTTPRequest(
            self.base + path, method="POST" if body else "GET", follow_redirects=False,
            headers=self._headers(), body=urlencode(body) if body else None,
        )  # fmt: skip
        answer = await AsyncHTTPClient().fetch(request, raise_error=False)
        for line in answer.headers.get_list("Set-Cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if value in ("", '""'):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer.code

    async def log_in(self, word: str = WORD) -> None:
        await self.ask("login")
        await self.ask("login", {"password": word, "_xsrf": self.cookies["_xsrf"]})

    async def page(self) -> Page:
        url = self.base.replace("http:", "ws:") + "jupyter-datum/stream"
        page = Page(await websocket_connect(HTTPRequest(url, headers=self._headers())))
        assert (await page.next())["type"] == "hello"
        return page

    def _headers(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}


async def closed(page: Page, within: float = 5) -> int | None:
    """Read to the end; return the close code."""
    while await asyncio.wait_for(page._socket.read_message(), within) is not None:
        pass
    code: int | None = page._socket.close_code
    return code


@pytest.fixture
def server(jp_environ: Any, jp_root_dir: Path) -> Iterator[Server]:
    """A server with a password, in a process of its own."""
    server = Server(jp_root_dir, {"PasswordIdentityProvider": {"hashed_password": passwd(WORD)}})
    yield server
    server.kill()


async def test_who_logs_out_is_told_no_more(server: Server, story: Story) -> None:
    story.namespace["numbers"] = list(range(2_000))
    names = {
        "project": story.project.uuid,
        "run": story.start("slow -i numbers --workers 1", "import time\ntime.sleep(0.02)"),
    }
    server.start(token="")
    await server.answers()
    mine, other, wrong = (Browser(server) for _ in range(3))
    await mine.log_in()
    await other.log_in()
    await wrong.log_in("wrong")
    with pytest.raises(HTTPClientError):
        await wrong.page()
    tab, second, theirs = await mine.page(), await mine.page(), await other.page()
    for page in (tab, theirs):
        await page.say(type="subscribe", **names)
        await page.until(lambda page=page: page.counts.get(names["run"], {}).get("success"))
    assert await mine.ask("logout") == 200
    assert await closed(tab) == await closed(second) == LEFT
    assert await mine.ask("jupyter-datum/status") == 403
    with pytest.raises(HTTPClientError):
        await mine.page()
    seen = theirs.counts[names["run"]]["success"]
    await theirs.until(lambda: theirs.counts[names["run"]]["success"] > seen)
    await mine.log_in()
    (await mine.page()).close()
    story.tell("cancel", names["run"])
    log = server.log.read_text()
    assert "Traceback" not in log, log[-3000:]


async def test_a_page_that_goes_on_talking_is_not_heard(
    hall: Any, story: Story, jp_ws_fetch: Any
) -> None:
    """A client may ignore that the server has closed, and the server reads on for seconds."""
    page = Page(await jp_ws_fetch("jupyter-datum", "stream"))
    await page.next()
    (socket,) = hall.sessions._unsure
    text = json.dumps({"type": "watch", "project": story.project.uuid})
    await socket.on_message(text)
    assert hall._watches
    hall.sessions.logged_out(socket.username)
    assert not hall._watches
    await socket.on_message(text)
    assert not hall._watches
    assert await closed(page) == LEFT


async def test_log_out_answers_as_before(hall: Any, jp_fetch: Any, jp_serverapp: Any) -> None:
    answer = await jp_fetch("logout")
    assert answer.code == 200 and b"Successfully logged out" in answer.body
    cleared = " ".join(answer.headers.get_list("Set-Cookie"))
    assert re.search(r'username-[^=]*="";', cleared)


async def test_a_token_that_is_changed_closes_what_it_had_opened(
    hall: Any, jp_ws_fetch: Any, jp_serverapp: Any
) -> None:
    page = Page(await jp_ws_fetch("jupyter-datum", "stream"))
    await page.next()
    await hall.sessions.check()
    assert await page.quiet(0.3) == 0
    jp_serverapp.identity_provider.token = "another"
    await hall.sessions.check()
    assert await closed(page) == LEFT


async def test_a_permission_that_is_taken_back_closes_the_socket(
    hall: Any, jp_ws_fetch: Any, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(await jp_ws_fetch("jupyter-datum", "stream"))
    await page.next()
    asked = []

    def is_authorized(self: Any, handler: Any, user: Any, action: str, resource: str) -> bool:
        asked.append((action, resource))
        return False

    monkeypatch.setattr(AllowAllAuthorizer, "is_authorized", is_authorized)
    await hall.sessions.check()
    assert await closed(page) == LEFT
    assert asked == [("read", "jupyter_datum")]


async def test_a_provider_that_cannot_say_is_asked_three_times(
    hall: Any, jp_ws_fetch: Any, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As JupyterHub's, while the hub is away."""
    page = Page(await jp_ws_fetch("jupyter-datum", "stream"))
    await page.next()

    def away(handler: Any) -> None:
        raise ConnectionError("no hub")

    with monkeypatch.context() as patch:
        patch.setattr(jp_serverapp.identity_provider, "get_user", away)
        await hall.sessions.check()
        await hall.sessions.check()
    await hall.sessions.check()  # it is there again: the count begins anew
    with monkeypatch.context() as patch:
        patch.setattr(jp_serverapp.identity_provider, "get_user", away)
        await hall.sessions.check()
        await hall.sessions.check()
        assert await page.quiet(0.3) == 0
        await hall.sessions.check()
    assert await closed(page) == LEFT
    assert json.dumps(page.errors) == "[]"
