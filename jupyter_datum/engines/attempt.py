"""One attempt at one datum: everything between *begun* and *done* or *failed*.

Nothing that user code raises or returns gets out of here as an object: an attempt ends in
the bytes of one record, whatever happens.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import perf_counter, time
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ..datum import Datum, Form
from ..devices import device_of
from ..errors import OutputError, RunError
from ..events import (
    DatumSet,
    Done,
    Failed,
    Failure,
    InputFile,
    LogSegment,
    OutputFile,
    Result,
    SetItem,
)
from ..hashing import Digests, bytes_digest, decode_value, file_digest, seen_digest, stat_of
from ..outputs.staging import Staging
from ..project import Project
from ..results import keep_bytes, keep_result
from ..results.display import SHOWN, close_figures, open_figures, outputs_of, take_figures
from ..transform.fallback import Fallback, both
from .fetch import fetcher_for
from .folders import added
from .logs import Capture
from .outcome import framed, framed_failure, plain, plain_failure

#: Loaded by the cell, if at all.
_PYPLOT: Final = "matplotlib.pyplot"
#: A named tuple from a tuple of the right length: a third of the time of its own maker.
_new = tuple.__new__
#: A worker's datums mostly have the same few folders, and making a path takes microseconds.
_as_path = lru_cache(64)(lambda folder: Path(os.fsdecode(folder)))
#: In place of the content of a matched folder.
_FOLDER: Final = bytes_digest(b"")


class Transform(NamedTuple):
    """A recipe made ready to run."""

    #: Takes a datum; for batches a list of them.
    run: Callable[[Any], Any]
    input: str
    filename: str
    code: str
    cwd: str
    #: Loads the values that are not sent, but told of.
    load: Callable[[dict[str, Any]], Any] | None = None
    form: Form = Form()
    #: Storage options of inputs behind URLs, by the input's name.
    storage: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    #: Raises if a result is not what it must be.
    check: Callable[[Any], None] | None = None
    #: Called when the last try has failed.
    fallback: Fallback | None = None

    def recovering(self, failure: Failure) -> Transform:
        """Return it with the fallback in place of the cell."""
        fallback = self.fallback
        if fallback is None:
            raise RunError("this transform was recorded without --recover: run its cell again")
        return self._replace(run=lambda datum: fallback(datum, failure))


@dataclass(slots=True)
class Attempt:
    """One attempt at work: what is known of it so far."""

    item: SetItem
    set_id: int
    began: float
    start: float
    figures: frozenset[int]
    inputs: tuple[InputFile, ...] = ()
    filename: str = ""
    datum: Any = None
    check: Callable[[Any], None] | None = None


class Bench:
    """Where the datums of a run are processed, one after another, by one worker.

    Parameters
    ----------
    project : Project
    header : DatumSet
        Any set of the run; its items are not looked at.
    capture : Capture
        Where they print.
    """

    def __init__(self, project: Project, header: DatumSet, capture: Capture) -> None:
        self._project = project
        self._epoch = header.epoch
        self._roots = {name: os.path.join(root, b"") for name, root in header.roots.items()}
        #: Gets what lies behind URLs; None where nothing does.
        self._fetcher = fetcher_for(header.roots)
        self._shared = header.sync
        self._seen = header.seen
        self._capture = capture
        self._digests = Digests()
        self._staging: Staging | None = None
        self._out = header.out
        if header.out is not None:
            self._staging = Staging(header.out, header.epoch, header.worker)
        self._scratch = project.run(header.run) / "tmp" / f"{header.epoch}-{header.worker}"
        self._tmp_used = False
        self._device = device_of(os.environ)
        #: What the datum at work failed of, if it is to be recovered.
        self._failure: Failure | None = None
        #: What is being done: a phase of :class:`~jupyter_datum.events.Failure`, or "".
        self.phase = ""
        self.failures = 0

    # -- what a datum asks for -----------------------------------------------------------

    def out(self) -> Path:
        """Return the private folder for outputs."""
        return _as_path(self._outputs().folder)

    def out_folder(self, rel: str) -> Path:
        """Return the folder `rel` of it."""
        return _as_path(self._outputs().within(os.fsencode(rel)))

    def _outputs(self) -> Staging:
        if self._staging is None:
            raise OutputError("this transform has no output folder: give it one with -o FOLDER")
        return self._staging

    def tmp(self) -> Path:
        """Return the private folder for what is not kept."""
        self._tmp_used = True
        self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._scratch

    def log(self, text: str) -> None:
        """Add `text` to the attempt's log."""
        self._capture.write(text)

    # -- an attempt ----------------------------------------------------------------------

    def run(self, item: SetItem, set_id: int, load: Callable[[], Transform]) -> bytes:
        """Process one datum; return the frame of its :class:`Done` or :class:`Failed`.

        Parameters
        ----------
        item : SetItem
        set_id : int
        load : callable
            Gives the transform; what it raises is a failure of the set-up.
        """
        self._capture.begin()
        attempt = self.begin(item, set_id)
        try:
            transform = self.enter(attempt, load)
            self.phase = "cell"
            return self.done(attempt, transform.run(attempt.datum))
        except BaseException as exc:
            return self.failed(attempt, exc)
        finally:
            self.leave(attempt)

    def begin(self, item: SetItem, set_id: int) -> Attempt:
        """Note the beginning of an attempt."""
        figures: frozenset[int] = open_figures() if _PYPLOT in sys.modules else frozenset()
        return Attempt(item, set_id, time(), perf_counter(), figures)

    def enter(self, attempt: Attempt, load: Callable[[], Transform]) -> Transform:
        """Load the code and look at the input: then ``attempt.datum`` is there."""
        item = attempt.item
        self.phase = "setup"
        transform = load()
        attempt.filename = transform.filename
        self.phase = "input"
        if self._fetcher:
            self._fetcher.options(transform.storage)
        if item.files:
            attempt.inputs = self._hashed(item)
        attempt.datum = self._datum(item, attempt.inputs, transform)
        attempt.check = transform.check
        return transform

    def again(self, attempt: Attempt, transform: Transform) -> None:
        """Have the attempt's datum as it was before its cell was called."""
        SHOWN.clear()
        if _PYPLOT in sys.modules:
            close_figures(attempt.figures)
        if self._staging:
            self._staging.discard()
        self._clear()
        attempt.datum = self._datum(attempt.item, attempt.inputs, transform)

    def done(
        self, attempt: Attempt, answer: Any, log: LogSegment | None = None, share: int = 1
    ) -> bytes:
        """Return the frame of a :class:`Done`; raises what keeps it from being one.

        Parameters
        ----------
        attempt : Attempt
        answer : object
            What the cell gave.
        log : LogSegment, optional
            What was printed, if others printed there too.
        share : int
            How many datums one call was for.
        """
        item, inputs, datum = attempt.item, attempt.inputs, attempt.datum
        self.phase = "result"
        if attempt.check is not None:
            attempt.check(answer)
        result = None if answer is None else self._result(answer)
        display = None
        if _PYPLOT in sys.modules and share == 1:
            take_figures(attempt.figures, answer)
        if (SHOWN and share == 1) or (result is not None and result.kind[:4] != "json"):
            display = self._display(answer, result)
        metrics = datum._metrics and plain(datum._metrics)
        self.phase = "output"
        outputs = self._collected(item)
        dirty = bool(inputs) and (any(map(self._changed, inputs)) or self._came(inputs))
        done = _new(Done, (
            item.position, item.datum, item.key, item.attempt, self._epoch, attempt.set_id,
            attempt.began, (perf_counter() - attempt.start) / share, inputs, outputs, result,
            log or self._capture.end(), metrics or None, dirty,
            seen_digest(item.value, item.captures) if self._seen else None,
            display, item.upstream, self._failure is not None,
        ))  # fmt: skip
        self.phase = "result"
        return framed(done)

    def failed(self, attempt: Attempt, exc: BaseException) -> bytes:
        """Return the frame of a :class:`Failed`."""
        phase, self.phase = self.phase, ""
        self.failures += 1
        item = attempt.item
        failure = self._with_first(plain_failure(exc, phase, attempt.filename))
        failed = Failed(
            item.position, item.datum, item.key, item.attempt, self._epoch, attempt.set_id,
            attempt.began, perf_counter() - attempt.start, attempt.inputs, failure, None,
            self._partial(item), item.upstream, self._shown(attempt),
        )  # fmt: skip
        return framed_failure(failed._replace(log=self._log()))

    def leave(self, attempt: Attempt) -> None:
        """Let go of what an attempt had, whatever became of it."""
        self.phase = ""
        SHOWN.clear()
        if _PYPLOT in sys.modules:
            close_figures(attempt.figures)
        if self._fetcher:
            self._fetcher.done()
        self._clear()

    def _clear(self) -> None:
        if self._tmp_used:
            self._tmp_used = False
            shutil.rmtree(self._scratch, ignore_errors=True)

    def listen(self) -> None:
        """Keep from now on what is printed."""
        self._capture.begin()

    def heard(self) -> LogSegment | None:
        """Return what has been printed since then, once."""
        return self._capture.end()

    def recover(
        self, item: SetItem, set_id: int, load: Callable[[], Transform], failure: Failure
    ) -> bytes:
        """As :meth:`run`, for a datum whose last try failed: its fallback runs."""
        self._failure = failure
        try:
            return self.run(item, set_id, lambda: load().recovering(failure))
        finally:
            self._failure = None

    def _with_first(self, failure: Failure) -> Failure:
        return failure if self._failure is None else both(self._failure, failure)

    def _datum(self, item: SetItem, inputs: tuple[InputFile, ...], transform: Transform) -> Datum:
        value = None if item.value is None else decode_value(item.value, transform.load)
        files: tuple[tuple[str, str, bytes], ...] = ()
        contents: tuple[bytes, ...] = ()
        if inputs:
            files = tuple((f.name, os.fsdecode(self._path(f.name, f.rel)), f.rel) for f in inputs)
            contents = tuple(f.content for f in inputs)
        datum = Datum(
            transform.input, item.key, files, value, item.captures, item.position, item.attempt,
            self, contents, transform.code, transform.form, item.value if self._seen else None,
        )  # fmt: skip
        datum.device = self._device
        return datum

    def url(self, name: str, rel: bytes) -> str | None:
        """Return the URL of a file of the datum at work; None if it is a file of this machine."""
        is_far = self._fetcher and name in self._fetcher.roots
        return self._fetcher.url(name, rel) if self._fetcher and is_far else None

    def _path(self, name: str, rel: bytes) -> bytes:
        if self._fetcher and name in self._fetcher.roots:
            return os.fsencode(self._fetcher.path(name, rel))
        return self._roots[name] + rel

    # -- inputs --------------------------------------------------------------------------

    def _hashed(self, item: SetItem) -> tuple[InputFile, ...]:
        """Look at each file, then hash it: so what is written meanwhile shows afterwards."""
        found = []
        for name, rel, content in item.files:
            if self._fetcher and name in self._fetcher.roots:
                found.append(self._fetcher.fetch(name, rel))
                continue
            path = self._path(name, rel)
            if rel.endswith(b"/"):  # a matched folder: its files follow, and say what it holds
                if not os.path.isdir(path):
                    raise FileNotFoundError(errno.ENOENT, "the folder is gone", os.fsdecode(path))
                found.append(InputFile(name, rel, 0, 0, 0, 0, _FOLDER))
                continue
            stat = stat_of(os.stat(path))
            found.append(InputFile(name, rel, *stat, content or self._digests.of(path, stat)))
        return tuple(found)

    def _changed(self, file: InputFile) -> bool:
        """Whether its bytes are no longer those that were hashed."""
        if self._fetcher and file.name in self._fetcher.roots:
            return self._fetcher.changed(file)
        path = self._path(file.name, file.rel)
        if file.rel.endswith(b"/"):
            return not os.path.isdir(path)
        try:
            if stat_of(os.stat(path)) == file[2:6]:
                return False
            return file_digest(path) != file.content  # only touched, or linked to?
        except OSError:
            return True

    def _came(self, inputs: tuple[InputFile, ...]) -> bool:
        """Whether a folder among them holds more than was listed of it."""
        folders = [file for file in inputs if file.content is _FOLDER]
        return bool(folders) and any(
            added(self._path(name, rel), rel, {f.rel for f in inputs if f.name == name}, self._out)
            for name, rel, *_ in folders
        )

    # -- results and outputs -------------------------------------------------------------

    def _result(self, answer: object) -> Result:
        return keep_result(answer, self._project, shared=self._shared)

    def _display(self, answer: object, result: Result | None) -> Result:
        data = outputs_of(answer, result.kind if result else None)
        return keep_bytes("mime", data, self._project, shared=self._shared)

    def _shown(self, attempt: Attempt) -> Result | None:
        """What a cell that failed had displayed until then."""
        try:
            if _PYPLOT in sys.modules:
                take_figures(attempt.figures, None)
            return self._display(None, None) if SHOWN else None
        except BaseException as exc:  # that the datum failed is known already
            self._capture.write(f"what the datum displayed cannot be kept: {exc}\n")
        return None

    def _collected(self, item: SetItem) -> tuple[OutputFile, ...]:
        staging = self._staging
        return tuple(staging.collect(item.datum, item.attempt)) if staging and staging.used else ()

    def _partial(self, item: SetItem) -> tuple[OutputFile, ...]:
        try:
            if self._staging:
                return tuple(self._staging.collect_partial(item.datum, item.attempt))
        except BaseException as exc:  # that the datum failed is known already
            self._capture.write(f"what the datum wrote cannot be kept: {exc}\n")
        return ()

    def _log(self) -> LogSegment | None:
        try:
            return self._capture.end()
        except BaseException:
            return None
