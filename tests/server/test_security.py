"""Who may do what, whatever is sent: the list S01 to S17 of the fault catalogue."""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from jupyter_datum.server.handlers.routes import ROUTES
from tests.story import Story

from .conftest import Call
from .page import Page
from .test_context import save

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
ZERO = "0" * 32
#: What may be done at each route; the routing table is compared with it.
ACTIONS = {
    "status": {"GET": "read"},
    "context": {"GET": "read"},
    "transforms": {"GET": "read"},
    "marks": {"POST": "read"},
    "counts": {"POST": "execute"},
    "engines": {"GET": "execute"},
    "runs": {"POST": "execute"},
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
    f"projects/{ZERO}/upkeep/{ZERO}": {"GET": "read"},
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


TRAVERSAL = [
    "..", "../secret.ipynb", "sub/../../secret.ipynb", "%2e%2e/secret.ipynb", "..\\secret.ipynb",
    "/etc/passwd", "//etc/passwd", "../root_dir_sibling/secret.ipynb", "book.ipynb\0", "link.ipynb",
    "folder/secret.ipynb", ".hidden/secret.ipynb", ".secret.ipynb", "BOOK.IPYNB", ".", "", "sub",
    "sub/./book.ipynb/", ".datum/ledger.sqlite", "x" * 5000, "a/" * 3000, "\ud800", "fifo.ipynb",
    "book.ipynb/..", "C:\\book.ipynb",
]  # fmt: skip


async def test_s08_no_path_leads_out(call: Call, jp_root_dir: Path) -> None:
    outside = jp_root_dir.parent / "root_dir_sibling"
    outside.mkdir()
    mark = "%%datum secret -i '*'\n1"
    secret = outside / save(outside, mark, name="secret.ipynb")
    save(jp_root_dir.parent, mark, name="secret.ipynb")
    for folder in ("sub", ".hidden"):
        (jp_root_dir / folder).mkdir()
    save(jp_root_dir / ".hidden", mark, name="secret.ipynb")
    save(jp_root_dir, mark, name=".secret.ipynb")
    save(jp_root_dir, mark)
    (jp_root_dir / "link.ipynb").symlink_to(secret)
    (jp_root_dir / "folder").symlink_to(outside)
    os.mkfifo(jp_root_dir / "fifo.ipynb")
    before = secret.stat()
    assert (await call("transforms", params={"path": "book.ipynb"})).status == 200
    for path in TRAVERSAL:
        for route in ("transforms", "context"):
            query = "path=" + "".join(
                f"%{byte:02x}" for byte in path.encode("utf-8", "surrogatepass")
            )
            answer = await call(f"{route}?{query}")
            assert answer.status in (404, 400), (route, path)
            assert answer.json["code"] in ("not-found", "bad-request")
            assert "secret" not in answer.json["message"]
    assert secret.stat() == before


@pytest.mark.parametrize(
    "path",
    [
        f"projects/{ZERO}/runs/../../../etc",
        f"projects/{ZERO}/runs/%2e%2e",
        "projects/..%2f..%2fetc/runs",
        f"projects/{ZERO}/runs/{ZERO}/positions/-1",
        f"projects/{ZERO}/datums/1%00",
        f"projects/{ZERO}/datums/" + "9" * 400,
        f"projects/{'G' * 32}/runs",
    ],
)
async def test_s08_names_are_names(call: Call, path: str) -> None:
    assert (await call(path)).status == 404


async def test_s08_a_project_that_is_a_link_out_is_not_opened(
    call: Call, jp_root_dir: Path, tmp_path: Path, jp_environ: Any
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    story = Story(outside)
    try:
        story.namespace["numbers"] = [1]
        story.run("t -i numbers", "1")
        (jp_root_dir / ".datum").symlink_to(story.project.dir)
        answer = await call("context", params={"path": save(jp_root_dir, "1")})
        assert answer.json["project"] is None
        assert (await call("projects", story.project.uuid, "runs")).status == 404
    finally:
        story.close()


async def test_what_the_ledger_names_is_no_way_out(
    call: Call, ran: tuple[Story, str], tmp_path: Path
) -> None:
    """Logs, results and plans are named by the ledger, which anyone may have written."""
    story, run = ran
    (tmp_path / "secret").write_text("canary")
    up = "../" * 12
    base = ("projects", story.project.uuid)
    (row,) = (await call(*base, "runs", run, "datums", params={"limit": "1"})).json["datums"]
    logs = [
        f"1-{up}{tmp_path}/secret:0:6:0",
        f"{up}x-y:0:9:0",
        "1-w:-5:6:0",
        "1-w:0:x:0",
        "nonsense",
    ]
    kinds = [
        ("json-file", f"{up}{tmp_path}/secret".encode()),
        ("pickle", b"cos\nsystem\n(S'x'\ntR."),
    ]
    for text in logs:
        with story.ledger() as conn:
            conn.execute("update datum set log = ? where id = ?", (text, row["id"]))
        answer = await call(*base, "datums", str(row["id"]), "log")
        assert answer.status in (200, 404) and "canary" not in str(answer.json)
    for kind, value in kinds:
        with story.ledger() as conn:
            conn.execute(
                "update datum set result_kind = ?, result = ? where id = ?",
                (kind, value, row["id"]),
            )
        answer = await call(*base, "datums", str(row["id"]))
        assert answer.status == 200 and not answer.json["result"], answer


async def test_a_ledger_of_nonsense_is_never_500(call: Call, ran: tuple[Story, str]) -> None:
    story, run = ran
    base = ("projects", story.project.uuid, "runs")
    with story.ledger() as conn:
        conn.execute("update run set note = ?, seconds = x'ff', message = x'fe'", ("[" * 99_999,))
        conn.execute("update datum set state = 77, key = 3, log = 4, metrics = '[]'")
    paths = [base, (*base, run), (*base, run, "groups"), (*base, run, "workers")]
    paths += [(*base, run, "timing"), (*base, run, "spec"), (*base[:2], "report")]
    paths += [(*base, run, "datums"), (*base, run, "positions", "0"), (*base, run, "durations")]
    paths += [(*base[:2], "datums", "1"), (*base[:2], "datums", "1", "log")]
    for path in paths:
        answer = await call(*path)
        assert answer.status in (200, 404, 503), (path, answer)
    os.unlink(story.project.run(run) / "states")
    os.mkfifo(story.project.run(run) / "states")
    assert (await call(*base, run, "positions", "0")).status in (200, 503)
    assert (await call(*base, run, "durations")).status in (200, 503)


async def test_s12_no_secret_is_told(call: Call, story: Story, monkeypatch: Any) -> None:
    canary = "canary-5b1f"
    monkeypatch.setenv("MY_SECRET_TOKEN", canary)
    story.namespace["numbers"] = [1, 2]
    run = story.run("t -i numbers --tries 1", "raise OSError('no')").uuid
    path = save(story.folder, "%%datum t -i numbers\n1")
    base = ("projects", story.project.uuid)
    told = ""
    for each in (
        ("status",), (*base, "runs"), (*base, "runs", run), (*base, "runs", run, "groups"),
        (*base, "runs", run, "datums"), (*base, "datums", "1"), (*base, "datums", "1", "log"),
    ):  # fmt: skip
        told += str((await call(*each)).json)
    for route in ("context", "transforms"):
        told += str((await call(route, params={"path": path})).json)
    assert "OSError" in told and canary not in told
    assert (story.project.dir / "recipes").exists()
    for file in story.project.dir.rglob("*"):
        assert not file.is_file() or canary.encode() not in file.read_bytes(), file


async def test_s15_a_notebook_that_is_opened_runs_nothing(call: Call, jp_root_dir: Path) -> None:
    evil = f"open({str(jp_root_dir / 'executed')!r}, 'w')"
    path = save(
        jp_root_dir, f"%%datum x -i {evil}\n{evil}", f"%%datum $({evil})\n!touch executed",
        "1", datum={"name": evil, "input": {"glob": evil, "__class__": evil}},
    )  # fmt: skip
    answer = await call("transforms", params={"path": path})
    assert answer.status == 200
    await call("context", params={"path": path})
    assert sorted(os.listdir(jp_root_dir)) == [path]


async def test_s17_what_is_made_is_for_this_user_alone(
    call: Call, story: Story, jp_environ: Any
) -> None:
    from jupyter_datum import registry

    old = os.umask(0)
    try:
        story.namespace["numbers"] = [1]
        run = story.run("t -i numbers", "print(1)").uuid
        base = ("projects", story.project.uuid, "runs")
        await call(*base, method="POST", body={"transform": "t", "force": True})
        assert registry.write_project(story.project)
        assert registry.write_kernel("k", story.project, story.folder, None, "0")
    finally:
        os.umask(old)
    assert stat.S_IMODE(story.project.dir.stat().st_mode) == 0o700
    for file in (
        story.project.ledger,
        story.project.run(run) / "states",
        registry.project_file(story.project.uuid),
        registry.kernel_file("k"),
    ):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


async def test_s10_files_of_ten_gigabytes_are_not_read(
    call: Call, ran: tuple[Story, str], jp_ws_fetch: Any
) -> None:
    story, run = ran
    base = ("projects", story.project.uuid)
    huge = 10 << 30
    path = save(story.folder, "1")
    os.truncate(story.project.run(run) / "states", huge)
    socket = await jp_ws_fetch("jupyter-datum", "stream")
    page = Page(socket)
    await page.say(type="subscribe", project=story.project.uuid, run=run)
    await page.until(lambda: page.errors)
    assert page.errors[0]["code"] == "ledger" and "states" in page.errors[0]["message"]
    os.truncate(story.folder / path, huge)
    answer = await call("transforms", params={"path": path})
    assert (answer.status, answer.json["code"]) == (409, "refused")
    os.truncate(story.project.dir / "project.json", huge)
    assert (await call("context", params={"path": path})).json["state"] == "damaged"
    os.truncate(next(iter((story.project.dir / "recipes").iterdir())), 0)
    assert (await call(*base, "runs")).status in (200, 404)


async def test_s13_many_who_ask_at_once_hold_nobody_up(
    call: Call, ran: tuple[Story, str], jp_fetch: Any
) -> None:
    story, _ = ran
    many = [call("projects", story.project.uuid, "runs") for _ in range(300)]
    polls = asyncio.ensure_future(asyncio.gather(*many))
    await asyncio.sleep(0.05)
    began = time.perf_counter()
    assert (await jp_fetch("api", "status", request_timeout=20)).code == 200
    print(f"status: {1e3 * (time.perf_counter() - began):.0f} ms")
    assert [answer.status for answer in await polls] == [200] * 300
