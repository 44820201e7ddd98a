"""The JSON schemas of inputs and of a cell's metadata, against what the code writes and reads."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from jupyter_datum.errors import UsageError
from jupyter_datum.inputs import (
    KINDS,
    Input,
    cross,
    glob,
    grid,
    group,
    input_from_json,
    items,
    join,
    rows,
    split,
    starting_at,
    transform,
    union,
    whole,
)
from jupyter_datum.project import create
from jupyter_datum.transform.marked import line_of
from jupyter_datum.transform.optiontable import OPTIONS

SCHEMAS = {
    name: json.loads((files("jupyter_datum") / "schema" / name).read_text())
    for name in ("input.json", "cell.json")
}
REGISTRY: Any = Registry().with_resources(
    (schema["$id"], Resource.from_contents(schema)) for schema in SCHEMAS.values()
)


def validator(name: str) -> Draft202012Validator:
    Draft202012Validator.check_schema(SCHEMAS[name])
    return Draft202012Validator(SCHEMAS[name], registry=REGISTRY)


def every_kind() -> list[Input]:
    keyed = glob("a/(*).txt", on="$1", by=lambda path: path, outer=True, follow_symlinks=True)
    other = glob("b/(?P<site>*)", on="${site}", by="$1", name="b", match="any")
    return [
        glob("*.txt"),
        items([1, {2}]),
        grid(C=[0.1, 1], k=["rbf", None]),
        grid(f=[(1,), {2}]),
        rows("t.csv", key="id"),
        rows("t.csv", types={"zip": "text", "n": float}),
        rows("t.csv", path="file", on="site", columns=["a"], filters=[("a", ">", 1)]),
        rows("t.parquet", size="rowgroup", frame="pandas"),
        rows("s3://b/t.csv", path="file", storage_options={"anon": True}),
        rows("select * from t", con="sqlite:///x.db", by=["a", "b"]),
        rows([{"a": 1}]),
        split("films/*.mp4", by=lambda path: [1, 2]),
        split(glob("*.log"), lines=10, name="log"),
        transform("thumbs", label="t"),
        union(items([2]), "b/*"),
        cross(glob("a/*"), union("b/*", items([1])), name="all"),
        join(keyed, other),
        group(other),
        group(rows("t.csv", key="site"), by="${site}"),
        join(glob("a/(*)"), glob("b/(*)"), on="$1", outer=True),
        whole(group(glob("(*)/*"), by="$1")),
    ]


def test_what_inputs_write_is_valid_and_is_read_again(tmp_path: Path) -> None:
    check = validator("input.json")
    project = create(tmp_path)
    with starting_at(tmp_path):
        sources = every_kind()
    for source in sources:
        spec = json.loads(json.dumps(source.stored(project).to_json()))
        check.validate(spec)
        again = input_from_json(spec, project).to_json()
        assert json.loads(json.dumps(again)) == spec
    assert {source.kind for source in sources} == set(KINDS)
    assert {ref["$ref"].rpartition("/")[2] for ref in SCHEMAS["input.json"]["oneOf"]} == set(KINDS)


@pytest.mark.parametrize(
    "spec",
    [
        {"glob": "*", "patern": 1},
        {"globs": "*"},
        {"cross": []},
        {"join": [{"glob": "(*)", "on": "$1"}]},
        {"rows": "t.csv", "types": {"a": "date"}},
        {"rows": "t.csv", "types": ["int"]},
        {"grid": {}},
        {"grid": {"C": []}},
        {"glob": "*", "match": "file"},
        {"glob": "(*)", "on": 3},
        {"union": [{"glob": "*", "x": 1}]},
    ],
)
def test_what_the_schema_refuses_is_refused(spec: dict[str, Any]) -> None:
    assert not validator("input.json").is_valid(spec)
    with pytest.raises(UsageError):
        input_from_json(spec, None)


def test_the_schema_of_a_cell_has_every_option_and_no_other() -> None:
    assert set(SCHEMAS["cell.json"]["properties"]) == {"name", *(o.field for o in OPTIONS)}


@pytest.mark.parametrize(
    ("mark", "good"),
    [
        ({"name": "x", "input": {"glob": "*.jpg"}, "output": "o", "timeout": "5min"}, True),
        ({"name": "x", "input": "a/*.jpg", "tries": 2, "only": ["new", "failed"]}, True),
        ({"name": "x", "input": {"cross": [{"glob": "*"}, {"grid": {"C": [1]}}]}}, True),
        ({"name": "x", "input": "a/*.jpg", "on_error": "stop:5%", "force": True}, True),
        ({"name": "x", "input": "*", "tri": 2}, False),
        ({"name": "x", "input": "*", "tries": 0}, False),
        ({"name": "x", "input": "*", "timeout": "soon"}, False),
        ({"name": "x", "input": "*", "only": ["old"]}, False),
        ({"name": "1x", "input": "*"}, False),
        ({"name": "x", "input": "*", "force": "yes"}, False),
    ],
)
def test_the_schema_of_a_cell_agrees_with_what_reads_it(mark: dict[str, Any], good: bool) -> None:
    assert validator("cell.json").is_valid(mark) == good
    if good:
        assert line_of(mark)
    else:
        with pytest.raises(UsageError):
            line_of(mark)
