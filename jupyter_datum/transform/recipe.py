"""Signed recipes: everything that decides what is executed, in one piece.

The recipe names interpreter, paths, working folder, input, options, and the digest of the
payload. Its signature (HMAC-SHA256, with a key that only this user can read) is checked
over the very bytes that are used, before anything in them is looked at. So a ledger or a
``.datum`` folder that somebody else has written starts nothing here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hmac
import json
import os
import re
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..errors import RunError, SignatureError
from ..hashing import hex_digest
from ..project import Project
from .payload import payload_digest

#: How payloads are called (:func:`payload_digest`; tables, items, grids, files of memory://).
_CODE: Final = re.compile(r"[0-9a-f]{64}")
_DATA: Final = re.compile(r"(?:table|rows|items|grid|files)-[0-9a-f]{32,64}(?:\.[a-z]+)?")

_REFUSED: Final = "this transform was recorded by someone else: run its cell"
#: Of a recipe that this user has signed, and that has other fields.
_OTHER_VERSION: Final = "another version of jupyter-datum has recorded this transform: run its cell"


@dataclass(frozen=True)
class Recipe:
    """What a run needs to be started, and started again without a kernel.

    Parameters
    ----------
    project, path : str
        Uuid and folder of the project.
    name : str
        Of the transform.
    interpreter : str
        Path.
    sys_path : list of str
    cwd : str
    input : dict
        See :meth:`jupyter_datum.inputs.Input.to_json`.
    out : str or None
        Absolute output folder.
    options : dict
        See :meth:`~.options.Options.to_json`.
    payload : str
        Digest.
    fingerprint : str
    parts : dict
    modules : str
        Digest of the project's modules as they travel.
    untracked : list of str
    source, filename : str
        The whole cell, and the name under which the kernel knows it.
    notebook, cell_id : str or None
        Hints where the cell stands.
    python : str
    packages : dict
        Name -> version, of what the cell imports.
    environment : list of str
        Names of the variables that workers get from the kernel; never a value.
    variables : dict
        Those of the fixed list that the kernel has changed, with their values.
    texts : dict
        Part -> its text, of helpers: for people.
    imports : dict
        Modules of the project that the cell imports as it runs: name -> absolute path.
    warnings : list of str
        What a plan has to say of the code: a module edited and not reloaded.
    """

    project: str
    path: str
    name: str
    interpreter: str
    sys_path: list[str]
    cwd: str
    input: dict[str, Any]
    out: str | None
    options: dict[str, Any]
    payload: str
    fingerprint: str
    parts: dict[str, str]
    modules: str
    untracked: list[str]
    source: str
    filename: str
    notebook: str | None
    cell_id: str | None
    python: str
    packages: dict[str, str] = field(default_factory=dict)
    environment: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)


def write_recipe(project: Project, recipe: Recipe) -> str:
    """Sign `recipe` and keep it; return its digest, which is its name."""
    data = _text(recipe)
    digest = hex_digest(data, 32)
    write_named(project.recipe(digest), sign(data).encode() + b"\n" + data)
    return digest


def recipe_digest(recipe: Recipe) -> str:
    """Return the name under which :func:`write_recipe` keeps `recipe`."""
    return hex_digest(_text(recipe), 32)


def _text(recipe: Recipe) -> bytes:
    return json.dumps(dataclasses.asdict(recipe), sort_keys=True).encode()


def read_recipe(project: Project, digest: str, *, signed: bool = True) -> Recipe:
    """Return a recipe that this user has signed.

    Parameters
    ----------
    project : Project
    digest : str
    signed : bool
        False: `digest` itself comes from one who has checked the signature.

    Raises
    ------
    SignatureError
        If it is missing, changed, signed by nobody we know, or of another project.
    """
    data = _checked(project, digest, signed=signed)
    try:
        recipe = Recipe(**json.loads(data))
    except (ValueError, TypeError) as exc:
        raise SignatureError(_OTHER_VERSION) from exc
    if recipe.project != project.uuid:
        raise SignatureError(f"{_REFUSED} (its recipe belongs to another project)")
    return recipe


def check_here(project: Project, recipe: Recipe) -> None:
    """See that a recipe was recorded where the project lies now, and that its code is there.

    Its paths are absolute: in a copied project they lead into the first one, whose outputs
    would be written to. The code of runs that are long over is not kept for ever.

    Raises
    ------
    RunError
        If it was recorded in another folder, or its code is gone.
    """
    try:
        same = os.path.samefile(recipe.path, project.root)
    except OSError:
        same = False
    if not same:
        raise RunError(
            f"{recipe.name} was recorded when its project lay in {recipe.path!r}, and would read "
            f"and write there. Now it lies in {str(project.root)!r}: run its cell here once"
        )
    if not project.payload(os.path.basename(recipe.payload)).exists():
        raise RunError(f"the recorded code of {recipe.name} is gone: run its cell again")


def _checked(project: Project, digest: str, *, signed: bool) -> bytes:
    if not digest.isalnum():  # a name, never a path
        raise SignatureError(_REFUSED)
    try:
        signature, _, data = project.recipe(digest).read_bytes().partition(b"\n")
    except OSError as exc:
        raise SignatureError(f"{_REFUSED} (its recipe cannot be read)") from exc
    if signed and not hmac.compare_digest(signature, sign(data).encode()):
        raise SignatureError(_REFUSED)
    if hex_digest(data, 32) != digest:
        raise SignatureError(f"{_REFUSED} (its recipe has another digest)")
    return data


class Payloads(NamedTuple):
    """Names of payloads: of the cell and the functions of its input, and of the input's data."""

    code: frozenset[str] = frozenset()
    data: frozenset[str] = frozenset()


