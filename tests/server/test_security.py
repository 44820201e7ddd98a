"""Who may do what, whatever is sent: the list S01 to S17 of the fault catalogue."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from jupyter_datum.server.handlers.routes import ROUTES
from tests.story import Story

from .conftest import Call
from .test_context import save

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
ZERO = "0" * 32
#: What may be done at each route; the routing table is compared with it.
ACTIONS = {
    "status": {"GET": "read"},
    "context": {"GET": "read"},
    "transforms": {"GET": "read"},
    "settings": {"GET": "read", "POST": "execute"},
    "marks": {"POST": "read"},
    "counts": {"POST": "execute"},
    "engines": {"GET": "execute"},
    "runs": {"POST": "execute"},
    "recipes": {"POST": "execute"},
    "whence": {"GET": "read"},
    "stream": {"GET": "read"},
    f"projects/{ZERO}/runs": {"GET": "read", "POST": "execute"},
    f"projects/{ZERO}/clusters": {"GET": "read"},
    f"projects/{ZERO}/runs/{ZERO}": {"GET": "read"},
    f"projects/{ZERO}/runs/{ZERO}/groups": {"GET": "read"},
    f"projects/{ZERO}/runs/{ZERO}/workers": {"GET": "read"},
    f"projects/{ZERO}/runs/{ZERO}/timing": {"GET": "read"},
    f"projects/{ZERO}/runs/{ZERO}/spec": {"GET": "read"},
    f"projects/{ZERO}/runs/{ZERO}/datums": {"GET": "read"},
    f"projects/{ZERO}/runs/{ZERO}/rows": {"GET": "read"},
    f"projects/{ZERO}/runs/{ZERO}/datums.csv": {"GET": "read"},
    f"projects/{ZERO}/runs/{ZERO}/positions/0": {"GET": "read"},
    f"projects/{ZERO}/runs/{ZERO}/durations": {"GET": "read"},
    f"projects/{ZERO}/runs/{ZERO}/positions/0/log": {"GET": "read"},
    f"projects/{ZERO}/runs/{ZERO}/retry": {"POST": "execute"},
    f"projects/{ZERO}/runs/{ZERO}/expected": {"POST": "execute"},
    f"projects/{ZERO}/runs/{ZERO}/requests": {"POST": "execute"},
    f"projects/{ZERO}/datums/0": {"GET": "read"},
    f"projects/{ZERO}/datums/0/log": {"GET": "read"},
    f"projects/{ZERO}/datums/0/display": {"GET": "read"},
    f"projects/{ZERO}/datums/0/code": {"GET": "read"},
    f"projects/{ZERO}/datums/0/preview": {"GET": "read"},
    f"projects/{ZERO}/datums/0/lineage": {"GET": "read"},
    f"projects/{ZERO}/datums/0/history": {"GET": "read"},
    f"projects/{ZERO}/graph": {"GET": "read"},
    f"projects/{ZERO}/origin": {"GET": "read"},
    f"projects/{ZERO}/users": {"GET": "read"},
    f"projects/{ZERO}/overview": {"GET": "read"},
    f"projects/{ZERO}/report": {"GET": "read"},
    f"projects/{ZERO}/outputs": {"GET": "read"},
    f"projects/{ZERO}/watches": {"GET": "read", "POST": "execute"},
    f"projects/{ZERO}/upgrade": {"POST": "execute"},
    f"projects/{ZERO}/upkeep": {"POST": "execute"},
    f"projects/{ZERO}/upkeep/{ZERO}": {"GET": "read", "DELETE": "execute"},
    f"projects/{ZERO}/requests/{ZERO}": {"GET": "read"},
    "nothing/at/all": {"GET": "read", "POST": "execute"},
}


class Denies(Authorizer):
    """Allows everything but some actions on our resource."""

    denied: set[str] = set()  # noqa: RUF012
    asked: list[tuple[str, str]] = []  # noqa: RUF012

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        self.asked.append((action, resource))
        return not (resource == "jupyter_datum" and action in self.denied)


@pytest.fixture
def denies() -> Iterator[type[Denies]]:
    Denies.denied, Denies.asked = set(), []
    yield Denies
    Denies.denied = set()


@pytest.fixture(params=[True, False], ids=["open", "closed"])
def jp_server_config(request: Any, jp_server_config: dict[str, Any]) -> dict[str, Any]:
    app = jp_server_config["ServerApp"]
    app["allow_unauthenticated_access"] = request.param
    app["authorizer_class"] = "tests.server.test_security.Denies"
    return jp_server_config


def example(pattern: str) -> str:
    """A path that a route's pattern matches."""
    path = pattern.replace("([0-9a-f]{32})", ZERO).replace("([0-9]{1,15})", "0")
    path = path.replace(".*", "nothing/at/all")
    assert re.fullmatch(pattern, path), pattern
    return path


