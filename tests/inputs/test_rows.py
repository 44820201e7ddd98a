"""Tables as inputs, with a real runner, lister and workers."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jupyter_datum.errors import DatumError, InputError, UsageError
from jupyter_datum.inputs import datums, rows
from jupyter_datum.runner.preview import preview

from ..story import Story

SAY = "datum.value"


def reasons(story: Story, name: str) -> dict[str, int]:
    with story.ledger() as conn:
        from jupyter_datum.ledger import queries

        row = queries.latest_run(conn, name)
    assert row is not None
    return dict(json.loads(row.note or "{}")["reasons"])


def table(path: Path, rows: list[dict[str, object]]) -> None:
    """Write rows in the format that the ending says."""
    if path.suffix == ".csv":
        pd.DataFrame(rows).to_csv(path, index=False)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows, indent=2))
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=2)
    else:
        with sqlite3.connect(path) as conn:
            pd.DataFrame(rows).to_sql("t", conn, if_exists="replace", index=False)


ROWS: list[dict[str, object]] = [{"id": f"r{i}", "n": i, "site": "ab"[i % 2]} for i in range(6)]
INPUTS = {
    ".csv": 'rows("t.csv"{})',
    ".jsonl": 'rows("t.jsonl"{})',
    ".json": 'rows("t.json"{})',
    ".parquet": 'rows("t.parquet"{})',
    ".db": 'rows("select * from t order by id",con="sqlite:///t.db"{})',
}


@pytest.mark.parametrize("ending", INPUTS)
def test_a_row_put_in_runs_one_datum_and_a_changed_one_is_input_changed(
    story: Story, ending: str
) -> None:
    file = story.folder / f"t{ending}"
    table(file, ROWS)
    line = f"t -i {INPUTS[ending].format(',key=' + repr('id'))}"
    body = "int(datum.value['n']), datum.key['id']"
    assert story.run(line, body).status == "success"
    assert story.transform("t").results() == [(i, f"r{i}") for i in range(6)]
    changed = [*ROWS[:2], {"id": "r17", "n": 17, "site": "a"}, *ROWS[2:]]
    changed[5] = {**changed[5], "n": 44}
    table(file, changed)
    again = story.run(line, body)
    assert (again.executions, again.skipped) == (2, 5)
    assert reasons(story, "t") == {"unchanged": 5, "new": 1, "input changed": 1}
    assert sum(story.executions().values()) == 8


@pytest.mark.parametrize("ending", INPUTS)
def test_chunks_come_as_the_frame_asked_for(story: Story, ending: str) -> None:
    table(story.folder / f"t{ending}", ROWS)
    for frame, length in {
        "pandas": "len(datum.value)",
        "polars": "datum.value.height",
        "arrow": "datum.value.num_rows",
        None: "len(datum.value)",
    }.items():
        options = f",size=4,frame={frame!r}" if frame else ",size=4"
        body = f"type(datum.value).__module__.split('.')[0], {length}"
        row = story.run(f"c_{frame} -i {INPUTS[ending].format(options)}", body)
        assert row.status == "success", story.transform(f"c_{frame}").failures()
        package = {"arrow": "pyarrow", None: "builtins"}.get(frame, frame)
        assert story.transform(f"c_{frame}").results() == [(package, 4), (package, 2)]
        assert "positions" in json.loads(row.note or "{}")["notes"][0]


@pytest.mark.parametrize("ending", INPUTS)
def test_groups_gather_rows_wherever_they_stand(story: Story, ending: str) -> None:
    table(story.folder / f"t{ending}", ROWS)
    line = f"g -i {INPUTS[ending].format(',by=' + repr('site'))}"
    assert story.run(line, "datum.key['site'], [int(r['n']) for r in datum.value]").success == 2
    assert story.transform("g").results() == [("a", [0, 2, 4]), ("b", [1, 3, 5])]


def test_a_row_appended_reruns_the_last_chunk_alone(story: Story) -> None:
    """Also where what stands before has become longer: content counts, not the offset."""
    file = story.folder / "t.csv"
    table(file, ROWS)
    line, body = 'c -i rows("t.csv",size=2)', "[r['n'] for r in datum.value]"
    assert story.run(line, body).executions == 3
    file.write_text(file.read_text().replace("r0,0,a", "r0,1000,a") + "r6,6,a\n")
    again = story.run(line, body)
    assert (again.executions, again.skipped) == (2, 2)
    assert story.transform("c").results() == [[1000, 1], [2, 3], [4, 5], [6]]


def test_row_groups_are_read_by_the_worker_and_only_new_ones_run(story: Story) -> None:
    file = story.folder / "t.parquet"
    table(file, ROWS)
    line = 'p -i rows("t.parquet",size="rowgroup",frame="arrow",columns=["n"])'
    body = "datum.value.column_names, datum.value['n'].to_pylist()"
    assert story.run(line, body).executions == 3
    assert story.transform("p").results()[1] == (["n"], [2, 3])
    table(file, [*ROWS, {"id": "r6", "n": 6, "site": "a"}])
    assert story.run(line, body).executions == 1
    # Another column's change is none: it is not read.
    table(file, [{**row, "site": "c"} for row in [*ROWS, {"id": "r6", "n": 6}]])
    assert story.run(line, body).executions == 0


def test_another_frame_of_the_same_rows_is_another_value(story: Story) -> None:
    table(story.folder / "t.parquet", ROWS)
    story.run('f -i rows("t.parquet",size=3,frame="arrow")', "len(datum.value)")
    again = story.run('f -i rows("t.parquet",size=3,frame="pandas")', "len(datum.value)")
    assert again.executions == 2


FRAME = pd.DataFrame(
    {"id": [7, 8, 9], "when": pd.to_datetime(["2024-01-01"] * 3), "x": [0.5, 1, 2]}
)


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow", "dicts", "objects"])
def test_tables_of_the_kernel(story: Story, kind: str) -> None:
    story.namespace["df"] = {
        "pandas": FRAME[FRAME.x > 0.7],
        "polars": pl.from_pandas(FRAME).slice(1),
        "arrow": pa.Table.from_pandas(FRAME).slice(1),
        "dicts": FRAME.iloc[1:].to_dict("records"),
        "objects": FRAME.iloc[1:].assign(o=[{1, 2}, object]),
    }[kind]
    line = 'k -i rows(df,key="id")'
    row = story.run(line, "datum.value['when'].year, datum.value['x'], datum.key['id']")
    assert row.status == "success", (row.message, story.transform("k").failures())
    assert story.transform("k").results() == [(2024, 1.0, "8"), (2024, 2.0, "9")]
    again = story.run(line, "datum.value['when'].year, datum.value['x'], datum.key['id']")
    assert again.skipped == 2
    if kind in ("pandas", "polars", "arrow"):  # in chunks they are what they were
        story.run("n -i rows(df,size=2)", "type(datum.value).__module__.split('.')[0]")
        assert story.transform("n").results() == [{"arrow": "pyarrow"}.get(kind, kind)]


def test_a_table_by_its_name_alone(story: Story) -> None:
    story.namespace["df"] = FRAME
    assert story.run("d -i df", "datum.value['id']").success == 3
    assert story.transform("d").results() == [7, 8, 9]


def test_a_generator_of_rows_is_taken_once_and_for_all(story: Story) -> None:
    story.namespace["t"] = rows(({"id": i} for i in range(3)), key="id")
    assert story.run("g -i t", "datum.value['id']").success == 3
    assert story.run("g -i t", "datum.value['id']").skipped == 3


LABEL_STUDIO = [
    {
        "id": i,
        "annotations": [
            {
                "id": 100 + i,
                "completed_by": 1,
                "result": [
                    {
                        "id": "x1",
                        "from_name": "label",
                        "to_name": "image",
                        "type": "rectanglelabels",
                        "original_width": 640,
                        "original_height": 480,
                        "value": {"x": 1.5, "y": 2, "width": 10, "height": 20, "rotation": 0,
                                  "rectanglelabels": ["cat" if i % 2 else "dog"]},
                    }
                ],
                "was_cancelled": False,
                "ground_truth": False,
                "lead_time": 3.2,
            }
        ],
        "file_upload": f"abc-{i}.jpg",
        "drafts": [],
        "predictions": [],
        "data": {"image": image},
        "meta": {},
        "created_at": "2024-05-01T10:00:00.000000Z",
        "updated_at": "2024-05-01T10:05:00.000000Z",
        "inner_id": i,
        "project": 3,
    }
    for i, image in enumerate(
        [
            "/data/local-files/?d=upload/3/abc-0%20a.jpg",
            "/data/upload/3/abc-1.jpg",
            "/data/upload/3/gone.jpg",
        ],
        start=1,
    )
]  # fmt: skip


def test_a_label_studio_export_is_a_manifest(story: Story) -> None:
    media = story.folder / "media/upload/3"
    media.mkdir(parents=True)
    for name in ("abc-0 a.jpg", "abc-1.jpg", "not labelled.jpg", "notes.txt"):
        (media / name).write_text(name)
    (story.folder / "export.json").write_text(json.dumps(LABEL_STUDIO, indent=1))
    line = 'l -i rows("export.json",key="id",path="data.image",root="media")'
    body = (
        "label = datum.value['annotations'][0]['result'][0]['value']['rectanglelabels'][0]\n"
        "(datum.path.read_text(), label, datum.key['id'])"
    )
    prepared = story.prepare(line + " --plan", body)
    from jupyter_datum.notebook.public import plan_text

    with story.ledger() as conn:
        text = plan_text(conn, story.project, prepared.recipe, {})
    assert "for want of their files: 1 row of export.json" in text and "gone.jpg" in text
    assert "in no row of export.json: 1 file under the root" in text and "not labelled.jpg" in text
    row = story.run(line, body)
    assert (row.status, row.success) == ("success", 2), story.transform("l").failures()
    assert story.transform("l").results() == [
        ("abc-0 a.jpg", "cat", "1"),
        ("abc-1.jpg", "dog", "2"),
    ]
    (media / "abc-1.jpg").write_text("new")
    assert story.run(line, body).executions == 1
    LABEL_STUDIO[0]["annotations"][0]["result"][0]["value"]["x"] = 9  # type: ignore[index]
    (story.folder / "export.json").write_text(json.dumps(LABEL_STUDIO))
    assert story.run(line, body).executions == 1, "the other label has not changed"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ('rows("t.csv",key="ide")', "t.csv has no column 'ide'. It has: id, site, n"),
        ('rows("t.csv",key="id",filters=[("m",">",1)])', "t.csv has no column 'm'. It has"),
        ('rows("t.csv",key="site")', "does not tell the rows of t.csv apart: 'a'"),
        ('rows("none.csv")', "there is no table 'none.csv'"),
        ('rows("t.csv",path="id",root="away")', "is not there"),
        ('rows("select * from x",con="sqlite:///t.db")', "no such table: x"),
        ('rows("select 1",con="sqlite:///none.db")', "there is no database"),
        ('rows("t.csv",size="rowgroup")', "has no row groups"),
        ('rows("ragged.csv")', "a row has 3 fields, and there are 2 columns"),
        ('rows("bad.jsonl")', "line 2 of bad.jsonl is not JSON"),
        ('rows("bad.json")', "is no JSON array of objects"),
        ('rows("bad.parquet")', "cannot be read"),
        ('rows("up.csv",path="p",root=".")', "lies outside the root"),
    ],
)
def test_what_cannot_be_listed_is_one_sentence_before_anything_runs(
    story: Story, source: str, says: str
) -> None:
    table(story.folder / "t.csv", ROWS)
    table(story.folder / "t.db", ROWS)
    (story.folder / "ragged.csv").write_text("a,b\n1,2,3\n")
    (story.folder / "bad.jsonl").write_text('{"a": 1}\n{"a": \n')
    (story.folder / "bad.json").write_text('[{"a": 1}, {"a" 2}]')
    (story.folder / "bad.parquet").write_text("PAR1 not")
    (story.folder / "up.csv").write_text("p\n../../etc/passwd\n")
    row = story.run(f"e -i {source}", "1")
    assert row.status == "error" and says in (row.message or ""), row.message


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: rows("x.csv", size=2, by="a"), "one of size=, by= and path="),
        (lambda: rows("x.csv", frame="excel"), "frame is one of"),
        (lambda: rows("x.csv", size=0), "size= is a number of rows"),
        (lambda: rows("select 1"), "a query needs a database"),
        (lambda: rows("select 1", con="postgresql://me:pw@host/db"), r"\${DB_PASSWORD}"),
        (lambda: rows("select 1", con="mssql://host/db?password=x"), "holds a password"),
        (lambda: rows("select 1", con=sqlite3.connect(":memory:")), "cannot be sent"),
        (lambda: rows("x.csv", filters=[("a", "~", 1)]), "Comparisons: =="),
        (lambda: rows("x.csv", root="y"), "path="),
        (lambda: rows("x.csv", storage_options={"anon": True}), "behind a URL"),
        (lambda: rows("s3://b/x.csv", storage_options={"secret": "x"}), "may not hold 'secret'"),
        (lambda: rows("https://me:pw@host/x.csv"), "holds a password"),
        (lambda: rows("memory://b/x.csv").to_json(), "in the memory of this kernel alone"),
    ],
)
def test_what_makes_no_sense_is_said_at_once(make: object, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        make()  # type: ignore[operator]


def test_secrets_of_an_address_come_from_the_environment(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    table(story.folder / "t.db", ROWS)
    monkeypatch.setenv("WHICH_DB", str(story.folder / "t.db"))
    query = 'rows("select id from t",con="sqlite+pysqlite:///${WHICH_DB}",key="id")'
    prepared = story.prepare(f"q -i {query}", SAY)
    assert "WHICH_DB" in prepared.recipe.environment
    assert str(story.folder) not in json.dumps(prepared.recipe.input)
    row = story.run(f"q -i {query}", SAY)
    assert (row.status, row.success) == ("success", 6), row.message


def test_rows_pass_filters_and_bring_the_columns_asked_for(story: Story) -> None:
    table(story.folder / "t.csv", ROWS)
    source = 'rows("t.csv",key="id",columns=["n"],filters=[("n",">=",2),("site","==","a")])'
    assert story.run(f"f -i {source}", SAY).success == 2
    assert story.transform("f").results() == [{"n": 2}, {"n": 4}]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ('rows("t.csv",key="id",filters=[("n",">",99)])', "no row of .*t.csv passes its filters"),
        ('rows("t.csv",path="id")', "no row of .*t.csv names a file that is under "),
        ('rows("none.csv",key="id")', "none.csv has no rows"),
    ],
)
def test_no_datum_is_told_in_words_of_tables(story: Story, source: str, says: str) -> None:
    table(story.folder / "t.csv", ROWS)
    (story.folder / "none.csv").write_text("id,n\n")
    with story.ledger() as conn:
        plan = preview(conn, story.project, story.prepare(f"e -i {source}", "1").recipe, {})
    assert plan.total == 0 and re.search(says, " ".join(plan.notes)), plan.notes


def test_csv_as_it_is_found_in_the_wild(story: Story) -> None:
    text = '\ufeffname;text\r\nä;"two\r\nlines; and ""quotes"""\r\n\r\nb;plain\r\n'
    (story.folder / "w.csv").write_bytes(text.encode())
    expected = [("ä", 'two\r\nlines; and "quotes"'), ("b", "plain")]
    story.run('w -i rows("w.csv",key="name")', "tuple(datum.value.values())")
    assert story.transform("w").results() == expected
    story.run('v -i rows("w.csv",size=1)', "tuple(datum.value[0].values())")
    assert story.transform("v").results() == expected


def test_a_missing_package_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    (tmp_path / "t.parquet").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(DatumError, match=r"pip install 'jupyter-datum\[tables\]'"):
        list(rows(tmp_path / "t.parquet").list(frozenset(), []))


@pytest.mark.parametrize("key", [["id"], ["id", "part"]])
def test_an_empty_key_names_its_row(key: list[str]) -> None:
    table = [{"id": "a", "part": ""}, {"id": "", "part": ""}]
    with pytest.raises(InputError, match=f"row 2 of the table has an empty {', '.join(key)}"):
        list(datums(rows(table, key=key)))
