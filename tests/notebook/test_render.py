"""What a cell, a terminal and a host without our front end show of a run."""

from __future__ import annotations

from jupyter_datum.ledger import queries
from jupyter_datum.ledger.queries import FailureGroup
from jupyter_datum.ledger.stragglers import Straggler
from jupyter_datum.notebook import display
from jupyter_datum.notebook.render import (
    Meter,
    bundle,
    group_lines,
    progress_line,
    straggler_lines,
)

from ..story import Story


def group(n: int, kind: str = "ValueError") -> FailureGroup:
    return FailureGroup(1, "s", kind, "bad", "cell line 4", "process", n, 0.0, 0.0, 1)


def test_more_kinds_than_are_read_are_counted_all_the_same() -> None:
    groups = [group(n) for n in range(1_220, 1_200, -1)]
    lines = group_lines(groups, 50_000)
    assert len(lines) == 9
    shown = sum(one.datums for one in groups[:8])
    assert lines[-1] == f"  {50_000 - shown:,} x in further groups"


def test_counts_stand_below_each_other_and_not_further_in_than_they_need() -> None:
    assert group_lines([group(1_200), group(7)], 1_207) == [
        "  1,200 x ValueError: bad  (cell line 4)",
        "      7 x ValueError: bad  (cell line 4)",
    ]


def test_html_has_one_bar_and_each_line_for_itself_and_a_listing_no_figures(story: Story) -> None:
    story.namespace["xs"] = range(3)
    row = story.run("job -i xs", "if datum.value == 1: raise ValueError('<b>')")
    with story.ledger() as conn:
        found = queries.failure_groups(conn, row.id)
    lines = [progress_line(row, Meter(), 0.0), *group_lines(found, row.failed), "try --only failed"]
    shown = bundle(row, "p", lines)
    assert '>try <span style="white-space:nowrap">--only</span> failed<' in shown["text/html"]
    assert "█" in shown["text/plain"] and "█" not in shown["text/html"]
    assert ">1 x ValueError: &lt;b&gt;  (cell line 3)</div>" in shown["text/html"]
    begun = row._replace(total=0, planned=0, success=0, failed=0)
    assert progress_line(begun, Meter(), 0.0) == f"job {'░' * 24} the input is being listed"


def test_a_narrow_terminal_has_a_shorter_bar_then_fewer_parts_and_breaks_between_words() -> None:
    line = f"two {'█' * 6}{'░' * 18} 11/40, 1 failed, 4.0/s, 5 s left"
    assert display.fitted(line, 80) == line
    assert display.fitted(line, 50) == "two ██░░░░░░ 11/40, 1 failed, 4.0/s, 5 s left"
    assert display.fitted(line, 40) == "two ██░░░░░░ 11/40, 1 failed, 4.0/s"
    assert display.fitted(line, 20) == "two ██░░░░░░ 11/40"
    said = "  look: %datum failures one   again: %datum retry one"
    assert display.folded(said, 80) == [said]
    assert display.folded(said, 40) == [
        "  look: %datum failures one   again:",
        "    %datum retry one",
    ]
    assert display.folded("x" * 50, 40) == ["x" * 40, "  " + "x" * 10]


def test_a_slow_datum_without_a_name_has_its_place_as_the_panel_counts_it() -> None:
    item = Straggler("w1", 40, bytes(range(128, 144)), 60.0, 2.0)
    file = item._replace(key=b"in/a.txt")
    assert straggler_lines([item, file, item._replace(key=None)]) == [
        "  slow: datum 41 on w1 for 60 s (usual: 2.0 s)",
        "  slow: in/a.txt on w1 for 60 s (usual: 2.0 s)",
        "  slow: datum 41 on w1 for 60 s (usual: 2.0 s)",
    ]
