"""More than 64 MB travel only if somebody wants it; more than 1 GB never."""

from __future__ import annotations

import pytest

from jupyter_datum.errors import CaptureError
from jupyter_datum.transform import payload
from jupyter_datum.transform.capture import capture
from jupyter_datum.transform.cell import Cell

from ..story import Story

BODY = "len(big) + len(small) + datum.value"


def fill(story: Story) -> None:
    story.namespace |= {"big": b"x" * (70 << 20), "small": b"y" * (2 << 20), "numbers": [1]}


def test_it_is_refused_with_the_largest_names_and_the_way_out(story: Story) -> None:
    fill(story)
    with pytest.raises(CaptureError) as caught:
        story.prepare("job -i numbers", BODY, counted=False)
    said = str(caught.value)
    assert "72 MB: big 70 MB, small 2 MB" in said
    assert "Write them to a file" in said and "--large-payload" in said
    kept = (story.project.dir / "payloads").iterdir()
    assert [path for path in kept if path.stat().st_size > 1 << 20] == []


def test_an_option_sends_it(story: Story) -> None:
    fill(story)
    row = story.run("job -i numbers --large-payload", BODY, within=40)
    assert (row.status, row.success) == ("success", 1)
    assert story.transform("job").results() == [(72 << 20) + 1]


def test_whoever_is_asked_reads_what_it_is_about(story: Story) -> None:
    fill(story)
    cell = Cell(BODY, "<cell>", 1)
    captured = capture(cell, story.namespace, story.folder)
    asked: list[tuple[str, str]] = []

    def consent(digest: str, question: str) -> bool:
        asked.append((digest, question))
        return True

    data = payload.build_payload(cell, captured, (), consent)
    ((digest, question),) = asked
    assert digest == payload.payload_digest(data)
    assert "big 70 MB" in question and question.endswith("Send them? [y/N] ")


def test_a_gigabyte_is_refused_whatever_is_said(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payload, "LARGEST", 71 << 20)  # the machine of the tests is small
    fill(story)
    with pytest.raises(CaptureError) as caught:
        story.prepare("job -i numbers --large-payload", BODY, counted=False)
    assert "--large-payload" not in str(caught.value)
