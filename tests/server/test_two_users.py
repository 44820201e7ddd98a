"""Two users on one machine (S09, S10): the second is a real one, in a process of its own.

The other user is ``nobody``, forked from here and without root's rights: modes and owners mean
for it what they say. Only root can become another, so these tests need root.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import pickle
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from jupyter_datum import registry
from jupyter_datum.errors import LedgerError, ProjectError, SignatureError
from jupyter_datum.ledger import db
from jupyter_datum.project import Project, create, find
from jupyter_datum.runner import handover
from jupyter_datum.server.actions import Actions
from jupyter_datum.server.errors import ApiError
from jupyter_datum.server.projects import Projects, Where
from jupyter_datum.transform.recipe import read_recipe, signing_key
from tests.story import Story

from .conftest import CELL, Call
from .test_context import save

pytestmark = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become another user"
)
NOBODY = 65534
T = TypeVar("T")
Other = Callable[..., Any]


def _become(home: str) -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    os.environ.update(HOME=home, JUPYTER_DATA_DIR=f"{home}/data", JUPYTER_RUNTIME_DIR=f"{home}/run")
    assert os.getuid() == os.geteuid() == NOBODY


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    """A folder in which everybody may do everything, below folders that all may pass."""
    above = [path for path in tmp_path.parents if path.stat().st_uid == 0 and path != Path("/")]
    before = {path: stat.S_IMODE(path.stat().st_mode) for path in (*above, tmp_path)}
    for path, mode in before.items():
        path.chmod(mode | 0o111)
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    yield folder
    for path, mode in before.items():
        path.chmod(mode)


@pytest.fixture
def other(shared: Path) -> Iterator[Other]:
    """Call a function of this module as the other user, whose home lies beside."""
    home = shared.parent / "nobody"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, context, _become, (str(home),)) as pool:

        def call(function: Callable[..., T], *args: Any) -> T:
            return pool.submit(function, *args).result(60)

        yield call


@pytest.fixture
def mine(jp_environ: Any, shared: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """A project of ours in the shared folder, made under a umask that forbids nothing."""
    from jupyter_datum.runner import environment

    monkeypatch.setattr(environment, "_NEVER", environment._NEVER | {"HOME", "PYTHONPATH"})
    before = os.umask(0)
    folder = shared / "mine"
    folder.mkdir()
    story = Story(folder)
    try:
        story.namespace["numbers"] = list(range(1, 10))
        assert story.run("thumbs -i numbers --workers 1 --tries 1", CELL).failed == 3
        registry.write_project(story.project)
        registry.write_kernel("k", story.project, story.folder, None, "0")
        yield story
    finally:
        os.umask(before)
        story.close()


# -- what the other user does ----------------------------------------------------------------


def _readable(paths: list[Path]) -> list[str]:
    """Those that this process can open, or look into."""
    found = []
    for path in paths:
        try:
            os.listdir(path) if path.is_dir() else path.open("rb").close()
            found.append(str(path))
        except OSError:
            pass
    return found


def _connects(path: Path) -> str:
    """What comes of telling a runner's socket a value."""
    with socket.socket(socket.AF_UNIX) as runner:
        runner.settimeout(20)
        try:
            runner.connect(str(path))
            runner.sendall(json.dumps({"run": "0" * 32, "values": {"A": "b"}}).encode() + b"\n")
            return repr(runner.recv(16))
        except OSError as exc:
            return type(exc).__name__


def _serve(root: Path, uuid: str, run: str, data: Path | None = None) -> dict[str, Any]:
    """What this user's server says of a project: by its notebook, by its uuid, and to a retry."""
    if data is not None:
        os.environ["JUPYTER_DATA_DIR"] = str(data)

    async def ask() -> dict[str, Any]:
        projects = Projects(root)
        said: dict[str, Any] = {}
        try:
            said["context"] = await projects.context(Where("book.ipynb", None))
            reader = await projects.reader(uuid)
            count = "select count(*) from datum"
            said["datums"] = await reader.read(lambda conn: conn.execute(count).fetchone()[0])
            await Actions().retry(reader, run, {"what": "failed"})
        except ApiError as exc:
            said["error"] = (exc.status_code, exc.code, exc.message)
        finally:
            projects.close()
        return said

    return asyncio.run(ask())


