"""Exports, read back by the libraries of others."""

from __future__ import annotations

import csv
import importlib
import json
import os
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pkgutil import iter_modules
from typing import Any

import attr
import pandas
import polars
import pytest
from openlineage.client import generated
from rocrate.rocrate import ROCrate

from jupyter_datum.cli import main
from jupyter_datum.errors import RunError, UsageError
from jupyter_datum.lineage import show_export

from .story import Story

UP = "assert datum.stem != '002', 'bad <b>'\ndatum.out_file('.up').write_text(datum.rel)"


@pytest.fixture
def ran(story: Story) -> Story:
    (story.folder / "in").mkdir()
    for i in range(4):
        (story.folder / f"in/{i:03}.txt").write_text(f"file {i}\n")
    story.run('up -i "in/*.txt" --tries 1', UP)
    story.run("low -i up", "datum.out_file('.low').write_text(datum.path.read_text())")
    return story


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, Any]], list[int]]]:
    """A receiver of OpenLineage on loopback: what it got, and what it answers."""
    got: list[dict[str, Any]] = []
    answers = [201]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append({"path": self.path, **json.loads(body)})
            self.send_response(answers[0])
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got, answers
    server.shutdown()
    thread.join()
    server.server_close()


def test_runs_are_told_as_events(
    ran: Story,
    receiver: tuple[str, list[dict[str, Any]], list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, got, answers = receiver
    with pytest.raises(UsageError, match="OPENLINEAGE_URL"):
        show_export(ran.project, "up", openlineage="")
    monkeypatch.setenv("OPENLINEAGE_URL", url)
    assert repr(show_export(ran.project, "up", openlineage="")) == "2 events sent"
    start, end = got
    assert start["path"] == "/api/v1/lineage"
    assert (start["eventType"], end["eventType"]) == ("START", "FAIL")
    assert start["run"]["runId"] == end["run"]["runId"] == str(uuid.UUID(ran.latest("up")))
    assert "bad <b>" in end["run"]["facets"]["errorMessage"]["message"]
    assert "datum.out_file" in end["job"]["facets"]["sourceCode"]["sourceCode"]
    (source,), (made,) = end["inputs"], end["outputs"]
    assert (source["namespace"], source["name"]) == ("file", str(ran.folder / "in"))
    read = source["inputFacets"]["subset"]["inputCondition"]["locations"]
    assert sorted(read) == [str(ran.folder / f"in/{i:03}.txt") for i in range(4)]
    put = made["outputFacets"]["subset"]["outputCondition"]["locations"]
    assert sorted(put) == [str(ran.folder / f"out/up/{i:03}.up") for i in (0, 1, 3)]
    assert made["name"] == str(ran.folder / "out/up")
    assert made["outputFacets"]["outputStatistics"]["fileCount"] == 3
    show_export(ran.project, "low", openlineage="")
    assert got[-1]["eventType"] == "COMPLETE"
    assert got[-1]["inputs"][0]["name"] == made["name"]
    answers[0] = 400
    with pytest.raises(RunError, match="does not take"):
        show_export(ran.project, "up", openlineage="")


def test_events_in_a_file_hold_what_the_standard_asks_for(ran: Story) -> None:
    file = ran.folder / "events.jsonl"
    show_export(ran.project, "up", openlineage="events.jsonl", folder=ran.folder)
    events = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(events) == 2
    for event in events:
        assert {"eventTime", "producer", "schemaURL", "run", "job"} <= event.keys()
        uuid.UUID(event["run"]["runId"])
        told = [event["run"], event["job"], *event["inputs"], *event["outputs"]]
        kinds = ("facets", "inputFacets", "outputFacets")
        facets = [facet for part in told for kind in kinds for facet in part.get(kind, {}).values()]
        assert len(facets) >= 2
        for facet in facets:
            _is_of_its_class(facet)


def _is_of_its_class(facet: dict[str, Any]) -> None:
    """Hold a facet against the class that its schema was made into: all that it must have, of
    the right kind, and nothing else."""
    name = facet["_schemaURL"].rpartition("/")[2]
    modules = [f"{generated.__name__}.{each.name}" for each in iter_modules(generated.__path__)]
    found = (getattr(importlib.import_module(module), name, None) for module in modules)
    fields = {field.name: field for field in attr.fields(next(filter(None, found)))}
    plain = {key: value for key, value in facet.items() if not key.startswith("_")}
    assert facet["_producer"].startswith("https://") and plain.keys() <= fields.keys()
    for key, field in fields.items():
        if field.default is attr.NOTHING and not key.startswith("_"):
            assert plain.get(key) is not None, f"{name} must have {key}"
        if field.type in ("str", str) and key in plain:
            assert isinstance(plain[key], str)


def test_a_crate_says_how_each_file_was_made(ran: Story) -> None:
    folder = ran.folder / "crate"
    show_export(ran.project, "up", crate=str(folder))
    crate = ROCrate(folder)
    (made,) = [e for e in crate.get_entities() if e.id == "out/001.up"]
    assert (folder / "out/001.up").read_text() == "001.txt"
    (action,) = [
        e for e in crate.get_by_type("CreateAction") if made == e.get("result")
        and e.id.startswith("#datum")
    ]  # fmt: skip
    assert action["instrument"].id == "#transform-up"
    assert action["object"]["name"] == str(ran.folder / "in/001.txt")
    (failed,) = [e for e in crate.get_by_type("CreateAction") if "error" in e.properties()]
    assert failed["actionStatus"].endswith("FailedActionStatus") and "bad <b>" in failed["error"]
    assert {"name", "description", "endTime"} <= action.properties().keys()
    (profile,) = [e for e in crate.get_entities() if e.id.endswith("process/0.5")]
    assert crate.root_dataset["conformsTo"] == profile and profile["version"] == "0.5"
    assert {"license", "datePublished", "description"} <= crate.root_dataset.properties().keys()
    assert crate.metadata["conformsTo"] == "https://w3id.org/ro/crate/1.1"
    assert len(list(csv.DictReader((folder / "datums.csv").open()))) == 4
    with pytest.raises(UsageError, match="not empty"):
        show_export(ran.project, "up", crate=str(folder))


def test_a_crate_has_what_was_made_whatever_it_is_called_and_nothing_else(story: Story) -> None:
    (story.folder / "in").mkdir()
    for name in (b"a b", b"\xff\xfe", b"edited", b"gone"):
        (story.folder / "in" / os.fsdecode(name + b".txt")).write_bytes(name)
    story.run("up -i 'in/*.txt'", "datum.out_file('.up').write_text('made')")
    (story.folder / "out/up/edited.up").write_text("by hand")
    (story.folder / "out/up/gone.up").unlink()
    said = repr(show_export(story.project, "up", crate=str(story.folder / "crate")))
    assert "2 files in the crate" in said and "2 outputs left out" in said
    files = {e.id for e in ROCrate(story.folder / "crate").get_by_type("File")}
    assert files == {"datums.csv", "out/a%20b.up", "out/%5Cxff%5Cxfe.up"}
    assert (story.folder / "crate/out/\\xff\\xfe.up").read_text() == "made"


def test_items_are_exported_by_what_they_are(story: Story) -> None:
    story.namespace["words"] = ["one", 2]
    story.run("up -i words", "datum.out_file('.up').write_text(str(datum.value))")
    folder = story.folder / "crate"
    show_export(story.project, "up", crate=str(folder))
    table = list(csv.DictReader((folder / "datums.csv").open()))
    assert {row["key"] for row in table} == {'"one"', "2"}
    names = {e["name"] for e in ROCrate(folder).get_by_type("CreateAction")}
    assert {'up: "one"', "up: 2"} < names


def test_a_flat_table_reads_the_same_both_ways(
    ran: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ran.folder)
    for name in ("t.csv", "t.parquet"):
        assert main(["export", "up", "--table", name]) == 0
    assert "4 rows in t.csv" in capsys.readouterr().out
    rows = pandas.read_parquet("t.parquet")
    assert rows["key"].tolist() == pandas.read_csv("t.csv")["key"].tolist()
    assert rows["state"].tolist() == ["success", "success", "failed", "success"]
    assert rows["output"].iloc[1] == str(ran.folder / "out/up/001.up")
    assert rows["input"].iloc[1] == str(ran.folder / "in/001.txt")
    assert rows["input_hash"].str.len().eq(64).all() and rows["ms"].gt(0).all()
    ran.run("pairs -i \"cross(glob('in/00[01].txt',name='a'),grid(n=[1]))\"", "datum.value")
    assert main(["export", "pairs", "--table", "pairs.csv"]) == 0
    keys = pandas.read_csv("pairs.csv")["key"]
    assert [key.split(" | ")[0] for key in keys] == ["000.txt", "001.txt"], "no zero bytes"
    assert main(["export", "low", "--table", "low.csv"]) == 0
    low = pandas.read_csv("low.csv")
    assert low["input"].iloc[0] == rows["output"].iloc[0]
    assert low["input_hash"].iloc[0] == rows["output_hash"].iloc[0]
    assert main(["export", "up", "--table", "t.xls"]) == 2
    assert main(["export", "up"]) == 2


def test_the_table_has_a_row_for_each_pair_of_input_file_and_output(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(story.folder)
    for side in "ab":
        (story.folder / side).mkdir()
        for i in range(3):
            (story.folder / side / f"{i}.txt").write_text(f"{side} {i}")
    pairs = "pairs -i \"join(glob('a/(*).txt',name='a'),glob('b/(*).txt',name='b'),on='$1')\""
    body = (
        "assert datum.paths['a'].name != '2.txt'\n"
        "for kind in 'xy': (datum.out / f'{datum.paths[\"a\"].stem}.{kind}').write_text(kind)"
    )
    story.end(story.start(f"{pairs} -o out --tries 1", body, counted=False))
    story.run("points -i grid(n=[1,2])", "datum.value")
    show_export(story.project, "pairs", table="t.csv")
    show_export(story.project, "pairs", table="t.parquet")
    told = pandas.read_parquet("t.parquet")
    assert str(told["began"].dtype) == "datetime64[ms, UTC]"
    assert polars.read_parquet("t.parquet").height == 10
    assert pandas.read_csv("t.csv").isna().equals(told.isna()), "absent is absent in both"
    made = told[told["output"].notna()]
    assert len(made) == 8 and made.duplicated(["output", "input"]).sum() == 0
    (row,) = made[
        (made["output"] == str(story.folder / "out/1.y")) & (made["input_name"] == "b")
    ].itertuples()
    assert row.input == str(story.folder / "b/1.txt") and row.input_size == 3
    failed = told[told["state"] == "failed"]
    assert failed["input_name"].tolist() == ["a", "b"] and failed["output"].isna().all()
    # What it is for: from the outputs back to something known of each input file.
    labels = pandas.DataFrame({"input": [str(story.folder / f"a/{i}.txt") for i in range(3)]})
    labels["label"] = ["cat", "dog", "cow"]
    merged = made.merge(labels, on="input")
    assert merged.groupby("label")["output"].nunique().to_dict() == {"cat": 2, "dog": 2}
    show_export(story.project, "points", table="p.parquet")
    points = pandas.read_parquet("p.parquet")
    assert len(points) == 2 and points[["input", "input_hash", "output"]].isna().all(axis=None)
