"""Types of CSV columns: what is found, what users say instead, and what a cell gets."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.errors import InputError, UsageError
from jupyter_datum.hashing import decode_value
from jupyter_datum.inputs import rows
from jupyter_datum.inputs.csvtable import CsvTable
from jupyter_datum.inputs.csvtypes import Types, type_of
from jupyter_datum.inputs.lazy import loader_of

from ..story import Story

TABLE = """\
id,x,price,open,zip,note
1.50,2,0.5,true,01067,
1.5,,7,FALSE,80331,fine
a,-3,,,10115,5
"""
FIRST = {"id": "1.50", "x": 2, "price": 0.5, "open": True, "zip": "01067", "note": ""}
LAST = {"id": "a", "x": -3, "price": None, "open": None, "zip": "10115", "note": "5"}


def values(source: Any) -> list[Any]:
    load = loader_of(source)
    listed = source.list(frozenset(), [])
    return [decode_value(datum.value, load) for datum in listed]


def column(path: Path, cells: list[str]) -> tuple[str, tuple[str, ...]]:
    """Return the type that a file with these cells has, and its notes."""
    path.write_text("a,b\n" + "".join(f'"{cell}",-\n' for cell in cells))
    table = CsvTable(path, path.name)
    types = table.decide(None, {})
    assert types.types["b"] == "text"
    return types.types["a"], table.notes()


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2", "", "0"], "int"),
        ([" 1", "2 "], "int"),
        ([str(2**63 - 1), str(-(2**63))], "int"),
        (["1", str(2**63)], "text"),
        (["1" * 5000], "text"),
        (["1", "1.5"], "float"),
        (["1.", ".5", "-1e-3", "", "2E+5"], "float"),
        (["nan", "NaN", "-inf", "Infinity", "1"], "float"),
        (["12e4567"], "text"),
        (["true", "FALSE", ""], "bool"),
        (["true", "1"], "text"),
        (["007", "8"], "text"),
        (["00.5"], "text"),
        (["+49"], "text"),
        (["1_000"], "text"),
        (["1,5"], "text"),
        (["0x10"], "text"),
        (["\u0661"], "text"),
        (["1\x1f2", "3"], "text"),
        (["1\n2"], "text"),
        (["", ""], "text"),
        ([], "text"),
        ([" "], "text"),
        (["2024-01-01"], "text"),
    ],
)
def test_a_column_has_the_type_that_all_of_it_has(
    tmp_path: Path, cells: list[str], kind: str
) -> None:
    assert column(tmp_path / "t.csv", cells)[0] == kind
    # However far away it stands from the first.
    assert column(tmp_path / "t.csv", cells[:1] * 2500 + cells)[0] == kind


def test_blocks_and_single_cells_are_judged_alike(tmp_path: Path) -> None:
    """The fast way (a block at once) against the slow one (each by itself)."""
    dice = random.Random(7)
    letters = ["0", "1", "9", "-", ".", "e", "+", " ", "_", "x"]
    for _ in range(400):
        cell = "".join(dice.choices(letters, k=dice.randint(1, 4)))
        assert column(tmp_path / "t.csv", [cell] * 3)[0] == type_of(cell), cell
        if type_of(cell) in ("int", "float"):
            assert math.isfinite(float(cell)), cell


def test_what_makes_numbers_text_is_told(tmp_path: Path) -> None:
    kind, notes = column(tmp_path / "t.csv", ["1"] * 2000 + ["n/a", "3"])
    assert kind == "text"
    assert notes == (
        "t.csv: column 'a' is text, for row 2001 has 'n/a' where all before are int "
        "(types= gives it another type)",
    )
    assert column(tmp_path / "t.csv", ["1", "b"]) == ("text", ())


def test_rows_have_values_and_keys_have_the_text_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    source = rows(tmp_path / "t.csv", key="id")
    assert values(source)[0] == FIRST and values(source)[-1] == LAST
    assert [type(v) for v in values(source)[1].values()] == [str, type(None), float, bool, str, str]
    assert [datum.key for datum in source.list(frozenset(), [])] == [b"1.50", b"1.5", b"a"]
    (tmp_path / "t.csv").write_text(TABLE.replace("a,-3", "2,-3"))
    assert [v["id"] for v in values(source)] == [1.5, 1.5, 2.0]
    assert [datum.key for datum in source.list(frozenset(), [])] == [b"1.50", b"1.5", b"2"]


def test_types_that_users_give(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    given: dict[str, Any] = {"zip": "int", "x": float, "open": "text", "price": "text"}
    first = values(rows(tmp_path / "t.csv", types=given))[0]
    assert (first["zip"], first["x"], first["open"], first["price"]) == (1067, 2.0, "true", "0.5")
    assert isinstance(first["x"], float)
    misfits = {("id", "float"): "'a'", ("price", "int"): "'0.5'", ("x", "bool"): "'2'"}
    for (name, kind), text in misfits.items():
        with pytest.raises(InputError, match=f"row . of t.csv has {text} in the column '{name}'"):
            values(rows(tmp_path / "t.csv", types={name: kind}))
    with pytest.raises(InputError, match=r"no column 'zap'. It has: zip"):
        values(rows(tmp_path / "t.csv", types={"zap": "int"}))


@pytest.mark.parametrize(
    ("table", "types", "says"),
    [
        ("t.csv", ["a"], "types= maps names"),
        ("t.csv", {"a": "date"}, "one of int, float, bool, text, not 'date'"),
        ("t.csv", {"a": list}, "one of int, float, bool, text"),
        ("t.parquet", {"a": "int"}, "types= is for CSV files"),
        ([{"a": 1}], {"a": "int"}, "types= is for CSV files"),
    ],
)
def test_types_that_make_no_sense(table: Any, types: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        rows(table, types=types)


def test_filters_compare_values(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TABLE)

    def ids(*filters: Any) -> list[str]:
        return [v["id"] for v in values(rows(tmp_path / "t.csv", filters=filters))]

    assert ids(("x", ">", -10)) == ["1.50", "a"], "an empty cell passes nothing"
    assert ids(("open", "==", False)) == ["1.5"]
    assert ids(("zip", "==", "01067")) == ["1.50"]
    for wanted in ("2", ["2", "3"]):
        with pytest.raises(InputError, match=r"'x' of t.csv is int, .* leave out the quotes"):
            ids(("x", "in" if isinstance(wanted, list) else "==", wanted))


@pytest.mark.parametrize("how", [{"size": 2}, {"by": "id"}])
@pytest.mark.parametrize("frame", ["pandas", "polars", "arrow"])
def test_chunks_have_the_types_of_the_whole_column(
    tmp_path: Path, how: dict[str, Any], frame: str
) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    parts = values(rows(tmp_path / "t.csv", frame=frame, **how))
    kinds = []
    for part in parts:
        if frame == "arrow":
            kinds.append([str(kind) for kind in part.schema.types])
        else:
            kinds.append([str(kind).lower() for kind in part.dtypes])
    names = {
        "pandas": ["int64", "float64", "boolean"],
        "polars": ["int64", "float64", "boolean"],
        "arrow": ["int64", "double", "bool"],
    }
    for found in kinds:
        assert [{"bool": "boolean"}.get(k, k) if frame != "arrow" else k for k in found[1:4]] == (
            names[frame]
        )
    last = parts[-1]
    row = last.to_pylist()[-1] if frame == "arrow" else None
    row = row or (last.rows(named=True)[-1] if frame == "polars" else last.iloc[-1].to_dict())
    assert (row["x"], row["zip"], row["note"]) == (-3, "10115", "5")


def test_a_frame_that_no_row_passes_keeps_its_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    for frame in ("pandas", "polars", "arrow"):
        options: Any = {"size": 3, "frame": frame, "filters": [("x", ">", 5)]}
        (part,) = values(rows(tmp_path / "t.csv", columns=["id", "x"], **options))
        columns = part.column_names if frame == "arrow" else list(part.columns)
        assert columns == ["id", "x"] and len(part) == 0


def test_types_of_a_part_go_to_the_worker_in_short() -> None:
    types = Types("t", ["a", "b", "c"], {"a": "int", "c": "text"})
    assert types.code == "i-t"
    again = Types.of_code("i-t", ["a", "b", "c"], "t")
    assert again.types == types.types and again.form == types.form
    assert Types.of_code("i-t", ["a", "b", "d"], "t").form != types.form
    with pytest.raises(ValueError, match="shorter"):
        Types.of_code("i-t", ["a", "b", "c", "d"], "t")


def test_results_are_numbers_and_a_column_that_changes_its_type_runs_all(story: Story) -> None:
    file = story.folder / "t.csv"
    file.write_text("id,x,y\na,2,0.5\nb,3,1\n")
    lines = {
        "r": ('r -i rows("t.csv",key="id")', "datum.value['x'] * 2, datum.value['y']"),
        "c": ('c -i rows("t.csv",size=2)', "[row['x'] * 2 for row in datum.value]"),
    }
    for line, body in lines.values():
        row = story.run(line, body)
        assert row.status == "success", story.transform(row.name).failures()
    assert story.transform("r").results() == [(4, 0.5), (6, 1.0)]
    assert story.transform("c").results() == [[4, 6]]

    file.write_text(file.read_text() + "c,4,2\n")
    assert [story.run(*line).executions for line in lines.values()] == [1, 1]
    file.write_text(file.read_text() + "d,n/a,2\n")
    assert story.run(*lines["r"]).executions == 4
    assert story.run(*lines["c"]).executions == 2
    assert story.transform("r").results()[:2] == [("22", 0.5), ("33", 1.0)]
    assert story.transform("c").results() == [["22", "33"], ["44", "n/an/a"]]

    file.write_text(file.read_text().replace("id,x,y", "id,x,z"))
    assert story.run(*lines["c"]).executions == 2, "a column has another name"


def test_what_does_not_fit_a_given_type_ends_the_run_with_a_sentence(story: Story) -> None:
    (story.folder / "t.csv").write_text("id,x\n1,2\n2,n/a\n")
    row = story.run("e -i rows('t.csv',key='id',types={'x':'int'})", "datum.value['x']")
    assert row.status == "error"
    assert "row 2 of t.csv has 'n/a' in the column 'x', which is no int" in (row.message or "")


def test_the_note_of_a_run_says_what_made_a_column_text(story: Story) -> None:
    lines = "".join(f"{i},{i}\n" for i in range(30))
    (story.folder / "t.csv").write_text("id,x\n" + lines + "30,n/a\n")
    row = story.run("n -i rows('t.csv',key='id')", "datum.value['x']")
    assert "row 31 has 'n/a'" in json.loads(row.note or "{}")["notes"][0]
