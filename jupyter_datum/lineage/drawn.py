"""Pictures of a report, as SVG: the map of states, the histogram, the days."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Final

from ..states import DatumState
from ..words import span
from .overview import Day

#: Tiles of the map at most; a tile stands for several datums then, the worst state wins.
TILES: Final = 4_800
_STEP: Final = 8
_WIDTH: Final = 960
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
    return _svg(_WIDTH, max(rows, 1) * step, drawn, "States of the datums in input order")


def histogram(seconds: Sequence[float], marks: Sequence[tuple[str, float]]) -> str:
    """Draw how long datums took, on a logarithmic axis, with marks at some times."""
    low = math.floor(math.log10(max(min(seconds), 1e-6)) * 4) / 4
    high = max(math.ceil(math.log10(max(max(seconds), 1e-6)) * 4) / 4, low + 0.5)
    bins, top, base = 60, 150, 170
    counts = [0] * bins
    for value in seconds:
        at = int((math.log10(max(value, 1e-6)) - low) / (high - low) * bins)
        counts[min(bins - 1, max(0, at))] += 1
    most, wide = max(counts), _WIDTH / bins
    drawn = [
        f'<rect class="plain" x="{i * wide + 0.5:.1f}" y="{base - n / most * top:.1f}"'
        f' width="{wide - 1:.1f}" height="{n / most * top:.1f}"/>'
        for i, n in enumerate(counts)
        if n
    ]
    drawn += [_mark(word, at, low, high, base) for word, at in marks]
    drawn += [
        f'<text x="{(p - low) / (high - low) * _WIDTH:.1f}" y="{base + 16}">{_tick(p)}</text>'
        for p in range(math.ceil(low), math.floor(high) + 1)
    ]
    return _svg(_WIDTH, base + 22, "".join(drawn), "How long datums took")


def _tick(power: int) -> str:
    """A power of ten seconds: 0.1 ms, 10 ms, 1 s."""
    return f"{10.0 ** (power + 3):g} ms" if power < 0 else span(10**power).replace(".0", "")


def _mark(word: str, at: float, low: float, high: float, base: int) -> str:
    x = (math.log10(max(at, 1e-6)) - low) / (high - low) * _WIDTH
    side = 'text-anchor="end" dx="-4"' if x > _WIDTH * 0.75 else 'dx="4"'
    y = {"p50": 10, "p95": 24}.get(word, 38)
    return (
        f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{base}"/>'
        f'<text x="{x:.1f}" y="{y}" {side}>{html.escape(word)} {span(at)}</text>'
    )


def days(found: Sequence[Day]) -> str:
    """Draw how many new datums came on each of the days, oldest first."""
    shown = list(reversed(found[:14]))
    most = max((day.new for day in shown), default=0) or 1
    drawn = "".join(
        f'<rect class="plain" x="{i * 12}" y="{40 - max(day.new / most * 40, 1):.1f}" width="10"'
        f' height="{max(day.new / most * 40, 1):.1f}"><title>{html.escape(day.date)}: {day.new:,}'
        "</title></rect>"
        for i, day in enumerate(shown)
    )
    return _svg(168, 40, drawn, "New datums each day")


def _svg(width: int, height: int, inner: str, says: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{html.escape(says)}"'
        f' style="max-width:{width}px">{inner}</svg>'
    )
