"""Records of what became of datums, and the frames they travel in.

A *frame* is ``magic (2) | length (u32) | crc32 (u32) | body``; its body is a msgpack
array. A worker appends frames to its journal and gives the same bytes back through its
engine, so that a record reads the same whichever way it comes first. A frame cut off at
the end of a file means "not yet"; a frame whose checksum is wrong is an error.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple
from zlib import crc32

import msgpack

from ..errors import FrameError

MAGIC: Final = b"dj"
_HEAD: Final = struct.Struct("<2sII")
_head = _HEAD.pack
#: No record is longer; a greater length is damage, not a record.
MAX_BODY: Final = 64 << 20

BEGUN: Final = 1
DONE: Final = 2
FAILED: Final = 3


class Stat(NamedTuple):
    """What tells that a file is unchanged, without reading it. Times in nanoseconds."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class InputFile(NamedTuple):
    """A file of a datum as it was when its bytes were hashed (before user code ran).

    ``name`` is the input's name, ``rel`` the path under the input's root (bytes, as the
    file system gave them), ``content`` its 32-byte BLAKE3.
    """

    name: str
    rel: bytes
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    content: bytes


class OutputFile(NamedTuple):
    """A file that an attempt made.

    ``staged`` is its name in the staging pool, ``rel`` its final path under the output
    folder (bytes, '/'), ``digest`` its 32-byte BLAKE3.
    """

    staged: str
    rel: bytes
    size: int
    digest: bytes


class Result(NamedTuple):
    """A datum's result: ``kind`` is ``"json"``, ``"pickle"`` (inline ``data``), or
    ``"json-file"``, ``"pickle-file"`` (``data`` is the hex digest, as ASCII, of a file in
    ``.datum/results/``); ``size`` is that of the encoded value, in bytes."""

    kind: str
    data: bytes
    size: int


class LogSegment(NamedTuple):
    """What an attempt printed: a piece of the worker's log. ``cut`` bytes were dropped."""

    offset: int
    length: int
    cut: int


class Failure(NamedTuple):
    """Why an attempt failed, as plain text: no exception object crosses a border.

    ``phase`` is ``"input" | "setup" | "cell" | "result" | "output" | "worker"``;
    ``signature`` groups failures that are alike; ``place`` is the last frame of the
    user's, ``"cell line 4"`` or ``"helpers.py line 10"``. ``transient`` is True for what
    may go away by itself (I/O errors, deaths, time-outs), ``fatal`` for what cannot
    (SyntaxError, NameError, ImportError, TypeError, AttributeError).
    """

    type: str
    message: str
    traceback: str
    phase: str
    signature: str
    place: str
    transient: bool
    fatal: bool


class Begun(NamedTuple):
    """User code is about to run for a datum. ``at`` is in epoch seconds, UTC."""

    position: int
    attempt: int
    epoch: int
    set_id: int
    at: float


class Done(NamedTuple):
    """A datum's attempt ended well. Its files are closed and staged.

    ``position`` is the datum's place in the run's plan, ``datum`` its row id, ``key`` its
    key. ``began`` in epoch seconds, ``seconds`` of wall time. ``dirty`` is True if an
    input changed while it was being processed. ``seen`` is the digest of value and captures
    (:func:`jupyter_datum.hashing.seen_digest`), None where the key says it all. ``display``
    is what the cell displays, a MIME bundle as JSON: kind ``"mime"`` or ``"mime-file"``.
    ``upstream`` are the row ids of the datums that it was made from. ``recovered``: it is
    the work of the function that ``--recover`` names, after the cell had failed.
    """

    position: int
    datum: int
    key: bytes
    attempt: int
    epoch: int
    set_id: int
    began: float
    seconds: float
    inputs: tuple[InputFile, ...]
    outputs: tuple[OutputFile, ...]
    result: Result | None
    log: LogSegment | None
    metrics: dict[str, Any] | None
    dirty: bool
    seen: bytes | None = None
    display: Result | None = None
    upstream: tuple[int, ...] = ()
    recovered: bool = False


class Failed(NamedTuple):
    """A datum's attempt failed. ``partial`` is what it had written, kept in staging,
    ``display`` what it had displayed (as in :class:`Done`)."""

    position: int
    datum: int
    key: bytes
    attempt: int
    epoch: int
    set_id: int
    began: float
    seconds: float
    inputs: tuple[InputFile, ...]
    failure: Failure
    log: LogSegment | None
    partial: tuple[OutputFile, ...]
    upstream: tuple[int, ...] = ()
    display: Result | None = None


Record = Begun | Done | Failed

_pack = msgpack.Packer(use_bin_type=True, unicode_errors="surrogateescape").pack


def begun_frame(position: int, attempt: int, epoch: int, set_id: int, at: float) -> bytes:
    """Return the frame of a :class:`Begun`, of which a million are written and few read."""
    body: bytes = _pack((BEGUN, position, attempt, epoch, set_id, at))
    return _head(MAGIC, len(body), crc32(body)) + body


