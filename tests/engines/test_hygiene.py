"""What a datum changes in its worker is put back for the next one; worn workers say so."""

from __future__ import annotations

import builtins
import os
import random
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jupyter_datum.engines.hygiene import Clean, Upkeep, Wear
from jupyter_datum.engines.processes import memory_of, open_files
from jupyter_datum.engines.worker import Session
from jupyter_datum.events import Begun, Done, Failed, frames
from jupyter_datum.words import size

from .conftest import Work


@pytest.fixture
def clean() -> Iterator[Clean]:
    """This process is put back at the end, by what is tested here and by hand."""
    folder, mask = os.getcwd(), os.umask(0o022)
    variables, handler = dict(os.environ), signal.getsignal(signal.SIGTERM)
    timer = signal.setitimer(signal.ITIMER_REAL, 0)  # of pytest's
    with warnings.catch_warnings(), np.errstate():
        yield Clean()
    signal.setitimer(signal.ITIMER_REAL, *timer)
    signal.signal(signal.SIGTERM, handler)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    os.umask(mask)


def mask() -> int:
    now = os.umask(0o022)
    os.umask(now)
    return now


def mess(tmp_path: Path) -> None:
    """What a careless datum does."""
    os.chdir(tmp_path)
    os.umask(0o777)
    os.environ["PATH"] = "gone"
    os.environ["LEFT_BEHIND"] = "1"
    del os.environ["HOME"]
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 60)
    warnings.simplefilter("error")
    np.seterr(all="raise")


def test_what_a_datum_changed_is_put_back(
    clean: Clean, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "here")
    clean.note()
    before = (os.getcwd(), mask(), dict(os.environ), list(warnings.filters), np.geterr())
    handler = signal.getsignal(signal.SIGTERM)
    mess(tmp_path)
    clean.restore()
    assert (os.getcwd(), mask(), dict(os.environ), list(warnings.filters), np.geterr()) == before
    assert signal.getsignal(signal.SIGTERM) == handler
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert os.popen('printf %s "$LEFT_BEHIND"').read() == "", "child processes see it too"


def test_what_an_import_sets_stays(clean: Clean, tmp_path: Path) -> None:
    (tmp_path / "sets_variables_datum.py").write_text(
        "import os, warnings\nos.environ['SET_BY_IMPORT'] = '1'\nwarnings.simplefilter('ignore')\n"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        __import__("sets_variables_datum")
        os.chdir(tmp_path)
        clean.restore()
        assert os.environ["SET_BY_IMPORT"] == "1" and warnings.filters[0][0] == "ignore"
        assert os.getcwd() != str(tmp_path)
        os.environ["SET_BY_IMPORT"] = "2"
        clean.restore()
        assert os.environ["SET_BY_IMPORT"] == "1"
    finally:
        sys.path.remove(str(tmp_path))
        del sys.modules["sets_variables_datum"]


def test_random_numbers_do_not_repeat(clean: Clean) -> None:
    found = set()
    for _ in range(3):
        random.seed(1)
        np.random.seed(1)
        clean.reseed()
        found.add((random.random(), float(np.random.random())))
    assert len(found) == 3


def test_a_guest_leaves_the_process_as_each_set_found_it(clean: Clean, tmp_path: Path) -> None:
    upkeep = Upkeep(own=False, guest=True, wears=False)
    for folder in (os.getcwd(), str(tmp_path)):
        os.chdir(folder)  # by somebody else
        random.seed(5)
        np.random.seed(5)
        before = (os.getcwd(), mask(), dict(os.environ), random.getstate(), np.random.random())
        np.random.seed(5)
        upkeep.begin(0.0)
        assert random.getstate() != before[3]
        mess(tmp_path)
        upkeep.end(1)
        after = (os.getcwd(), mask(), dict(os.environ), random.getstate(), np.random.random())
        assert after == before
    signal.setitimer(signal.ITIMER_REAL, 60)  # by somebody else too
    upkeep.begin(0.0)
    upkeep.end(1)
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    assert left > 0


def test_a_worker_is_worn_by_datums_memory_and_open_files(tmp_path: Path) -> None:
    wear = Wear()
    assert wear.reason(0, 0) == "" and not wear.spent(0)
    wear.datums = 5
    assert "processed 5 datums" in wear.reason(5, 0) and wear.reason(6, 0) == ""
    assert "--memory-limit 1.0 MB" in Wear().reason(0, 10**6)
    assert Wear().reason(0, 10**12) == ""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used, limit = open_files()
    assert 0 < used < limit == soft
    files = [open(tmp_path / "x", "w") for _ in range(40)]  # noqa: SIM115
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 45, hard))
    try:
        assert "files open, of" in Wear().reason(0, 0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for file in files:
            file.close()


def test_memory_is_told_of_live_processes_alone() -> None:
    held = memory_of(os.getpid())
    assert held is not None and held > 10**7
    assert memory_of(2**22 + 1) is None
    assert [size(n) for n in (12, 3_400, 999_600, 2_500_000, 140_000_000, 3_100_000_000)] == [
        "12 B", "3.4 KB", "1.0 MB", "2.5 MB", "140 MB", "3.1 GB",
    ]  # fmt: skip


def test_who_fails_for_want_of_files_is_the_last_of_its_worker(work: Work) -> None:
    """Those behind it in its set would fail of the same, and none of them is to blame."""
    resource = pytest.importorskip("resource")
    session = Session(own=False, guest=True, recycles=True)
    body = "for _ in range(10): held.append(open(os.devnull))"
    held: list[Any] = []
    recipe = work.transform(f"import os, builtins\nheld = builtins.held\n{body}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    builtins.held = held  # type: ignore[attr-defined]
    try:
        session.run(work.set("w1", recipe, [0]))  # what it imports, it has imported
        resource.setrlimit(resource.RLIMIT_NOFILE, (open_files()[0] + 45, hard))
        answer = session.run(work.set("w1", recipe, range(20)))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for file in held:
            file.close()
        del builtins.held  # type: ignore[attr-defined]
        session.leave()
    left = [record for record, _ in frames(answer.frames) if not isinstance(record, Begun)]
    assert answer.status == "cut" and "files open" in answer.worn
    assert [type(record) for record in left[-2:]] == [Done, Failed] and len(left) < 12
