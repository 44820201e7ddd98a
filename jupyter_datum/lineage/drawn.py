"""Pictures of a report, as SVG: the map of states, the histogram, the days."""

from __future__ import annotations

import datetime
import html
import math
from collections.abc import Sequence
from typing import Final

from ..states import DatumState
from ..words import counted, span
from .overview import Day

#: Tiles of the map at most; a tile stands for several datums then, the worst state wins.
TILES: Final = 4_800
_STEP: Final = 8
_WIDTH: Final = 960
#: Days of the picture of days.
DAYS: Final = 14
#: Up to so many tiles they are drawn twice as large.
_FEW: Final = 900


def tile_map(tiles: bytes) -> str:
    """Draw the states of tiles in input order: one path for each state, not one per tile."""
    paths: dict[int, list[str]] = {}
    step = _STEP if len(tiles) > _FEW else 2 * _STEP
    across, side = _WIDTH // step, step - 1
    for at, state in enumerate(tiles):
        x, y = at % across * step, at // across * step
        paths.setdefault(state, []).append(f"M{x} {y}h{side}v{side}h-{side}z")
    rows = -(-len(tiles) // across)
    drawn = "".join(
        f'<path class="{DatumState(state).name.lower()}" d="{"".join(pieces)}"/>'
        for state, pieces in paths.items()
    )
    return _svg(_WIDTH, max(rows, 1) * step, drawn, "States of the datums in input order", "wide")


def histogram(seconds: Sequence[float], marks: Sequence[tuple[str, float]]) -> str:
    """Draw how long datums took, on a logarithmic axis, with marks at some times."""
    low = math.floor(math.log10(max(min(seconds), 1e-6)) * 4) / 4
    high = max(math.ceil(math.log10(max(max(seconds), 1e-6)) * 4) / 4, low + 0.5)
    bins, top, base = _bins(len(seconds)), 150, 196  # words of the marks stand above the columns
    counts = [0] * bins
    for value in seconds:
        at = int((math.log10(max(value, 1e-6)) - low) / (high - low) * bins)
        counts[min(bins - 1, max(0, at))] += 1
    most, wide = max(counts), _WIDTH / bins
    drawn = [
        f'<rect class="plain" x="{i * wide + 0.5:.1f}" y="{base - n / most * top:.1f}"'
        f' width="{wide - 1:.1f}" height="{n / most * top:.1f}"><title>{counted(n, "datum")}'
        "</title></rect>"
        for i, n in enumerate(counts)
        if n
    ]
    drawn += [_mark(word, at, low, high, base) for word, at in marks]
    drawn += [_tick(at, low, high, base) for at in _ticks(low, high)]
    return _svg(_WIDTH, base + 22, "".join(drawn), "How long datums took", "wide")


def _bins(n: int) -> int:
    """Few for few, so that they do not stand apart like teeth."""
    return max(12, min(60, round(2 * math.sqrt(n))))


def _ticks(low: float, high: float) -> list[float]:
    """Seconds that are marked on the axis: powers of ten, and where these are few 2 and 5 times."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    steps = (1,) if high - low > 3 else (1, 2, 5)
    found = [step * 10.0**power for power in powers for step in steps]
    return [at for at in found if low <= math.log10(at) <= high]


def _tick(at: float, low: float, high: float, base: int) -> str:
    """A time on the axis: 0.1 ms, 10 ms, 1 s."""
    said = f"{at * 1000:g} ms" if at < 1 else span(at).replace(".0", "")
    x = (math.log10(at) - low) / (high - low) * _WIDTH
    anchor = ' text-anchor="end"' if x > _WIDTH * 0.95 else ""
    return (
        f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{base}" y2="{base + 5}"/>'
        f'<text x="{x:.1f}" y="{base + 17}"{anchor}>{said}</text>'
    )


def _mark(word: str, at: float, low: float, high: float, base: int) -> str:
    """A line with its word on the left, each below that of a longer time: no line crosses one."""
    x = (math.log10(max(at, 1e-6)) - low) / (high - low) * _WIDTH
    side = 'text-anchor="end" dx="-4"' if x > 100 else 'dx="4"'
    y = {"p50": 38, "p95": 24}.get(word, 10)
    return (
        f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 10}" y2="{base}"/>'
        f'<text x="{x:.1f}" y="{y}" {side}>{html.escape(word)} {span(at)}</text>'
    )


def days(found: Sequence[Day]) -> str:
    """Draw how many new datums came on each of the last days, oldest first."""
    new = {day.date: day.new for day in found}
    last = datetime.date.fromisoformat(found[0].date)
    dates = [str(last - datetime.timedelta(days=back)) for back in reversed(range(DAYS))]
    most = max((new.get(date, 0) for date in dates), default=0) or 1
    drawn = "".join(
        f'<rect class="plain" x="{i * 12}" y="{40 - max(new[date] / most * 40, 1):.1f}" width="10"'
        f' height="{max(new[date] / most * 40, 1):.1f}"><title>{html.escape(date)}: '
        f"{new[date]:,}</title></rect>"
        for i, date in enumerate(dates)
        if date in new
    )
    drawn += f'<line class="grid" x1="0" x2="{DAYS * 12}" y1="40.5" y2="40.5"/>'
    return _svg(DAYS * 12, 42, drawn, "New datums each day")


def _svg(width: int, height: int, inner: str, says: str, kind: str = "") -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{html.escape(says)}"'
        f'{f" class={kind}" if kind else ""} style="max-width:{width}px">{inner}</svg>'
    )
