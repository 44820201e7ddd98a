"""Items of the kernel: named by their content, read back one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_datum.errors import InputError
from jupyter_datum.hashing import (
    OpaqueValueError,
    decode_value,
    encode_value,
    hex_digest,
    value_digest,
)
from jupyter_datum.inputs.items import ItemsInput, write_items

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    max_leaves=8,
)


def round_trip(values: list[Any], folder: Path) -> list[tuple[bytes, Any]]:
    written = write_items(values, folder / "items")
    assert written.items == len(values)
    file = folder / f"items-{written.digest}"
    (folder / "items").replace(file)
    source = ItemsInput(file, written.items)
    return [(x.key, decode_value(x.value or b"")) for x in source.list(frozenset(), [])]


@given(PLAIN)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    back = decode_value(encode_value(value))
    assert back == value and type(back) is type(value)


def test_a_further_item_changes_no_other_key(tmp_path: Path) -> None:
    before = round_trip([1, 2, 2, {"a": 1}], tmp_path)
    after = round_trip([1, 7, 2, 2, {"a": 1}], tmp_path)
    assert set(k for k, _ in before) < set(k for k, _ in after)
    assert len({k for k, _ in after}) == 5


def test_equal_looking_items_of_other_types_are_other_datums(tmp_path: Path) -> None:
    pairs = round_trip([1, True, 1.0, "1", (1,), [1]], tmp_path)
    assert len({key for key, _ in pairs}) == 6
    assert [type(v) for _, v in pairs] == [int, bool, float, str, tuple, list]


def test_a_large_stream_is_read_back_in_blocks(tmp_path: Path) -> None:
    values = [f"{i}" * (i % 50) for i in range(60_000)]
    assert [v for _, v in round_trip(values, tmp_path)] == values


def test_a_file_that_is_cut_off_or_changed_is_an_error_and_no_other_list(tmp_path: Path) -> None:
    written = write_items(range(100), tmp_path / "items")
    data = (tmp_path / "items").read_bytes()
    file = tmp_path / f"items-{written.digest}"
    for other in (data[:-3], data[:-1] + b"0", b""):
        file.write_bytes(other)
        with pytest.raises(InputError, match="not as they were written"):
            ItemsInput(file, 100).list(frozenset(), [])
    cut = tmp_path / f"items-{hex_digest(data[:-3])}"
    cut.write_bytes(data[:-3])
    with pytest.raises(InputError, match="cut off"):
        list(ItemsInput(cut, 100).list(frozenset(), []))


def test_an_iterable_that_raises_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> Any:
        yield 1
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_items(broken(), tmp_path / "items")
    assert list(tmp_path.iterdir()) == []


def test_a_digest_of_arrow_data_is_that_of_its_values_not_of_its_memory() -> None:
    import polars as pl
    import pyarrow as pa

    table = pa.table({"a": [1, 2, 3, 4], "s": ["x", "yy", None, "z"], "l": [[1], [], None, [2, 3]]})
    part = pa.table(
        {"a": [2, 3], "s": ["yy", None], "l": pa.array([[], None], pa.list_(pa.int64()))}
    )
    assert value_digest(table.slice(1, 2)) == value_digest(part)
    assert value_digest(pa.concat_tables([table[:1], table[1:]])) == value_digest(table)
    assert value_digest(pa.array(["a", None, "b"])[1:]) == value_digest(pa.array([None, "b"]))
    assert value_digest(pl.from_arrow(table).slice(1, 2)) == value_digest(pl.from_arrow(part))
    others = [
        table[:3],
        table.rename_columns(["b", "s", "l"]),
        table.replace_schema_metadata({"k": ""}),
    ]
    series = [
        pl.Series("a", [1]),
        pl.Series("b", [1]),
        pl.Series("a", [1], pl.Int8),
        pl.DataFrame(),
    ]
    assert len({value_digest(each) for each in [table, *others, *series]}) == 8


def test_a_digest_does_not_depend_on_order_where_there_is_none() -> None:
    assert value_digest({"a": 1, "b": 2}) == value_digest({"b": 2, "a": 1})
    assert value_digest({3, 1, 2}) == value_digest({2, 3, 1})
    assert value_digest([1, 2]) != value_digest([2, 1])
    assert value_digest(["ab", "c"]) != value_digest(["a", "bc"])


def test_arrays_and_frames_are_hashed_by_content() -> None:
    numpy = pytest.importorskip("numpy")
    pandas = pytest.importorskip("pandas")
    assert value_digest(numpy.arange(3)) == value_digest(numpy.arange(3))
    assert value_digest(numpy.arange(3)) != value_digest(numpy.arange(3.0))
    frame = pandas.DataFrame({"a": [1, 2]})
    assert value_digest(frame) == value_digest(frame.copy())
    assert value_digest(frame) != value_digest(frame + 1)


def test_what_has_no_content_is_opaque() -> None:
    import threading

    with pytest.raises(OpaqueValueError, match=r"_thread\.lock"):
        value_digest({"guard": threading.Lock()})
