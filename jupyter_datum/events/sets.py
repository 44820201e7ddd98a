"""Datum sets: what is sent to a worker, and its answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgpack

from ..errors import FrameError
from .records import Failure, Stat

_pack = msgpack.Packer(use_bin_type=True, unicode_errors="surrogateescape").pack


class SetItem(NamedTuple):
    """One datum of a set, as its worker gets it.

    ``files`` holds ``(input name, rel path, known content or None)``; ``value`` is an
    encoded value (see :func:`jupyter_datum.hashing.decode_value`) or None; ``captures``
    are the strings that the input's pattern captured; ``upstream`` are the row ids of the
    datums that it comes from.
    """

    position: int
    datum: int
    key: bytes
    attempt: int
    files: tuple[tuple[str, bytes, bytes | None], ...]
    value: bytes | None
    captures: dict[str, str]
    upstream: tuple[int, ...] = ()


class DatumSet(NamedTuple):
    """The datums sent to a worker in one message.

    ``generation`` counts the times this set was issued; ``roots`` maps input names to
    absolute folders (bytes); ``out`` is the output folder (bytes) or None; ``sync`` asks
    for a journal (False where the file system is not shared: then records travel only by
    the return value). ``seen`` asks for the digest of value and captures in each record:
    the key does not tell them. ``failures`` names the positions whose tries are used up,
    with what they failed of last: these are to be recovered. After ``most`` datums, or
    when it holds more than ``memory`` bytes, the worker asks to be replaced (0: never).
    ``batch`` is how many datums one call of the cell is for; 0: it is for one, as ``datum``.
    ``heard`` is how many failures of this worker are known; of one with more nothing else is to
    begin, since they may be as many as the run allows (-1: it allows any number).
    ``printed`` is how many bytes are kept of what an attempt prints.
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
    seen: bool
    failures: dict[int, Failure]
    most: int
    memory: int
    batch: int
    heard: int
    printed: int
    items: list[SetItem]


def pack_item(item: SetItem) -> bytes:
    """Return one datum of a plan as bytes, to be kept until it is sent (maybe again)."""
    return bytes(_pack(tuple(item)))


def pack_listed(
    position: int,
    datum: int,
    key: bytes,
    files: Sequence[tuple[str, bytes, Stat]],
    value: bytes | None,
    captures: dict[str, str],
    upstream: Sequence[int] = (),
) -> bytes:
    """Return what :func:`pack_item` gives for a datum's first attempt, without making it."""
    # The worker hashes what it finds: between now and then a file may change again.
    found = tuple([(name, rel, None) for name, rel, _ in files]) if files else ()
    if upstream:
        return bytes(_pack((position, datum, key, 1, found, value, captures, upstream)))
    return bytes(_pack((position, datum, key, 1, found, value, captures)))


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
    found = DatumSet._make([*header, items])
    if not found.failures:
        return found
    return found._replace(failures={p: Failure(*said) for p, said in found.failures.items()})


def _item(fields: list[Any], attempt: int) -> SetItem:
    position, datum, key, _, files, value, captures, *upstream = fields
    found = tuple([(n, r, c) for n, r, c in files]) if files else ()
    ups = tuple(upstream[0]) if upstream else ()
    return _new(SetItem, (position, datum, key, attempt, found, value, captures, ups))


#: A named tuple from a tuple of the right length: a third of the time of its own maker.
_new = tuple.__new__


class SetReturn(NamedTuple):
    """What a worker gives back for a set.

    ``status`` is ``"done"``, or ``"cut"`` where the rest was not to begin, or ``"refused"`` when
    another holder has the claim, or ``"unfit"`` where no worker could do anything: ``worn`` says
    why. The
    frames stand in the worker's journal from byte ``start`` to ``stop``, so whoever tails
    the journal knows at once which of them it has seen. ``worn`` says why the worker
    should be replaced, if it should. ``batch`` says how many datums its device can take at
    once, where these are fewer than were asked for; else it is 0.
    """

    set_id: int
    generation: int
    status: str
    start: int
    stop: int
    frames: bytes
    worn: str = ""
    batch: int = 0


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
