"""What takes long is begun first, so that it is not begun when all the others are done."""

from __future__ import annotations

from pathlib import Path

from jupyter_datum.events import Stat
from jupyter_datum.inputs.base import Listed
from jupyter_datum.runner.plan import Batch
from jupyter_datum.runner.weights import Weights
from jupyter_datum.states import DatumState

from ..story import Story


def listed(size: int) -> Listed:
    return Listed(b"k", (("", b"f", Stat(size, 1, 1, 1)),), None, {})


def batch(*sizes: int) -> Batch:
    states = bytearray([DatumState.PENDING]) * len(sizes)
    return Batch(ids=[1] * len(sizes), states=states, listed=[listed(n) for n in sizes])


def test_only_what_is_far_above_the_mean_of_all_so_far_goes_first() -> None:
    weights = Weights(batched=False)
    assert weights.first(batch(*[1000] * 50), 0) == []  # nothing stands out
    assert weights.first(batch(5 * 10**7, *[1000] * 20, 10**8), 50) == [71, 50]
    assert weights.first(batch(2 * 10**6, 10**6), 72) == []  # not beside what was before
    assert weights.order(batch(1, 2), 74) is None


def test_what_is_large_for_its_run_but_small_is_not_worth_it() -> None:
    assert Weights(batched=False).first(batch(*[10] * 50, 5000), 0) == []


def test_what_was_tried_or_does_not_run_is_left_where_it_is() -> None:
    given = batch(10**8, *[1000] * 40, 10**8, 10**8)
    given.tried = [(0, 1)]
    given.states[41] = DatumState.SKIPPED
    assert Weights(batched=False).first(given, 0) == [42]
    assert Weights(batched=True).order(given, 0) == [42, *range(1, 41)]


def test_a_giant_is_begun_first_by_its_size_and_then_by_what_it_took(
    story: Story, tmp_path: Path
) -> None:
    folder = story.folder / "in"
    folder.mkdir()
    for i in range(40):
        (folder / f"{i:02}.bin").write_bytes(bytes(3 << 20 if i == 30 else 10))
    begun = story.folder / "begun"
    story.namespace.update(begun=str(begun), slow="35.bin")
    body = (
        "import time\nwith open(begun, 'a') as f: f.write(datum.path.name + '\\n')\n"
        "if datum.path.name == slow: time.sleep(0.5)"
    )
    line = 'm -i "in/*.bin" --workers 1 --no-probe'
    assert story.end(story.start(line, body, counted=False)).success == 40
    assert begun.read_text().split()[0] == "30.bin"
    begun.unlink()
    assert story.end(story.start(f"{line} --force", body, counted=False)).success == 40
    assert begun.read_text().split()[0] == "35.bin"  # it is small, and took 0.5 s the last time
