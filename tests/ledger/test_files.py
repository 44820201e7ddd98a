from __future__ import annotations

from pathlib import Path

from jupyter_datum.ledger import files
from jupyter_datum.ledger.files import PlanFile, StatesFile


def test_a_plan_gives_back_its_ids_by_position(tmp_path: Path) -> None:
    plan = PlanFile(tmp_path / "plan")
    plan.append([7, 8])
    plan.append(range(100, 103))
    assert len(plan) == 5
    plan.close()
    assert list(files.plan_ids(tmp_path / "plan")) == [7, 8, 100, 101, 102]
    assert list(files.plan_ids(tmp_path / "plan", 1, 3)) == [8, 100]
    assert list(files.plan_ids(tmp_path / "plan", 4, 99)) == [102]
    assert list(files.plan_ids(tmp_path / "plan", 9)) == []
    assert [list(page) for page in files.plan_pages(tmp_path / "plan", 2)] == [
        [7, 8], [100, 101], [102],
    ]  # fmt: skip
    assert (tmp_path / "plan").read_bytes()[:4] == b"\x07\0\0\0"
    assert (tmp_path / "plan").stat().st_mode & 0o777 == 0o600


def test_states_are_written_anywhere_and_counted(tmp_path: Path) -> None:
    states = StatesFile(tmp_path / "states")
    states.write(0, bytes(6))
    states.write_runs([(1, b"\2\2"), (5, b"\3"), (8, b"\2")])
    with files.mapped(tmp_path / "states") as view:
        assert bytes(view) == b"\0\2\2\0\0\3\0\0\2"
        states.write(0, b"\2")
        assert view[0] == 2, "who has it mapped sees what its writer changes"
    states.close()
    assert files.state_counts(tmp_path / "states") == {0: 4, 2: 4, 3: 1}


def test_a_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert list(files.plan_ids(tmp_path / "plan")) == []
    assert files.state_counts(tmp_path / "states") == {}
    StatesFile(tmp_path / "states").close()
    assert files.state_counts(tmp_path / "states") == {}


def test_who_has_a_file_mapped_keeps_it_when_a_new_runner_begins_it_anew(tmp_path: Path) -> None:
    old = StatesFile(tmp_path / "states")
    old.write(0, b"\2" * 10_000)
    old.close()
    with files.mapped(tmp_path / "states") as view:
        new = StatesFile(tmp_path / "states")
        assert bytes(view) == b"\2" * 10_000
        new.close()
    assert (tmp_path / "states").read_bytes() == b""
