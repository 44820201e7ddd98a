"""No store is contacted because a row of the ledger names it: only what this user signed counts."""

from __future__ import annotations

import contextlib
import os

import pytest

from jupyter_datum.errors import InputError
from jupyter_datum.inputs.signed import output_folders
from jupyter_datum.ledger import db
from jupyter_datum.ledger.fsck import audit

from ..story import Story
from .conftest import S3

UP = "datum.out_file('.up').write_text(datum.path.read_text().upper())\nNone"
ELSEWHERE = b"s3://data/elsewhere"


def _place(story: Story, old: bytes, new: bytes) -> None:
    with contextlib.closing(db.connect(story.project)) as conn:
        conn.execute("update transform set out = ?", (new,))
        path = "cast(replace(path, ?1, ?2) as blob)"
        conn.execute(f"update output set path = {path}, folded = {path}", (old, new))
        assert output_folders(conn, story.project, 1) == [b"s3://data/out"]


@pytest.fixture
def planted(s3: S3, story: Story) -> Story:
    """A ledger in which somebody has written another place for what a transform made."""
    (story.folder / "in").mkdir()
    (story.folder / "in" / "1.txt").write_text("text")
    row = story.run('up -i "in/*.txt" -o s3://data/out', UP)
    assert row.success == 1, row.message
    s3.put("elsewhere/1.up", b"TEXT")
    _place(story, b"s3://data/out", ELSEWHERE)
    s3.forget()
    return story


def test_fsck_looks_at_no_place_that_is_not_signed(s3: S3, planted: Story) -> None:
    (finding,) = [each for each in planted.findings() if "not signed" in each.what]
    assert os.fsdecode(ELSEWHERE) in finding.what and finding.do == "run its cell"
    assert not s3.requests
    _place(planted, ELSEWHERE, b"s3://data/out")
    audit(planted.project)
    assert not s3.requests, "who signs for nothing contacts nobody"
    planted.findings()
    assert s3.requests, "the signed place is looked at"


def test_a_place_that_is_not_signed_is_no_input(s3: S3, planted: Story) -> None:
    with pytest.raises(InputError, match=r"s3://data/elsewhere, which you have not signed for"):
        planted.run("down -i up", "datum.path.read_text()")
    assert not s3.requests
