"""Files of a real web server and members of tar archives: what tells them, and what is said."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from jupyter_datum import datums, glob, rows
from jupyter_datum.errors import InputError
from jupyter_datum.inputs import starting_at

from ..story import Story

BODY = "(datum.url.rpartition('/')[2], datum.path.read_text())"


class Web:
    """A folder on loopback, with a page of links for each folder in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        #: Which of the two it says of a file.
        self.says = {"ETag", "Last-Modified"}
        self.got: list[str] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(body=True)

            def do_HEAD(self) -> None:
                self.answer(body=False)

            def answer(self, *, body: bool) -> None:
                rel = unquote(self.path).lstrip("/")
                path = web.root / rel
                closed = rel.startswith("private") and "Authorization" not in self.headers
                found = not closed and path.exists()
                self.send_response(401 if closed else 200 if found else 404)
                data = (
                    web.page(path)
                    if found and path.is_dir()
                    else path.read_bytes()
                    if found
                    else b""
                )
                if found and path.is_file():
                    if body:
                        web.got.append(rel)
                    time = formatdate(path.stat().st_mtime, usegmt=True)
                    tags = {"ETag": f'"{hashlib.md5(data).hexdigest()}"', "Last-Modified": time}
                    for name in web.says:
                        self.send_header(name, tags[name])
                self.send_header("Content-Type", "text/html" if path.is_dir() else "text/plain")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if body:
                    self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def page(folder: Path) -> bytes:
        names = [f"{each.name}/" if each.is_dir() else each.name for each in folder.iterdir()]
        return "".join(f'<a href="{quote(n)}">{n}</a>\n' for n in sorted(names)).encode()


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setenv("JUPYTER_DATUM_CACHE", str(tmp_path / "cache"))
    (tmp_path / "www" / "data" / "deep").mkdir(parents=True)
    (tmp_path / "www" / "private").mkdir()
    (tmp_path / "www" / "private" / "mine.csv").touch()
    for name in ("a b.csv", "c.csv", "deep/d.csv", "x.txt"):
        (tmp_path / "www" / "data" / name).write_text(name)
    web = Web(tmp_path / "www")
    yield web
    web.server.shutdown()
    web.server.server_close()


def test_the_links_of_a_page_are_files(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [d.rel for d in datums(glob(f"{web.url}/data/*.csv"))] == ["a%20b.csv", "c.csv"]
    assert [d.key for d in datums(glob(f"{web.url}/data/**/(*).csv"))] == [
        {"1": "a%20b"}, {"1": "c"}, {"1": "d"},
    ]  # fmt: skip
    with pytest.raises(InputError, match="/nothing/ does not exist"):
        list(datums(glob(f"{web.url}/nothing/*.csv")))
    with pytest.raises(InputError, match=r"no credentials for http.*~/\.netrc, and give storage_o"):
        list(datums(glob(f"{web.url}/private/*.csv")))
    netrc = web.root / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password canary\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    mine = glob(f"{web.url}/private/*.csv", storage_options={"client_kwargs": {"trust_env": True}})
    assert [d.rel for d in datums(mine)] == ["mine.csv"]


@pytest.mark.parametrize("says", ["ETag", "Last-Modified"])
def test_a_file_runs_again_when_the_server_says_that_it_changed(
    web: Web, story: Story, says: str
) -> None:
    web.says = {says}
    line = f"up -i {web.url}/data/*.csv"
    row = story.run(line, BODY)
    assert (row.success, row.failed) == (2, 0), story.transform("up").failures()
    web.got.clear()
    assert story.run(line, BODY).skipped == 2 and web.got == []
    path = web.root / "data" / "c.csv"
    path.write_text("other")  # as long as before
    if says == "Last-Modified":  # which goes by seconds
        os.utime(path, (path.stat().st_mtime + 5,) * 2)
    row = story.run(line, BODY)
    assert (row.success, row.skipped) == (1, 1)
    assert story.transform("up").results() == [("a%20b.csv", "a b.csv"), ("c.csv", "other")]
    assert web.got == ["data/c.csv"]


def _tar(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(data), 1_000
            archive.addfile(member, io.BytesIO(data))


def test_members_of_a_tar_archive(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_DATUM_CACHE", str(story.folder / "cache"))
    path = story.folder / "x.tar.gz"
    _tar(path, {"in/a.txt": b"a", "in/b.txt": b"b", "in/deep/c.txt": b"c"})
    line = "up -i tar://in/*.txt::x.tar.gz"  # from the notebook's folder
    assert story.run(line, BODY).success == 2, story.transform("up").failures()
    # Another archive with the same members runs nothing; a member is known by size and time.
    _tar(path, {"in/new.txt": b"new", "in/b.txt": b"longer", "in/a.txt": b"a"})
    row = story.run(line, BODY)
    assert (row.success, row.skipped) == (2, 1)
    assert [text for _, text in story.transform("up").results()] == ["a", "longer", "new"]
    gone = f"tar://in/*.txt::file://{story.folder}/nothing.tar"
    with pytest.raises(InputError, match=r"nothing\.tar.*does not exist"):
        list(datums(glob(gone)))


def test_an_archive_in_an_archive_by_its_path(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("in/a.txt", "a")
        archive.writestr("t.csv", "id,n\nx,1\n")
    _tar(tmp_path / "x.tar.gz", {"z.zip": data.getvalue()})
    with starting_at(tmp_path):
        (member,) = datums(glob("zip://in/*.txt::tar://z.zip::x.tar.gz"))
        (row,) = datums(rows("zip://t.csv::tar://z.zip::x.tar.gz", key="id"))
    assert (member.rel, row.value) == ("a.txt", {"id": "x", "n": 1})
