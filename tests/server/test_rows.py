"""The row of a table on the page of its datum: the very one, and every reason why there is none."""

from __future__ import annotations

import datetime
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.inputs import rows
from jupyter_datum.server import row_child, rowlook
from tests.story import Story

from .conftest import Call

CITIES = "id,city,zip,people,note\n" + "".join(
    f'c{n},{"Ulm" if n % 2 else "Köln"},0{n:04d},{n * 371},"<b>{n}</b>, \u202e"\n'
    for n in range(40)
)


class Look:
    """Asks for the row of a datum, by its transform and its place."""

    def __init__(self, call: Call, story: Story) -> None:
        self.call, self.story = call, story

    async def __call__(self, name: str, place: int = 0) -> dict[str, Any]:
        base = ("projects", self.story.project.uuid, "datums", str(self.identity(name, place)))
        answer = await self.call(*base, "preview", params={"side": "row"})
        assert answer.status == 200, answer
        return {**answer.json, "table": (await self.call(*base)).json["table"]}

    def identity(self, name: str, place: int) -> int:
        with self.story.ledger() as conn:
            row = conn.execute(
                "select d.id from datum d join transform t on t.id = d.transform"
                " where t.name = ? and position = ?",
                (name, place),
            ).fetchone()
        return int(row[0])


@pytest.fixture
def look(call: Call, story: Story) -> Look:
    (story.folder / "cities.csv").write_text(CITIES, encoding="utf-8")
    return Look(call, story)


async def test_the_row_of_a_table(look: Look) -> None:
    for name, how in (("keyed", ", key='id'"), ("placed", ""), ("typed", ", types={'zip': 'int'}")):
        run = look.story.run(f"{name} -i \"rows('cities.csv'{how})\"", "datum.value['city']")
        assert run.success == 40
        row = await look(name, 7)
        assert (row["kind"], row["why"], row["changed"]) == ("record", None, False)
        zipped = "7" if name == "typed" else "00007"
        assert row["rows"] == [
            ["id", "c7"], ["city", "Ulm"], ["zip", zipped], ["people", "2597"],
            ["note", "<b>7</b>, \u202e"],
        ]  # fmt: skip
        assert row["table"]["rel"] == row["table"]["path"] == "cities.csv"
        assert row["size"] == len(CITIES.encode())
    few = "rows('cities.csv', key='id', columns=['city'], filters=[('people', '>', 3000)])"
    look.story.run(f'few -i "{few}"', "1")
    assert (await look("few"))["rows"] == [["city", "Ulm"]], "the ninth, and of it this"


async def test_several_rows_that_are_one_datum(look: Look) -> None:
    look.story.run("five -i \"rows('cities.csv', size=30)\"", "len(datum.value)")
    table = await look("five", 1)
    assert (table["kind"], table["columns"][:2], table["more"]) == ("table", ["id", "city"], False)
    assert table["rows"][0][0] == "c30" and len(table["rows"]) == 10
    assert (await look("five"))["more"], "30 rows, of which 20 are shown"
    look.story.run("city -i \"rows('cities.csv', by='city')\"", "len(datum.value)")
    rows = (await look("city"))["rows"]
    assert len(rows) == 20 and len({row[1] for row in rows}) == 1


async def test_tables_of_the_kernel(look: Look) -> None:
    story = look.story
    story.namespace["some"] = [{"n": n, "tags": ["a", None]} for n in range(5)]
    story.run('some_rows -i "rows(some)"', "1")
    row = await look("some_rows", 3)
    assert row["rows"] == [["n", "3"], ["tags", "['a', None]"]] and not row["changed"]
    assert (row["table"]["path"], row["modified"]) == (None, None)
    story.namespace["odd"] = [{"n": n, "z": 3 + 4j} for n in range(5)]
    story.run('odd_rows -i "rows(odd)"', "1")
    assert (await look("odd_rows"))["why"] == row_child._PICKLED, "and nothing is unpickled"