def _register(uuid: str, root: Path) -> str:
    """Register a project that is another's as if it were this user's."""
    assert registry.write_project(Project(root, uuid))
    return str(registry.project_file(uuid))


def _plant(folder: Path, canary: Path) -> str:
    """Make a project whose ledger and files want to be executed; return its uuid."""
    os.umask(0)
    project = create(folder)
    with db.transaction(conn := db.connect(project)):
        conn.execute("create table bait (value)")
    conn.close()
    evil = pickle.dumps(_Evil(f"open({str(canary)!r}, 'w')"))
    for name in ("payloads/0", "results/0", "recipes/0.json"):
        (project.dir / name).write_bytes(evil)
    project.dir.chmod(0o777)
    return project.uuid


class _Evil:
    def __init__(self, code: str) -> None:
        self.code = code

    def __reduce__(self) -> Any:
        return exec, (self.code,)


def _recipes(project: Project) -> str:
    """What this user says to the first recipe of a project."""
    (first, *_) = (project.dir / "recipes").iterdir()
    try:
        return read_recipe(project, first.stem).name
    except SignatureError as exc:
        return str(exc)


# -- what comes of it ------------------------------------------------------------------------


def test_nothing_of_a_project_is_read_by_another(mine: Story, other: Other) -> None:
    """Neither through its folder, nor file by file where somebody has opened the folder."""
    inside = [path for path in mine.project.dir.rglob("*")]
    assert {"payloads", "recipes", "runs", "results"} <= {path.name for path in inside}
    key = registry.data_dir() / "jupyter-datum" / "key"
    known = [key, registry.project_file(mine.project.uuid), registry.kernel_file("k")]
    assert signing_key() and len(_readable(known)) == 3
    assert other(_readable, [mine.folder]) == [str(mine.folder)]
    assert other(_readable, [mine.project.dir, *inside, *known]) == []
    mine.project.dir.chmod(0o777)
    secret = [
        path for path in inside
        if path.parent.name in ("payloads", "recipes", "results", "logs", "j")
        or path.name.startswith(("ledger", "runner"))
    ]  # fmt: skip
    assert len(secret) > 5 and other(_readable, secret) == []


def test_the_runners_socket_is_closed_to_another(mine: Story, other: Other) -> None:
    """By its folder's mode; and if that is opened, by who asks."""
    places = [path for path in handover._places(mine.project, sys.executable) if path.exists()]
    assert len(places) == 1
    (place,) = places
    assert other(_connects, place) == "PermissionError"
    folder = place.parent
    modes = [(path, stat.S_IMODE(path.stat().st_mode)) for path in (folder, place)]
    assert [mode for _, mode in modes] == [0o700, 0o600]
    try:
        folder.chmod(0o711)
        place.chmod(0o666)
        assert other(_connects, place) in ("b''", "ConnectionResetError", "BrokenPipeError")
    finally:
        for path, mode in modes:
            path.chmod(mode)


def test_a_project_of_another_is_as_unknown_as_none(mine: Story, other: Other) -> None:
    save(mine.folder, "1")
    run, uuid = mine.latest("thumbs"), mine.project.uuid
    assert _serve(mine.folder, uuid, "0" * 32)["datums"] == 9
    unknown = other(_serve, mine.folder, "0" * 32, run)
    theirs = other(_serve, mine.folder, uuid, run)
    assert theirs == unknown
    assert theirs["error"][:2] == (404, "not-found") and theirs["context"]["project"] is None
    other(_register, uuid, mine.folder)
    assert other(_serve, mine.folder, uuid, run) == unknown
    assert other(_serve, mine.folder, uuid, run, registry.data_dir()) == unknown


