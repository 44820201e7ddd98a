"""Transforms that run at the same time: what follows what, and what waits for what."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import pytest

from jupyter_datum.inputs import Input, cross, group, union, whole
from jupyter_datum.ledger import requests
from jupyter_datum.ledger.queries import RunRow
from jupyter_datum.notebook.submit import request_run
from jupyter_datum.runner.ask import ask_again
from jupyter_datum.runner.pipeline import members
from jupyter_datum.runner.streams import Link, room
from jupyter_datum.states import DatumState

from ..inputs.test_going import made
from ..story import Story, eventually

#: A datum that waits until a file lets it go.
GATED = """
import os, time
while datum.value >= {gate} and not os.path.exists({path!r}):
    time.sleep(0.02)
"""


class Pipe:
    """Runs of one pipeline."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.id = uuid.uuid4().hex
        self.gate = story.folder / "gate"

    def start(self, line: str, body: str, *, gate: int | None = None) -> str:
        """Ask for a run; datums from `gate` on wait until the gate is opened."""
        if gate is not None:
            body = GATED.format(gate=gate, path=str(self.gate)) + body
        prepared = self.story.prepare(f"{line} --workers 1 --no-probe", body)
        with self.story.ledger() as conn:
            return request_run(conn, prepared, pipeline=self.id)

    def open(self) -> None:
        self.gate.touch()

    def ended(self, *runs: str) -> list[RunRow]:
        return [self.story.until(run, lambda row: row.ended is not None) for run in runs]


@pytest.fixture
def pipe(story: Story) -> Pipe:
    story.namespace["xs"] = list(range(30))
    return Pipe(story)


def test_a_datum_starts_as_soon_as_the_one_that_it_needs_is_done(story: Story, pipe: Pipe) -> None:
    up = pipe.start("up -i $xs", "datum.out_file('.t').write_text('x')\ndatum.value", gate=12)
    low = pipe.start("low -i up", "[datum.value, datum.path.read_text()]")
    row = story.until(low, lambda row: row.success == 12, within=20)
    first = story.row(up)
    assert first is not None and first.ended is None and not row.planned
    pipe.open()
    one, two = pipe.ended(up, low)
    assert (one.success, two.success, two.status) == (30, 30, "success")
    assert two.note and "errors" not in two.note
    assert list(story.transform("low").results()) == [[i, "x"] for i in range(30)]
    assert not story.findings()
    found = list(story.transform("low").results())
    (alone,) = pipe.ended(pipe.start("low -i up", "[datum.value, datum.path.read_text()]"))
    assert alone.skipped == 30
    assert list(story.transform("low").results()) == found, "in the order of the input"
    again, more = pipe.ended(pipe.start("up -i $xs", "datum.value"), pipe.start("low -i up", "1"))
    assert (again.success, more.success) == (30, 30), "code changed: nothing is taken for done"


def test_only_what_needs_a_failed_datum_waits_and_a_retry_lets_it_go_on(
    story: Story, pipe: Pipe
) -> None:
    fails = f"assert datum.value not in (3, 4) or __import__('os').path.exists({str(pipe.gate)!r})"
    runs = [
        pipe.start("up -i $xs", f"{fails}\ndatum.value"),
        pipe.start("low -i up", "datum.value"),
        pipe.start("whole -i whole(low)", "len(datum.value)"),
        pipe.start("part -i whole(transform('low',on_error='skip'))", "len(datum.value)"),
    ]
    up, low, whole, _ = pipe.ended(*runs)
    assert (up.failed, low.success, low.failed) == (2, 28, 0)
    assert "what is made of 2 failed datums of up waits" in str(low.note)
    assert (whole.total, whole.status) == (0, "success"), "two of what it is made of lack"
    assert "the whole waits for the rest of it" in str(whole.note)
    assert story.transform("part").results() == [28]
    pipe.open()
    with story.ledger() as conn:
        again, _ = ask_again(conn, story.project, up, {"only": ["failed"]})
    assert pipe.ended(again)[0].success == 2
    assert eventually(lambda: story.transform("whole").results() == [30], within=60)
    assert eventually(lambda: story.transform("part").results() == [30], within=60)
    assert len(story.transform("low").results()) == 30
    assert story.executions()["3"] == 3, "twice above, of which one failed, and once below"
    assert not story.findings()


