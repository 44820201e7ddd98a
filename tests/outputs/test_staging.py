from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_datum.errors import OutputError
from jupyter_datum.hashing import bytes_digest
from jupyter_datum.outputs.staging import KEPT_BYTES, KEPT_FILES, Staging, kept, pool

from .world import write


@pytest.fixture
def out(tmp_path: Path) -> bytes:
    return os.fsencode(tmp_path / "out")


@pytest.fixture
def staging(out: bytes) -> Staging:
    return Staging(out, 3, "w1")


def folder(staging: Staging) -> Path:
    return Path(os.fsdecode(staging.folder))


def left(staging: Staging) -> list[str]:
    return [p.name for p in folder(staging).iterdir()]


def test_nothing_is_made_before_the_folder_is_asked_for(staging: Staging, out: bytes) -> None:
    assert staging.collect(1, 1) == []
    assert staging.collect_partial(1, 1) == []
    staging.discard()
    assert not os.path.exists(out)


def test_files_go_to_the_pool_under_the_name_of_their_attempt(staging: Staging, out: bytes) -> None:
    write(folder(staging), {"b.txt": b"two", "a/deep/c.txt": b"one"})
    outputs = staging.collect(7, 2)
    assert [(o.staged, o.rel, o.size, o.digest) for o in outputs] == [
        ("3-7-2-0", b"a/deep/c.txt", 3, bytes_digest(b"one")),
        ("3-7-2-1", b"b.txt", 3, bytes_digest(b"two")),
    ]
    assert Path(os.fsdecode(pool(out)), "3-7-2-1").read_bytes() == b"two"
    assert left(staging) == []


def test_one_folder_serves_all_datums_of_a_worker(staging: Staging) -> None:
    first = staging.folder
    write(folder(staging), {"a": b"1", "sub/b": b"2"})
    staging.collect(1, 1)
    assert staging.folder == first
    (folder(staging) / "sub").mkdir()  # is not there any more
    write(folder(staging), {"a": b"3"})
    assert [o.staged for o in staging.collect(2, 1)] == ["3-2-1-0"]


def test_a_datum_that_did_not_ask_for_the_folder_has_no_outputs(staging: Staging) -> None:
    write(folder(staging), {"a": b"1"})
    staging.collect(1, 1)
    assert not staging.used
    assert staging.collect(2, 1) == []


def test_names_of_any_bytes_are_collected(staging: Staging) -> None:
    write(folder(staging), {b"caf\xe9": b"1", "tab le": b"2", "🐍": b"3"})
    assert {o.rel for o in staging.collect(1, 1)} == {b"caf\xe9", b"tab le", "🐍".encode()}


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda p: os.symlink("/etc/passwd", p / "x"), "link"),
        (lambda p: os.symlink("/etc", p / "x"), "link"),
        (lambda p: os.mkfifo(p / "x"), "neither file nor folder"),
        (lambda p: (p / "x\ny").write_bytes(b""), "control character"),
    ],
    ids=["link to a file", "link to a folder", "fifo", "name"],
)
def test_what_is_no_file_is_refused_and_nothing_is_moved(
    staging: Staging, out: bytes, make: object, reason: str
) -> None:
    write(folder(staging), {"a": b"1"})
    make(folder(staging))  # type: ignore[operator]
    with pytest.raises(OutputError, match=reason):
        staging.collect(1, 1)
    assert os.listdir(pool(out)) == []
    staging.discard()
    assert left(staging) == []


def test_what_a_failed_attempt_wrote_is_kept_to_be_looked_at(staging: Staging, out: bytes) -> None:
    write(folder(staging), {"a/b.txt": b"half"})
    os.symlink("/etc/passwd", folder(staging) / "link")
    (partial,) = staging.collect_partial(5, 1)
    assert (partial.rel, partial.size) == (b"a/b.txt", 4)
    assert Path(os.fsdecode(kept(out, partial.staged))).read_bytes() == b"half"
    assert left(staging) == []
    assert os.listdir(pool(out)) == []


