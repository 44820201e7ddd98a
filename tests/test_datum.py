"""``datum``, as a cell sees it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_datum.datum import Datum, datum_hash, datum_id
from jupyter_datum.errors import OutputError


class Desk:
    """A worker that makes folders, and counts how often it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.printed = ""

    def out(self) -> Path:
        self.asked.append("out")
        return self.folder / "out"

    def out_folder(self, rel: str) -> Path:
        folder = self.out() / rel
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def tmp(self) -> Path:
        self.asked.append("tmp")
        return self.folder / "tmp"

    def log(self, text: str) -> None:
        self.printed += text


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def of_files(desk: Desk, *rels: bytes, **captures: str) -> Datum:
    names = ["in", "masks", "third"]
    files = tuple(
        (name, os.fsdecode(b"/data/" + rel), rel) for name, rel in zip(names, rels, strict=False)
    )
    contents = tuple(rel * 2 for rel in rels)
    return Datum("in", rels[0], files, None, captures, 7, 2, desk, contents, "c0de")


def of_item(desk: Desk, value: object) -> Datum:
    return Datum("in", b"\x01" * 20, (), value, {}, 0, 1, desk)


def test_datum_of_one_file_knows_its_names(desk: Desk) -> None:
    datum = of_files(desk, b"sub/a.b.jpg", site="x")
    assert datum.path == Path("/data/sub/a.b.jpg")
    assert datum.paths == {"in": datum.path}
    assert datum.rel == "sub/a.b.jpg"
    assert datum.stem == "a.b"
    assert datum.key == {"site": "x"}
    assert (datum.index, datum.attempt, datum.device, datum.value) == (7, 2, "cpu", None)
    assert repr(datum) == "Datum('sub/a.b.jpg')"


def test_file_name_of_any_bytes_comes_back_unharmed(desk: Desk) -> None:
    datum = of_files(desk, b"caf\xe9.txt")
    assert os.fsencode(datum.path) == b"/data/caf\xe9.txt"
    assert os.fsencode(datum.out_file(".png")) == os.fsencode(desk.folder) + b"/out/caf\xe9.png"


def test_several_files_have_paths_but_no_path(desk: Desk) -> None:
    datum = of_files(desk, b"a.jpg", b"a.png")
    assert datum.paths == {"in": Path("/data/a.jpg"), "masks": Path("/data/a.png")}
    with pytest.raises(AttributeError, match=r"'in', 'masks'.*datum\.paths"):
        _ = datum.path


def test_a_name_that_no_input_has_is_told_which_there_are(desk: Desk) -> None:
    with pytest.raises(KeyError, match=r"no input 'x'; there are: 'in', 'masks'"):
        _ = of_files(desk, b"a.jpg", b"a.png").paths["x"]
    assert of_files(desk, b"a.jpg").paths.get("x") is None


def test_an_item_has_a_value_but_no_path(desk: Desk) -> None:
    datum = of_item(desk, {"C": 0.1})
    assert datum.value == {"C": 0.1}
    assert repr(datum) == "Datum({'C': 0.1})"
    with pytest.raises(AttributeError, match=r"datum\.value"):
        _ = datum.path


def test_nothing_is_made_before_it_is_asked_for_and_then_once(desk: Desk) -> None:
    datum = of_files(desk, b"a.jpg")
    assert desk.asked == []
    assert datum.out == datum.out == desk.folder / "out"
    assert datum.tmp == datum.tmp == desk.folder / "tmp"
    assert desk.asked == ["out", "tmp"]


def test_out_file_mirrors_the_input_so_that_equal_stems_do_not_collide(desk: Desk) -> None:
    first = of_files(desk, b"x/a.jpg").out_file(".png")
    second = of_files(desk, b"y/a.jpg").out_file(".png")
    assert first == desk.folder / "out/x/a.png"
    assert second == desk.folder / "out/y/a.png"
    assert first.parent.is_dir()
    assert of_files(desk, b"x/a.jpg").out_file() == desk.folder / "out/x/a.jpg"
    assert of_files(desk, b"x/a.jpg").out_file("") == desk.folder / "out/x/a"


NAMES = ["a", "a.b", ".a", ".a.b", "a.", "a..", "..a", "a.tar.gz", "x.y/a"]


@pytest.mark.parametrize("name", NAMES)
def test_out_file_takes_what_pathlib_takes_for_the_suffix(desk: Desk, name: str) -> None:
    found = of_files(desk, name.encode()).out_file(".png")
    assert found == desk.folder / "out" / Path(name).with_suffix(".png")


def test_out_file_of_an_item_is_named_by_its_id(desk: Desk) -> None:
    datum = of_item(desk, 3)
    assert datum.out_file(".json") == desk.folder / "out" / f"{datum.id}.json"


def test_suffix_without_a_dot_says_what_to_write(desk: Desk) -> None:
    with pytest.raises(OutputError, match=r"out_file\('\.png'\)"):
        of_files(desk, b"a.jpg").out_file("png")


def test_id_tells_where_it_comes_from_and_nothing_else(desk: Desk) -> None:
    datum = of_files(desk, b"a.jpg")
    assert datum.id == datum_id("in", b"a.jpg")
    assert len(datum.id) == 16
    assert int(datum.id, 16) >= 0
    ids = {datum_id("in", b"a"), datum_id("in", b"b"), datum_id("i", b"na"), datum_id("", b"ina")}
    assert len(ids) == 4


def test_hash_changes_with_content_names_key_and_code(desk: Desk) -> None:
    file = ("in", b"a.jpg", b"content")
    base = datum_hash([file], b"k", {"1": "a"}, "code")
    assert len(base) == 16
    others = {
        datum_hash([("in", b"a.jpg", b"CONTENT")], b"k", {"1": "a"}, "code"),
        datum_hash([("in", b"b.jpg", b"content")], b"k", {"1": "a"}, "code"),
        datum_hash([("other", b"a.jpg", b"content")], b"k", {"1": "a"}, "code"),
        datum_hash([file], b"K", {"1": "a"}, "code"),
        datum_hash([file], b"k", {"1": "b"}, "code"),
        datum_hash([file], b"k", {"1": "a"}, "CODE"),
        datum_hash([file, file], b"k", {"1": "a"}, "code"),
    }
    assert base not in others
    assert len(others) == 7
    assert of_files(desk, b"a.jpg").hash == datum_hash(
        [("in", b"a.jpg", b"a.jpg" * 2)], b"a.jpg", {}, "c0de"
    )


def test_log_prints_a_line_of_anything(desk: Desk) -> None:
    of_item(desk, 1).log("seen", 3, None)
    assert desk.printed == "seen 3 None\n"


def test_metrics_are_a_dict(desk: Desk) -> None:
    datum = of_item(desk, 1)
    datum.metrics["loss"] = 0.5
    assert datum.metrics == {"loss": 0.5}


def test_a_misspelt_attribute_is_an_error(desk: Desk) -> None:
    with pytest.raises(AttributeError):
        of_item(desk, 1).vlaue = 2  # type: ignore[attr-defined]
