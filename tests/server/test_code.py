"""Where an attempt failed: the user's frames with their lines, nothing read that is not theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.server.frames import Sources, blocks, package_of
from tests.story import Story

from .conftest import Call

MODULE = """import json


def decode(text):
    found = json.loads(text)
    if not found:
        raise ValueError("nothing in it")
    return found
"""
CELL = """
from helpers import decode
for n in range(3):
    text = ["[1]", "[2]", datum.value][n]
    decode(text)
(LIMITS, WORD)
"""


@pytest.fixture
def failed(story: Story, monkeypatch: pytest.MonkeyPatch) -> Story:
    (story.folder / "helpers.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(story.folder))
    story.namespace["texts"] = ["[]", "no"]
    story.namespace |= {"LIMITS": (0.5, {"top": [1, None]}), "WORD": "canary"}
    run = story.run("read -i texts --tries 1", CELL)
    assert run.failed == 2
    return story


async def _code(call: Call, story: Story, n: int) -> dict[str, Any]:
    with story.ledger() as conn:
        rows = conn.execute("select id from datum order by position").fetchall()
    answer = await call("projects", story.project.uuid, "datums", str(rows[n][0]), "code")
    assert answer.status == 200, answer
    return dict(answer.json)


async def test_lines_of_the_cell_and_of_a_module(call: Call, failed: Story) -> None:
    found = await _code(call, failed, 0)
    (block,) = found["blocks"]
    cell, module = block["frames"]
    assert (cell["where"], cell["package"]) == ("cell", None)
    assert cell["lines"][cell["line"] - cell["first"]].strip() == "decode(text)"
    assert len(cell["lines"]) > 1
    assert (module["name"], module["path"], module["function"]) == (
        "helpers.py", "helpers.py", "decode",
    )  # fmt: skip
    assert (module["line"], module["first"]) == (7, 5)
    assert module["lines"][0] == "    found = json.loads(text)"
    assert block["error"] == "ValueError: nothing in it"
    assert found["python"] and found["fingerprint"] and "cell" in found["parts"]
    assert found["values"] == {"LIMITS": "(0.5, {'top': [1, None]})"}
    assert {"LIMITS", "WORD"} < set(found["parts"]), "a text may be a password"


async def test_frames_of_packages_have_their_name_and_one_line(call: Call, failed: Story) -> None:
    (block,) = (await _code(call, failed, 1))["blocks"]
    packages = [frame["package"] for frame in block["frames"]]
    assert packages[:2] == [None, None] and set(packages[2:]) == {"python"}
    assert all(len(frame["lines"]) <= 1 for frame in block["frames"][2:])


async def test_a_module_that_was_edited_shows_what_the_traceback_quotes(
    call: Call, failed: Story
) -> None:
    (failed.folder / "helpers.py").write_text("# moved\n" * 3 + MODULE)
    (block,) = (await _code(call, failed, 0))["blocks"]
    module = block["frames"][1]
    assert module["edited"] and module["lines"] == ['raise ValueError("nothing in it")']


async def test_only_attempts_that_are_there(call: Call, failed: Story) -> None:
    with failed.ledger() as conn:
        identity, run = conn.execute(
            "select d.id, r.uuid from datum d join run r on r.id = d.run limit 1"
        ).fetchone()
    base = ("projects", failed.project.uuid, "datums", str(identity), "code")
    there = await call(*base, params={"run": run, "attempt": "1"})
    assert there.status == 200 and there.json["blocks"]
    assert (await call(*base, params={"run": run, "attempt": "9"})).json["blocks"] == []
    assert (await call(*base, params={"run": "0" * 32, "attempt": "1"})).status == 404
    assert (await call(*base, params={"run": run})).status == 400


def test_files_outside_of_the_project_are_not_read(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / ".hidden").mkdir(parents=True)
    (project / "lib/site-packages/other").mkdir(parents=True)
    secret = tmp_path / "secret.py"
    secret.write_text("before\nkey = 1\nafter\n")
    for inner in (".hidden/a.py", "lib/site-packages/other/a.py", "a.txt"):
        (project / inner).write_text("before\nkey = 1\nafter\n")
    (project / "link.py").symlink_to(secret)
    names = [
        secret, project / "../secret.py", project / "link.py", project / ".hidden/a.py",
        project / "lib/site-packages/other/a.py", project / "a.txt", "/dev/zero", "a.py",
    ]  # fmt: skip
    for name in names:
        text = f'Traceback (most recent call last):\n  File "{name}", line 2\n    key = 1\nE: x'
        (told,) = Sources("", project, tmp_path).told(text)
        (frame,) = told["frames"]
        assert frame["lines"] == ["key = 1"], name
        assert frame["path"] is None


def test_a_message_that_looks_like_frames_and_a_cause() -> None:
    text = (
        "Traceback (most recent call last):\n  cell, line 3\n    f()\nKeyError: 'x'\n\n"
        "while handling that:\n\nTraceback (most recent call last):\n  cell, line 5\n    g()\n"
        "  ... 1,234 more ...\n  another cell, line 2, in g\n    raise\n"
        'ValueError: first\n  File "/etc/passwd", line 1\n    root\nTraceback (most recent'
    )
    first, last = blocks(text)
    assert first[1] == "KeyError: 'x'" and [f.line for f in first[0]] == [3]
    assert last[1] == "ValueError: first"
    assert [(f.where, f.line, f.skipped) for f in last[0]] == [
        ("cell", 5, 0), ("cut", 0, 1234), ("notebook", 2, 0),
    ]  # fmt: skip
    assert blocks("a worker died") == []


@pytest.mark.parametrize(
    ("file", "package"),
    [
        ("/env/lib/python3.12/site-packages/rasterio/io.py", "rasterio"),
        ("/env/lib/python3.12/site-packages/six.py", "six"),
        (r"C:\env\Lib\site-packages\numpy\core.py", "numpy"),
        ("/usr/lib/python3.12/json/decoder.py", "python"),
        ("<frozen importlib._bootstrap>", "python"),
        ("/src/jupyter_datum/engines/worker.py", "jupyter_datum"),
        ("/home/me/project/helpers.py", None),
    ],
)
def test_where_a_file_is_from(file: str, package: str | None) -> None:
    assert package_of(file) == package
