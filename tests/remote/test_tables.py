"""Tables in a real S3 server: read by range, streamed, and as manifests of objects."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jupyter_datum import datums, rows
from jupyter_datum.errors import InputError
from jupyter_datum.inputs.tablefiles import file_table
from jupyter_datum.remote import UrlFile
from jupyter_datum.runner.preview import preview

from ..story import Story
from .conftest import S3

URL = "s3://data/t.parquet"
GROUPS = f'p -i rows("{URL}",size="rowgroup",frame="arrow",columns=["n"])'
SUM = "sum(datum.value['n'].to_pylist())"


def parquet(s3: S3, *, plus: int = 0) -> int:
    """Put four groups of 1,000 rows; return how large that is."""
    n = [i + plus * (i == 3999) for i in range(4000)]
    noise = [f"{i * 7919 % 100003:06d}" * 20 for i in n]
    file = io.BytesIO()
    pq.write_table(
        pa.table({"n": n, "noise": noise}), file, row_group_size=1000, compression="none"
    )
    s3.put("t.parquet", file.getvalue())
    return len(file.getvalue())


def planned(story: Story, line: str, body: str) -> Any:
    with story.ledger() as conn:
        return preview(conn, story.project, story.prepare(line, body).recipe, {})


def test_a_plan_reads_the_footer_and_a_worker_its_row_groups(s3: S3, story: Story) -> None:
    size = parquet(s3)
    assert size > 400_000
    assert planned(story, GROUPS, SUM).total == 4
    assert None not in s3.ranges and sum(map(int, s3.ranges)) < size / 2, s3.ranges
    s3.forget()
    row = story.run(GROUPS, SUM)
    assert (row.success, story.transform("p").results()[1]) == (4, sum(range(1000, 2000)))
    assert None not in s3.ranges and sum(map(int, s3.ranges)) < size, "columns that nobody reads"
    parquet(s3)  # the same again, only newer
    assert story.run(GROUPS, SUM).skipped == 4
    parquet(s3, plus=1)  # what is in a group cannot be told without reading it
    assert story.run(GROUPS, SUM).success == 4


def test_a_table_replaced_after_its_plan_is_an_error_and_no_lie(s3: S3) -> None:
    parquet(s3)
    first, *_ = file_table(UrlFile(URL)).parts(10)
    assert first.spec is not None
    table = file_table(UrlFile(URL))
    assert table.load(first.spec).arrow["n"].to_pylist() == [*range(10)]
    parquet(s3, plus=1)
    with pytest.raises(InputError, match=r"t\.parquet has changed since it was listed"):
        table.load(first.spec)


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_rows_are_streamed_and_a_changed_one_runs_alone(s3: S3, story: Story, ending: str) -> None:
    def put(third: int) -> None:
        head = "id,n\n" if ending == "csv" else ""
        form = "r{},{}\n" if ending == "csv" else '{{"id": "r{}", "n": {}}}\n'
        s3.put(
            f"t.{ending}",
            (head + "".join(form.format(*r) for r in enumerate([5, 6, third]))).encode(),
        )

    put(7)
    line = f'r -i rows("s3://data/t.{ending}",key="id")'
    chunks = f'c -i rows("s3://data/t.{ending}",size=2)'
    assert story.run(line, "datum.value['n'] + 1").success == 3
    assert story.run(chunks, "[r['n'] for r in datum.value]").success == 2
    put(8)
    row = story.run(line, "datum.value['n'] + 1")
    assert (row.success, row.skipped) == (1, 2)
    row = story.run(chunks, "[r['n'] for r in datum.value]")
    assert (row.success, row.skipped) == (1, 1)
    assert story.transform("r").results() == [6, 7, 9]
    assert story.transform("c").results() == [[5, 6], [8]]


def test_a_manifest_of_objects(s3: S3, story: Story) -> None:
    for name in ("a/1.txt", "a/2.txt", "b/3.txt", "b/4.txt", "b/notes.md"):
        s3.put(f"files/{name}", name.encode())
    listed = ["a/1.txt", "s3://data/files/a/2.txt", "b/3.txt", "b/gone.txt"]
    s3.put("list.csv", ("file,n\n" + "".join(f"{f},{i}\n" for i, f in enumerate(listed))).encode())
    line = 'm -i rows("s3://data/list.csv",path="file",root="files") -o out'
    body = "datum.out_file('.up').write_text(datum.path.read_text().upper())\ndatum.value['n']"
    plan = planned(story, line, body)
    assert plan.total == 3
    said = " ".join(plan.notes)
    assert "left out, for want of their files: 1 row of list.csv (b/gone.txt)" in said
    assert "in no row of list.csv: 1 file beside those that the table names (b/4.txt)" in said
    assert story.run(line, body).success == 3
    assert (story.folder / "out/a/2.up").read_text() == "A/2.TXT"
    s3.put("files/b/3.txt", b"another")
    row = story.run(line, body)
    assert (row.success, row.skipped) == (1, 2)
    assert (story.folder / "out/b/3.up").read_text() == "ANOTHER"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("s3://data/*.parquet", "rows() reads one table, and 's3://data/*.parquet' is a pattern"),
        ("s3://data/none.csv", "s3://data/none.csv does not exist"),
        ("s3://elsewhere/t.csv", "s3://elsewhere/t.csv does not exist"),
        ("s3://data/x.bin", "'x.bin' is no table that can be read"),
        ("s3://data/bad.parquet", "the table 's3://data/bad.parquet' cannot be read"),
    ],
)
def test_what_is_wrong_with_a_table_is_one_sentence(s3: S3, table: str, says: str) -> None:
    s3.put("bad.parquet", b"no parquet at all, though it is long enough to hold a footer")
    with pytest.raises(InputError) as caught:
        next(datums(rows(table, key="id")))
    assert says in str(caught.value)