def test_of_a_failed_attempt_64_files_and_64_MB_are_kept(staging: Staging) -> None:
    write(folder(staging), {f"{i:03}": b"x" for i in range(100)})
    assert len(staging.collect_partial(1, 1)) == KEPT_FILES
    write(folder(staging), {"b": b"1"})
    with open(folder(staging) / "a", "wb") as file:
        file.truncate(KEPT_BYTES + 1)
    assert [o.rel for o in staging.collect_partial(2, 1)] == [b"b"]


def test_failed_attempts_cannot_fill_the_disk(staging: Staging) -> None:
    kept_bytes = 0
    for datum in range(12):
        with open(folder(staging) / "a", "wb") as file:
            file.truncate(KEPT_BYTES)  # a hole: costs nothing
        kept_bytes += sum(o.size for o in staging.collect_partial(datum, 1))
    assert kept_bytes == 512 << 20


def test_user_code_may_remove_the_folder(staging: Staging) -> None:
    folder(staging).rmdir()
    assert staging.collect(1, 1) == []
    write(folder(staging), {"a": b"1"})
    assert len(staging.collect(2, 1)) == 1


def test_a_link_in_place_of_the_folder_is_not_followed(staging: Staging, tmp_path: Path) -> None:
    write(tmp_path / "mine", {"precious": b"1"})
    folder(staging).rmdir()
    os.symlink(tmp_path / "mine", os.fsdecode(staging.folder))
    with pytest.raises(OutputError, match="replaced"):
        staging.collect(1, 1)
    staging.discard()
    assert (tmp_path / "mine" / "precious").exists()
    write(folder(staging), {"a": b"1"})
    assert [o.rel for o in staging.collect(2, 1)] == [b"a"]


def test_someone_may_tidy_the_pool_away(staging: Staging, out: bytes) -> None:
    write(folder(staging), {"a": b"1"})
    os.rmdir(pool(out))
    assert len(staging.collect(1, 1)) == 1


def test_what_cannot_be_removed_is_not_the_next_datums(staging: Staging) -> None:
    busy = folder(staging)
    write(busy, {"sub/a": b"1"})
    staging.collect(1, 1)
    (busy / "sub" / "late").write_bytes(b"written by a thread that goes on")
    assert staging.folder != os.fsencode(busy)
    assert staging.collect(2, 1) == []


def inode(path: bytes) -> int:
    return os.stat(path).st_ino


def test_datums_that_ask_for_the_same_folder_have_the_same(staging: Staging) -> None:
    first = inode(staging.within(b"a/b"))
    for datum in (1, 2):
        write(Path(os.fsdecode(staging.within(b"a/b"))), {"x": b"1"})
        assert [o.rel for o in staging.collect(datum, 1)] == [b"a/b/x"]
    assert inode(staging.within(b"a/b")) == first


@pytest.mark.parametrize("asked", [b"a", b"a/b/c", b"b", b"ab"])
def test_a_datum_finds_no_folder_but_those_it_asks_for(staging: Staging, asked: bytes) -> None:
    write(Path(os.fsdecode(staging.within(b"a/b"))), {"x": b"1"})
    staging.collect(1, 1)
    inside = staging.within(asked)
    assert inside == os.path.join(staging.folder, asked)
    private = os.fsdecode(staging.folder)
    there = {os.path.relpath(p, private) for p, _, _ in os.walk(private)} - {"."}
    names = os.fsdecode(asked).split("/")
    assert there == {"/".join(names[: n + 1]) for n in range(len(names))}


def test_folders_beside_the_one_asked_for_go_too(staging: Staging) -> None:
    write(Path(os.fsdecode(staging.within(b"a"))), {"x": b"1", "../b/y": b"2"})
    staging.collect(1, 1)
    staging.within(b"a")
    assert left(staging) == ["a"]


def test_a_folder_that_somebody_removed_is_made_again(staging: Staging) -> None:
    gone = staging.within(b"a")
    staging.collect(1, 1)
    os.rmdir(gone)
    assert os.path.isdir(staging.within(b"a"))


def test_what_a_former_run_of_the_worker_left_is_not_there(staging: Staging, out: bytes) -> None:
    write(Path(os.fsdecode(staging.within(b"a"))), {"x": b"1"})
    staging.collect(1, 1)
    assert left(Staging(out, 3, "w1")) == []