def test_a_group_starts_when_all_of_its_own_are_done(story: Story, pipe: Pipe) -> None:
    """Its key is captured from the names of the files above: who belongs to it is known as soon
    as these are listed."""
    folder = story.folder / "in"
    for scene in "abc":
        (folder / scene).mkdir(parents=True)
        for i in range(3):
            (folder / scene / f"{i}.txt").write_text(f"{scene}{i}")
    (story.folder / "ref").mkdir()
    for scene in "ac":
        (story.folder / "ref" / f"{scene}.txt").write_text(scene.upper())
    held = GATED.format(gate="'c1'", path=str(pipe.gate)).replace("datum.value", "text")
    up = pipe.start('up -i "in/(?P<scene>*)/*.txt"', f"text = datum.path.read_text()\n{held}text")
    by_scene = "sets -i \"group(transform('up'), by='$scene')\""
    each = "[datum.key['by'], datum.value]"
    group = pipe.start(by_scene, each)
    ref = "glob('ref/(?P<scene>*).txt', on='$scene')"
    joined = pipe.start(
        f"pairs -i \"join(transform('up', on='$scene'), {ref})\"",
        "[datum.key['on'], datum.value, datum.paths['ref'].read_text()]",
    )
    story.until(group, lambda row: row.success == 2)
    story.until(joined, lambda row: row.success == 3)
    above = story.row(up)
    assert above is not None and above.ended is None
    sets = [[scene, [f"{scene}{i}" for i in range(3)]] for scene in "abc"]
    assert sorted(story.transform("sets").results()) == sets[:2]
    pipe.open()
    assert [row.success for row in pipe.ended(up, group, joined)] == [9, 3, 6]
    assert sorted(story.transform("sets").results()) == sets
    assert sorted(story.transform("pairs").results()) == [
        [scene, f"{scene}{i}", scene.upper()] for scene in "ac" for i in range(3)
    ]
    (again,) = pipe.ended(pipe.start(by_scene, each))
    assert again.skipped == 3, "what was made early is what would be made now"
    assert not story.findings()


def test_parts_of_a_union_and_either_side_of_a_cross_start_when_their_own_are_done(
    story: Story, pipe: Pipe
) -> None:
    union = "both -i \"union(transform('a'), transform('b'))\""
    cross = "pairs -i \"cross(items(['p', 'q']), transform('a'))\""
    runs = [
        pipe.start("a -i $xs", "datum.value", gate=12),
        pipe.start("b -i $xs", "-datum.value"),
        pipe.start(union, "datum.value"),
        pipe.start(cross, "[datum.value['items'], datum.value['a']]"),
    ]
    story.until(runs[2], lambda row: row.success == 42)
    story.until(runs[3], lambda row: row.success == 24)
    above = story.row(runs[0])
    assert above is not None and above.ended is None
    pipe.open()
    assert [row.success for row in pipe.ended(*runs)] == [30, 30, 60, 60]
    assert sorted(story.transform("both").results()) == sorted([*range(30), *range(0, -30, -1)])
    found = sorted(story.transform("pairs").results())
    assert found == [[word, n] for word in "pq" for n in range(30)]
    came = list(story.transform("both").results())
    alone = [pipe.start(union, "datum.value")]
    alone += [pipe.start(cross, "[datum.value['items'], datum.value['a']]")]
    assert [row.skipped for row in pipe.ended(*alone)] == [60, 60], "the datums are the same"
    assert list(story.transform("both").results()) == came, "in the order of the input both times"
    assert not story.findings()


def test_who_lists_a_folder_waits_for_the_one_who_writes_into_it(story: Story, pipe: Pipe) -> None:
    up = pipe.start("up -i $xs", "datum.out_file('.t').write_text('x')", gate=5)
    low = pipe.start('low -i "out/up/*.t"', "datum.path.read_text()")
    story.until(up, lambda row: row.success == 5)
    assert story.row(low) is None
    pipe.open()
    assert [row.success for row in pipe.ended(up, low)] == [30, 30]


def test_a_run_is_not_far_ahead_of_the_one_that_takes_what_it_makes() -> None:
    def made(done: int, at_work: int) -> list[int]:
        counts = [0] * len(DatumState)
        counts[DatumState.SUCCESS], counts[DatumState.RUNNING] = done, at_work
        return counts

    assert room(made(50, 10), [], ahead=100) is None
    assert room(made(50, 10), [(50, 20)], ahead=100) == 70, "taken and not settled count"
    assert room(made(50, 10), [(30, 20)], ahead=100) == 50, "made and not taken too"
    assert room(made(50, 10), [(50, 0), (50, 95)], ahead=100) == 0, "the slowest counts"
    assert room(made(900, 10), [(None, 0)], ahead=100) is None, "no group is ready"
    assert room(made(900, 10), [(None, 60)], ahead=100) == 30, "some are"


