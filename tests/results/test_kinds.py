"""Results of every type, small and large, come back as they were."""

from __future__ import annotations

import collections
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import matplotlib.figure
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from jupyter_datum.errors import RunError
from jupyter_datum.events import Result
from jupyter_datum.project import Project, create
from jupyter_datum.results import Large, keep_result, value_of, word_of

Point = collections.namedtuple("Point", "x y")
SMALL = np.arange(6).reshape(2, 3)
LARGE = np.arange(100_000, dtype="float32")
FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", None], "t": pd.to_datetime(["2020", "2021"])})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return create(tmp_path)


def kept(value: Any, project: Project) -> tuple[Result, Any]:
    result = keep_result(value, project, shared=True)
    return result, value_of(result.kind, result.data, project)


@pytest.mark.parametrize(
    "value",
    [0, -1.5, "ü", True, [1, [2]], {"a": {"b": None}}, "x" * 20_000, list(range(9_000))],
    ids=lambda v: str(v)[:12],
)
def test_plain_values_are_json(value: Any, project: Project) -> None:
    result, back = kept(value, project)
    assert result.kind.removesuffix("-file") == "json"
    assert back == value and type(back) is type(value)


def test_scalars_of_numpy_are_recorded_as_pythons(project: Project) -> None:
    value = {"mean": np.float64(0.5), "n": [np.int32(3), np.bool_(True)], "s": np.str_("a")}
    result, back = kept(value, project)
    assert result.kind == "json"
    assert back == {"mean": 0.5, "n": [3, True], "s": "a"}
    assert kept(np.float32(0.25), project)[1] == 0.25


@pytest.mark.parametrize(
    "value", [{1: 2}, {1, 2}, b"x", Point(1, 2), (Point(1, 2),), ({1: 2},)], ids=str
)
def test_what_json_would_change_is_pickled(value: Any, project: Project) -> None:
    result, back = kept(value, project)
    assert result.kind == "pickle"
    assert type(back) is type(value) and back == value


_odd = st.sampled_from([float("nan"), float("inf"), -float("inf"), 0.5, "nan", "inf"])
_leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | _odd
_values = st.recursive(
    _leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) or (one != one and other != other)


