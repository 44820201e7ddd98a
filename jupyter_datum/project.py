"""A project: the folder that holds ``.datum/``, and the names of everything in it."""

from __future__ import annotations

import json
import os
import stat
import sys
import uuid
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from .errors import ProjectError

FOLDER = ".datum"
#: Protocol of everything that crosses a process border; raised when an old half cannot follow.
PROTOCOL = 1


@dataclass(frozen=True)
class Project:
    """Where a project lies.

    Parameters
    ----------
    root : Path
        Absolute; the folder in which ``.datum/`` stands.
    uuid : str
        32 hexadecimal digits; the only name of the project that a browser ever sees.
    """

    root: Path
    uuid: str

    @property
    def dir(self) -> Path:
        """The ``.datum`` folder."""
        return self.root / FOLDER

    @property
    def ledger(self) -> Path:
        """The SQLite file."""
        return self.dir / "ledger.sqlite"

    @property
    def log(self) -> Path:
        """What runners print."""
        return self.dir / "runner.log"

    def lock(self, interpreter: str) -> Path:
        """The file whose OS lock the runner of `interpreter` (a path) holds for its life."""
        return self.dir / f"runner-{interpreter_id(interpreter)}.lock"

    def payload(self, digest: str) -> Path:
        """Captured code and values."""
        return self.dir / "payloads" / digest

    def recipe(self, digest: str) -> Path:
        """A signed recipe."""
        return self.dir / "recipes" / f"{digest}.json"

    def result(self, digest: str) -> Path:
        """A result too large for its record, by the digest of its bytes."""
        return self.dir / "results" / digest[:2] / digest

    def stored(self, digest: str) -> Path:
        """An output of a former version that is kept, by the digest of its bytes."""
        return self.dir / "store" / digest[:2] / digest

    def run(self, run: str) -> Path:
        """The folder of one run (its uuid): ``plan states j/ claims/ logs/``."""
        return self.dir / "runs" / run

    def journal(self, run: str, epoch: int, worker: str) -> Path:
        """The journal of one worker life in one run."""
        return self.run(run) / "j" / f"{epoch}-{worker}"

    def worker_log(self, run: str, epoch: int, worker: str) -> Path:
        """What user code printed in one worker life; attempts hold (offset, length) of it."""
        return self.run(run) / "logs" / f"{epoch}-{worker}.log"

    def claim(self, run: str, set_id: int, generation: int) -> Path:
        """The file whose ``O_EXCL`` creation claims a datum set."""
        return self.run(run) / "claims" / f"{set_id}-{generation}"

    def rest(self, run: str, set_id: int, generation: int, position: int) -> Path:
        """The same for what follows a slow datum in a set: worker and runner race for it."""
        return self.run(run) / "claims" / f"{set_id}-{generation}-{position}"

    def halt(self, run: str) -> Path:
        """The file that is there while workers are to begin nothing of a run: they look, too,
        since what they were sent may be more than the datum at hand."""
        return self.run(run) / "halt"


def interpreter_id(interpreter: str) -> str:
    """Eight hexadecimal digits for an interpreter's path: the name of its runner."""
    return blake2b(os.fsencode(interpreter), digest_size=4).hexdigest()


def find(start: Path) -> Project | None:
    """Return the nearest project at or above `start`, or None.

    The search is git's: upwards, but never past the home folder, a mount, or a folder of
    another user.

    Raises
    ------
    ProjectError
        If what lies there is damaged, or another user's in a folder of this one.
    """
    for folder in _upwards(start):
        marker = folder / FOLDER / "project.json"
        if marker.is_file():
            _check_owner(marker.parent)
            return _read(folder, marker)
    return None


def find_or_create(start: Path) -> Project:
    """Return the nearest project, or make one at `start` itself.

    Raises
    ------
    ProjectError
        If the folder cannot be written, or its ``project.json`` is damaged.
    """
    start = Path(os.path.realpath(start))
    return find(start) or create(start)


def create(root: Path) -> Project:
    """Make ``.datum/`` in `root` (mode 0700, with a ``.gitignore`` of its own)."""
    root = Path(os.path.realpath(root))
    folder = root / FOLDER
    marker = folder / "project.json"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        _check_owner(folder)
        for name in ("payloads", "recipes", "results", "runs"):
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        (folder / ".gitignore").write_text("*\n")
        if not marker.exists():
            text = json.dumps({"uuid": uuid.uuid4().hex, "protocol": PROTOCOL})
            part = folder / f".project.{os.getpid()}"
            part.write_text(text)
            try:
                os.link(part, marker)  # the first of two who race wins, the other reads
            except FileExistsError:
                pass
            finally:
                part.unlink()
    except OSError as exc:
        raise ProjectError(
            f"cannot make {str(folder)!r}: {exc.strerror}. Open the notebook from a folder "
            "you can write to, or set DATUM_PROJECT to one"
        ) from exc
    return _read(root, marker)


def _read(root: Path, marker: Path) -> Project:
    try:
        fields = json.loads(marker.read_text())
        return Project(root=root, uuid=str(fields["uuid"]))
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ProjectError(
            f"{str(marker)!r} is damaged ({exc}). Move the folder {str(marker.parent)!r} away: "
            "outputs stay, the history of runs goes with it"
        ) from exc


def _check_owner(folder: Path) -> None:
    """Where others may write, one of them may have made ``.datum``: what lies in it is read as
    this user's own, and its owner could exchange it at any time."""
    if not (_ours(folder.stat()) and folder.lstat().st_uid == folder.stat().st_uid):
        raise ProjectError(
            f"{str(folder)!r} belongs to another user and is not taken for a project. Move it "
            "away, or set DATUM_PROJECT to a folder of your own"
        )


def _upwards(start: Path) -> list[Path]:
    start = Path(os.path.realpath(start))
    home = Path(os.path.realpath(Path.home()))
    found: list[Path] = []
    try:
        first = start.stat()
    except FileNotFoundError:  # DATUM_PROJECT may name any
        return []
    for folder in (start, *start.parents):
        here = folder.stat()
        if here.st_dev != first.st_dev or not _ours(here):
            break
        found.append(folder)
        if folder == home:
            break
    return found


def _ours(status: os.stat_result) -> bool:
    if sys.platform == "win32":
        return True
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
