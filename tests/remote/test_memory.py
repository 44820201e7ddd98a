"""``memory://``: what only the kernel can see goes to the project, known by its content."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pandas
import pytest

from jupyter_datum.errors import InputError, UsageError
from jupyter_datum.inputs import cross, glob, input_from_json, join, rows, whole
from jupyter_datum.inputs.base import Input
from jupyter_datum.ledger import queries
from jupyter_datum.notebook.place import KernelPlace
from jupyter_datum.runner.expression import expression
from jupyter_datum.runner.towatch import with_what_feeds_it
from jupyter_datum.states import RunStatus

from ..story import Story

UP = "datum.out_file('.up').write_bytes(datum.path.read_bytes().upper())\n(datum.url, datum.key)"


@pytest.fixture
def mem() -> Iterator[Any]:
    found = fsspec.filesystem("memory")
    found.store.clear()
    for i in range(4):
        found.pipe(f"/in/d{i % 2}/{i}.txt", f"text {i}".encode())
    yield found
    found.store.clear()


def _kept(story: Story, source: Input, mem: Any) -> Input:
    """The input as another process has it, which sees nothing of this one's memory."""
    spec = source.stored(story.project).to_json()
    mem.store.clear()
    return input_from_json(spec, story.project)


def test_a_file_runs_when_its_content_changed(story: Story, mem: Any) -> None:
    line = 'up -i "memory://in/(*)/*.txt" -o out'
    row = story.run(line, UP)
    assert (row.status, row.success) == (RunStatus.SUCCESS, 4)
    assert story.transform("up").results()[1] == ("memory://in/d0/2.txt", {"1": "d0"})
    mem.pipe("/in/d0/0.txt", b"text 0")  # the same again, with another time
    mem.pipe("/in/d0/2.txt", b"text X")
    mem.rm("/in/d1/3.txt")
    row = story.run(line, UP)
    assert (row.success, row.skipped, row.total) == (1, 2, 3)
    assert '"vanished": 1' in (row.note or "")
    assert (story.folder / "out/d0/2.up").read_bytes() == b"TEXT X"
    assert story.executions()["'d0/0.txt'"] == 1
    mem.store.clear()  # a kernel that has begun anew fills it with the same bytes
    for name, data in (("d0/0", b"text 0"), ("d0/2", b"text X"), ("d1/1", b"text 1")):
        mem.pipe(f"/in/{name}.txt", data)
    assert story.run(line, UP).skipped == 3


def test_it_nests_like_any_other_input(story: Story, mem: Any) -> None:
    sides = [glob("memory://in/(*)/*.txt", on="$1", name=name) for name in "ab"]
    kept = _kept(story, cross(join(*sides), whole(glob("memory://in/*/*", name="c"))), mem)
    found = list(kept.list(frozenset(), []))
    assert len(found) == 8
    assert [name for name, _, _ in found[0].files] == ["a", "b", "c", "c", "c", "c"]
    assert _read(story, kept, "c", b"d1/3.txt") == b"text 3"


def test_a_table_and_the_files_that_it_names(story: Story, mem: Any) -> None:
    mem.pipe("/t/t.csv", b"id,file\na,d0/2.txt\nb,d1/9.txt\n")
    source = rows("memory://t/t.csv", key="id", path="file", root="memory://in")
    kept = _kept(story, source, mem)
    (listed,) = kept.list(frozenset(), [])
    assert listed.files[0][:2] == ("rows", b"d0/2.txt")
    assert any("d1/9.txt" in note for note in kept.notes())


def test_members_of_an_archive_in_memory(story: Story, mem: Any) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("a/1.txt", "one")
        archive.writestr("b/2.txt", "two")
    mem.pipe("/x.zip", data.getvalue())
    kept = _kept(story, glob("zip://a/*.txt::memory://x.zip"), mem)
    assert [listed.key for listed in kept.list(frozenset(), [])] == [b"1.txt"]
    assert _read(story, kept, "in", b"1.txt") == b"one"


def test_other_content_is_the_same_input(story: Story, mem: Any) -> None:
    frame = [{"id": 1}, {"id": 2}]
    for line in ('f -i "memory://in/**/*.txt"', 'r -i rows(frame,key="id")'):
        seen = set()
        for _ in range(2):
            story.namespace["frame"] = frame
            seen.add(expression(story.prepare(line, "1").recipe))
            frame = frame[:1]
            mem.rm("/in/d0", recursive=True) if mem.exists("/in/d0") else None
        assert len(seen) == 1, line


def test_what_only_the_kernel_has_cannot_be_watched(story: Story, mem: Any) -> None:
    story.namespace["frame"] = pandas.DataFrame({"id": [1]})
    for line in ('f -i "memory://in/d0/0.txt"', 'r -i rows(frame,key="id")'):
        story.run(f"{line}", "1")
        with story.ledger() as conn:
            row = queries.latest_run(conn, line[0])
            assert row is not None
            with pytest.raises(UsageError, match="there is nothing to watch"):
                with_what_feeds_it(conn, story.project, row)


def test_what_was_kept_and_is_damaged_is_one_sentence(story: Story, mem: Any) -> None:
    kept = _kept(story, glob("memory://in/**/*.txt"), mem)
    (archive,) = (story.project.dir / "payloads").glob("files-*.zip")
    archive.write_bytes(b"PK")
    with pytest.raises(InputError, match=r"gone or damaged .*: run the cell again"):
        list(kept.list(frozenset(), []))
    archive.unlink()
    with pytest.raises(InputError, match=r"gone or damaged .*: run the cell again"):
        list(kept.list(frozenset(), []))


def test_what_cannot_be_kept_is_said_before_anything_runs(
    story: Story, mem: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(_kept(story, glob("memory://in/*.png"), mem).list(frozenset(), [])) == []
    with pytest.raises(InputError, match="memory://in/ does not exist"):
        glob("memory://in/*.png").stored(story.project)
    with pytest.raises(UsageError, match="in the memory of this kernel alone"):
        glob("memory://in/*.png").to_json()
    mem.pipe("/in/a\0b", b"1" * 2_000)
    with pytest.raises(UsageError, match=r"no copy can have the name 'in/a\\x00b'"):
        glob("memory://in/*").stored(story.project)
    monkeypatch.setenv("JUPYTER_DATUM_CACHE_SIZE", "1KB")
    with pytest.raises(UsageError, match="Write it to a folder, or set JUPYTER_DATUM_CACHE_SIZE"):
        glob("memory://in/*").stored(story.project)
    assert not list((story.project.dir / "payloads").glob("*.part"))


def _read(story: Story, source: Input, name: str, rel: bytes) -> bytes:
    return Path(KernelPlace(source, story.project).path(name, rel)).read_bytes()