def payloads_of(project: Project, digest: str) -> Payloads:
    """Return what a recipe needs; nothing if it cannot be read.

    Not for what runs: no signature is checked here.
    """
    try:
        fields = json.loads(project.recipe(digest).read_bytes().partition(b"\n")[2])
        names = {os.path.basename(text) for text in _texts([fields["payload"], fields["input"]])}
    except (OSError, ValueError, KeyError, TypeError):
        return Payloads()
    return Payloads(
        frozenset(name for name in names if _CODE.fullmatch(name)),
        frozenset(name for name in names if _DATA.fullmatch(name)),
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def write_payload(project: Project, data: bytes) -> str:
    """Keep a payload; return its digest."""
    digest = payload_digest(data)
    write_named(project.payload(digest), data)
    return digest


def read_payload(project: Project, digest: str) -> bytes:
    """Return a payload that a signed recipe names.

    Raises
    ------
    SignatureError
        If it is missing, or not what was signed.
    """
    if not digest.isalnum():
        raise SignatureError(_REFUSED)
    try:
        data = project.payload(digest).read_bytes()
    except OSError as exc:
        raise SignatureError("the recorded code is gone: run the cell again") from exc
    if payload_digest(data) != digest:
        raise SignatureError("the recorded code was changed: run the cell again")
    return data


def write_named(path: Path, data: bytes) -> None:
    """Write a file that is named by its content: whole, or not at all.

    One that is there is as young as one that is written: what is old and in no use is swept.
    """
    with contextlib.suppress(FileNotFoundError):  # it may be swept at this moment
        if path.stat().st_size == len(data):
            os.utime(path)
            return
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    part.replace(path)


def sign(data: bytes) -> str:
    """Return this user's signature of `data`, in hexadecimal."""
    return hmac.digest(signing_key(), data, "sha256").hex()


def signing_key() -> bytes:
    """Return this user's key, made when it is first needed (mode 0600)."""
    path = data_dir() / "jupyter-datum" / "key"
    with contextlib.suppress(FileNotFoundError):
        return _read_key(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"key.{os.getpid()}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(32))
    try:
        os.link(part, path)  # of two who make one at once, the first wins
    except FileExistsError:
        pass
    finally:
        part.unlink()
    return _read_key(path)


def _read_key(path: Path) -> bytes:
    status = path.stat()
    if sys.platform != "win32" and (status.st_mode & 0o077 or status.st_uid != os.getuid()):
        raise SignatureError(
            f"the key {str(path)!r} can be read by others; run: chmod 600 {str(path)!r}"
        )
    return path.read_bytes()


def data_dir() -> Path:
    """Return Jupyter's data folder, by its rule; jupyter_core would bring traitlets along."""
    given = os.environ.get("JUPYTER_DATA_DIR")
    if given:
        return Path(given)
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Jupyter"
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", home)) / "jupyter"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "jupyter"
