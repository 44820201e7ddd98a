"""What a worker does with a set: claim, records, inputs, results, files, prints."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.engines import worker
from jupyter_datum.engines.inbox import InboxWorker, put
from jupyter_datum.engines.worker import Session
from jupyter_datum.events import (
    Begun,
    DatumSet,
    Done,
    Failed,
    OutputFile,
    frames,
    pack_set,
    unpack_return,
)
from jupyter_datum.hashing import bytes_digest, hex_digest
from jupyter_datum.outputs.staging import kept

from .conftest import EPOCH, RUN, Work, outcomes

W = "w1"
SLOWLY = "import time\ntime.sleep(0.06)\n"


@pytest.fixture
def session() -> Iterator[Session]:
    """A worker that shares this process, as a kernel does."""
    session = Session(own=False)
    yield session
    session.leave()


def one(session: Session, datum_set: DatumSet) -> Done:
    (done,) = outcomes(session.run(datum_set))
    assert isinstance(done, Done), done
    return done


def failed(session: Session, datum_set: DatumSet) -> Failed:
    (record,) = outcomes(session.run(datum_set))
    assert isinstance(record, Failed), record
    return record


def run(session: Session, work: Work, body: str, value: Any = 0) -> Done:
    return one(session, work.set(W, work.transform(body), [value]))


def texts(work: Work, records: list[Any]) -> list[str]:
    log = work.project.worker_log(RUN, EPOCH, W).read_bytes()
    segments = [record.log for record in records]
    return [log[s.offset : s.offset + s.length].decode() if s else "" for s in segments]


# -- records and claims ------------------------------------------------------------------------


def test_each_datum_is_begun_and_then_done_in_the_journal(session: Session, work: Work) -> None:
    session.run(work.set(W, work.transform("datum.value"), [1, 2]))
    kinds = [(type(record), record.position) for record in work.journal(W)]
    assert kinds == [(Begun, 0), (Done, 0), (Begun, 1), (Done, 1)]


def test_begun_is_written_before_user_code_runs(session: Session, work: Work) -> None:
    path = str(work.project.journal(RUN, EPOCH, W))
    body = f"[len(open({path!r}, 'rb').read()) > datum.value, datum.value]"
    first = run(session, work, body, 0)
    size = os.path.getsize(path)
    second = run(session, work, body, size)
    assert [json.loads(r.result.data)[0] for r in (first, second) if r.result] == [True, True]


def test_records_tell_all_of_an_attempt(session: Session, work: Work) -> None:
    (item,) = work.set(W, "", ["x"], first=5).items
    datum_set = work.set(W, work.transform("datum.metrics['n'] = 1\n'y'"), [item], set_id=9)
    begun, done = [record for record, _ in frames(session.run(datum_set).frames)]
    assert isinstance(begun, Begun)
    assert isinstance(done, Done)
    assert begun[:4] == (5, 1, EPOCH, 9)
    assert done[:6] == (5, 105, item.key, 1, EPOCH, 9)
    assert done.result == ("json", b'"y"', 3)
    assert done.metrics == {"n": 1}
    assert (done.inputs, done.outputs, done.log, done.dirty) == ((), (), None, False)
    assert 0 <= done.seconds < 60


def test_a_set_that_somebody_has_claimed_is_refused_and_not_run(
    session: Session, work: Work
) -> None:
    recipe = work.transform("1")
    datum_set = work.set(W, recipe, [0])
    assert session.run(datum_set).status == "done"
    again = session.run(datum_set)
    assert (again.status, again.frames, again.start) == ("refused", b"", again.stop)
    elsewhere = Session(own=False).run(datum_set._replace(worker="w2"))
    assert elsewhere.status == "refused"
    assert work.executed() == [0]
    assert session.run(datum_set._replace(generation=2)).status == "done"


def test_nothing_more_begins_once_the_run_halts(session: Session, work: Work) -> None:
    halt = work.project.halt(RUN)
    recipe = work.transform(f"import pathlib\npathlib.Path({str(halt)!r}).touch()\n" + SLOWLY)
    answer = session.run(work.set(W, recipe, range(5)))
    assert answer.status == "cut" and work.executed() == [0]
    assert [type(record) for record in work.journal(W)] == [Begun, Done]
    waits = work.set(W, recipe, [9])
    assert session.run(waits).status == "refused"
    halt.unlink()
    assert session.run(waits).frames and work.executed() == [0, 0], "nobody had claimed it"


def test_after_a_failure_nothing_begins_until_it_is_known_where_so_many_end_the_run(
    session: Session, work: Work
) -> None:
    recipe = work.transform("assert datum.value != 1")
    answer = session.run(work.set(W, recipe, range(6), heard=0))
    left = [record for record, _ in frames(answer.frames) if not isinstance(record, Begun)]
    assert answer.status == "cut" and [type(record) for record in left] == [Done, Failed]
    assert session.run(work.set(W, recipe, [5], heard=0)).status == "cut"
    assert session.run(work.set(W, recipe, [5], heard=1)).status == "done"
    assert len(outcomes(session.run(work.set(W, recipe, [1, 1, 1, 4])))) == 4, "any number may"
    assert session.run(work.set(W, recipe, [5], heard=3)).status == "cut", "they count all the same"


def test_a_set_of_a_run_that_has_been_cleaned_up_is_refused(session: Session, work: Work) -> None:
    recipe = work.transform("1")
    assert session.run(work.set(W, recipe, [0])).status == "done"
    for name in ("j", "claims"):
        shutil.rmtree(work.project.run(RUN) / name)
    assert session.run(work.set(W, recipe, [0])).status == "refused"
    assert Session(own=False).run(work.set(W, recipe, [0])).status == "refused"
    assert work.executed() == [0]


def test_without_a_shared_file_system_records_only_travel(session: Session, work: Work) -> None:
    datum_set = work.set(W, work.transform("print('x')\n'y' * 50_000"), [0], sync=False)
    done = one(session, datum_set)
    assert done.result is not None
    assert (done.result.kind, len(done.result.data), done.log) == ("json", 50_002, None)
    assert list((work.project.run(RUN) / "j").iterdir()) == []


def test_two_runs_have_two_journals(session: Session, work: Work) -> None:
    recipe = work.transform("1")
    shutil.copytree(work.project.run(RUN), work.project.run("other"))
    for name in (RUN, "other", RUN):
        session.run(work.set(W, recipe, [0], run=name))
    assert len(work.journal(W)) == 4
    other = work.project.journal("other", EPOCH, W).read_bytes()
    assert len(list(frames(other))) == 2


class _MadeOnLoad:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_a_transform_is_loaded_once(session: Session, work: Work) -> None:
    made = work.project.root / "made"
    recipe = work.transform("thing\n1", thing=_MadeOnLoad(made))
    session.run(work.set(W, recipe, [0, 1]))
    session.run(work.set(W, recipe, [2]))
    assert made.is_dir()
    assert [type(r) for r in work.journal(W)] == [Begun, Done] * 3


def test_code_that_nobody_signed_is_not_run(session: Session, work: Work) -> None:
    recipe = work.transform("1")
    path = work.project.recipe(recipe)
    path.write_bytes(path.read_bytes().replace(b'"work"', b'"wOrk"'))
    answer = session.run(work.set(W, recipe, [0, 1]))
    for record in outcomes(answer):
        assert isinstance(record, Failed)
        assert record.failure.type.endswith("SignatureError")
        assert record.failure.phase == "setup"
    assert work.executed() == []


# -- inputs ------------------------------------------------------------------------------------


def test_an_input_is_hashed_as_it_was_before_user_code_ran(session: Session, work: Work) -> None:
    items = work.files(a=b"before")
    stat = (work.data / "a").stat()
    done = one(session, work.set(W, work.transform("datum.path.write_text('after!')"), items))
    (file,) = done.inputs
    assert (file.name, file.rel, file.content) == ("in", b"a", bytes_digest(b"before"))
    assert file[2:6] == (6, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
    assert done.dirty


@pytest.mark.parametrize("change", ["pass", "os.utime(datum.path)", "os.link(datum.path, '{}/l')"])
def test_an_input_with_the_same_bytes_is_not_dirty(
    session: Session, work: Work, change: str
) -> None:
    body = "import os\n" + change.format(work.data)
    assert not one(session, work.set(W, work.transform(body), work.files(a=b"x"))).dirty


def test_an_input_that_user_code_removes_is_dirty(session: Session, work: Work) -> None:
    recipe = work.transform("datum.path.unlink()")
    assert one(session, work.set(W, recipe, work.files(a=b"x"))).dirty


def test_an_input_that_is_gone_fails_its_datum_alone(session: Session, work: Work) -> None:
    items = work.files(a=b"1", b=b"2")
    (work.data / "a").unlink()
    first, second = outcomes(session.run(work.set(W, work.transform("datum.rel"), items)))
    assert isinstance(first, Failed)
    assert (first.failure.type, first.failure.phase) == ("FileNotFoundError", "input")
    assert isinstance(second, Done)
    assert work.executed() == [1]


def test_known_content_is_not_read_again(session: Session, work: Work) -> None:
    (item,) = work.files(a=b"x")
    item = item._replace(files=(("in", b"a", b"k" * 32),))
    done = one(session, work.set(W, work.transform("1"), [item]))
    assert done.inputs[0].content == b"k" * 32


def test_a_value_that_cannot_be_read_fails_in_the_input(session: Session, work: Work) -> None:
    datum_set = work.set(W, work.transform("1"), [0])
    item = datum_set.items[0]._replace(value=b"pgarbage")
    record = failed(session, datum_set._replace(items=[item]))
    assert record.failure.phase == "input"


# -- results and outputs -----------------------------------------------------------------------


def test_results_are_json_where_that_is_exact_and_pickles_elsewhere(
    session: Session, work: Work
) -> None:
    done = outcomes(session.run(work.set(W, work.transform("eval(datum.value)"), ["[1]", "{1}"])))
    first, second = [record.result for record in done if isinstance(record, Done)]
    assert first == ("json", b"[1]", 3)
    assert second is not None
    assert second.kind == "pickle"
    assert pickle.loads(second.data) == {1}


def test_a_cell_without_an_answer_has_no_result(session: Session, work: Work) -> None:
    assert run(session, work, "x = 1").result is None


def test_a_large_result_is_a_file_named_by_its_content(session: Session, work: Work) -> None:
    body = "'x' * 100_000 if datum.value else (b'x' * 100_000,)"
    for value, kind in ((1, "json-file"), (0, "pickle-file")):
        result = run(session, work, body, value).result
        assert result is not None
        assert result.kind == kind
        data = work.project.result(result.data.decode()).read_bytes()
        assert (len(data), hex_digest(data)) == (result.size, result.data.decode())


def test_files_in_out_are_staged_with_their_digest(session: Session, work: Work) -> None:
    body = "datum.out_file('.txt').write_text('hello')"
    done = one(session, work.set(W, work.transform(body), work.files(a=b"1")))
    (output,) = done.outputs
    assert (output.rel, output.size, output.digest) == (b"a.txt", 5, bytes_digest(b"hello"))
    assert staged(work, output) == b"hello"
    assert not (work.out / "a.txt").exists()


def staged(work: Work, output: OutputFile) -> bytes:
    return (work.out / ".datum-staging" / "pool" / output.staged).read_bytes()


def test_out_is_empty_for_each_datum_and_keeps_what_a_failed_one_wrote(
    session: Session, work: Work
) -> None:
    body = (
        "assert not list(datum.out.iterdir())\n"
        "(datum.out / 'x').write_text(str(datum.value))\n1 / datum.value"
    )
    first, second = outcomes(session.run(work.set(W, work.transform(body), [0, 1])))
    assert isinstance(first, Failed)
    assert first.failure.type == "ZeroDivisionError"
    (partial,) = first.partial
    assert Path(os.fsdecode(kept(bytes(work.out), partial.staged))).read_bytes() == b"0"
    assert isinstance(second, Done)
    assert [staged(work, output) for output in second.outputs] == [b"1"]


def test_who_writes_nothing_makes_no_folder(session: Session, work: Work) -> None:
    run(session, work, "1")
    assert not work.out.exists()


def test_out_of_a_transform_without_output_says_what_to_do(session: Session, work: Work) -> None:
    record = failed(session, work.set(W, work.transform("datum.out"), [0], out=None))
    assert "-o FOLDER" in record.failure.message


def test_tmp_goes_with_its_datum(session: Session, work: Work) -> None:
    body = "assert not list(datum.tmp.iterdir())\n(datum.tmp / 'x').touch()\nstr(datum.tmp)"
    for done in outcomes(session.run(work.set(W, work.transform(body), [0, 1]))):
        assert isinstance(done, Done), done
        assert done.result is not None
        assert not Path(json.loads(done.result.data)).exists()


def test_a_datum_knows_its_own_names_in_the_cell(session: Session, work: Work) -> None:
    body = "[datum.rel, datum.stem, datum.index, datum.attempt, len(datum.id), len(datum.hash)]"
    done = one(session, work.set(W, work.transform(body), work.files(**{"a.txt": b"1"})))
    assert done.result is not None
    assert json.loads(done.result.data) == ["a.txt", "a", 0, 1, 16, 16]


# -- prints ------------------------------------------------------------------------------------


def test_prints_go_to_the_log_and_the_streams_come_back(
    session: Session, work: Work, capsys: pytest.CaptureFixture[str]
) -> None:
    body = "print('no newline', end='')\ndatum.log('logged', 1)\n1 / datum.value"
    before = sys.stdout
    records = outcomes(session.run(work.set(W, work.transform(body), [0, 1])))
    assert sys.stdout is before
    assert texts(work, records) == ["no newlinelogged 1\n"] * 2
    assert capsys.readouterr().out == ""


def test_execute_gives_bytes_for_bytes(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_session", None)
    answer = unpack_return(worker.execute(pack_set(work.set(W, work.transform("1"), [0]))))
    assert [type(record) for record in outcomes(answer)] == [Done]


def test_an_inbox_is_emptied_in_order(session: Session, work: Work, tmp_path: Path) -> None:
    recipe = work.transform("1")
    inbox = InboxWorker(tmp_path / "inbox", session)
    for number in (10, 9):
        data = pack_set(work.set(W, recipe, [number], first=number))
        put(tmp_path / "inbox" / f"{number}.set", data)
    assert [inbox.step(), inbox.step(), inbox.step()] == [True, True, False]
    assert work.executed() == [9, 10]
    assert sorted(os.listdir(tmp_path / "inbox")) == ["10.ret", "9.ret"]
    with contextlib.closing(inbox):
        assert inbox.step() is False