async def test_a_frame_of_the_kernel(look: Look) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    days = [datetime.datetime(2026, 1, 1 + n) for n in range(5)]
    look.story.namespace["frame"] = pandas.DataFrame({"day": days, "n": range(5)})
    look.story.run('days -i "rows(frame)"', "1")
    assert (await look("days", 2))["rows"] == [["day", "2026-01-03 00:00:00"], ["n", "2"]]
    look.story.run('pairs -i "rows(frame, size=2)"', "len(datum.value)")
    assert [row[1] for row in (await look("pairs", 1))["rows"]] == ["2", "3"]


async def test_a_parquet_file_is_read_by_what_reads_it_safely(
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    writer = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({"n": [1, 2], "day": [datetime.date(2026, 1, 1)] * 2})
    writer.write_table(table, look.story.folder / "t.parquet")
    look.story.run("one -i \"rows('t.parquet', key='n')\"", "1")
    assert (await look("one", 1))["rows"] == [["n", "2"], ["day", "2026-01-01"]]
    old = tmp_path / "old" / "pyarrow"
    old.mkdir(parents=True)
    (old / "__init__.py").write_text("__version__ = '14.0.0'")
    monkeypatch.setenv("PYTHONPATH", str(old.parent), prepend=os.pathsep)
    (old / "parquet.py").write_text("")
    assert "install pyarrow 16 or newer" in (await look("one", 1))["why"]


async def test_a_table_that_is_another_one_by_now(look: Look) -> None:
    story = look.story
    story.run("one -i \"rows('cities.csv', key='id')\"", "1")
    path = story.folder / "cities.csv"
    time.sleep(0.01)
    path.write_text(CITIES.replace("c7,Ulm", "c7,Bonn").replace("c9,", "d9,"), encoding="utf-8")
    row = await look("one", 7)
    assert row["changed"] and row["rows"][1] == ["city", "Bonn"]
    assert (await look("one", 9))["why"] == row_child._GONE
    path.write_bytes(b"\0")
    assert (await look("one", 7))["why"]
    path.unlink()
    assert "there is no table 'cities.csv'" in (await look("one", 7))["why"]


async def test_what_is_not_read(look: Look, tmp_path: Path, call: Call) -> None:
    story = look.story
    with tempfile.TemporaryDirectory() as elsewhere:
        outside = Path(elsewhere) / "secret.csv"
        outside.write_text("a,b\n1,2\n")
        story.run(f"out -i \"rows('{outside}')\"", "1")
        told = await look("out")
        assert "outside of the folder" in told["why"] and told["table"]["path"] is None
        os.symlink(outside, story.folder / "link.csv")
        story.run("link -i \"rows('link.csv')\"", "1")
        assert "outside of the folder" in (await look("link"))["why"]
    for source in (rows("s3://b/t.csv"), rows("t.csv", path="f", root="s3://b")):
        question, why = rowlook.asked(source, b"1", story.project, story.folder)
        assert question is None and "object store" in why
    (story.folder / "in").mkdir()
    (story.folder / "in" / "a").write_bytes(b"")
    story.run('files -i "in/*"', "1")
    told = await look("files")
    assert told["table"] is None and told["why"] == "it is no row of a table"


async def test_a_look_that_takes_too_long(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    look.story.run("one -i \"rows('cities.csv', key='id')\"", "1")
    monkeypatch.setattr(rowlook, "WITHIN", 0.001)
    assert (await look("one"))["why"] == rowlook._UNTOLD


def test_what_the_process_says_is_not_believed() -> None:
    for told in (
        b"", b"[]", b"null", b'{"columns": 3}', b'{"why": 3}', b"[" * 100_000,
        json.dumps({"kind": "html", "columns": [], "rows": [], "more": False}).encode(),
        json.dumps({"kind": "record", "columns": [], "rows": [["a"]] * 99, "more": 0}).encode(),
        json.dumps({"kind": "table", "columns": ["a"] * 99, "rows": [], "more": False}).encode(),
        json.dumps({"kind": "table", "columns": ["a"], "rows": [3], "more": False}).encode(),
    ):  # fmt: skip
        assert rowlook._checked(told) == {"why": rowlook._UNTOLD}
