"""Who worked when: the newest datums one by one, and all of them in slots of time.

Both are of constant size, so nothing is ever sampled: where there are more datums than bars
can be seen, a bar is a slot of time, and tells how busy it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

#: Datums that are shown one by one, at most.
BARS: Final = 2_000
#: Slots of a lane, and lanes.
SLOTS: Final = 300
LANES: Final = 64
#: Seconds of the narrowest slot of the whole run, and of each slot of the newest minute.
_NARROW: Final = 0.05
_RECENT: Final = 0.2

#: A datum at work: its end and its beginning (epoch seconds), worker, whether it failed,
#: position.
Bar = tuple[float, float, str, bool, int]


class Slots:
    """How busy each worker was, slot by slot.

    Parameters
    ----------
    width : float
        Seconds of a slot.
    grows : bool
        Whether slots are joined two by two when there are too many; else the oldest go.
    """

    def __init__(self, width: float, *, grows: bool) -> None:
        self.width = width
        self._grows = grows
        self._lanes: dict[str, dict[int, list[float]]] = {}
        self._first: int | None = None
        self._last = 0

    def add(self, bar: Bar) -> None:
        """Count one datum: in each slot that it touches for its time there, in its last one as
        a datum."""
        end, began, worker, failed, _ = bar
        began = min(began, end)
        if worker not in self._lanes and len(self._lanes) >= LANES:
            return
        if not self._reach(began, end):
            return
        width, lane = self.width, self._lanes.setdefault(worker, {})
        first, last = int(began / width), int(end / width)
        for at in range(max(first, self._last - SLOTS), last + 1):
            busy = min(end, (at + 1) * width) - max(began, at * width)
            slot = lane.get(at)
            if slot is None:
                lane[at] = [busy, 0, 0]
            else:
                slot[0] += busy
        slot = lane[last]
        slot[1] += 1
        slot[2] += failed

    def between(self, since: float, until: float) -> Iterator[tuple[str, list[list[float]]]]:
        """Yield each worker with its slots in a time: begin, end, datums, failed, share busy."""
        width = self.width
        for worker, lane in self._lanes.items():
            yield (
                worker,
                [
                    [at * width, (at + 1) * width, n, failed, min(1.0, busy / width)]
                    for at, (busy, n, failed) in sorted(lane.items())
                    if (at + 1) * width > since and at * width < until
                ],
            )

    def _reach(self, began: float, end: float) -> bool:
        """Make room for a datum: join slots, or let go of old ones; False if it is too old."""
        first, last = int(began / self.width), int(end / self.width)
        if self._first is None:
            self._first = self._last = last
        self._last = max(self._last, last)
        if not self._grows:
            if self._last - self._first >= 2 * SLOTS:
                self._forget()
            return last > self._last - SLOTS
        self._first = min(self._first, first)
        while self._last - self._first >= SLOTS:
            self._join()
        return True

    def _join(self) -> None:
        self.width *= 2
        self._first, self._last = (self._first or 0) // 2, self._last // 2
        for lane in self._lanes.values():
            slots = list(lane.items())
            lane.clear()
            for at, slot in slots:
                into = lane.setdefault(at // 2, [0.0, 0, 0])
                for i, value in enumerate(slot):
                    into[i] += value

    def _forget(self) -> None:
        self._first = self._last - SLOTS
        for lane in self._lanes.values():
            for at in [at for at in lane if at < self._first]:
                del lane[at]


class Lanes:
    """What the workers of one run did."""

    def __init__(self) -> None:
        #: When the last of them ended; 0 where there is none.
        self.newest = 0.0
        self._bars: list[Bar] = []
        self._cut = 0.0  # of those that ended before, not all are kept one by one
        self._whole = Slots(_NARROW, grows=True)
        self._recent = Slots(_RECENT, grows=False)

    def add(self, bar: Bar) -> None:
        """Take one datum that came to its end."""
        self.newest = max(self.newest, bar[0])
        self._whole.add(bar)
        self._recent.add(bar)
        if bar[0] <= self._cut:
            return
        self._bars.append(bar)
        if len(self._bars) >= 3 * BARS:
            self._bars.sort()
            self._cut = self._bars[-BARS - 1][0]
            del self._bars[:-BARS]

    def draw(self, since: float, until: float) -> tuple[float | None, dict[str, list[list[float]]]]:
        """Return what each worker did in a time.

        Returns
        -------
        tuple of (float or None, dict)
            The seconds of a bar, None where each is one datum; and by worker
            ``[begin, end, datums, failed, share busy, position]``: times count from `since`,
            the position is -1 where the bar is a slot.
        """
        shown = [bar for bar in self._bars if bar[0] > since and bar[1] < until]
        if self._cut <= since and len(shown) <= BARS:
            return None, _one_by_one(shown, since)
        slots = self._recent if until - since < SLOTS * _RECENT else self._whole
        found = {
            worker: [
                [round(begin - since, 3), round(end - since, 3), n, failed, round(busy, 3), -1]
                for begin, end, n, failed, busy in lane
            ]
            for worker, lane in slots.between(since, until)
        }
        return slots.width, found


def _one_by_one(bars: list[Bar], since: float) -> dict[str, list[list[float]]]:
    lanes: dict[str, list[list[float]]] = {}
    for end, began, worker, failed, position in sorted(bars):
        bar = [round(began - since, 4), round(end - since, 4), 1, int(failed), 1.0, position]
        lanes.setdefault(worker, []).append(bar)
    return lanes


def lanes_json(lanes: Lanes, since: float, until: float, names: list[str]) -> dict[str, Any]:
    """Return the lanes of the workers `names` in a time as plain JSON."""
    width, found = lanes.draw(since, until)
    shown = names[:LANES]
    return {
        "since": since,
        "until": until,
        "width": width,
        "lanes": [{"worker": name, "bars": found.get(name, [])} for name in shown],
        "more": len(names) - len(shown),
    }
