"""A page that means harm, against a server in a process of its own: what it says, how much it
keeps, and what stands in its log afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import re
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.iostream import StreamClosedError
from tornado.tcpclient import TCPClient

from jupyter_datum.server.handlers.stream import LARGEST, MOST
from tests.story import Story

from .page import Page
from .test_context import save
from .test_restart import Server

#: Bytes that the server may have grown by after all of it; a page may leave 1 MiB waiting.
GROWTH = 64 << 20


@pytest.fixture
def server(story: Story, jp_root_dir: Path) -> Iterator[Server]:
    server = Server(jp_root_dir)
    server.start()
    yield server
    server.kill()


async def settled(server: Server) -> int:
    """Wait until it has served a page; return its memory."""
    (await server.page()).close()
    return memory(server)


def memory(server: Server) -> int:
    assert server.process is not None
    return int(psutil.Process(server.process.pid).memory_info().rss)


def said(server: Server) -> str:
    return server.log.read_text("utf-8", "backslashreplace")


async def still_well(server: Server, story: Story) -> None:
    """It answers, follows a run, and has written of no surprise."""
    page = await server.page()
    story.namespace["few"] = list(range(5))
    run = story.start("well -i few", "datum.value")
    await page.say(type="subscribe", project=story.project.uuid, run=run)
    await page.until(lambda: page.counts.get(run, {}).get("ended"))
    page.close()
    log = said(server)
    assert "Traceback" not in log and "Uncaught" not in log, log[-4000:]


async def end_of(page: Page) -> int | None:
    """Read to the end; return the close code."""
    while await asyncio.wait_for(page._socket.read_message(), 20) is not None:
        pass
    code: int | None = page._socket.close_code
    return code


NONSENSE: list[str | bytes] = [
    "", " ", "null", "[]", "1", '"watch"', "{", "{}", '{"type": NaN}', '{"type": null}',
    '{"type": ["watch"]}', '{"type": "execute", "code": "1"}', '{"type": "__class__"}',
    '{"type": "watch"}', '{"type": "watch", "project": "../.."}', '{"type": "watch", "project": 3}',
    '{"type": "watch", "type": "unwatch", "project": "' + "0" * 32 + '"}',
    '{"type": "visible", "visible": 1}', '{"type": "visible", "visible": "true"}',
    '{"type": "draw", "kernel": "../../key"}', '{"type": "draw", "kernel": ""}',
    '{"type": "draw", "kernel": "\\u0000"}', '{"type": "draw", "kernel": {"a": 1}}',
    '{"type": "\\ud800"}', '{"type": "watch", "project": "\\ud800"}',
    '{"a": ' + "[" * 30_000 + "]" * 30_000 + "}", "[" * 60_000, '{"a":' * 10_000,
    '{"type": "watch", "n": ' + "9" * 60_000 + "}",
    b"", b"\x00", b"\xff\xfe", b"\x00" * 60_000, b'{"type": "visible", "visible": ' + b"\xff}",
]  # fmt: skip


async def test_nonsense_is_answered_by_an_error_each(server: Server, story: Story) -> None:
    page = await server.page()
    for message in NONSENSE:
        await page._socket.write_message(message, binary=isinstance(message, bytes))
    await page.until(lambda: len(page.errors) == len(NONSENSE))
    codes = Counter(error["code"] for error in page.errors)
    assert codes.pop("bad-request") >= len(NONSENSE) - 4 and set(codes) <= {"not-found"}, codes
    assert all(len(error["message"]) < 300 for error in page.errors)
    assert not re.search(r"[\x00-\x1f]", "".join(error["message"] for error in page.errors))
    await page.say(type="watch", project=story.project.uuid)  # the same socket still serves
    story.namespace["few"] = [1]
    run = story.start("t -i few", "1")
    await page.until(lambda: page.runs.get(run, {}).get("ended"))
    await still_well(server, story)


@pytest.mark.parametrize("binary", [False, True])
async def test_a_message_that_is_too_large_closes_the_socket(
    server: Server, story: Story, binary: bool
) -> None:
    page = await server.page()
    await page.next()
    for size in (LARGEST - 30, LARGEST):
        await page._socket.write_message(b"x" * size, binary=binary)
        await page.until(lambda: page.errors)
        page.errors.clear()
    await page._socket.write_message(b"x" * (LARGEST + 1), binary=binary)
    assert await end_of(page) in (1009, 1006, None)
    await still_well(server, story)


async def test_a_length_that_is_only_claimed_costs_nothing(server: Server, story: Story) -> None:
    """Frames by hand: eight exabytes announced, a message that never ends, reserved bits."""
    before = await settled(server)
    piece = b"y" * 4096
    for frames in (
        [b"\x81\xff" + struct.pack("!Q", 2**63 - 1) + bytes(4)],
        [b"\x81\xff" + struct.pack("!Q", 2**64 - 1) + bytes(4)],
        [b"\x01\xfe" + struct.pack("!H", 4096) + bytes(4) + piece]
        + [b"\x00\xfe" + struct.pack("!H", 4096) + bytes(4) + piece] * 4_000,
        [b"\xf1\x80" + bytes(4)],
        [b"\x83\x80" + bytes(4)],
        [b"\x80\x80" + bytes(4)],  # goes on with what has not begun
        [b"\x81\x82" + bytes(4) + b"\xff\xfe"],  # text that is no UTF-8
        [b"\x88\xfe" + struct.pack("!H", 4096) + bytes(4) + piece],  # a close that is too long
    ):
        assert await ended_by(server, frames), frames[0][:12]
    assert memory(server) - before < GROWTH
    await still_well(server, story)


async def ended_by(server: Server, frames: list[bytes]) -> bool:
    """Whether the server ends a connection on which these bytes come as frames."""
    stream = await TCPClient().connect("127.0.0.1", server.port)
    try:
        stream.write(
            f"GET {server.base_url}jupyter-datum/stream?token={server.token} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            "\r\n".encode()
        )
        head = await stream.read_until(b"\r\n\r\n")
        assert b" 101 " in head.splitlines()[0], head
        for frame in frames:
            await stream.write(frame)
        while True:
            await asyncio.wait_for(stream.read_bytes(65536, partial=True), 20)
    except StreamClosedError:
        return True
    except TimeoutError:
        return False
    finally:
        stream.close()


async def test_a_thousand_subscriptions(server: Server, story: Story) -> None:
    """A page follows so many and no more, whatever is there to be followed."""
    story.namespace["few"] = [1]
    known = story.run("t -i few", "1").uuid
    before = await settled(server)
    page = await server.page()
    project = story.project.uuid
    await page.say(type="subscribe", project=project, run=known)
    for i in range(1_000):
        await page.say(type="subscribe", project=project, run=f"{i:032x}")
    much = f"a page follows {MOST} runs and projects at most"
    await page.until(lambda: sum(e["message"] == much for e in page.errors) == 1_001 - MOST)
    await page.until(lambda: page.counts.get(known, {}).get("ended"))
    for i in range(1_000):  # in and out again is never too much
        await page.say(type="unsubscribe", project=project, run=f"{i:032x}")
    page.errors.clear()
    await page.say(type="subscribe", project=project, run="f" * 32)
    await page.quiet(1)
    assert much not in str(page.errors)
    assert memory(server) - before < GROWTH
    page.close()
    await still_well(server, story)


async def test_a_page_that_asks_and_never_reads(server: Server, story: Story) -> None:
    """A hundred thousand questions; what it does not fetch is not kept for it."""
    before = await settled(server)
    stream = await TCPClient().connect("127.0.0.1", server.port)
    stream.write(
        f"GET {server.base_url}jupyter-datum/stream?token={server.token} HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        "\r\n".encode()
    )
    await stream.read_until(b"\r\n\r\n")
    text = json.dumps({"type": "watch", "project": "0" * 32}).encode()
    frame = b"\x81" + bytes([0x80 | len(text)]) + bytes(4) + text
    for _ in range(100):
        try:
            await asyncio.wait_for(asyncio.shield(stream.write(frame * 1_000)), 0.5)
        except TimeoutError:  # it reads no more from who does not read
            break
    assert memory(server) - before < GROWTH
    await still_well(server, story)
    stream.close()


async def test_two_hundred_pages_that_come_and_vanish(server: Server, story: Story) -> None:
    await settled(server)
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    story.namespace["many"] = list(range(500))
    run = story.start("slow -i many", "import time\ntime.sleep(0.02)")
    story.until(run, lambda row: row.success > 0)
    files, before = process.num_fds(), memory(server)
    for _ in range(4):
        pages = await asyncio.gather(*(server.page() for _ in range(50)))
        for page in pages:
            await page.say(type="subscribe", project=story.project.uuid, run=run)
        for page in pages:
            page._socket.close()
    for _ in range(100):
        if process.num_fds() <= files + 10:
            break
        await asyncio.sleep(0.1)
    assert process.num_fds() <= files + 10
    assert memory(server) - before < GROWTH
    story.tell("cancel", run)
    await still_well(server, story)


ESCAPES = "\n[I 2026-11-21 00:00:00.000 ServerApp] forged\r\x1b[31mred\x1b]0;title\x07\u202e"


async def test_s18_nothing_that_is_said_breaks_a_line_of_the_log(
    server: Server, story: Story, jp_root_dir: Path
) -> None:
    """Not by a query, a header, a message; not by what stands in a notebook or in a ledger."""
    story.namespace["few"] = [ESCAPES, 2]
    run = story.run("t -i few --tries 1", f"raise ValueError({ESCAPES!r})").uuid
    book = save(jp_root_dir, f"%%datum {ESCAPES}\n1", name="evil\x1b[31m.ipynb")
    base = f"http://127.0.0.1:{server.port}{server.base_url}jupyter-datum/"
    await settled(server)
    quoted = "".join(f"%{byte:02x}" for byte in ESCAPES.encode())
    named = "".join(f"%{byte:02x}" for byte in book.encode())
    mine = f"projects/{story.project.uuid}"
    with story.ledger() as conn:  # what no reader can make sense of is logged, with its reason
        conn.execute("update run set note = ?, message = ?", (ESCAPES, ESCAPES))
        conn.execute("update failure set message = ?, place = x'ff'", (ESCAPES,))
    for path in (
        f"status?x={quoted}", f"context?path={quoted}", f"transforms?path={named}",
        f"transforms?path={quoted}&kernel={quoted}", f"{mine}/runs?transform={quoted}",
        f"{mine}/runs/{run}", f"{mine}/runs/{run}/groups", f"{mine}/runs/{quoted}", quoted,
        f"{mine}/runs/{run}/datums?name={quoted}",
    ):  # fmt: skip
        for method in ("GET", "POST"):
            request = HTTPRequest(
                base + path, method=method, body=b"{}" if method == "POST" else None,
                headers={
                    "Authorization": f"token {server.token}", "Content-Type": "application/json",
                    "User-Agent": "a\xff[31m", "Referer": f"http://x/{quoted}",
                },
            )  # fmt: skip
            answer = await AsyncHTTPClient().fetch(request, raise_error=False)
            assert answer.code < 500 or answer.code == 503, (path, answer.code)
            assert answer.headers["Content-Type"].startswith("application/json"), (path, method)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    request = HTTPRequest(base + "status", headers={"User-Agent": "\x1b[31m"})
    assert (await AsyncHTTPClient().fetch(request, raise_error=False)).code == 400
    page = await server.page()
    await page.say(type=ESCAPES)
    await page.say(type="draw", kernel=ESCAPES)
    await page.until(lambda: len(page.errors) == 2)
    log = said(server)
    assert "\x1b" not in log and "\u202e" not in log and "\x07" not in log
    forged = [line for line in log.splitlines() if line.startswith("[I 2026-11-21 00:00:00.000")]
    assert forged == [], forged


@pytest.fixture(autouse=True)
def _no_leftovers(jp_root_dir: Path) -> Iterator[None]:
    yield
    assert not [name for name in os.listdir(jp_root_dir) if name == "executed"]
