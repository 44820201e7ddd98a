"""``--batch N``: one call of the cell for several datums, whose records stay their own.

Each datum of a batch has a bench of its own, so private folders, hashes and metrics are as
when it is alone. If the call fails, its halves are called again, and theirs, until the
datum stands alone that it fails of; the others succeed, each recorded once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from ..errors import RunError
from ..events import DatumSet, SetItem
from ..hashing import type_name
from .attempt import Attempt, Bench, Transform

_OUT_OF_MEMORY: Final = ("out of memory", "OutOfMemory", "RESOURCE_EXHAUSTED")


class BatchResultError(RunError, TypeError):
    """The cell did not give one result for each datum. As with any type error, it would not
    the next time: nothing is tried again, and no datum is to blame."""


class _Part(NamedTuple):
    bench: Bench
    attempt: Attempt


class Batches:
    """The batches of one worker in one run.

    Parameters
    ----------
    first : Bench
        The worker's.
    another : callable
        Makes a further bench, by its number.
    header : DatumSet
    """

    def __init__(self, first: Bench, another: Callable[[int], Bench], header: DatumSet) -> None:
        self._benches = [first]
        self._another = another
        #: Datums of a call; halved when the device has no memory for them.
        self.size = header.batch

    @property
    def failures(self) -> int:
        """How many attempts have failed, those of the worker's bench alone too."""
        return sum(bench.failures for bench in self._benches)

    def parts(self, items: Sequence[SetItem]) -> Iterator[list[SetItem]]:
        """Yield the datums of each call; how many they are is asked anew for each."""
        at = 0
        while at < len(items):
            part = list(items[at : at + self.size])
            at += len(part)
            yield part  # the size may be another one afterwards

    def run(
        self, items: Sequence[SetItem], set_id: int, load: Callable[[], Transform]
    ) -> list[bytes]:
        """Process datums in one call, or in several if it fails; return their frames, in order."""
        while len(self._benches) < len(items):
            self._benches.append(self._another(len(self._benches)))
        self._benches[0].listen()
        parts, ended, transform = [], {}, None
        for bench, item in zip(self._benches, items, strict=False):
            attempt = bench.begin(item, set_id)
            try:
                transform = bench.enter(attempt, load)
                parts.append(_Part(bench, attempt))
            except BaseException as exc:
                ended[item.position] = bench.failed(attempt, exc)
                bench.leave(attempt)
        if transform is not None:
            ended.update(self._called(parts, transform))
        return [ended[item.position] for item in items]

    def _called(self, parts: list[_Part], transform: Transform) -> dict[int, bytes]:
        """Call the cell for `parts`; if that fails, for each half of them."""
        if len(parts) > self.size:  # it was cut meanwhile: the device had no memory
            parts, rest = parts[: self.size], parts[self.size :]
            return self._called(parts, transform) | self._called(rest, transform)
        halves = self._tried(parts, transform)
        if isinstance(halves, dict):
            return halves
        found: dict[int, bytes] = {}
        for half in halves:
            for bench, attempt in half:
                bench.again(attempt, transform)
            found |= self._called(half, transform)
        return found

    def _tried(
        self, parts: list[_Part], transform: Transform
    ) -> dict[int, bytes] | list[list[_Part]]:
        """The frames of one call, or the two halves that are to be called. The exception, and
        with it what its frames hold on the device, is gone when this returns."""
        for bench, _ in parts:
            bench.phase = "cell"
        try:
            answer = transform.run([attempt.datum for _, attempt in parts])
            answers = _each(answer, len(parts))
        except BaseException as exc:
            whole = isinstance(exc, KeyboardInterrupt | BatchResultError)
            if len(parts) == 1 or whole:
                return {p.attempt.item.position: _failed(p, exc) for p in parts}
            if is_out_of_memory(exc):
                self.size = min(self.size, max(1, len(parts) // 2))
                _free_memory()
            middle = len(parts) // 2
            return [parts[:middle], parts[middle:]]
        log = self._benches[0].heard()
        return {
            part.attempt.item.position: _done(part, one, log, len(parts))
            for part, one in zip(parts, answers, strict=True)
        }


def _failed(part: _Part, exc: BaseException) -> bytes:
    try:
        return part.bench.failed(part.attempt, exc)
    finally:
        part.bench.leave(part.attempt)


def _done(part: _Part, answer: Any, log: Any, share: int) -> bytes:
    bench, attempt = part
    try:
        return bench.done(attempt, answer, log, share)
    except BaseException as exc:
        return bench.failed(attempt, exc)
    finally:
        bench.leave(attempt)


def _each(answer: Any, n: int) -> Sequence[Any]:
    """One result for each datum; none at all if the cell ends in no expression."""
    if answer is None:
        return [None] * n
    if not isinstance(answer, list | tuple):
        raise BatchResultError(
            f"with --batch the cell's last expression is a list with a result for each of "
            f"datums, and here it is {type_name(answer)}: write list(...)"
        )
    if len(answer) != n:
        raise BatchResultError(
            f"the cell gave {len(answer)} results for {n} datums; with --batch it gives one "
            "for each, in their order"
        )
    return answer


def is_out_of_memory(exc: BaseException) -> bool:
    """Return whether the device (or the machine) had no memory for a call: torch, cupy,
    TensorFlow and JAX each say so in a way of their own."""
    with suppress(Exception):
        said = f"{type(exc).__name__}: {exc}"
        return isinstance(exc, MemoryError) or any(word in said for word in _OUT_OF_MEMORY)
    return False


def _free_memory() -> None:
    """What torch keeps for later calls of this size is of no use to smaller ones."""
    torch = sys.modules.get("torch")
    if torch is not None:
        with suppress(Exception):
            torch.cuda.empty_cache()
