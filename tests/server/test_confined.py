"""Paths, names, ledgers and notebooks of others: none leads out, tells a secret or runs a thing."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from tests.story import Story

from .conftest import Call
from .page import Page
from .test_context import save

ZERO = "0" * 32
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