class Raw:
    """Requests without the credentials that the fixtures add."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def __call__(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None
    ) -> Any:
        if method in ("POST", "PUT", "PATCH") and body is None:
            body = b"{}"
        request = HTTPRequest(
            self.url + (path[1:] if path.startswith("/") else f"jupyter-datum/{path}"),
            method=method,
            headers=headers or {},
            body=body if not callable(body) else None,
            body_producer=body if callable(body) else None,
            follow_redirects=False,
            request_timeout=20,
        )
        try:
            return await AsyncHTTPClient().fetch(request)
        except HTTPClientError as exc:
            assert exc.response is not None, exc
            return exc.response


@pytest.fixture
def raw(jp_http_port: int, jp_base_url: str, hall: Any, jp_fetch: Any) -> Raw:
    return Raw(f"http://127.0.0.1:{jp_http_port}{jp_base_url}")


def test_the_table_of_actions_is_the_routing_table() -> None:
    assert sorted(example(pattern) for pattern, _ in ROUTES) == sorted(ACTIONS)
    for pattern, handler in ROUTES:
        own = {m for m in METHODS if m.lower() in vars(handler)}
        assert own == set(ACTIONS[example(pattern)])


async def test_s01_nothing_without_credentials(raw: Raw) -> None:
    for path, actions in ACTIONS.items():
        for method in METHODS:
            answer = await raw(method, path, {"Content-Type": "application/json"})
            allowed = {403} if method in actions else {403, 405}
            assert answer.code in allowed, (method, path, answer.code)
            assert "version" not in answer.body.decode()


@pytest.mark.parametrize("token", ["", "wrong", None])
async def test_s01_no_socket_without_credentials(raw: Raw, token: str | None) -> None:
    url = raw.url.replace("http:", "ws:") + "jupyter-datum/stream"
    if token is not None:
        url += f"?token={token}"
    with pytest.raises(HTTPClientError) as told:
        await websocket_connect(url)
    assert told.value.code == 403


async def test_each_method_asks_for_its_own_action(
    call: Call, denies: type[Denies], jp_ws_fetch: Any
) -> None:
    for path, actions in ACTIONS.items():
        for method, action in actions.items():
            denies.denied, denies.asked = {action}, []
            if path == "stream":
                with pytest.raises(HTTPClientError) as told:
                    await jp_ws_fetch("jupyter-datum", "stream")
                assert told.value.code == 403
            else:
                answer = await call(path, method=method)
                assert answer.status == 403, (method, path)
                assert answer.json["code"] == "forbidden"
            assert (action, "jupyter_datum") in denies.asked
            other = {"read": "execute", "execute": "read"}[action]
            denies.denied = {other, "write"}
            if path != "stream":
                assert (await call(path, method=method)).status != 403, (method, path)


async def test_s02_what_is_denied_has_no_effect(
    call: Call, ran: tuple[Story, str], denies: type[Denies]
) -> None:
    story, run = ran
    denies.denied = {"execute"}
    base = ("projects", story.project.uuid, "runs")
    book = save(story.folder, "%%datum thumbs -i numbers\n1")
    for path, body in (
        (("runs",), {"notebook": book, "transform": "thumbs"}),
        (("runs",), {"notebook": save(story.folder, "%%datum t -i '*'\n1"), "transform": "t"}),
        (base, {"transform": "thumbs", "force": True}),
        ((*base, run, "retry"), {"what": "failed"}),
        ((*base, run, "requests"), {"kind": "cancel"}),
        ((*base[:2], "upkeep"), {"verb": "prune", "transform": "thumbs"}),
    ):
        assert (await call(*path, method="POST", body=body)).status == 403
    with story.ledger() as conn:
        assert conn.execute("select count(*) from request").fetchone() == (1,)
        assert conn.execute("select count(*) from run").fetchone() == (1,)


async def test_s03_a_cookie_alone_changes_nothing(
    raw: Raw, ran: tuple[Story, str], jp_serverapp: Any, jp_auth_header: dict[str, str]
) -> None:
    story, _ = ran
    cookie = await logged_in(raw, jp_auth_header)
    path, body = f"projects/{story.project.uuid}/runs", b'{"transform": "thumbs", "force": true}'
    headers = {"Cookie": cookie, "Content-Type": "application/json"}
    assert (await raw("GET", path, headers)).code == 200
    assert (await raw("POST", path, headers, body)).code == 403
    token = re.search(r"_xsrf=([^;]+)", cookie)
    assert token is not None
    with story.ledger() as conn:
        assert conn.execute("select count(*) from request").fetchone() == (1,)
    answer = await raw("POST", path, {**headers, "X-XSRFToken": token[1]}, body)
    assert answer.code == 202
    story.end(json.loads(answer.body)["run"])


async def logged_in(raw: Raw, header: dict[str, str]) -> str:
    """Return the cookies that a browser has after the login page."""
    kept: dict[str, str] = {}
    for path in ("/login", "/login?token=" + header["Authorization"].split()[-1]):
        cookies = "; ".join(f"{k}={v}" for k, v in kept.items())
        answer = await raw("GET", path, {"Cookie": cookies})
        for line in answer.headers.get_list("Set-Cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            kept[name] = value
    return "; ".join(f"{name}={value}" for name, value in kept.items())


async def test_s04_foreign_origins_are_refused(
    raw: Raw, jp_auth_header: dict[str, str], jp_http_port: int
) -> None:
    cookie = await logged_in(raw, jp_auth_header)
    good = f"http://127.0.0.1:{jp_http_port}"
    url = raw.url.replace("http:", "ws:") + "jupyter-datum/stream"
    for origin in ("http://evil.example", good + ".evil.example", "null", "http://127.0.0.1:1"):
        headers = {"Cookie": cookie, "Origin": origin}
        assert (await raw("GET", "status", headers)).code == 404, origin
        with pytest.raises(HTTPClientError) as told:
            await websocket_connect(HTTPRequest(url, headers=headers))
        assert told.value.code == 403, origin
    headers = {"Cookie": cookie, "Origin": good}
    assert (await raw("GET", "status", headers)).code == 200
    socket = await websocket_connect(HTTPRequest(url, headers=headers))
    assert await socket.read_message()
    socket.close()


BODIES = [
    b"", b" ", b"null", b"[]", b'"x"', b"1", b"{", b'{"transform": NaN}', b'{"a": Infinity}',
    b'{"transform": "\xff"}', b"\xff\xfe", b'{"transform": "a", "transform": "b"}',
    b'{"transform": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", b"[" * 200_000,
    b'{"workers": ' + b"9" * 10_000 + b', "transform": "t"}', b'{"transform": 1e999}',
    b'{"\\ud800": 1}', b'{"transform": "\\u0000"}', b'{"what": {"datums": [1.0]}}',
    b'{"what": {"datums": [true]}}', b'{"what": {"group": 1, "datums": [1]}}',
    b'{"what": {"datums": ' + json.dumps(list(range(1, 10_002))).encode() + b"}}",
    b'{"kind": "drain"}', b'{"kind": "scale"}', b'{"kind": "cancel", "workers": 2}',
    b'{"kind": "scale", "workers": -1}',
]  # fmt: skip


async def test_s06_what_is_no_good_json_is_400(call: Call, story: Story) -> None:
    base = ("projects", story.project.uuid, "runs")
    for path in (("runs",), base, (*base, ZERO, "retry"), (*base[:-1], "upkeep")):
        for body in BODIES:
            answer = await call(*path, method="POST", body=body)
            assert (answer.status, answer.json["code"]) == (400, "bad-request"), body[:80]
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            headers = {"Content-Type": kind}
            answer = await call(*path, method="POST", body=b'{"what":1}', headers=headers)
            assert answer.status == 400
    for query in ("limit=%ff", "before=9" + "9" * 30, "state=%00", "limit=1&limit=x"):
        answer = await call("/".join((*base, ZERO, "datums")) + "?" + query)
        assert answer.status in (400, 404, 503), query


async def test_s07_large_bodies_are_413(
    raw: Raw, story: Story, jp_auth_header: dict[str, str]
) -> None:
    path = f"projects/{story.project.uuid}/runs"
    headers = {"Content-Type": "application/json", **jp_auth_header}
    limit = 1 << 20
    answer = await raw("POST", path, headers, b" " * (limit + 1))
    assert answer.code == 413 and json.loads(answer.body)["code"] == "too-large"

    async def producer(write: Any) -> None:
        for _ in range(17):
            await write(b" " * (1 << 16))

    answer = await raw("POST", path, headers, producer)
    assert answer.code == 413 and json.loads(answer.body)["code"] == "too-large"
    answer = await raw("POST", path, headers, b" " * limit)
    assert answer.code == 400