@settings(deadline=None, max_examples=60)
@given(_values)
@example((1, (2, "a"), [(), []]))
@example([(0, 0, 4, 4)] * 5_000)
@example([{"loss": 0.5}, {"loss": float("nan")}] * 2_000)
@example(["nan", float("nan")])
def test_tuples_are_json_and_come_back_as_tuples(value: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        result, back = kept(value, create(Path(folder)))
        if result.kind != "pickle":  # an outline of its own for each of many items
            assert word_of(result.kind).removesuffix("-file") == "json"
        assert same(back, value)


def test_what_cells_often_end_in_is_json_that_anybody_reads(project: Project) -> None:
    size = {"shape": np.zeros((3, 4)).shape, "boxes": [(1, np.int64(2), "cat"), (3, 4, "dog")]}
    result, back = kept(size, project)
    assert back == {"shape": (3, 4), "boxes": [(1, 2, "cat"), (3, 4, "dog")]}
    assert json.loads(result.data) == {"shape": [3, 4], "boxes": [[1, 2, "cat"], [3, 4, "dog"]]}
    assert kept((640, 480), project)[0] == Result("json[1,null]", b"[640,480]", 9)


def test_numbers_that_json_lacks_are_words_in_it(project: Project) -> None:
    result, back = kept({"loss": np.float32("nan"), "best": float("-inf"), "n": 3}, project)
    assert json.loads(result.data) == {"loss": "nan", "best": "-inf", "n": 3}
    assert back["loss"] != back["loss"] and back["best"] == -float("inf")
    assert word_of(kept(float("inf"), project)[0].kind) == "json"
    many = [0.5] * 1_000 + [float("nan")]
    assert kept(many, project)[0].kind == "json[0,2]"


@pytest.mark.parametrize("array", [SMALL, LARGE, np.array(3), np.zeros((0, 2)), SMALL.T])
def test_arrays_are_npy(array: np.ndarray, project: Project) -> None:
    result, back = kept(array, project)
    assert result.kind == ("npy-file" if array is LARGE else "npy")
    assert type(back) is np.ndarray and back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


def test_a_large_array_is_mapped_and_can_be_written_to(project: Project) -> None:
    result, back = kept(LARGE, project)
    back[0] = 7
    assert value_of(result.kind, result.data, project)[0] == 0
    path = project.result(result.data.decode())
    np.testing.assert_array_equal(np.load(path), LARGE)  # anybody can read it
    assert not list(path.parents[1].glob(".*.part"))


@pytest.mark.parametrize(
    "value",
    [
        np.array([1, "a", None], dtype=object),
        np.ma.masked_array([1, 2], [True, False]),
        pd.DataFrame({1: [2]}),
        pd.DataFrame({"a": [[1], (2,)]}),
        pd.Series([1], name=("a", "b")),
        Image.new("CMYK", (2, 2)),
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_its_format_would_change_is_pickled(value: Any, project: Project) -> None:
    result, back = kept(value, project)
    assert result.kind == "pickle" and type(back) is type(value)


def test_tables_are_parquet(project: Project) -> None:
    result, back = kept(FRAME, project)
    assert result.kind == "parquet"
    pd.testing.assert_frame_equal(back, FRAME)
    indexed = FRAME.set_index("b")
    pd.testing.assert_frame_equal(kept(indexed, project)[1], indexed)
    big = pd.DataFrame({"x": np.random.default_rng(0).random(50_000)})
    result, back = kept(big, project)
    assert result.kind == "parquet-file"
    pd.testing.assert_frame_equal(back, big)
    pd.testing.assert_frame_equal(pd.read_parquet(project.result(result.data.decode())), big)


def test_series_polars_and_arrow_come_back_as_such(project: Project) -> None:
    for series in (pd.Series([1.5, 2], name="s"), pd.Series([1, 2], index=["a", "b"])):
        result, back = kept(series, project)
        assert result.kind == "parquet.series"
        pd.testing.assert_series_equal(back, series)
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    result, back = kept(frame, project)
    assert result.kind == "parquet.polars" and back.equals(frame)
    table = pa.table({"a": [1, 2]})
    result, back = kept(table, project)
    assert result.kind == "parquet.arrow" and back.equals(table)


def test_images_and_figures_are_png(project: Project, tmp_path: Path) -> None:
    image = Image.new("RGB", (4, 3), (1, 2, 3))
    result, back = kept(image, project)
    assert result.kind == "png" and back.tobytes() == image.tobytes()
    image.save(tmp_path / "x.jpg")
    with Image.open(tmp_path / "x.jpg") as opened:
        assert kept(opened, project)[1].size == (4, 3)
    figure = matplotlib.figure.Figure()
    lines = figure.add_subplot().plot([1, 2, 3])
    for drawn in (figure, figure.axes[0], lines):
        result, back = kept(drawn, project)
        assert result.kind.removesuffix("-file") == "png" and back.format == "PNG"


def test_the_same_content_is_kept_once(project: Project) -> None:
    one, other = keep_result(LARGE, project, shared=True), keep_result(LARGE, project, shared=True)
    assert one == other
    assert sum(p.is_file() for p in (project.dir / "results").rglob("*")) == 1


def test_without_a_shared_folder_all_travels(project: Project) -> None:
    result = keep_result(LARGE, project, shared=False)
    assert result.kind == "npy" and len(result.data) > LARGE.nbytes
    assert not any(p.is_file() for p in (project.dir / "results").rglob("*"))


def test_a_result_whose_file_is_gone_is_one_sentence(project: Project) -> None:
    result = keep_result(LARGE, project, shared=True)
    project.result(result.data.decode()).unlink()
    with pytest.raises(RunError, match="run the cell again with --force"):
        value_of(result.kind, result.data, project)
    assert "gone" in repr(Large(result.kind, project.result(result.data.decode())))
    with pytest.raises(RunError, match="newer jupyter-datum"):
        value_of("hologram", b"", project)


def test_looking_at_types_imports_nothing(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from jupyter_datum.project import create
from jupyter_datum.results import keep_result
from jupyter_datum.results.display import outputs_of
class Own: pass
project = create(Path({str(tmp_path)!r}))
for value in (1, "a", [1], {{1, 2}}, Own(), Own):
    kept = keep_result(value, project, shared=True)
    outputs_of(value, kept.kind)
found = {{m.partition(".")[0] for m in sys.modules}}
print(found & {{"numpy", "pandas", "polars", "pyarrow", "PIL", "matplotlib", "IPython"}})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()", json.dumps(done.stdout)
