"""Files of a datum, shown to people: what is sent, and every reason why nothing is."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.server import parquet, previews
from tests.story import Story

from .conftest import Call

LINE = 'look -i "in/*" -o out --tries 1'
CELL = """
datum.out_file(".seen").write_bytes(datum.path.read_bytes()[:100])
if datum.stem.startswith("bad"):
    raise ValueError("bad")
"""


def png(width: int, height: int) -> bytes:
    """A grey picture, made by hand."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    rows = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(min(height, 8))))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def lines(n: int) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([["id", "name"], *([i, f"<b>{i}</b>"] for i in range(n))])
    return text.getvalue().encode()


FILES = {
    "a.png": png(7, 5),
    "b.csv": lines(50),
    "c.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "d.html": "<script>alert(1)</script> \u202e".encode(),
    "e.bin": bytes(range(256)),
    "f.png": png(60_000, 60_000),
    "bad.txt": b"first\nsecond\n" * 5_000,
}


@pytest.fixture
def shown(story: Story) -> Story:
    (story.folder / "in").mkdir()
    for name, data in FILES.items():
        (story.folder / "in" / name).write_bytes(data)
    run = story.run(LINE, CELL)
    assert (run.success, run.failed) == (len(FILES) - 1, 1)
    return story


class Look:
    """Asks for previews of datums by their names."""

    def __init__(self, call: Call, story: Story) -> None:
        self.call, self.story = call, story

    async def __call__(self, name: str, **more: Any) -> dict[str, Any]:
        with self.story.ledger() as conn:
            row = conn.execute("select id from datum where key = ?", (name.encode(),)).fetchone()
        params = {key: str(value) for key, value in more.items()}
        answer = await self.call(
            "projects", self.story.project.uuid, "datums", str(row[0]), "preview", params=params
        )
        assert answer.status == 200, answer
        assert "json" in answer.headers["Content-Type"], "nothing that a browser would execute"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        return dict(answer.json)


@pytest.fixture
def look(call: Call, shown: Story) -> Look:
    return Look(call, shown)


async def test_a_picture_a_table_and_text(look: Look) -> None:
    picture = await look("a.png")
    assert (picture["kind"], picture["mime"], picture["pixels"]) == ("image", "image/png", [7, 5])
    assert base64.b64decode(picture["data"]) == FILES["a.png"] and not picture["changed"]
    assert len(picture["digest"]) >= 32
    table = await look("b.csv")
    assert (table["kind"], table["columns"], table["more"]) == ("table", ["id", "name"], True)
    assert table["rows"][19] == ["19", "<b>19</b>"] and len(table["rows"]) == 20
    for name, begins in (("c.svg", "<svg"), ("d.html", "<script>")):
        text = await look(name)
        assert (text["kind"], text["data"]) == ("text", None) and text["text"].startswith(begins)
    long = await look("bad.txt")
    assert long["kind"] == "text" and long["more"] and len(long["text"]) == 16_000
    output = await look("a.png", side="output")
    assert output["mime"] == "image/png" and output["size"] == len(FILES["a.png"])


async def test_what_has_no_preview_says_so_and_gives_its_bytes(look: Look) -> None:
    nothing = await look("e.bin")
    assert (nothing["kind"], nothing["why"]) == ("none", "there is no preview of files like this")
    raw = await look("e.bin", raw=1)
    assert base64.b64decode(raw["data"]) == FILES["e.bin"] and not raw["more"]
    bomb = await look("f.png")
    assert (bomb["kind"], bomb["pixels"]) == ("none", [60_000, 60_000])
    assert (await look("a.png", n=1))["why"] == "there is no such file of this datum"


async def test_a_parquet_file_where_it_can_be_read(look: Look) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    writer = pytest.importorskip("pyarrow.parquet")
    path = look.story.folder / "in" / "e.bin"
    writer.write_table(pyarrow.table({"n": list(range(30)), "s": ["x"] * 30}), path)
    table = await look("e.bin")
    assert (table["kind"], table["columns"], table["more"]) == ("table", ["n", "s"], True)
    assert table["rows"][0] == ["0", "x"] and table["changed"]
    path.write_bytes(b"PAR1" + bytes(100))
    assert "cannot be read as Parquet" in (await look("e.bin"))["why"]


#: What a reader with a hole in it could be made to do by a file: found in place of pyarrow.
HOSTILE = {
    "memory": "x = [bytes(1 << 30) for _ in range(64)]",
    "time": "while True: pass",
    "crash": "import os; os.abort()",
    "files": "open(__file__ + '.left', 'wb', buffering=0).write(b'x')",
    "noise": "print('{' * 10); import sys; print('x' * 100, file=sys.stderr)",
    "flood": "import os\nwhile True: os.write(3, bytes(65536))",
}