def give_away(folder: Path, but: Path | None = None) -> None:
    for path in (folder, *folder.rglob("*")):
        with contextlib.suppress(FileNotFoundError):  # SQLite takes its -wal and -shm along
            if path != but:
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def test_a_ledger_that_was_given_away_is_shown_and_runs_nothing(
    mine: Story, other: Other, shared: Path
) -> None:
    """A copy of ours in a folder of theirs, whose ledger is ours still."""
    mine.close()
    run = mine.latest("thumbs")
    save(mine.folder, "1")
    give_away(mine.folder, but=mine.project.ledger)
    mine.project.ledger.chmod(0o644)
    before = mine.project.ledger.read_bytes()
    said = other(_serve, mine.folder, mine.project.uuid, run)
    assert said["context"]["state"] == "foreign" and said["datums"] == 9
    assert said["error"][:2] == (409, "foreign")
    assert mine.project.ledger.read_bytes() == before
    assert "someone else" in other(_recipes, mine.project)


def test_even_its_own_ledger_runs_no_recipe_of_another(mine: Story, other: Other) -> None:
    mine.close()
    save(mine.folder, "1")
    run = mine.latest("thumbs")
    give_away(mine.folder)
    said = other(_serve, mine.folder, mine.project.uuid, run)
    assert said["context"]["state"] == "ok" and said["datums"] == 9
    assert said["error"][:2] == (409, "foreign") and "someone else" in said["error"][2]


async def test_what_another_has_planted_is_not_opened(
    call: Call, shared: Path, other: Other, jp_root_dir: Path, tmp_path: Path
) -> None:
    """In a folder of theirs below our root, and in one of ours that they may write to."""
    theirs, ours = shared / "theirs", jp_root_dir / "ours"
    canary = tmp_path / "executed"
    theirs.mkdir()
    os.chown(theirs, NOBODY, NOBODY)
    (jp_root_dir / "theirs").symlink_to(theirs)
    ours.mkdir()
    for path in (jp_root_dir, jp_root_dir.parent):
        path.chmod(0o755)
    ours.chmod(0o777)
    for folder, name in ((theirs, "theirs"), (ours, "ours")):
        uuid = other(_plant, folder, canary)
        (folder / "book.ipynb").write_text((jp_root_dir / save(jp_root_dir, "1")).read_text())
        answer = await call("context", params={"path": f"{name}/book.ipynb"})
        assert answer.status == 404 or answer.json["project"] is None, answer
        assert (await call("projects", uuid, "runs")).status == 404
        registry.write_project(Project(folder, uuid))
        assert (await call("projects", uuid, "runs")).status == 404
    assert not canary.exists()


def test_a_kernel_takes_no_project_that_another_has_planted(
    shared: Path, other: Other, tmp_path: Path
) -> None:
    """Its journals and results would be read as ours: whose folder it is decides."""
    ours = shared / "ours"
    ours.mkdir()
    ours.chmod(0o777)
    other(_plant, ours, tmp_path / "executed")
    for look in (find, create):
        with pytest.raises(ProjectError, match="another user"):
            look(ours)
    (ours / "deeper").mkdir()
    with pytest.raises(ProjectError, match="another user"):
        find(ours / "deeper")


async def test_what_another_has_registered_is_nothing(
    call: Call, mine: Story, jp_root_dir: Path
) -> None:
    """The server runs as us, may read their files, and does not believe them."""
    file = registry.project_file(mine.project.uuid)
    base = ("projects", mine.project.uuid, "runs")
    assert not mine.folder.is_relative_to(jp_root_dir)
    os.chown(file, NOBODY, NOBODY)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert registry.projects() == [] and (await call(*base)).status == 404
    kernel = registry.kernel_file("k")
    assert registry.read_kernel("k") is not None
    os.chown(kernel, NOBODY, NOBODY)
    assert registry.read_kernel("k") is None
    os.chown(file, 0, 0)
    assert (await call(*base)).status == 200


def test_a_key_of_another_signs_nothing(mine: Story) -> None:
    key = registry.data_dir() / "jupyter-datum" / "key"
    (first, *_) = (mine.project.dir / "recipes").iterdir()
    assert read_recipe(mine.project, first.stem).name == "thumbs"
    os.chown(key, NOBODY, NOBODY)
    with pytest.raises(SignatureError, match="read by others"):
        read_recipe(mine.project, first.stem)


def test_a_ledger_that_may_not_be_read_says_so(mine: Story, other: Other) -> None:
    mine.project.dir.chmod(0o755)
    with pytest.raises(LedgerError, match="cannot be opened"):
        other(_open, mine.project)


def _open(project: Project) -> None:
    db.connect(project, readonly=True).close()
