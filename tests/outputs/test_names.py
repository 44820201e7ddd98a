from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from jupyter_datum.outputs.names import check_rel, file_system_folds, fold, folders_above, show_key


@pytest.mark.parametrize(
    "rel",
    [
        b"",
        b"/etc/passwd",
        b"../up",
        b"a/../b",
        b"a//b",
        b"./a",
        b"a\x00b",
        b"line\nbreak",
        b"tab\t",
        "next\u2028line".encode(),
        "right\u202eleft.gpj".encode(),
        b"dot.",
        b"space ",
        b"drive:c",
        b"back\\slash",
        b"CON",
        b"con.txt",
        b"con .txt",
        b"a/Lpt9.log",
        b"x" * 201,
        b".datum/ledger.sqlite",
        b"a/.datum-staging/pool",
        b".DATUM-Staging",
    ],
)
def test_a_name_that_leaves_the_folder_or_misleads_is_refused(rel: bytes) -> None:
    assert check_rel(rel)


@pytest.mark.parametrize(
    "rel",
    [
        b"a.png",
        b"a/b/c.png",
        b".hidden",
        b"...dots",
        b"-rf",
        b"$(id)",
        b"it's",
        b"<img src=x>",
        b"latin-\xe9",
        b"console.txt",
        b".datumx",
        b"x" * 200,
        unicodedata.normalize("NFD", "é.png").encode(),
    ],
)
def test_any_other_name_is_fine(rel: bytes) -> None:
    assert check_rel(rel) is None


def test_names_are_one_only_where_the_file_system_folds() -> None:
    composed, split = "É.png".encode(), unicodedata.normalize("NFD", "é.PNG").encode()
    assert fold(composed, True) == fold(split, True)
    assert fold(composed, False) != fold(split, False)


def test_names_of_odd_bytes_stay_apart_when_folded() -> None:
    assert fold(b"a\xe9", True) != fold(b"a\xe8", True)


def test_whether_a_file_system_folds_is_tried_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "probe").write_bytes(b"")
    answer = file_system_folds(os.fsencode(tmp_path))
    assert answer is (tmp_path / "PROBE").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["probe"]


def test_folders_above_a_path_end_at_the_root() -> None:
    assert list(folders_above(b"/out/a/b/c", b"/out")) == [b"/out/a/b", b"/out/a"]
    assert list(folders_above(b"/out/c", b"/out")) == []
    assert list(folders_above(b"/a/b", b"")) == [b"/a"]


def test_a_key_is_shown_as_a_path_or_by_its_place() -> None:
    assert show_key("bücher/a.pdf".encode(), 7) == "'bücher/a.pdf'"
    assert show_key(bytes(range(250, 256)), 1233) == "datum 1,234"
