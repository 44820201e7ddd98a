"""A real Jupyter server with the extension, over a project with real runs."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tornado.httpclient import HTTPClientError

from jupyter_datum.runner import environment
from jupyter_datum.server import extension
from jupyter_datum.states import DatumState
from tests.ledger import build
from tests.story import Story

from .page import Page


class Answer(NamedTuple):
    status: int
    json: Any
    headers: Any


Call = Callable[..., Awaitable[Answer]]

#: Fails for every third item, and says so.
CELL = """
import time
print("at", datum.value)
if datum.value % 3 == 0:
    raise ValueError(f"bad <img src=x onerror=alert(1)> item {datum.value}")
datum.out_file(".txt").write_text(str(datum.value))
{"twice": datum.value * 2}
"""


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"jupyter_datum": True}}}


@pytest.fixture
def story(jp_environ: Any, jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """Cells are read in this process, whose home `jp_environ` has moved: no cell needs that."""
    never = environment._NEVER | {"HOME", "PYTHONPATH"}
    monkeypatch.setattr(environment, "_NEVER", never)
    story = Story(jp_root_dir)
    yield story
    story.close()


@pytest.fixture
def hall(jp_serverapp: Any) -> Iterator[Any]:
    yield jp_serverapp.web_app.settings["jupyter_datum"]
    extension.unload(jp_serverapp)


@pytest.fixture
def call(hall: Any, jp_fetch: Any) -> Call:
    """Ask a route of ours; errors are answers too."""

    async def call(*path: str, method: str = "GET", body: Any = None, **more: Any) -> Answer:
        if body is not None and not isinstance(body, str | bytes):
            body = json.dumps(body)
        if method == "POST":
            more.setdefault("headers", {}).setdefault("Content-Type", "application/json")
            body = body if body is not None else "{}"
        try:
            got = await jp_fetch("jupyter-datum", *path, method=method, body=body, **more)
        except HTTPClientError as exc:
            assert exc.response is not None, exc
            got = exc.response
        kind = got.headers.get("Content-Type", "")
        value = json.loads(got.body) if got.body and "json" in kind else got.body
        return Answer(got.code, value, got.headers)

    return call


@pytest.fixture
def ran(story: Story) -> tuple[Story, str]:
    """A run over nine items, three of which fail.

    What is asked of it is the same of any engine, and joblib's workers would cost most of its time.
    """
    story.namespace["numbers"] = list(range(1, 10))
    run = story.run("thumbs -i numbers --tries 1", CELL)
    assert (run.status, run.success, run.failed) == ("failed", 6, 3)
    return story, run.uuid


Open = Callable[[], Awaitable[Page]]


@pytest.fixture
def page(hall: Any, jp_ws_fetch: Any) -> Open:
    async def opened() -> Page:
        return Page(await jp_ws_fetch("jupyter-datum", "stream"))

    return opened


N = 1_000_000


@pytest.fixture(scope="session")
def _million(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run of a million datums, half of them done, of which every thousandth has failed."""
    story = Story(tmp_path_factory.mktemp("million"))
    public = uuid.uuid4().hex
    with story.ledger() as conn:
        run = build.new_run(conn, public=public)
        conn.execute("begin immediate")
        conn.execute(
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < ?1)"
            " insert into datum (id, transform, key, state, version, run, position, attempt,"
            " began, seconds, worker) select i, ?2, cast(printf('f/%07d.jpg', i) as blob),"
            " iif(i % 1000 = 0, 3, 2), ?3, ?4, i - 1, 1, 5.0, 0.5, 'w1' from n",
            (N // 2, run.transform, run.version, run.id),
        )
        conn.execute("insert into datum_key select transform, key, id from datum")
        conn.execute(
            "update run set total = ?, success = ?, failed = ?, planned = 1 where id = ?",
            (N, N // 2 - N // 2000, N // 2000, run.id),
        )
        conn.execute("commit")
    states = bytearray([DatumState.SUCCESS]) * (N // 2) + bytes(N // 2)
    states[999 : N // 2 : 1000] = bytes([DatumState.FAILED]) * (N // 2000)
    folder = story.project.run(public)
    folder.mkdir(parents=True)
    (folder / "states").write_bytes(states)
    ids = [*range(1, N // 2 + 1), *range(N, N + N // 2)]
    (folder / "plan").write_bytes(b"".join(i.to_bytes(4, "little") for i in ids))
    return story.project.dir, public


@pytest.fixture
def million(story: Story, _million: tuple[Path, str]) -> tuple[Story, str]:
    """A copy of that run: to make it takes seconds."""
    made, run = _million
    other = shutil.ignore_patterns("project.json")
    shutil.copytree(made, story.project.dir, ignore=other, dirs_exist_ok=True)
    return story, run
