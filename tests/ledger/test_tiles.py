"""A million states as some thousand tiles."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from jupyter_datum.ledger.tiles import WORST_FIRST, tiles
from jupyter_datum.states import DatumState


@given(st.lists(st.sampled_from(DatumState), max_size=300), st.integers(1, 50), st.integers(0, 9))
def test_each_tile_shows_the_worst_of_its_datums(
    states: list[DatumState], limit: int, more: int
) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "states"
        path.write_bytes(bytes(states))
        total = len(states) + more
        shown, size = tiles(path, total, limit)
    known = [*states, *[DatumState.PENDING] * more]
    assert len(shown) <= limit and len(shown) == -(-total // size)
    for i, tile in enumerate(shown):
        part = known[i * size : (i + 1) * size]
        assert tile == min(part, key=WORST_FIRST.index)


def test_one_failure_in_a_million_is_seen(tmp_path: Path) -> None:
    states = bytearray([DatumState.SUCCESS]) * 1_000_000
    states[777_777] = DatumState.FAILED
    (tmp_path / "states").write_bytes(states)
    shown, size = tiles(tmp_path / "states", 1_000_000, 6_000)
    assert shown.count(DatumState.FAILED) == 1
    assert shown.index(DatumState.FAILED) == 777_777 // size