async def test_a_reader_that_a_file_has_taken_over_does_not_take_the_server(
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (look.story.folder / "in" / "e.bin").write_bytes(b"PAR1" + bytes(100))
    for way, does in HOSTILE.items():
        fake = tmp_path / way / "pyarrow"
        fake.mkdir(parents=True)
        (fake / "__init__.py").write_text(f"__version__ = '99.0'\n{does}\n")
        monkeypatch.setenv("PYTHONPATH", str(fake.parent), prepend=os.pathsep)
        monkeypatch.setattr(parquet, "WITHIN", 2.0 if way == "time" else 60.0)
        shown = await look("e.bin")
        assert (shown["kind"], shown["rows"]) == ("none", None) and shown["why"], way
        assert all(path.stat().st_size == 0 for path in fake.glob("*.left"))
        assert (await look("a.png"))["kind"] == "image", "the server lives"


def test_what_a_reader_says_is_not_believed() -> None:
    for told in (
        b"", b"[]", b"null", b'{"columns": 3}', b'{"why": 3}', b"[" * 100_000,
        json.dumps({"columns": ["a"] * 99, "rows": [], "more": False}).encode(),
        json.dumps({"columns": ["a"], "rows": [[1]] * 99, "more": False}).encode(),
        json.dumps({"columns": ["a"], "rows": [3], "more": False}).encode(),
    ):  # fmt: skip
        assert "cannot be read as Parquet" in str(parquet._table(told))
    odd = json.dumps({"columns": [None], "rows": [[{"a": "b"}]], "more": 1}).encode()
    assert parquet._table(odd) == (["None"], [["{'a': 'b'}"]], True), "text, whatever it was"


async def test_what_a_failed_attempt_left(look: Look) -> None:
    with look.story.ledger() as conn:
        run, attempt, partial = conn.execute(
            "select uuid, attempt, partial from attempt join run on run.id = attempt.run"
        ).fetchone()
    left = await look("bad.txt", side="partial", run=run, attempt=attempt)
    assert left["kind"] == "text" and left["text"].startswith("first\nsecond")
    assert (await look("bad.txt", side="partial"))["kind"] == "none", "of which attempt?"
    for staged in ("../../in/a.png", "/etc/hostname", "..", ""):
        with look.story.ledger() as conn:
            conn.execute("update attempt set partial = ?", (json.dumps([[staged, "x"]]),))
        found = await look("bad.txt", side="partial", run=run, attempt=attempt)
        assert (found["kind"], found["data"], found["text"]) == ("none", None, None)
    (name, _), *_ = json.loads(partial)
    link = look.story.folder / "out/.datum-staging/failed" / name
    link.unlink()
    link.symlink_to("/etc/hostname")
    with look.story.ledger() as conn:
        conn.execute("update attempt set partial = ?", (partial,))
    found = await look("bad.txt", side="partial", run=run, attempt=attempt)
    assert "outside" in found["why"]


async def test_a_file_that_is_another_one_by_now(look: Look) -> None:
    path = look.story.folder / "in" / "b.csv"
    path.write_bytes(b"id;name\n1;new\n")
    table = await look("b.csv")
    assert table["changed"] and table["rows"] == [["1", "new"]]
    path.unlink()
    assert (await look("b.csv"))["why"] == "it is not there any more"


async def test_links_that_lead_out_pipes_and_folders(look: Look, tmp_path: Path) -> None:
    path = look.story.folder / "in" / "a.png"
    secret = tmp_path / "secret.png"
    secret.write_bytes(FILES["a.png"])
    path.unlink()
    path.symlink_to(secret)
    found = await look("a.png")
    assert found["data"] is None and "outside" in found["why"]
    path.unlink()
    os.mkfifo(path)
    assert (await look("a.png"))["why"] == "it is not a regular file", "and nobody waits for it"
    path.unlink()
    path.mkdir()
    assert (await look("a.png"))["kind"] == "none"
    with look.story.ledger() as conn:
        conn.execute("update datum set key = ? where key = ?", (b"../../../etc/hostname", b"c.svg"))
    found = await look("../../../etc/hostname")
    assert found["text"] is None and "outside" in found["why"]


async def test_hidden_files_are_not_shown(look: Look) -> None:
    (look.story.folder / "in" / ".secret").write_text("hidden")
    with look.story.ledger() as conn:
        conn.execute("update datum set key = ? where key = ?", (b".secret", b"c.svg"))
    assert "outside" in (await look(".secret"))["why"]


async def test_a_large_picture_is_not_sent(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "LARGEST", 40)
    assert "up to" in (await look("a.png"))["why"]
    raw = await look("a.png", raw=1)
    assert len(base64.b64decode(raw["data"])) == 40 and raw["more"]