def test_a_run_that_is_ahead_stops_until_the_other_one_has_caught_up(
    story: Story, pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_DATUM_AHEAD", "8")
    ups = [pipe.start(f"{name} -i $xs", "datum.value") for name in ("up", "other")]
    both = "low -i \"union(transform('up'), transform('other'))\""
    low = pipe.start(both, "datum.value", gate=0)
    story.until(low, lambda row: row.running > 0)
    assert eventually(
        lambda: sum(row.success for row in map(story.row, ups) if row) >= 8, within=60
    )
    found = [story.row(up) for up in ups]
    assert all(row is not None and row.success <= 8 and row.ended is None for row in found)
    pipe.open()
    assert [row.success for row in pipe.ended(*ups, low)] == [30, 30, 60]


def test_groups_that_are_ready_hold_back_who_feeds_them(
    story: Story, pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_DATUM_AHEAD", "2")
    (story.folder / "in").mkdir()
    for i in range(60):
        (story.folder / f"in/{i // 3:02}-{i}.txt").touch()
    later = story.folder / "later"
    scene = "int(datum.key['scene'])"
    slow = GATED.format(gate=4, path=str(later)).replace("datum.value", scene)
    few = "import time\ntime.sleep(0.05)"  # to a set
    up = pipe.start('up -i "in/(?P<scene>*)-*.txt"', f"{few}\n{slow}{scene}")
    held = GATED.format(gate=0, path=str(pipe.gate)).replace("datum.value", "1")
    by = "low -i \"group(transform('up'), by='$scene')\""
    low = pipe.start(by, held + "datum.key['by']")
    story.until(low, lambda row: row.running > 0 and row.total >= 2)
    later.touch()
    assert eventually(lambda: _rests(story, up), within=60)
    row = story.row(up)
    assert row is not None and row.ended is None and row.success < 60
    pipe.open()
    assert [row.success for row in pipe.ended(up, low)] == [60, 20]


def _rests(story: Story, run: str) -> bool:
    """Whether nothing more comes of a run, as far as two looks tell."""
    before = story.row(run)
    time.sleep(1)
    return before == story.row(run)


def test_who_may_need_what_is_still_to_come_holds_nobody_back(tmp_path: Path) -> None:
    a, b = made(tmp_path, "a", "x0"), made(tmp_path, "b", "y0", by="$1")

    def taken(source: Input) -> list[int | None]:
        link = Link(source, {"a": "run a", "b": "run b"})
        return [link.taken("run a"), link.taken("run b")]

    assert taken(union(a, b)) == [0, 0]
    assert taken(cross(a, whole(b))) == [0, None]
    assert taken(union(a, group(b))) == [0, None]
    assert taken(union(a, whole(cross(a.called("a"), b)))) == [None, None]


def test_the_next_runner_takes_up_both(story: Story, pipe: Pipe) -> None:
    up = pipe.start("up -i $xs", "datum.out_file('.t').write_text('x')\ndatum.value", gate=20)
    low = pipe.start("low -i up", "datum.path.read_text()", gate=10)
    other = pipe.start('other -i "out/low/*"', "1")
    story.until(low, lambda row: row.success >= 5 and row.running > 0)
    story.kill_runner()
    pipe.open()
    story.next_runner()
    rows = pipe.ended(up, low)
    assert [(row.status, row.success) for row in rows] == [("success", 30)] * 2
    assert "does not exist" in str(story.end(other).message), "low makes no files"
    found = story.executions()
    # What each of the two workers was at when it was killed begins again.
    assert sum(found.values()) <= 62 and set(map(str, range(30))) == set(found)
    assert not story.findings()


def test_a_cancelled_run_takes_those_that_follow_it_along(story: Story, pipe: Pipe) -> None:
    up = pipe.start("up -i $xs", "datum.value", gate=3)
    low = pipe.start("low -i up", "datum.value", gate=1)
    other = pipe.start('other -i "out/low/*"', "1")
    story.until(low, lambda row: row.running > 0)
    story.tell("cancel", up)
    assert [row.status for row in pipe.ended(up, low)] == ["cancelled"] * 2
    with story.ledger() as conn:
        assert eventually(lambda: requests.answered(conn, other)[0] == "refused")
        assert requests.answered(conn, other)[1] == "it waited for low, which was cancelled"
    with story.ledger() as conn:
        assert not members(conn, story.project, pipe.id)
