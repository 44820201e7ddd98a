"""What crosses process borders: records in frames, and datum sets.

A *frame* is ``magic (2) | length (u32) | crc32 (u32) | body``; its body is a msgpack
array. A worker appends frames to its journal and gives the same bytes back through its
engine, so that a record reads the same whichever way it comes first. A frame cut off at
the end of a file means "not yet"; a frame whose checksum is wrong is an error.

msgpack and not pickle: nothing in ``.datum/`` may be executed on reading. Byte strings
stay byte strings, so file names of any bytes travel unharmed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from zlib import crc32

import msgpack

from .errors import FrameError

MAGIC: Final = b"dj"
_HEAD: Final = struct.Struct("<2sII")
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
    input changed while it was being processed.
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


class Failed(NamedTuple):
    """A datum's attempt failed. ``partial`` is what it had written, kept in staging."""

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


Record = Begun | Done | Failed

_pack = msgpack.Packer(use_bin_type=True, unicode_errors="surrogateescape").pack


def frame(record: Record) -> bytes:
    """Return `record` as one frame."""
    kind = BEGUN if type(record) is Begun else DONE if type(record) is Done else FAILED
    body: bytes = _pack((kind, *record))
    return _HEAD.pack(MAGIC, len(body), crc32(body)) + body


def frames(data: bytes | memoryview, start: int = 0) -> Iterator[tuple[Record, int]]:
    """Yield each whole record of `data` from byte `start`, with the offset where it ends.

    Stops in silence at a frame that is cut off: it is not written yet, or never will be.

    Raises
    ------
    FrameError
        If a frame is damaged: wrong magic, an impossible length, a wrong checksum.
    """
    end = len(data)
    while start + _HEAD.size <= end:
        magic, length, check = _HEAD.unpack_from(data, start)
        if magic != MAGIC or length > MAX_BODY:
            raise FrameError(f"no frame at byte {start}: found {bytes(magic)!r}")
        stop = start + _HEAD.size + length
        if stop > end:
            return
        body = bytes(data[start + _HEAD.size : stop])
        if crc32(body) != check:
            raise FrameError(f"the frame at byte {start} has a wrong checksum")
        yield _record(body), stop
        start = stop


def _record(body: bytes) -> Record:
    kind, *fields = unpack(body)
    if kind == BEGUN:
        return Begun(*fields)
    if kind == DONE:
        done = Done(*fields)
        if not (done.inputs or done.outputs or done.result or done.log):
            return done._replace(inputs=(), outputs=())
        return done._replace(
            inputs=tuple(InputFile(*x) for x in done.inputs),
            outputs=tuple(OutputFile(*x) for x in done.outputs),
            result=Result(*done.result) if done.result else None,
            log=LogSegment(*done.log) if done.log else None,
        )
    if kind == FAILED:
        failed = Failed(*fields)
        return failed._replace(
            inputs=tuple(InputFile(*x) for x in failed.inputs),
            failure=Failure(*failed.failure),
            log=LogSegment(*failed.log) if failed.log else None,
            partial=tuple(OutputFile(*x) for x in failed.partial),
        )
    raise FrameError(f"a record of unknown kind {kind!r}")


class SetItem(NamedTuple):
    """One datum of a set, as its worker gets it.

    ``files`` holds ``(input name, rel path, known content or None)``; ``value`` is an
    encoded value (see :func:`jupyter_datum.hashing.decode_value`) or None; ``captures``
    are the strings that the input's pattern captured.
    """

    position: int
    datum: int
    key: bytes
    attempt: int
    files: tuple[tuple[str, bytes, bytes | None], ...]
    value: bytes | None
    captures: dict[str, str]


class DatumSet(NamedTuple):
    """The datums sent to a worker in one message.

    ``generation`` counts the times this set was issued; ``roots`` maps input names to
    absolute folders (bytes); ``out`` is the output folder (bytes) or None; ``sync`` asks
    for a journal (False where the file system is not shared: then records travel only by
    the return value). ``total`` is the number of datums in the run if known, else 0.
    """

    project_dir: str
    run: str
    epoch: int
    worker: str
    set_id: int
    generation: int
    recipe: str
    roots: dict[str, bytes]
    out: bytes | None
    sync: bool
    tries: int
    items: list[SetItem]


def pack_item(item: SetItem) -> bytes:
    """Return one datum of a plan as bytes, to be kept until it is sent (maybe again)."""
    return bytes(_pack(tuple(item)))


def unpack_item(data: bytes) -> SetItem:
    """Inverse of :func:`pack_item`, but for the attempt, which such a row does not hold."""
    return _item(unpack(data), 0)


def pack_set(datum_set: DatumSet) -> bytes:
    """Return a datum set as bytes for an engine."""
    rows = b"".join(map(pack_item, datum_set.items))
    return pack_set_rows(datum_set, rows, [item.attempt for item in datum_set.items])


def pack_set_rows(header: DatumSet, rows: bytes, attempts: list[int]) -> bytes:
    """Return a datum set made of rows that :func:`pack_item` gave, without reading them.

    ``header.items`` is not looked at; `attempts` tells the number of each row's attempt.
    """
    return bytes(_pack((*header[:-1], attempts, rows)))


def unpack_set(data: bytes) -> DatumSet:
    """Inverse of :func:`pack_set`."""
    *header, attempts, rows = unpack(data)
    reader = msgpack.Unpacker(
        raw=False,
        strict_map_key=False,
        unicode_errors="surrogateescape",
        max_buffer_size=len(rows) + 1,
    )
    reader.feed(rows)
    items = [_item(fields, attempt) for fields, attempt in zip(reader, attempts, strict=True)]
    return DatumSet._make([*header, items])


def _item(fields: list[Any], attempt: int) -> SetItem:
    position, datum, key, _, files, value, captures = fields
    return SetItem(
        position, datum, key, attempt, tuple((n, r, c) for n, r, c in files), value, captures
    )


class SetReturn(NamedTuple):
    """What a worker gives back for a set.

    ``status`` is ``"done"``, or ``"refused"`` when another holder has the claim. The
    frames stand in the worker's journal from byte ``start`` to ``stop``, so whoever tails
    the journal knows at once which of them it has seen.
    """

    set_id: int
    generation: int
    status: str
    start: int
    stop: int
    frames: bytes


def pack_return(answer: SetReturn) -> bytes:
    """Return a set's answer as one bytes object (a list would cost Dask 20 us an element)."""
    return bytes(_pack(tuple(answer)))


def unpack_return(data: bytes) -> SetReturn:
    """Inverse of :func:`pack_return`."""
    return SetReturn(*unpack(data))


def unpack(data: bytes) -> list[Any]:
    """Return the msgpack array in `data`.

    Raises
    ------
    FrameError
        If it is not one.
    """
    try:
        value = msgpack.unpackb(
            data, raw=False, strict_map_key=False, unicode_errors="surrogateescape"
        )
    except (ValueError, msgpack.UnpackException) as exc:
        raise FrameError(f"not a message of ours: {exc}") from exc
    if not isinstance(value, list):
        raise FrameError(f"a message must be an array, not {type(value).__name__}")
    return value
