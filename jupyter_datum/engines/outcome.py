"""What an attempt came to, as the bytes of one record."""

from __future__ import annotations

import reprlib
from typing import Any

import msgpack

from ..errors import OutputError
from ..events import MAX_BODY, Done, Failed, Failure, frame
from ..transform.traceback import failure_of


def framed(done: Done) -> bytes:
    """Return the frame of a success; raises if it is too large."""
    data = frame(done)
    if len(data) > MAX_BODY:
        raise OutputError(
            f"the record of this datum has {len(data):,} bytes ({len(done.inputs):,} input and "
            f"{len(done.outputs):,} output files); at most {MAX_BODY:,} are possible"
        )
    return data


def framed_failure(failed: Failed) -> bytes:
    """As :func:`framed`, but never fails: less is said instead."""
    try:
        data = frame(failed)
        if len(data) <= MAX_BODY:
            return data
    except (ValueError, TypeError, OverflowError):
        pass
    short = failed.failure._replace(
        type=_tame(failed.failure.type),
        message=_tame(failed.failure.message),
        traceback=_tame(failed.failure.traceback),
        signature=_tame(failed.failure.signature),
        place=_tame(failed.failure.place),
    )
    return frame(failed._replace(inputs=(), partial=(), failure=short, display=None))


def _tame(text: str) -> str:
    """Text that can be encoded and is not too long."""
    return text[: 64 << 10].encode(errors="backslashreplace").decode()


def plain_failure(exc: BaseException, phase: str, filename: str) -> Failure:
    """Return what `exc` tells, as plain data."""
    try:
        failure = failure_of(exc, phase, filename)
        # An interrupt says nothing about the datum.
        return failure._replace(transient=True) if type(exc) is KeyboardInterrupt else failure
    except BaseException:  # an exception can defend itself against being looked at
        name = type.__getattribute__(type(exc), "__name__")
        text = "the exception's text cannot be made: showing it raises another one"
        return Failure(name, text, "", phase, f"{name}: {text}", "", False, False)


def plain(metrics: dict[str, Any]) -> dict[str, Any]:
    """NumPy's scalars as Python's.

    Raises
    ------
    TypeError, OverflowError
        If one cannot be recorded; names it.
    """
    return {str(name): _scalar(str(name), value) for name, value in metrics.items()}


def _scalar(name: str, value: Any) -> Any:
    try:
        plain = value.item() if hasattr(value, "item") else value
        msgpack.packb(plain)
    except (TypeError, ValueError, OverflowError) as exc:
        kind = OverflowError if isinstance(exc, OverflowError) else TypeError
        raise kind(
            f"the metric {name!r} is {reprlib.repr(value)} ({type(value).__name__}); "
            "a metric is a number (whole ones up to 64 bits), a text, True or False"
        ) from None
    return plain