def frame(record: Record) -> bytes:
    """Return `record` as one frame."""
    kind = BEGUN if type(record) is Begun else DONE if type(record) is Done else FAILED
    body: bytes = _pack((kind, *record))
    return _head(MAGIC, len(body), crc32(body)) + body


def frames(data: bytes | memoryview, start: int = 0) -> Iterator[tuple[Record, int]]:
    """Yield each whole record of `data` from byte `start`, with the offset where it ends.

    Stops in silence at a frame that is cut off: it is not written yet, or never will be.

    Raises
    ------
    FrameError
        If a frame is damaged: wrong magic, an impossible length, a wrong checksum.
    """
    for body, stop in _bodies(data, start):
        yield _record(body), stop


def outcomes(data: bytes | memoryview) -> tuple[list[Record], int]:
    """Return the records of `data`, as :func:`frames` would, and where the last one ends;
    of those that say *begun* only one that no other follows.

    Half of what a journal holds says *begun*, and is of use only while it is the last.
    """
    bodies: list[bytes] = []
    begun, stop = b"", 0
    for body, stop in _bodies(data, 0):  # noqa: B007
        if body[1] == BEGUN:  # byte 0 is the array's head, as for all records
            begun = body
        else:
            begun = b""
            bodies.append(body)
    return [*_records(bodies), *([_record(begun)] if begun else [])], stop


def _records(bodies: Sequence[bytes]) -> list[Record]:
    """As :func:`_record` of each, in one go: half the time."""
    whole = b"".join(bodies)
    reader = msgpack.Unpacker(**_HOW, use_list=False, max_buffer_size=len(whole) + 1)
    reader.feed(whole)
    try:
        found = [_done(list(each)) for each in reader if each[0] == DONE]
    except (ValueError, TypeError, LookupError, msgpack.UnpackException):
        found = []
    # Failures among them, or what is no record of ours: one by one.
    return list(found) if len(found) == len(bodies) else [_record(body) for body in bodies]


def _bodies(data: bytes | memoryview, start: int) -> Iterator[tuple[bytes, int]]:
    """Yield the body of each whole frame, with the offset where it ends."""
    end, size, head = len(data), _HEAD.size, _HEAD.unpack_from
    while start + size <= end:
        magic, length, check = head(data, start)
        if magic != MAGIC or length > MAX_BODY:
            raise FrameError(f"no frame at byte {start}: found {bytes(magic)!r}")
        stop = start + size + length
        if stop > end:
            return
        body = bytes(data[start + size : stop])
        if crc32(body) != check:
            raise FrameError(f"the frame at byte {start} has a wrong checksum")
        yield body, stop
        start = stop


def _record(body: bytes) -> Record:
    try:
        row = list(msgpack.unpackb(body, **_HOW, use_list=False))
    except (ValueError, TypeError, msgpack.UnpackException) as exc:
        raise FrameError(f"not a record of ours: {exc}") from exc
    if row[:1] == [DONE] and len(row) == _DONE_FIELDS:
        return _done(row)
    kind, *fields = row
    if kind == BEGUN:
        return Begun._make(fields)
    if kind == FAILED:
        failed = _failed(fields)
        return failed._replace(
            inputs=tuple(map(InputFile._make, failed.inputs)),
            failure=Failure._make(failed.failure),
            log=LogSegment._make(failed.log) if failed.log else None,
            partial=tuple(map(OutputFile._make, failed.partial)),
            display=Result._make(failed.display) if failed.display else None,
        )
    raise FrameError(f"a record of unknown kind {kind!r} with {len(fields)} fields")


def _failed(fields: Sequence[Any]) -> Failed:
    """A failure; the journal of a former version of the package may tell less."""
    if not len(Failed._fields) - len(Failed._field_defaults) <= len(fields) <= len(Failed._fields):
        raise FrameError(f"a failure of {len(fields)} fields")
    return Failed(*fields)


#: With the kind.
_DONE_FIELDS: Final = len(Done._fields) + 1
_HOW: Final = {"strict_map_key": False, "unicode_errors": "surrogateescape"}
#: A named tuple from a tuple of the right length: a third of the time of its own maker.
_new = tuple.__new__


def _done(row: list[Any]) -> Done:
    """The record that a million datums pass through; `row` begins with its kind."""
    if len(row) != _DONE_FIELDS:
        raise TypeError(f"a success of {len(row)} fields")
    del row[0]
    if row[8]:
        row[8] = tuple([_new(InputFile, each) for each in row[8]])
    if row[9]:
        row[9] = tuple([_new(OutputFile, each) for each in row[9]])
    if row[10]:
        row[10] = _new(Result, row[10])
    if row[11]:
        row[11] = _new(LogSegment, row[11])
    if row[15]:
        row[15] = _new(Result, row[15])
    return _new(Done, row)
