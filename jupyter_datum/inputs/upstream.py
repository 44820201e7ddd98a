"""``transform("name")``: every datum that another transform has done well is a datum.

Its key is the upstream datum's, its files are that datum's outputs, its value is that
datum's result, and it captures what the upstream transform's own pattern captured. What
failed, or was made by older code, feeds nothing until it is made anew (:mod:`.idle`).
"""

from __future__ import annotations

import builtins
import contextlib
import difflib
import json
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..errors import DatumError, InputError, SignatureError
from ..events import Stat
from ..hashing import encode_lazy, stat_of
from ..ledger import db, queries
from ..ledger.bitmap import Bitmap
from ..ledger.feed import Given, given, listed
from ..project import Project
from ..remote import is_url
from ..states import RunStatus
from ..transform.moved import here
from ..transform.recipe import Recipe, read_recipe
from .base import (
    Came,
    Due,
    Errors,
    Going,
    Input,
    Lacking,
    Listed,
    Member,
    Piece,
    check_keys,
    input_from_json,
)
from .cells import noted_cells
from .follow import Following, Step, WasListed
from .idle import WAIT, Idle, check_on_error
from .named import asked_for, project_here
from .place import folder
from .signed import output_folders


class UpstreamInput(Input):
    """The datums of another transform.

    Parameters
    ----------
    transform : str
        Its name.
    name : str, optional
        Of the input, for ``datum.paths``; by default the transform's.
    project : Project, optional
        By default the one of the notebook's folder.
    on_error : {"wait", "skip"}
        Whether what is made of several of its datums waits while one of them has failed, or is
        made without it.
    """

    kind = "transform"
    ordered = True
    told_by_key = False
    valued = True

    def __init__(
        self,
        transform: str,
        name: str | None = None,
        project: Project | None = None,
        on_error: str = WAIT,
    ) -> None:
        self.transform = transform
        self.given = name
        self.on_error = check_on_error(on_error)
        self._given = project
        self.following: Following | None = None
        self._at_once = False
        self._source: Input | None = None
        self._sought = False

    @property
    def name(self) -> str:
        return self.given or self.transform

    @property
    def hints(self) -> tuple[str, ...]:
        return (self.name,)

    def stored(self, project: Project) -> UpstreamInput:
        other = self.called(self.given or "")
        other._given = self._given or project
        return other

    @property
    def project(self) -> Project:
        """Where the other transform is recorded."""
        found = self._given or project_here()
        if found is None:
            raise InputError(
                f"transform({self.transform!r}) belongs to a project, and there is no .datum "
                f"folder at or above {folder()}: run the cell of that transform first"
            )
        self._given = found
        return found

    @property
    def roots(self) -> dict[str, bytes]:
        with self._ledger() as conn:
            asked = asked_for(conn, self.project).get(self.transform)
        if asked is not None:  # signed by this user
            return {self.name: os.fsencode(asked.out)} if asked.out else {}
        if (cell := self._not_run_yet()) is not None:
            return {self.name: os.fsencode(cell.out)} if cell.out else {}
        row = self._row()
        self._check_signed(row)
        return {self.name: row.out} if row.out else {}

    @property
    def capture_names(self) -> frozenset[str]:  # type: ignore[override]
        source = self.source()
        return source.capture_names if source is not None else frozenset()

    def captures(self, key: bytes) -> dict[str, str]:
        source = self.source()
        return source.captures(key) if source is not None else {}

    def read(self, parts: Sequence[bytes], at: int) -> tuple[dict[str, str], int]:
        source = self.source()
        return source.read(parts, at) if source is not None else ({}, at + 1)

    def source(self) -> Input | None:
        """The input of the other transform, if this user has signed for it: as it was asked
        for last, or as it ran last."""
        if not self._sought:
            self._sought = True
            with self._ledger() as conn:
                recipe = asked_for(conn, self.project).get(self.transform)
                run = queries.latest_run(conn, self.transform)
            with contextlib.suppress(SignatureError, DatumError):
                if recipe is None and run is not None:
                    recipe = read_recipe(self.project, run.recipe)
                recipe = recipe or self._not_run_yet()
                if recipe is not None:
                    self._source = input_from_json(here(recipe, self.project).input, self.project)
        return self._source

    def may_list(self, folder: bytes) -> bool:
        return False  # it lists datums: those of the transform that it names

    def awaits(self, runs: Collection[str]) -> bool:
        return self.transform in runs

    def announces(self, runs: Collection[str]) -> bool:
        return True

    def go_along(self, runs: Mapping[str, Following], *, at_once: bool) -> builtins.list[Input]:
        if not self.awaits(runs):
            return []
        self.following = runs[self.transform]
        self._at_once = at_once
        self.ordered = not at_once
        return [self] if at_once else []

    def list(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Listed]:
        idle = Idle(self.transform, self.on_error)
        return (step for step in self._steps(errors, idle) if isinstance(step, Listed))

    def going(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Going]:
        idle, awaited = Idle(self.transform, self.on_error), False
        for step in self._steps(errors, idle):
            if isinstance(step, WasListed):
                awaited = True
                yield Due(self._stubs(step.to_come), last=True)
            else:
                yield step and Came(self._piece(step), awaited)
        if self.on_error == WAIT:
            yield from self._lacking(idle)

    def _piece(self, listed: Listed) -> Piece:
        return Piece(listed, (Member(self, listed),))

    def _stubs(self, keys: Iterable[bytes]) -> Iterator[Piece]:
        return (self._piece(Listed(key, (), None, self.captures(key))) for key in keys)

    def _lacking(self, idle: Idle) -> Iterator[Lacking]:
        """What is not there, and what transforms further up keep from being there."""
        if (keys := idle.keys) is not None:
            yield Lacking(self._stubs(keys))
        source = self.source()
        if idle.more or source is None or not self._was_incomplete():
            if idle.more:
                yield Lacking(None)
            return
        above = [leaf for leaf in source.leaves if isinstance(leaf, UpstreamInput)]
        if source.foreign and above:  # not to be listed in this process
            yield Lacking(None)
        elif above:
            for step in source.going(frozenset(), []):
                if isinstance(step, Lacking):
                    its = step.pieces
                    yield Lacking(its and self._stubs(piece.listed.key for piece in its))

    def _was_incomplete(self) -> bool:
        """Whether its last run has not seen all of its input, or of what that is made of: whoever
        takes one datum of each sees nothing lack."""
        with self._ledger() as conn:
            run = queries.latest_run(conn, self.transform)
        if run is not None and "errors" in json.loads(run.note or "{}"):
            return True
        leaves = getattr(self.source(), "leaves", ())
        above = (leaf for leaf in leaves if isinstance(leaf, UpstreamInput))
        return any(leaf._was_incomplete() for leaf in above if leaf.on_error == WAIT)

    def _steps(self, errors: Errors, idle: Idle) -> Iterator[Listed | WasListed | None]:
        """Yield the datums, and between them what else is known of a run that is followed
        (:meth:`.follow.Following.steps`). Those that feed nothing are put into `idle`."""
        if self._not_run_yet() is not None:
            return  # what it will give is yet to come
        row = self._row()
        out = row.out or b""
        out = out if is_url(out) else os.path.normpath(out)
        known = 0
        with self._ledger() as conn:
            for datum in self._datums(conn, row.id, errors, idle):
                if not isinstance(datum, Given):
                    yield datum
                    continue
                known += 1
                files = self._files(datum, out) if datum.good else None
                if files is not None:
                    captures = self.captures(datum.key)
                    yield Listed(datum.key, files, _value(datum), captures, (datum.id,))
                else:
                    idle.add(datum)
            if not errors and self.following is None:
                idle.not_run = listed(conn, row.id) - known
        idle.tell(errors)

    def _datums(
        self, conn: sqlite3.Connection, transform: int, errors: Errors, idle: Idle
    ) -> Iterator[Step]:
        """Those of a run that is followed as it makes them, then what there is beside them."""
        seen = Bitmap()
        if self.following is not None:
            if not self._at_once:
                yield from self.following.until_end(conn)
            for step in self.following.steps(conn, self.project):
                if isinstance(step, Given):
                    seen.add(step.id)
                yield step
            if self.following.stopped:
                return
        run = queries.latest_run(conn, self.transform)
        if run is not None and run.ended is None:
            errors.append(f"{self.transform} is running still: its later datums are left out")
        elif run is not None and run.status in (RunStatus.CANCELLED, RunStatus.ERROR):
            what = "was cancelled" if run.status == RunStatus.CANCELLED else "was stopped"
            errors.append(f"{self.transform} {what}: what it did not come to is left out")
            idle.more = True
        for datum in given(conn, transform):
            if datum.id not in seen:
                yield datum

    def _files(self, datum: Given, out: bytes) -> tuple[tuple[str, bytes, Stat], ...] | None:
        """Its outputs as they are now; None if one is gone."""
        found = []
        for path, size, token, _ in datum.outputs:
            if is_url(path):  # what stands there now the worker will see
                rel = path[len(out.rstrip(b"/")) + 1 :]
                found.append((self.name, rel, Stat(size, 0, 0, token)))
                continue
            try:
                stat = stat_of(os.stat(path))
            except OSError:
                return None
            found.append((self.name, os.path.relpath(path, out), stat))
        return tuple(found)

    def _not_run_yet(self) -> Recipe | None:
        """The cell of the other transform, if that has never run."""
        cell = noted_cells(self.project).get(self.transform)
        if cell is None:
            return None
        with contextlib.closing(db.connect(self.project, readonly=True)) as conn:
            return cell.recipe if queries.transform(conn, self.transform) is None else None

    def _check_signed(self, row: queries.TransformRow) -> None:
        """See that a URL is one that this user has put outputs at: credentials go there."""
        if row.out is None or not is_url(row.out):
            return
        with self._ledger() as conn:
            if row.out in output_folders(conn, self.project, row.id):
                return
        raise InputError(
            f"the outputs of {self.transform!r} are said to be at {os.fsdecode(row.out)}, which "
            "you have not signed for: run its cell"
        )

    @contextlib.contextmanager
    def _ledger(self) -> Iterator[sqlite3.Connection]:
        if not self.project.ledger.exists():
            raise self._never_ran("")
        with contextlib.closing(db.connect(self.project, readonly=True)) as conn:
            yield conn

    def _never_ran(self, hint: str) -> InputError:
        return InputError(
            f"no transform named {self.transform!r} has run yet{hint}. Run its cell first"
        )

    def _row(self) -> queries.TransformRow:
        with self._ledger() as conn:
            row = queries.transform(conn, self.transform)
            if row is not None:
                return row
            names = [known.name for known in queries.transforms(conn)]
        near = difflib.get_close_matches(self.transform, names, n=3) or names[:5]
        raise self._never_ran(f"; there are: {', '.join(near)}" if near else "")

    def to_json(self) -> dict[str, Any]:
        more = {} if self.on_error == WAIT else {"on_error": self.on_error}
        return {"transform": self.transform, **more, **self.common_json()}

    @classmethod
    def from_json(cls, spec: dict[str, Any], project: Project | None) -> UpstreamInput:
        check_keys(spec, "transform", "on_error")
        on_error = spec.get("on_error", WAIT)
        made = cls(str(spec["transform"]), project=project, on_error=on_error)
        return made.take_common(spec, project)

    def describe(self) -> str:
        return f"transform({self.transform!r})"

    def nothing_found(self) -> tuple[str, str, tuple[str, ...]]:
        return f"no datum of {self.transform} has succeeded with its present code", "", ()


def _value(datum: Given) -> bytes | None:
    """The result, encoded as a value."""
    if datum.kind is None or datum.result is None:
        return None
    if datum.kind in ("json", "pickle"):
        return datum.kind[:1].encode() + bytes(datum.result)
    return encode_lazy({"result": datum.kind, "data": bytes(datum.result).hex()})
