"""How many datums a cell's input has, before anything runs: told by a process that ends early."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.inputs.written import UntoldError, written
from tests.story import Story, eventually

from .conftest import Call
from .test_context import save

FILES = "%%datum sizes -i in/*.txt\n1"


@pytest.fixture
def book(jp_root_dir: Path) -> str:
    (jp_root_dir / "sub" / "in").mkdir(parents=True)
    for name in ("a", "b", "c"):
        (jp_root_dir / "sub" / "in" / f"{name}.txt").write_text(name)
    (jp_root_dir / "sub" / "t.csv").write_text("x,y\n1,2\n3,4\n")
    return "sub/" + save(jp_root_dir / "sub", FILES)


async def test_cells_of_both_kinds_are_counted(call: Call, book: str) -> None:
    whole = {"whole": True, "why": None, "mistake": None}
    for what, count in (
        ({"source": FILES}, 3),
        ({"mark": {"name": "sizes", "input": "in/*.txt"}}, 3),
        ({"mark": {"name": "sizes", "input": {"cross": [{"glob": "in/*.txt"}]}}}, 3),
        ({"source": "%%datum g -i grid(C=[.1,1],k=range(3))"}, 6),
        ({"mark": {"name": "r", "input": 'rows("t.csv")'}}, 2),
        ({"mark": {"name": "r", "input": "in/*.txt", "workers": "many"}}, 3),
    ):
        told = await call("counts", method="POST", body={"notebook": book, **what})
        assert (told.status, told.json) == (200, {"count": count, **whole}), told


async def test_what_cannot_be_counted_says_why(call: Call, book: str) -> None:
    for text, why, mistake in (
        ("files", "kernel", None),
        ("s3://bucket/*.tif", "far", None),
        ("items(load())", "kernel", None),
        ("in/*.jpg", None, "Nearest names there: "),
        ("in/*.jp[", None, "'[' is not closed"),
        ("grid(C=3)", None, "write C=[...]"),
    ):
        body = {"notebook": book, "mark": {"name": "x", "input": text}}
        told = (await call("counts", method="POST", body=body)).json
        assert (told["count"], told["why"]) == (None, why), told
        assert (mistake or "") in (told["mistake"] or ""), told
    above = "under its own output folder"
    for output, mistake in (("..", above), ("in", above), ("/", above), ("s3://b/x", None)):
        mark = {"name": "x", "input": "in/*.txt", "output": output}
        told = (await call("counts", method="POST", body={"notebook": book, "mark": mark})).json
        assert (told["count"], mistake or "") == (None if mistake else 3, mistake or ""), told
        assert (mistake or "") in (told["mistake"] or ""), told
    for source, mistake in (
        ("%%datum my-step -i in/*.txt", "a transform's name is a Python name"),
        ("%%datum x -i in/*.txt --wrokers 2\n1", "did you mean --workers?"),
        ("\n%%datum x -i in/*.txt\n#| engnie: dask\n1", "did you mean engine?"),
    ):
        body = {"notebook": book, "source": source}
        told = (await call("counts", method="POST", body=body)).json
        assert (told["count"], told["why"]) == (None, "line") and mistake in told["mistake"], told
    for body in ({"notebook": book}, {"notebook": book, "source": "1", "mark": {}}):
        assert (await call("counts", method="POST", body=body)).status == 400
    nothing = {"notebook": book, "source": "1 + 1"}
    assert (await call("counts", method="POST", body=nothing)).json["count"] is None


async def test_a_transform_that_has_run_is_counted(call: Call, ran: tuple[Story, str]) -> None:
    story, _ = ran
    path = save(story.folder, "1")
    body = {"notebook": path, "mark": {"name": "next", "input": "thumbs"}}
    told = (await call("counts", method="POST", body=body)).json
    assert (told["count"], told["whole"]) == (6, False), "three more wait"


async def test_who_goes_away_ends_the_counting(hall: Any, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "t.csv")  # it is read for ever
    asked = {"input": 'rows("t.csv")', "output": "out"}
    task = asyncio.ensure_future(hall.counts.count(tmp_path, asked))
    for _ in range(600):
        await asyncio.sleep(0.05)
        if children(tmp_path):
            break
    assert children(tmp_path) and not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(eventually, lambda: not children(tmp_path), within=30)


def children(folder: Path) -> list[str]:
    """Processes that count there."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
            if b"count_child" in words and os.readlink(entry / "cwd") == str(folder):
                found.append(entry.name)
        except OSError:  # it has ended
            continue
    return found


def test_no_code_of_the_users_runs(tmp_path: Path) -> None:
    for text in (
        "items(__import__('os').getcwd())",
        "grid(C=[x for x in range(3)])",
        "glob(**{'pattern': '*'})",
        "items(range(10**12))",
    ):
        with pytest.raises(UntoldError, match="kernel"):
            written(text, str(tmp_path), None, ())
